"""Literal credentials, and randomness that can be foreseen where secrets are made."""

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
PLACEHOLDER = re.compile(r"(?i)^$|^(none|null|todo|changeme|change-me|xxx+|\*+|\.+|-+|test_?|password|passwd|secret|token|your.*|example.*|<.*>|\{.*\}|\$.*|env:.*|vault:.*|ENV\[.*|basic|bearer|csrf.*|key|api_?key|authorization|username|user|pass|enter.*|dummy.*|placeholder.*|redacted|hidden|string|str|text|required|optional|default|unset|not.set|missing|invalid.*)$|^(?:[a-z]+[-_. /:])+[a-z]+[:?]?$|(?-i:^[A-Z]+(?:_[A-Z0-9]+)*$)|^arn:|^/|^\w+(?:/\w+)+$|^projects/|^sha|^https?://[^@]*$|\s.*\s")
STRONG = re.compile(r"^(sk_live_|sk-|ghp_|gho_|github_pat_|AKIA|ASIA|xox[abprs]-|glpat-|SG\.|AIza|ya29\.|hvs\.|npm_|rk_live_|dop_v1_|pypi-|eyJ|EAAC|whsec_|-----BEGIN [A-Z ]*PRIVATE KEY)|^(Bearer|Basic|Token|token|Api-Key|ApiKey) [\w.+/=_-]{8,}$")
LOGIN_CALLS = re.compile(r"(?i)(^|\.)(login|authenticate|Connection|connect|simple_bind_s|bind|HTTPBasicAuth|BasicAuth|HTTPDigestAuth|Fernet|Session|client|resource|starttls_|logon|auth|sign|encode|PlainTextAuthProvider|PlainCredentials|UsernamePasswordCredential|ClientSecretCredential|URLSafeTimedSerializer|URLSafeSerializer|TimestampSigner|Serializer|new|WebClient|Client|Github|Bot|Slack\w*|TelegramClient|basic_auth|OAuth1|Minio|Redis|StrictRedis|InfluxDBClient|SMTP|FTP|set_password|create_user|Signer|add_password|credentials|setRealm|make_password|TwilioClient|Api|API|NTLM\w*|HttpNtlmAuth|NotionClient|SendGridAPIClient|MqttClient|username_pw_set|Telegram|compare_digest|set_cookie_secret|SecretStr|hmac|RedisCluster|MongoClient|ExtractKey|setpassword|unlock|decrypt|encrypt|Gitlab|Jira|JIRA|PKCS12|AESGCM|Consul|from_connection_string|Application|GithubIntegration|decode)$")

SECURITY = re.compile(
    r"(?i)(token|passw|passwd|passphrase|secret|otp|totp|nonce|salt|\biv\b|session|\bsid\b|csrf|xsrf|captcha|api_?key|apikey|credential|cookie|auth|login|reset|verif|confirm|activat|invit|voucher|coupon|gift|magic|recover|unlock|signing|encrypt|cipher|crypt|pin\b|pincode|_pin|pin_|jwt|state\b|challenge|access_?code|one_?time|2fa|mfa|share|link|private|pwd|\bkey|_key|key_|codes?\b|_code|code_|license|serial_key|ticket|guest_pass|door|barrier|promo|handshake|wallet|seed_phrase|mnemonic|unsubscribe|download|signature|\bsig\b)"
)
HARMLESS = re.compile(
    r"(?i)(dice|die_|roll|card|deck|shuffle|jitter|backoff|delay|sleep|sampl|simul|\bsim\b|game|noise|color|colour|enemy|loot|spawn|quiz|puzzle|demo|fake|faker|mock|fixture|retry|weights?|train|split|augment|banner|quote_of|tip|winner_animation|playlist|recommend|monte|walk|maze|board|terrain|map_|level|particle|position|track|shard|canary|rollout|load_?balanc|bucket|display|greeting|featured|order_of|test_data|sleep|poll|temperature|wait|stagger|mirror|replica|backend|upstream|worker|port)"
)
RANDOM_CALLS = re.compile(
    r"^(random\.(random|randint|randrange|choice|choices|sample|getrandbits|randbytes|uniform|shuffle|Random|seed|triangular|gauss)|"
    r"numpy\.random\.\w+|torch\.(randint|rand|randn|randperm)|uuid\.uuid1|uuid1|(random\.Random\(.*\)|\?)\.(randint|choice|choices|getrandbits|randrange|randbytes|sample|random))$"
)


