"""Secrets without a mark of their own: told by their name, by an address, or by randomness."""

# ruff: noqa: E501 - a pattern is easier to check in one piece

import re
from collections.abc import Iterator
from typing import NamedTuple

from forgemind_assets.warden.randomness import changes, entropy, is_hex, looks_random, no_word
from forgemind_assets.warden.views import Span, View


class Found(NamedTuple):
    """What was found in one view, and where in that view."""

    kind: str
    span: Span
    score: float


_NAME = (
    r"(?P<name>pass(?:word|wd|phrase|code|wort)?|pwd|pswd|psw|secret|token|key|auth(?:orization)?|cred(?:ential)?"
    r"s?|bearer|cookie|dsn|salt|pepper|psk|signing|signature|sas|webhook|identified[ ]by|session|"
    r"private|login|licen[cs]e|otp|seed|encrypt(?:ion)?)(?P<tail>[\w.\-]{0,40})"
)
_SEPARATOR = (
    r"(?:\\?[\"'`]\]?|\]|>|\))?\s{0,4}"
    r"(?:(?::\s*[\w\[\]., |]{1,30})?={1,3}>?|:{1,3}=?|,|=>|\?=|<-|\|\||>|\b(?:is|was|to|as|with)\b|"
    r"\s(?:value|default|content)\s*=|\n\s*(?:-\s*)?[\"']?(?:value|default|data)[\"']?\s*[:=]|"
    r"\{\s*(?:\w+\s*=\s*\w+\s+)?(?:value|default)\s*=|"
    r"(?<=[\s\"']))"
    r"\s{0,4}(?:(?:not|or|and|in)\s+)?"
)
_VALUE = (
    r"(?P<calls>(?:(?:[A-Za-z_][\w.]{0,40})?[(\[]\s*){0,3})"
    r"(?:[rbfuRBFU]{0,2}\\?(?P<quote>[\"'`])(?P<quoted>[^\"'`\n]{6,400})(?:[\"'`]|$)"
    r"|(?P<bare>[^\s\"'`,;<>(){}\[\]|]{8,400}))"
)
_ANY_NAME = re.compile(
    r"p(?:ass|wd|swd?|epper|sk|rivate)|s(?:ecret|alt|ign|as|ession|eed)|tok|key|auth|cred|bearer|cookie|dsn|"
    r"webhook|identified by|login|licen[cs]e|otp|encrypt"
)
_ASSIGNED = re.compile(_NAME + _SEPARATOR + _VALUE, re.IGNORECASE)
_URL = re.compile(r"://([^\s/:@\"'<>{}$]{0,64}):([^\s/@\"'<>{}$]{3,128})@[\w\[]")
_LONG = re.compile(r"[A-Za-z0-9_+/\-]{24,}={0,2}")
_PREFIXED = re.compile(
    r"(?<![A-Za-z0-9_])([A-Za-z]{2,12})[_\-.](?:[a-z0-9]{1,8}[_\-.]){0,2}([A-Za-z0-9]{20,})(?![A-Za-z0-9])"
)
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_STRONG = re.compile(
    r"(?i)pass|pwd|secret|token|cred|psk|identified|pepper|api.?key|access.?key|auth.?key|bearer|private|signing|encrypt"
)
_MILD_TAIL = re.compile(
    r"(?i)(?:^|[_\-.])(?:id|ids|url|uri|name|type|path|file|dir|len|length|size|hash|digest|sha\d*|md5|count|error|field|"
    r"pattern|regex|class|index|format|label|prefix|suffix|words?|board|frame|point|ring|s|map|func|version|"
    r"expir\w*|ttl|algorithm|code)$"
)
_PUBLIC_BEFORE = re.compile(
    r"(?i)(?:public|pub|cache|primary|foreign|sort|partition|group|host|ssh|object|s3|routing|idempotency|"
    r"map|dict|lookup|index|hash|site|publishable|translation|image|page_?)[_\- ]?$"
)
_NOT_A_SECRET = re.compile(
    r"(?i)example|placeholder|change.?me|replace.?(?:me|with|this)|your[_\- ]|my[_\- ](?:secret|token|key|pass)|dummy|"
    r"fake|redacted|insert|todo|xxxx|\*{3,}|\.{3,}|<[^>]+>|\$\{|\{\{|\{\w*\}|%\(|%s|not.?(?:set|real|used)|"
    r"lorem|foobar|abcdef|0123456|1234567|undefined|sample|test.?(?:key|token|secret|pass)"
)
_IN_ADDRESS = re.compile(r"://[\w.\-]*[/\w.\-]*$")
_HASH_NEAR = re.compile(
    r"(?i)(?:sha-?\d{1,3}|md5|blake\w*|hash|digest|checksum|integrity|fingerprint|etag|commit|revision|nonce|"
    r"ssh-(?:rsa|ed25519|dss)|ecdsa-\w+|certificate|-----|public|data:|vector|image|png|signature|thumbprint|uuid|"
    r"\bid\b|_id\b|spki|src=|href=|/d/)[^\n]{0,24}$"
)
_PLAIN_PREFIX = frozenset(
    [
        "sha",
        "md",
        "commit",
        "rev",
        "ref",
        "id",
        "uuid",
        "hash",
        "etag",
        "image",
        "img",
        "chunk",
        "main",
        "index",
        "file",
        "build",
        "v",
        "ver",
        "version",
        "layer",
        "digest",
        "obj",
        "tag",
        "run",
        "job",
        "task",
        "test",
        "tests",
        "row",
        "user",
        "item",
        "node",
        "page",
        "part",
        "step",
        "key",
        "utf",
        "iso",
        "cwe",
        "cve",
        "seed",
        "request",
        "http",
        "https",
        "www",
        "arn",
        "urn",
        "doi",
        "isbn",
        "model",
        "data",
    ]
)
_ASKING_CALL = re.compile(
    r"(?i)(?<![\w.])(?!(?:\w+\.)*\w*(?:bytes|decode|fromhex|secret|str)\w*\()[a-z_][\w.]*\("
)
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
_PASSWORD_NAME = re.compile(r"(?i)pass|pwd|secret|psk|pepper|identified|cred")
_PART = re.compile(r"[A-Za-z0-9+/_\-]+")
_WORDY = re.compile(r"[a-z]{4,}")


