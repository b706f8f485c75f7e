"""Which words of a snippet carry its label, and so must keep their meaning.

A token made with `random` is a finding, a dice throw is not: there the name decides. Such
words are changed only to words of the same meaning.
"""

# ruff: noqa: SIM905 - long word lists are easier to read and to change as text

import re

# Words whose meaning decides the label of credentials, randomness and cryptography.
TELLING = frozenset(
    """password passwords passwd pwd pw pass passphrase secret secrets token tokens tok key keys
    apikey otp totp pin pincode code codes nonce salt iv session sessionid sid cred creds credential
    credentials auth authorization authenticate api jwt csrf xsrf cookie signature sign signed
    signing sig hash hashed hasher digest mac hmac cipher crypt crypto encrypt encrypted decrypt
    login private bearer voucher coupon invite invitation reset recovery activation verification
    verify confirm captcha challenge magic access refresh oauth dsn seed random rand entropy
    checksum etag fingerprint cache dedupe bucket shard game dice die roll card deck shuffle
    sample sampling jitter backoff noise demo simulate simulation sim delay sleep quiz puzzle
    lottery winner draw spawn loot mock fake fixture placeholder template example admin user
    username wallet gift download share link unsubscribe temporary temp guest checksum_md5 sha md5
    uuid guid serial ticket reference confirmation pepper keyring vault env environ getenv
    test tests id ids board maze map level enemy color colour position""".split()
)

# Where one of these is in use, names say what the value is for.
MEANING_BEARING = re.compile(
    r"\b(random|uuid|secrets|hashlib|hmac|numpy\.random|np\.random|SystemRandom|urandom|randint|"
    r"getrandbits|uuid1|uuid4|crypt|bcrypt|argon2|scrypt|pbkdf2\w*|Crypto|cryptography|"
    r"default_rng|RandomState|shuffle|read_csv|read_json|read_html|read_excel|VideoCapture)\b"
)

SYNONYMS = (
    "get fetch load read retrieve",
    "make create build new generate issue gen",
    "find lookup search locate",
    "handle process do run perform",
    "send dispatch post push deliver",
    "save store persist write keep",
    "remove delete drop discard purge",
    "update refresh renew change",
    "show display render view",
    "check verify_ validate test_",
    "password passwd pwd",
    "cred creds credentials",
    "tok token",
    "conn connection",
    "cfg config settings conf options",
    "req rqst",
    "resp response reply",
    "msg message",
    "num number",
    "val value",
    "info details data",
    "items entries records",
    "email mail",
    "user account member",
    "customer client",
    "file document",
    "folder directory",
    "host server machine",
    "default fallback",
    "temp temporary tmp",
    "pick choose select",
    "start begin",
    "length size",
    "raw plain",
    "db database",
    "name title",
)


def synonyms() -> dict[str, tuple[str, ...]]:
    """Word -> words that may stand in its place."""
    table: dict[str, tuple[str, ...]] = {}
    for line in SYNONYMS:
        words = tuple(line.split())
        for word in words:
            table[word] = tuple(w for w in words if w != word and not w.endswith("_"))
    return table


SAME_MEANING = synonyms()


def name_words(name: str) -> list[str]:
    """`resetToken`, `RESET_TOKEN`, `reset_token` -> `["reset", "token"]`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return [w.lower() for w in spaced.split("_") if w]


def tells(name: str) -> bool:
    """Whether a name holds a word that may decide the label."""
    words = name_words(name)
    return any(w in TELLING for w in words) or any(
        part in name.lower() for part in ("password", "passwd", "secret", "token", "apikey")
    )


def is_meaning_bearing(text: str) -> bool:
    """Whether names in this snippet decide its label."""
    return MEANING_BEARING.search(text) is not None