def check(node: ast.AST, scene: Scene) -> str | None:
    """CWE-798, CWE-330, or None."""
    if _is_literal_credential(node, scene):
        return "CWE-798"
    return "CWE-330" if isinstance(node, ast.Call) and _is_weak_random(node, scene) else None


def _is_literal_credential(node: ast.AST, scene: Scene) -> bool:
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if isinstance(node.value, ast.Tuple) and isinstance(targets[0], ast.Tuple):
            return any(_named(_target_name(t), v) for t, v in zip(targets[0].elts, node.value.elts, strict=False))
        return any(_named(_target_name(t), node.value) for t in targets)
    if isinstance(node, ast.Call):
        return _in_call(node, scene)
    if isinstance(node, ast.Dict):
        return any(isinstance(k, ast.Constant) and _named(str(k.value), v) for k, v in zip(node.keys, node.values, strict=True))
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return _in_defaults(node)
    if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
        text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
        if isinstance(scene.parents.get(node), ast.JoinedStr):
            return False
        found = URL_LOGIN.search(text)
        if found and found[2]:
            return not PLACEHOLDER.match(found[2])
        return STRONG.match(text) is not None and len(text) > 11 and "..." not in text and "{" not in text or re.search(r"(?i)(password|pwd|secret|accountkey)=[^;{\s%$]{5,}", text) is not None
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        return any(CREDENTIAL_NAME.search(_target_name(s)) for s in sides) and any(_secret_text(s, strict=True) for s in sides)
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
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("encode", "fromhex", "b64decode"):
        return _secret_text(node.func.value if node.func.attr == "encode" else (node.args or [None])[0], strict)
    if isinstance(node, ast.BoolOp):
        return any(_secret_text(v, strict) for v in node.values[1:])
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str | bytes):
        return False
    text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
    if len(text) < 4 or PLACEHOLDER.match(text):
        return False
    return looks_like_credential(text) or (not strict and re.search(r"\d|[A-Z].*[a-z]|[^\w]", text) is not None and " " not in text) or (not strict and text.isalnum() and len(text) >= 6)


def _named(name: str, value: ast.AST | None) -> bool:
    """Whether a name of a credential is given a literal one."""
    if not CREDENTIAL_NAME.search(name) or (NOT_A_SECRET_NAME.search(name) and not re.search(r"(?i)(secret|access|api|private|account)_?key", name)):
        return False
    return _secret_text(value) or (isinstance(value, ast.Call) and _fallback(value))


def _fallback(call: ast.Call) -> bool:
    """`os.getenv(name, literal)`, `environ.get(name, literal)`, `config("x", default=literal)`."""
    text = ast.unparse(call.func)
    if not re.search(r"getenv|environ|env|config|get$|settings", text):
        return False
    default = call.args[1] if len(call.args) > 1 else next((k.value for k in call.keywords if k.arg == "default"), None)
    return _secret_text(default)