def assigned(view: View) -> Iterator[Found]:
    """Values that a name such as `password`, `API_KEY` or `X-Auth-Token` is given."""
    at = 0
    for word in _ANY_NAME.finditer(view.lower):
        m = _ASSIGNED.match(view.text, word.start()) if word.start() >= at else None
        if m is None:
            continue
        quoted = m["quoted"] is not None
        start, end = m.span("quoted" if quoted else "bare")
        score = _assigned_score(view.text, m, quoted=quoted)
        if score is not None:
            kind = "generic_password" if score < 0.7 else "generic_secret"
            yield Found(kind, (start, end), score)
            at = end


def in_addresses(view: View) -> Iterator[Found]:
    """Passwords in addresses: `scheme://user:password@host`."""
    if "://" not in view.text:
        return
    for m in _URL.finditer(view.text):
        password = m[2]
        plain = password.lower() in _PLAIN_PASSWORDS or password.lower() == m[1].lower()
        if plain or _NOT_A_SECRET.search(password) or password.startswith(("%", "$", ":")):
            continue
        yield Found("password_in_address", m.span(2), 0.85 if _kinds(password) >= 2 else 0.6)


_PLAIN_PASSWORDS = frozenset(
    [
        "password",
        "pass",
        "passwd",
        "pwd",
        "secret",
        "user",
        "username",
        "guest",
        "admin",
        "root",
        "postgres",
        "mysql",
        "test",
        "token",
        "key",
        "changeme",
        "pw",
        "port",
        "host",
        "none",
        "hunter2",
        "anonymous",
        "x",
        "y",
        "p",
        "a",
        "b",
    ]
)


def bare(view: View) -> Iterator[Found]:
    """Long random tokens that nothing names."""
    for m in _LONG.finditer(view.text):
        token = m[0]
        if len(token) > 200 or is_hex(token) or _UUID.search(token) or not _mixed(token):
            continue
        body = max(re.split(r"[_\-]", token), key=len) if "_" in token or "-" in token else token
        if len(body) < 20 or ("/" in body.strip("/") and not _dense(body)):
            continue
        if _in_block(view.text, *m.span()):
            continue
        if not _dense(body) or _excused(view.text, m.start(), token):
            continue
        yield Found("high_entropy_string", m.span(), 0.6)
    for m in _PREFIXED.finditer(view.text):
        body = m[2]
        if body.isalpha() or m[1].lower() in _PLAIN_PREFIX or not looks_random(body, 20):
            continue
        if changes(body) < 0.33 or _excused(view.text, m.start(), m[0]):
            continue
        yield Found("prefixed_token", m.span(), 0.6)


def is_placeholder(text: str) -> bool:
    """Whether a text says of itself that it is no secret, or could not be one."""
    return bool(_NOT_A_SECRET.search(text)) or entropy(text) < 2.0


def _mixed(token: str) -> bool:
    return (
        any(c.islower() for c in token)
        and any(c.isupper() for c in token)
        and any(c.isdigit() for c in token)
    )


