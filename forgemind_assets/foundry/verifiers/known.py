"""Names that the analysis knows: data sources, sanitisers, query builders, trusted roots."""

# ruff: noqa: SIM905 - long word lists are easier to read and to change as text

import re

MODULE_ALIASES = {
    "np": "numpy",
    "pd": "pandas",
    "ET": "xml.etree.ElementTree",
    "ElementTree": "xml.etree.ElementTree",
    "etree": "lxml.etree",
    "minidom": "xml.dom.minidom",
    "Image": "PIL.Image",
    "sp": "subprocess",
    "plt": "matplotlib.pyplot",
    "tf": "tensorflow",
    "st": "streamlit",
}

# Data of the other side, as frameworks offer it.
REQUEST = re.compile(
    r"(?:flask\.|self\.|bottle\.|django\.|web\.|info\.context\.|quart\.)?(?:request|req|websocket|ws|msg|event)\b\.(?!user\b|app\b|config|registry)|"
    r"self\.(?:get_argument|get_query_argument|get_body_argument|get_arguments|path_kwargs|rfile|path\b|headers)|"
    r"cgi\.FieldStorage|(?:st|streamlit)\.(?:text_input|text_area|file_uploader|query_params|selectbox_free)|sys\.argv|fileinput\."
)
# Modules that a snippet may use without showing the import.
MODULES = frozenset(
    """io base64 json pickle yaml os sys re time random hashlib hmac subprocess shlex requests
    httpx urllib socket ssl sqlite3 psycopg2 psycopg pymysql pandas pd np numpy torch joblib
    marshal dill cloudpickle jsonpickle uuid secrets math datetime pathlib shutil tarfile
    zipfile tempfile struct asyncio aiohttp aiofiles paramiko flask django web html bleach
    markupsafe jinja2 string itertools functools operator collections decimal logging csv gzip
    zlib codecs boto3 lxml etree ET minidom defusedxml xml importlib ast click typer st
    streamlit celery redis cv2 Image keyring jwt bcrypt fastapi starlette tornado sqlalchemy
    func signing ctypes platform getpass glob copy types inspect shelve zmq kafka mimetypes
    feedparser graphene pexpect winrm ldap3 rsa cryptography Crypto responses response
    builtins threading multiprocessing textwrap unicodedata contextlib traceback locale email
    smtplib imaplib ftplib telnetlib pycurl urllib3 werkzeug tables polars pl duckdb""".split()
)
# Methods and functions that bring data in from another program.
INCOMING = frozenset(
    """blpop brpop lpop rpop recv recv_json recv_string recv_multipart recvfrom receive_json
    receive_text receive_bytes receive_message receive_messages receive poll consume
    get_message get_data get_json get_body stream_read basic_get xread xreadgroup
    fetch_message pull readexactly readuntil download_as_bytes download_as_text recv_bytes
    body_stream getvalue_ text_input text_area chat_input file_uploader next_message
    parse_args parse_known_args input accept""".split()
)
WSGI_KEYS = re.compile(r"^(QUERY_STRING|PATH_INFO|wsgi\.input|HTTP_\w+|REQUEST_URI|CONTENT_TYPE)$")
REMOTE = re.compile(
    r"^(requests|httpx|urllib3|urllib\.request|urllib2|session|client)\.(get|post|put|request|urlopen)$|^urlopen$"
)

TRUSTED_ROOTS = frozenset(
    """settings config conf app current_app os string math logging constants const env environ
    datetime timezone calendar platform secrets keyring re""".split()
)
TRUSTED_NAMES = frozenset(
    """settings config conf app current_app db session engine conn connection cursor cur con pool
    logger log router bp blueprint cli s3 redis cache metrics env environ vault client
    cipher""".split()
)
TRUSTED_CALLS = frozenset(
    """int float len bool round abs ord hash id range enumerate_ os.getenv os.environ.get
    os.getcwd uuid.UUID uuid.uuid4 uuid4 datetime.datetime.now datetime.now date.today
    time.time time.monotonic secrets.token_hex secrets.token_urlsafe secrets.token_bytes
    secrets.choice os.urandom decimal.Decimal Decimal datetime.date.fromisoformat
    date.fromisoformat datetime.fromisoformat datetime.datetime.fromisoformat
    datetime.strptime datetime.datetime.strptime ipaddress.ip_address tempfile.mkdtemp
    tempfile.mkstemp tempfile.gettempdir getpass.getpass keyring.get_password
    tempfile.NamedTemporaryFile tempfile.TemporaryDirectory glob.glob os.listdir
    os.path.basename ast.literal_eval url_for flask.url_for reverse hashlib.sha256 isinstance
    any all max_ type get_object_or_404 ipaddress.ip_network importlib.resources.files""".split()
)
SANITIZERS = frozenset(
    """quote quote_plus escape clean format_html secure_filename basename safe_join fullmatch
    literal_eval conditional_escape escapejs urlencode url_quote quote_ident Identifier sanitize
    linkify strip_tags conint bleach_clean xhtml_escape render_template render escape_silent
    escape_filter_chars dumps tojson slugify get_valid_filename safe_str_cmp hexdigest
    from_mapping ip_address UUID isoformat""".split()
)
SANITIZER = re.compile(
    r"(?i)^_?(?:html_|xml_|h_|js_|json_)?(?:escape|json_script$|sanit|safe_?(?!load)|quote|clean_|whitelist|allow|validat|checked_)\w*|_(?:escaped|safe|quoted|allowed)$"
)
# Values pass through these as they are.
KEEPERS = frozenset(
    """str bytes bytearray list tuple set sorted reversed Path PurePath PurePosixPath StringIO
    BytesIO open iter next zip map filter dict format repr unquote unquote_plus b64decode
    fromhex max min InputSource StreamReader urlparse urlsplit cast deepcopy""".split()
)
# SQLAlchemy, Django and other query builders keep values apart from SQL.
BUILDERS = frozenset(
    """select insert update delete sqlalchemy.select sqlalchemy.insert sqlalchemy.update
    sqlalchemy.delete sqlalchemy.func.lower func.lower sqlalchemy.and_ sqlalchemy.or_ and_ or_
    case exists union Query.from_ sql.SQL psycopg.sql.SQL psycopg2.sql.SQL sql.Identifier
    psycopg2.sql.Identifier psycopg.sql.Identifier sql.Literal sqlalchemy.table
    sqlalchemy.column Q F""".split()
)
