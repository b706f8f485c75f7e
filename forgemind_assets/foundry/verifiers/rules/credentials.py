"""Literal credentials (CWE-798)."""

import ast
import re

from forgemind_assets.foundry.rewriting.secret_shapes import URL_LOGIN, looks_like_credential
from forgemind_assets.foundry.verifiers.scene import Scene

CREDENTIAL_NAME = re.compile(
    r"(?i)(^|_|\b|(?<=[a-z]))(password|passwd|passphrase|pwd|pw|pass|secret|secret_?key|api_?key|apikey|token|auth_?token|access_?key|private_?key|"
    r"signing_?key|encryption_?key|auth_?key|credential|jwt_?key|hmac_?key|session_?key|master_?key|account_?key|license_?key|client_?secret|bearer|psk|shared_?key|service_?key|fernet_?key|aes_?key|key|pin|pepper|salt|dsn|authkey|userpwd|webhook_?secret|authorization|x-api-key|api-key|auth|cookie_secret|passcode|pass_?word|unlock_code|credentials|creds)$"
)


NOT_A_SECRET_NAME = re.compile(
    r"(?i)(url|uri|endpoint|field|name|header|file|path|dir|length|size|type|prefix|label|help|hint|param|column|regex|pattern|policy|ttl|expir\w*|alg\w*|env|var|id|placeholder|format|scheme|sort_?key|cache_?key|primary_?key|foreign_?key|partition_?key|group_?key|dict_?key|key_?func|object_?key|s3_?key|routing_?key)$|^(key|sort_key|cache_key|primary_key|token_type|pass|pw_)$"
)


PLACEHOLDER = re.compile(
    r"(?i)^$|^(none|null|todo|changeme|change-me|xxx+|\*+|\.+|-+|test_?|password|"
    r"passwd|secret|token|your.*|example.*|<.*>|\{.*\}|\$.*|env:.*|vault:.*|"
    r"ENV\[.*|basic|bearer|csrf.*|key|api_?key|authorization|username|user|pass|"
    r"enter.*|dummy.*|placeholder.*|redacted|hidden|string|str|text|required|"
    r"optional|default|unset|not.set|missing|invalid.*)$|"
    r"^(?:[a-z]+[-_. /:])+[a-z]+[:?]?$|(?-i:^[A-Z]+(?:_[A-Z0-9]+)*$)|^arn:|^/|"
    r"^\w+(?:/\w+)+$|^projects/|^sha|^https?://[^@]*$|\s.*\s"
)


STRONG = re.compile(
    r"^(sk_live_|sk-|ghp_|gho_|github_pat_|AKIA|ASIA|xox[abprs]-|glpat-|SG\.|AIza|"
    r"ya29\.|hvs\.|npm_|rk_live_|dop_v1_|pypi-|eyJ|EAAC|whsec_|"
    r"-----BEGIN [A-Z ]*PRIVATE KEY)|^(Bearer|Basic|Token|token|Api-Key|"
    r"ApiKey) [\w.+/=_-]{8,}$"
)


LOGIN_CALLS = re.compile(
    r"(?i)(^|\.)(login|authenticate|Connection|connect|simple_bind_s|bind|HTTPBasicAuth|BasicAuth|HTTPDigestAuth|Fernet|Session|client|resource|starttls_|logon|auth|sign|encode|PlainTextAuthProvider|PlainCredentials|UsernamePasswordCredential|ClientSecretCredential|URLSafeTimedSerializer|URLSafeSerializer|TimestampSigner|Serializer|new|WebClient|Client|Github|Bot|Slack\w*|TelegramClient|basic_auth|OAuth1|Minio|Redis|StrictRedis|InfluxDBClient|SMTP|FTP|set_password|create_user|Signer|add_password|credentials|setRealm|make_password|TwilioClient|Api|API|NTLM\w*|HttpNtlmAuth|NotionClient|SendGridAPIClient|MqttClient|username_pw_set|Telegram|compare_digest|set_cookie_secret|SecretStr|hmac|RedisCluster|MongoClient|ExtractKey|setpassword|unlock|decrypt|encrypt|Gitlab|Jira|JIRA|PKCS12|AESGCM|Consul|from_connection_string|Application|GithubIntegration|decode)$"
)


def check(node: ast.AST, scene: Scene) -> str | None:
    """CWE-798, or None."""
    return "CWE-798" if _is_literal_credential(node, scene) else None