def _dense(body: str) -> bool:
    words = sum(len(word) for word in _WORDY.findall(body))
    if words * 3 > len(body):
        return False
    return looks_random(body, 20) and changes(body) >= 0.42 and entropy(body) >= 3.6


def _in_block(text: str, start: int, end: int) -> bool:
    """Whether a token is a line among lines of base64: binary data, not a token."""
    before, after = text[:start].rstrip(" \t\"'b"), text[end:].lstrip(" \t\"'\\n,")
    return bool(
        (before.endswith("\n") and re.search(r"[A-Za-z0-9+/]{40,}\W{0,4}\n$", before))
        or (after.startswith("\n") and re.match(r"\n\W{0,40}[A-Za-z0-9+/]{20,}", after))
    )


def _excused(text: str, start: int, token: str) -> bool:
    near = text[max(0, start - 40) : start]
    if _IN_ADDRESS.search(near):
        return True
    return bool(_HASH_NEAR.search(near)) or is_placeholder(token)


def _assigned_score(text: str, m: re.Match[str], *, quoted: bool) -> float | None:
    value = m["quoted"] if quoted else m["bare"]
    name = text[max(0, m.start() - 24) : m.start()].rpartition("\n")[2] + m["name"] + m["tail"]
    name = re.split(r"[\s\"'=:,;(\[{]", name.strip())[-1] or m["name"]
    if _NOT_A_SECRET.search(value) or _MILD_TAIL.search(m["name"][-1:] + m["tail"]):
        return None
    before = text[max(0, m.start() - 16) : m.start()]
    strong = bool(_STRONG.search(name))
    if _PUBLIC_BEFORE.search(before) and not re.search("(?i)pass|secret|token", m["name"]):
        return None
    if not quoted and re.search(r"[A-Za-z]", m["calls"]):
        return None
    token = value.strip().split(" ")[-1] if quoted else value.rstrip(".")
    if token.count(" ") or _is_reference(token, quoted=quoted):
        return None
    if _UUID.fullmatch(token):
        return 0.8 if strong else None
    if is_hex(token) and len(token) >= 16:
        return 0.8 if _random_hex(token) and (strong or "key" in name.lower()) else None
    body = _body(token)
    inner = max(re.split(r"[_\-]", body), key=len)
    solid = re.sub(r"[_\-]", "", body)
    if any(looks_random(b, 16, letters_share=0.3) for b in {solid, inner}):
        return 0.8
    if (strong or "key" in name.lower()) and no_word(token):
        return 0.7
    if _ASKING_CALL.search(m["calls"]) or not strong or " " in value.strip():
        return None
    return _password_score(token, quoted=quoted, named=bool(_PASSWORD_NAME.search(name)))


def _body(token: str) -> str:
    """The longest part of a token that could have been drawn as one."""
    return max(_PART.findall(token), key=len, default="")


def _random_hex(token: str) -> bool:
    return entropy(token) >= 3.0 or (len(token) < 24 and entropy(token) >= 2.7)


def _is_reference(token: str, *, quoted: bool) -> bool:
    """A path, an address, a call, a variable, a format: anything but the value itself."""
    if "://" in token or token.startswith(("/", "./", "$", "@", "--", "#", "%", "\\")):
        return True
    if re.search(r"[(){}\[\]<>]", token) and not quoted:
        return True
    if not quoted and re.match(r"[A-Za-z_]\w*=(?!=*$)", token):
        return True
    if _DOTTED.fullmatch(token):
        return not any(looks_random(p, 16) and changes(p) >= 0.42 for p in token.split("."))
    parts = re.split(r"[./\\:]", token)
    wordy = all(re.fullmatch(r"[A-Za-z_]*\d{0,2}", part) for part in parts)
    return len(parts) > 1 and wordy


def _password_score(token: str, *, quoted: bool, named: bool) -> float | None:
    """A password that a person thought up: several kinds of characters, not a name in code."""
    if not 7 <= len(token) <= 64:
        return None
    special = sum(not c.isalnum() and c not in "_-./:" for c in token)
    digits = sum(c.isdigit() for c in token)
    if special and digits and _kinds(token) >= 3:
        return 0.6
    if not quoted or not named:
        return 0.6 if _kinds(token) >= 3 and digits and special else None
    name_like = re.fullmatch(r"[a-z]+(?:[_\-. ][a-z0-9]+)*|[A-Z]+(?:_[A-Z0-9]+)*|[A-Za-z]+", token)
    if name_like:
        return None
    return 0.6 if digits and _kinds(token) >= 2 and len(token) >= 8 else None


def _kinds(text: str) -> int:
    return sum(
        (
            any(c.islower() for c in text),
            any(c.isupper() for c in text),
            any(c.isdigit() for c in text),
            any(not c.isalnum() for c in text),
        )
    )
