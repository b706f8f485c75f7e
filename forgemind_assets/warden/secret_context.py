"""Secrets without a mark of their own: told by their name, by an address, or by randomness."""

# ruff: noqa: E501, SIM905 - a pattern is easier to check in one piece, words read best as one text

import re
from collections.abc import Iterator
from typing import NamedTuple

from forgemind_assets.warden.encodings import decode_token
from forgemind_assets.warden.published_values import is_published_value
from forgemind_assets.warden.randomness import changes, entropy, is_hex, looks_random, no_word
from forgemind_assets.warden.secret_names import purpose
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
    r"(?:\\?[\"'`]\]?|\]|>|\))?\s{0,4}(?:\{ ?get;[^}\n]{0,20}\} ?)?"
    r"(?:(?::\s*[\w\[\]., |&'?*]{1,30})?={1,3}>?|:{1,3}=?|,|=>|\?=|<-|\|\||>|\b(?:is|was|to|as|with)\b|"
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
NAME_WORDS = frozenset(
    (
        "pass pwd psw pepper psk private secret salt sign sas session seed tok key auth cred bearer "
        "cookie dsn webhook login license licence otp encrypt"
    ).split()
) | {"identified by"}
"""What `_ANY_NAME` finds, as words: a text without any of them assigns nothing to such a name."""
_ASSIGNED = re.compile(_NAME + _SEPARATOR + _VALUE, re.IGNORECASE)
_URL = re.compile(r"://([^\s/:@\"'<>{}$]{0,64}):([^\s/@\"'<>{}$]{3,128})@[\w\[]")
UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_STRONG = re.compile(
    r"(?i)pass|pwd|secret|token|cred|psk|identified|pepper|api.?key|access.?key|auth.?key|bearer|private|signing|encrypt"
)
_NOT_A_SECRET = re.compile(
    r"(?i)example|placeholder|change.?me|replace.?(?:me|with|this)|your[_\- ]|my[_\- ](?:secret|token|key|pass)|dummy|"
    r"fake|redacted|insert|todo|xxxx|\*{3,}|\.{3,}|<[^>]+>|\$\{|\{\{|\{\w*\}|\{[A-Za-z_][\w.]*(?:\[\w*\]|\(\))*\}|%\(|%s|not.?(?:set|real|used)|"
    r"lorem|foobar|abcdef|0123456|1234567|undefined|sample|test.?(?:key|token|secret|pass)"
)
_ASKING_CALL = re.compile(
    r"(?i)(?<![\w.])(?!(?:\w+\.)*\w*(?:bytes|decode|fromhex|secret|str)\w*\()[a-z_][\w.]*\("
)
_ENDING = re.compile(
    r"\.(?:pem|key|json|txt|ya?ml|parquet|py|toml|cfg|crt|cer|p12|pfx|env|ini|conf|log|html?|js|css|csv|md|sh|db|png|svg|"
    r"tar|gz|zip|bin|whl|jar|jpe?g|gif|webp|pdf|mp[34]|wav|xml|bak|sqlite|npy|npz|onnx|gguf|safetensors|lock|map)$"
)
_PIECES = re.compile(r"[/\\.:_#@={}\-]")
_PIECE = re.compile(r"[A-Za-z]?[a-z]*(?:[A-Z][a-z]+)*\d{0,8}|[A-Z]+\d{0,4}")
_DOTTED = re.compile(r"\.?[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
_PASSWORD_NAME = re.compile(r"(?i)pass|pwd|secret|psk|pepper|identified|cred")
_LOOKED_UP = re.compile(r"\w\[\s*$")
_DIGESTED = re.compile(r"(?i)(?:md5|sha\d\w*|blake\w*|hash)\(\s*$")
_NAME_BREAK = re.compile(r"[\"'`=:,;<>|(){}\[\]]")
_PART = re.compile(r"[A-Za-z0-9+/_\-]+")


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
    (
        "password pass passwd pwd secret user username guest admin root postgres mysql test "
        "token key changeme pw port host none hunter2 anonymous tiger x y p a b"
    ).split()
) | {"open sesame"}


def is_published(basic: str) -> bool:
    """Whether the credentials of a Basic header are those of a manual, such as `user:password`."""
    decoded = decode_token(basic)
    user, _, password = decoded[0].partition(":") if decoded else ("", "", "")
    return password.lower() in _PLAIN_PASSWORDS or (bool(user) and user == password)


def is_placeholder(text: str) -> bool:
    """Whether a text says of itself that it is no secret, or could not be one."""
    if _NOT_A_SECRET.search(text) or entropy(text) < 2.0:
        return True
    return is_published_value(text)


def _assigned_score(text: str, m: re.Match[str], *, quoted: bool) -> float | None:
    value = m["quoted"] if quoted else m["bare"]
    name = _name(text, m)
    if _NOT_A_SECRET.search(value) or purpose(name) != "secret":
        return None
    strong = bool(_STRONG.search(name))
    if not strong and _DIGESTED.search(m["calls"]):
        return None
    if _LOOKED_UP.search(m["calls"]) or (not quoted and re.search(r"[A-Za-z]", m["calls"])):
        return None
    token = value.strip().split(" ")[-1].rstrip("\\") if quoted else value.rstrip(".")
    if token.count(" ") or _is_reference(token, quoted=quoted) or is_published_value(token):
        return None
    if UUID.fullmatch(token):
        return 0.8 if strong else None
    digits = token.removeprefix("0x")
    if is_hex(digits) and len(digits) >= 16:
        return 0.8 if _random_hex(digits) and (strong or "key" in name.lower()) else None
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


def _name(text: str, m: re.Match[str]) -> str:
    """The whole identifier of which a word was found, and the word before it."""
    before = text[max(0, m.start() - 24) : m.start()].rpartition("\n")[2]
    last = _NAME_BREAK.split(before + m["name"] + m["tail"])[-1].split()
    return "identified" if m["name"].lower() == "identified by" else " ".join(last[-2:])


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
    if not quoted and re.match(r"[A-Za-z_][\w:.]*=(?!=*$)", token):
        return True
    if _is_path(token):
        return True
    if _DOTTED.fullmatch(token):
        return not any(looks_random(p, 16) and changes(p) >= 0.42 for p in token.split("."))
    parts = re.split(r"[./\\:]", token)
    wordy = all(re.fullmatch(r"[A-Za-z_]*\d{0,2}", part) for part in parts)
    return len(parts) > 1 and wordy


def _is_path(token: str) -> bool:
    """Whether all pieces between slashes, dots and dashes are words, numbers or UUIDs."""
    if _ENDING.search(token):
        return True
    pieces = _PIECES.split(UUID.sub("id", token)) if "/" in token or "\\" in token else ()
    return bool(pieces) and all(_PIECE.fullmatch(piece) for piece in pieces)


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