def _in_call(node: ast.Call, scene: Scene) -> bool:
    name = scene.dotted(node.func)
    for keyword in node.keywords:
        if keyword.arg and _named(keyword.arg, keyword.value):
            return True
        if keyword.arg in ("auth", "basic_auth", "credentials", "http_auth") and isinstance(keyword.value, ast.Tuple) and len(keyword.value.elts) == 2:
            if _secret_text(keyword.value.elts[1]):
                return True
        if keyword.arg in ("fallback", "default") and name.endswith(".get") and _secret_text(keyword.value, strict=True):
            return True
        if keyword.arg == "default" and node.args and isinstance(node.args[0], ast.Constant) and CREDENTIAL_NAME.search(str(node.args[0].value).lstrip("-").replace("-", "_")):
            if _secret_text(keyword.value):
                return True
    if _fallback(node) and node.args and isinstance(node.args[0], ast.Constant) and CREDENTIAL_NAME.search(str(node.args[0].value)):
        return True
    if name.endswith((".add_header", ".putheader", ".setdefault", ".append", ".header")) and len(node.args) == 2 and isinstance(node.args[0], ast.Constant):
        return _named(str(node.args[0].value), node.args[1])
    if name.endswith((".run", ".start")) and re.search(r"(?i)bot|client|discord|telegram", name):
        return any(isinstance(a, ast.Constant) and _secret_text(a, strict=True) for a in node.args[:1])
    if LOGIN_CALLS.search(name) and not name.startswith(("hashlib", "re.")):
        return any(isinstance(a, ast.Constant) and _secret_text(a, strict=True) and not _looks_ordinary(a) for a in node.args[:4])
    return False


def _looks_ordinary(node: ast.Constant) -> bool:
    """Mail addresses, host names, distinguished names, versions and the like."""
    text = node.value if isinstance(node.value, str) else str(node.value)
    return re.search(r"@[\w-]+\.\w+$|^\w+=|^[\w.-]+:\d+$|^\w+://|^[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}$|^\d+([.:-]\d+)*$|^[a-z]+-[a-z]+-?\d$|^[a-zA-Z]+\d{1,3}$|,|;|^%|^(?i:sha|hs256|rs256|utf)|^\+\d", text) is not None


def _in_defaults(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    arguments = node.args
    pairs = list(zip(arguments.args[len(arguments.args) - len(arguments.defaults) :], arguments.defaults, strict=True))
    pairs += [(a, d) for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if d is not None]
    return any(_named(a.arg, d) for a, d in pairs)


def _is_weak_random(node: ast.Call, scene: Scene) -> bool:
    name = scene.dotted(node.func)
    seeded = isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name) and re.search(
        rf"\b{re.escape(node.func.value.id)} = (random\.Random|Random|np\.random\.(RandomState|default_rng)|numpy\.random\.\w+)\(", scene.code
    )
    timed = re.match(r"^(time\.(time|time_ns|monotonic|perf_counter)|datetime\.(datetime\.)?(now|utcnow)|os\.getpid)$", name)
    if not RANDOM_CALLS.match(name) and not seeded and not timed:
        return False
    context = _context(node, scene)
    if timed:
        head = re.split(r" = |\breturn\b", context)[0]
        if context.startswith("return") and scene.function is not None:
            head = scene.function.name
        secret = re.search(r"(?i)token|otp|session_?id|nonce|secret|csrf|_code\b|api_?key|\bsid\b|_sid|_key\b|^key\b|passw", head)
        return secret is not None and re.search(r"(?i)expir|ttl|until|issued|created|start|age\b|_at\b|valid|check|refresh", head) is None
    near, far = context, _surroundings(scene)
    if SECURITY.search(near) and not HARMLESS.search(near):
        return True
    return SECURITY.search(far) is not None and not HARMLESS.search(near + " " + far)


def _context(node: ast.AST, scene: Scene) -> str:
    """Source of the statement that holds the call."""
    top: ast.AST = node
    while top in scene.parents and not isinstance(top, ast.stmt):
        top = scene.parents[top]
    if isinstance(top, ast.For | ast.While | ast.If | ast.With | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return ast.unparse(node)
    return re.sub(r"\b(random|uuid|secrets|rng|torch|np\.random)\.\w+|string\.\w+|\b(shuffle|sample|choices?|randint)\b", "", ast.unparse(top))


def _surroundings(scene: Scene) -> str:
    """Name of the function around, and names that the snippet gives to things."""
    if scene.function is not None:
        return scene.function.name + " " + " ".join(n.id for n in ast.walk(scene.function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
    return " ".join(n.id for n in ast.walk(scene.tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
