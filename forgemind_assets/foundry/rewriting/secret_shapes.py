"""Invents another credential of the same shape as one that stands in a snippet."""

# ruff: noqa: SIM905 - long word lists are easier to read and to change as text

import random
import re
import string

CREDENTIAL_NAME = re.compile(
    r"(?i)pass(word|wd|phrase|code)?\b|pwd|secret|token|(?<!public)_?key\b|apikey|auth|cred|bearer|pepper|salt|"
    r"\bpin\b|psk|login|_pw\b|\bpw\b|cookie|X-Api|conn(ection)?_?str"
)
LOGIN_CALL = re.compile(
    r"(?i)login|connect|auth|client|session|bind|fernet|encode|decode|compare|\.run$|pw_set|basic|serializer|"
    r"signer|hmac|\.new$|engine|bot|api|account|credential|redis|mqtt|smtp|sign"
)
PLAIN_NAME = re.compile(r"^[A-Z][A-Z0-9_]*$|^[a-z_.-]+$|^[A-Z][a-z]+$")
PREFIX = re.compile(
    r"^(?:(?:Bearer|Basic|Token|token)\s+)?(?:sk_live_|sk_test_|pk_live_|sk-|ghp_|gho_|AKIA|xox[abp]-|"
    r"glpat-|key-|pk_|SG\.|AIza|ya29\.|tok_|hvs\.|dop_v1_|npm_|whsec_|rk_live_)?"
)
URL_LOGIN = re.compile(r"(?<=://)([\w.+-]*):([^@/\s:{}%]+)@")
WORDS = (
    "river maple copper lantern falcon winter harbour pepper velvet granite orchid thunder saddle "
    "ginger marble rocket hollow canyon amber tulip cobalt meadow badger walnut silver anchor "
    "compass Tiger Summer Coffee Monday London Dragon Purple Hockey Admin Welcome Secure Master "
    "Sunny Bridge Pixel Vector Quantum Castle Garden Ocean Forest Magic Nacho Disco Turbo"
).split()
USERS = (
    "app root svc admin report etl deploy web batch reader writer backup sync worker ops".split()
)


def looks_like_credential(value: str) -> bool:
    """Whether a literal has the shape of a password, key or token (not a format or a name)."""
    if not 5 <= len(value) <= 120 or "\n" in value or value.count(" ") > 1:
        return False
    if PLAIN_NAME.search(value):
        return False
    kinds = sum(bool(re.search(p, value)) for p in ("[a-z]", "[A-Z]", r"\d", r"[^\w\s]"))
    return kinds >= 2 and not re.search(
        r"sha\d|md5|aes|tls|utf|%[YmdHs]|^\d[\d.:-]*$|^(us|eu|ap)-\w+-\d|your|example|change.?me|"
        r"xxx|\.\.\.|[<>{}()]|%[\w(]|^/|\.(com|org|net|io|local|py|example|internal|lan|test)$|://|:\s*$|^[a-z]+\d{1,2}$",
        value,
        re.I,
    )


def another(value: str, rng: random.Random) -> str:
    """A value of the same kind: same prefix, and either the same shape or a human password."""
    head = PREFIX.match(value)
    prefix = head[0] if head else ""
    rest = value[len(prefix) :]
    if not prefix and len(rest) < 22 and rng.random() < 0.5:
        return _human(rng)
    return prefix + "".join(_other_char(c, rng) for c in rest)


def other_login(text: str, rng: random.Random) -> str:
    """`scheme://user:password@` with another user and password."""

    def swap(match: re.Match[str]) -> str:
        user = rng.choice(USERS) if match[1] else ""
        return f"{user}:{_url_password(rng)}@"

    return URL_LOGIN.sub(swap, text)


def _url_password(rng: random.Random) -> str:
    return re.sub(r"[@/:%#?!&$]", "-", _human(rng))


def _other_char(char: str, rng: random.Random) -> str:
    for group in (string.digits, string.ascii_lowercase, string.ascii_uppercase):
        if char in group:
            return rng.choice(group)
    return char


def _human(rng: random.Random) -> str:
    one, two = rng.sample(WORDS, 2)
    if rng.random() < 0.4:
        one = _leet(one, rng)
    separator = rng.choice(("", "", "-", "_", "!", "#", ".", "@", "$", "&"))
    tail = rng.choice(("", "!", "1", "22", "2024", "#7", "99", "01!", "x9", "42"))
    shape = rng.random()
    if shape < 0.3:
        return f"{one.capitalize()}{separator}{rng.randrange(10, 9999)}{rng.choice(('', '!', '#'))}"
    if shape < 0.4:
        return "".join(
            rng.choice(string.ascii_letters + string.digits) for _ in range(rng.randrange(8, 28))
        )
    return (
        f"{one}{separator or '-'}{two}{tail}"
        if shape < 0.7
        else f"{one.capitalize()}{two.capitalize()}{tail or '7'}"
    )


def _leet(word: str, rng: random.Random) -> str:
    table = {"a": "4", "e": "3", "i": "1", "o": "0", "s": "5"}
    return "".join(table[c] if c in table and rng.random() < 0.6 else c for c in word)