def _is_literal_credential(node: ast.AST, scene: Scene) -> bool:
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if isinstance(node.value, ast.Tuple) and isinstance(targets[0], ast.Tuple):
            return any(
                _named(_target_name(t), v)
                for t, v in zip(targets[0].elts, node.value.elts, strict=False)
            )
        return any(_named(_target_name(t), node.value) for t in targets)
    if isinstance(node, ast.Call):
        return _in_call(node, scene)
    if isinstance(node, ast.Dict):
        return any(
            isinstance(k, ast.Constant) and _named(str(k.value), v)
            for k, v in zip(node.keys, node.values, strict=True)
        )
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return _in_defaults(node)
    if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
        text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
        if isinstance(scene.parents.get(node), ast.JoinedStr):
            return False
        found = URL_LOGIN.search(text)
        if found and found[2]:
            return not PLACEHOLDER.match(found[2])
        return (
            STRONG.match(text) is not None
            and len(text) > 11
            and "..." not in text
            and "{" not in text
        ) or re.search(r"(?i)(password|pwd|secret|accountkey)=[^;{\s%$]{5,}", text) is not None
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        return any(CREDENTIAL_NAME.search(_target_name(s)) for s in sides) and any(
            _secret_text(s, strict=True) for s in sides
        )
    return False


def _target_name(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return str(node.slice.value)
    if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        return str(node.args[0].value)
    return ""


def _secret_text(node: ast.AST | None, strict: bool = False) -> bool:
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("encode", "fromhex", "b64decode")
    ):
        return _secret_text(
            node.func.value if node.func.attr == "encode" else (node.args or [None])[0], strict
        )
    if isinstance(node, ast.BoolOp):
        return any(_secret_text(v, strict) for v in node.values[1:])
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str | bytes):
        return False
    text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
    if len(text) < 4 or PLACEHOLDER.match(text):
        return False
    return (
        looks_like_credential(text)
        or (
            not strict and re.search(r"\d|[A-Z].*[a-z]|[^\w]", text) is not None and " " not in text
        )
        or (not strict and text.isalnum() and len(text) >= 6)
    )


def _named(name: str, value: ast.AST | None) -> bool:
    """Whether a name of a credential is given a literal one."""
    if not CREDENTIAL_NAME.search(name) or (
        NOT_A_SECRET_NAME.search(name)
        and not re.search(r"(?i)(secret|access|api|private|account)_?key", name)
    ):
        return False
    return _secret_text(value) or (isinstance(value, ast.Call) and _fallback(value))


def _fallback(call: ast.Call) -> bool:
    """`os.getenv(name, literal)`, `environ.get(name, literal)`, `config("x", default=literal)`."""
    text = ast.unparse(call.func)
    if not re.search(r"getenv|environ|env|config|get$|settings", text):
        return False
    default = (
        call.args[1]
        if len(call.args) > 1
        else next((k.value for k in call.keywords if k.arg == "default"), None)
    )
    return _secret_text(default)


def _in_call(node: ast.Call, scene: Scene) -> bool:
    name = scene.dotted(node.func)
    for keyword in node.keywords:
        if keyword.arg and _named(keyword.arg, keyword.value):
            return True
        if (
            keyword.arg in ("auth", "basic_auth", "credentials", "http_auth")
            and isinstance(keyword.value, ast.Tuple)
            and len(keyword.value.elts) == 2
            and _secret_text(keyword.value.elts[1])
        ):
            return True
        if (
            keyword.arg in ("fallback", "default")
            and name.endswith(".get")
            and _secret_text(keyword.value, strict=True)
        ):
            return True
        if (
            keyword.arg == "default"
            and node.args
            and isinstance(node.args[0], ast.Constant)
            and CREDENTIAL_NAME.search(str(node.args[0].value).lstrip("-").replace("-", "_"))
            and _secret_text(keyword.value)
        ):
            return True
    if (
        _fallback(node)
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and CREDENTIAL_NAME.search(str(node.args[0].value))
    ):
        return True
    if (
        name.endswith((".add_header", ".putheader", ".setdefault", ".append", ".header"))
        and len(node.args) == 2
        and isinstance(node.args[0], ast.Constant)
    ):
        return _named(str(node.args[0].value), node.args[1])
    if name.endswith((".run", ".start")) and re.search(r"(?i)bot|client|discord|telegram", name):
        return any(
            isinstance(a, ast.Constant) and _secret_text(a, strict=True) for a in node.args[:1]
        )
    if LOGIN_CALLS.search(name) and not name.startswith(("hashlib", "re.")):
        return any(
            isinstance(a, ast.Constant) and _secret_text(a, strict=True) and not _looks_ordinary(a)
            for a in node.args[:4]
        )
    return False


def _looks_ordinary(node: ast.Constant) -> bool:
    """Mail addresses, host names, distinguished names, versions and the like."""
    text = node.value if isinstance(node.value, str) else str(node.value)
    return (
        re.search(
            r"@[\w-]+\.\w+$|^\w+=|^[\w.-]+:\d+$|^\w+://|^[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}$|^\d+([.:-]\d+)*$|^[a-z]+-[a-z]+-?\d$|^[a-zA-Z]+\d{1,3}$|,|;|^%|^(?i:sha|hs256|rs256|utf)|^\+\d",
            text,
        )
        is not None
    )


def _in_defaults(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    arguments = node.args
    pairs = list(
        zip(
            arguments.args[len(arguments.args) - len(arguments.defaults) :],
            arguments.defaults,
            strict=True,
        )
    )
    pairs += [
        (a, d)
        for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if d is not None
    ]
    return any(_named(a.arg, d) for a, d in pairs)
