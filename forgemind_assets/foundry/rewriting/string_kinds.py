"""How to tell what a string literal is for, and what in it must stay."""

# ruff: noqa: SIM905 - long word lists are easier to read and to change as text

import re

SQL = re.compile(
    r"^\s*(?i:select|insert\s+into|update|delete\s+from|create|alter|drop|replace|"
    r"with|truncate|"
    r"grant|copy|pragma|call|exec|merge|attach)\b|\b(?:WHERE|ORDER BY|GROUP BY|"
    r"FROM|VALUES|LIKE|AND|OR|IN|SET|JOIN|LIMIT)\b"
)


SQL_WORDS = frozenset(
    """select insert into update delete from where and or not null is in like ilike order by group
    having limit offset join left right inner outer on as values set create table alter drop add
    column index unique primary foreign key references count sum avg min max distinct desc asc
    between exists case when then else end cast date text int integer varchar true false default
    union all with recursive returning using begin commit rollback replace ignore duplicate
    truncate grant revoke call exec execute copy pragma attach database schema view interval now
    current_timestamp coalesce lower upper length substr strftime explain analyze over partition
    dbo public main information_schema sqlite_master timestamptz uuid jsonb numeric""".split()
)


KEY = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*\Z")


KEPT_KEYS = frozenset(
    """verify shell autoescape resolve_entities no_network check_hostname cert timeout headers
    json data params method body url host port user dbname database type class function
    command cmd text html xml yaml pickle eval exec expr code src href alg algorithm typ sub
    exp iat kid iss aud stdin stdout stderr cwd env mode engine options backend path file
    filename utf8 utf-8 latin-1 ascii hex base64 big little strict ignore replace rb wb r w a
    s3 sqs sns dynamodb lambda ssm secretsmanager kms iam get post put delete head patch on
    off yes no true false none left right id spawn fork read write uri link href filepath
    folder dir directory webhook callback endpoint image_url feed address path_or_url document
    page_url source_url avatar_url assert_hostname ssl_verify check_hostname verify_ssl
    use_ssl cert_reqs weights_only allow_pickle""".split()
)


GETTERS = frozenset(
    "get getlist getone pop getvalue getfirst get_argument get_query_argument "
    "get_body_argument".split()
)


SPEAKERS = re.compile(
    r"(info|debug|warning|error|exception|critical|print|echo|secho|flash|abort|Exception|Error|"
    r"Http404|HTTPException|Exit|add_argument|option|Option|exit|write|message|success|JsonResponse|jsonify)$"
)


PROSE_TEXT = re.compile(r"[A-Za-z][A-Za-z ,.'!?;-]*[A-Za-z.!?]\Z")


FILE_NAME = re.compile(
    r"[\w./-]*[\w-]+\.(csv|json|txt|pdf|log|db|sqlite3?|xml|ya?ml|zip|tar\.gz|tgz|png|jpe?g|html|parquet|"
    r"xlsx|pkl|bin|dat|bak|md|npy|pt|svg|docx|gz|tsv|mp4|wav)\Z"
)


SYSTEM_PATH = re.compile(r"/(etc|dev|bin|sbin|usr|proc|sys|run|root|boot|lib)\b")


URL_HOST = re.compile(r"(https?://)([a-z0-9][a-z0-9.-]*\.[a-z]{2,})(?=[/:?]|$)")


BARE_HOST = re.compile(r"(?:[a-z0-9-]+\.)+(?:com|org|net|io|example|internal|test|local|dev)\Z")


KEPT_HOST = re.compile(
    r"localhost|metadata|127\.|169\.254|github|googleapis|amazonaws|stripe|slack|twilio"
)


SEGMENT = re.compile(r"(?<![\\\w<{:%$.])([a-z]{3,})(?![\w>}:(=.])")


HTML = re.compile(r"</?[a-z][a-z0-9]*[\s>/]|&[a-z]+;")


TAG = re.compile(r"(?<=[</])(h[1-4]|p|div|span|b|strong|em|i|section|article|small|mark)(?=[\s>])")


TAGS = "h1 h2 h3 p div span b strong em section article small".split()


SQL_NAME = re.compile(
    r"(?<![\\\w:@$%'\"(-])([a-z][a-z0-9_]{2,})(?![\w(])|(?<=\()([a-z][a-z0-9_]{2,})(?![\w(])"
)


TABLE_BEFORE = re.compile(r"(?i)(from|into|update|join|table)\s+$")


ENV_NAME = re.compile(
    r"(?!QUERY_STRING|PATH_INFO|HTTP_|REQUEST_|REMOTE_|CONTENT_)[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\Z"
)


ENV_CALL = re.compile(r"environ|getenv|^env\b|\.env\b|config\(|decouple|variable", re.I)


KEPT_ENV_WORDS = frozenset(
    "url dir path host port db dsn user name id region bucket mode debug root "
    "base file home".split()
)
