"""Lines of ordinary code that look like secrets and are none, for our own development.

Drawn from what public documentation of scanners lists as false alarms. The measurement's clean
rows (`tests/bench/planted_clean.py`) are others and not used here.
"""

import base64
import random
import re
import string
from collections.abc import Callable
from pathlib import Path

HEX = "0123456789abcdef"
LETTERS = string.ascii_letters + string.digits
B58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ALPHABETS = {
    "hex": HEX,
    "HEX": HEX.upper(),
    "b64": LETTERS + "+/",
    "url": LETTERS + "-_",
    "b58": B58,
    "low": string.ascii_lowercase + string.digits,
    "UP": string.ascii_uppercase + string.digits,
    "mix": LETTERS,
    "ulid": CROCKFORD,
    "d": string.digits,
}
SENTENCES = (
    "The quick brown fox jumps over the lazy dog.",
    "Passwords are hashed with a random salt before they are stored.",
    "Select the region that is nearest to your users and press Enter.",
    '{"status": "ok", "items": [1, 2, 3], "next": null}',
    "Your session token expires after thirty minutes without activity.",
)
HEADS = (
    bytes.fromhex("89504e470d0a1a0a0000000d49484452"),
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00",
    bytes.fromhex("ffd8ffe000104a46494600010101"),
    b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    b"PK\x03\x04\x14\x00\x00\x00\x08\x00",
    bytes.fromhex("1f8b0800000000000003"),
    b"wOF2\x00\x01\x00\x00",
    b"RIFF\x24\x08\x00\x00WAVEfmt ",
    b"\x00asm\x01\x00\x00\x00",
)


def uuid(rng: random.Random) -> str:
    """A random UUID."""
    return "-".join(draw(rng, HEX, n) for n in (8, 4, 4, 4, 12))


def draw(rng: random.Random, alphabet: str, count: int) -> str:
    """`count` characters of an alphabet."""
    return "".join(rng.choice(alphabet) for _ in range(count))


def picture(rng: random.Random) -> str:
    """The beginning of a binary file, in base64."""
    return base64.b64encode(rng.choice(HEADS) + rng.randbytes(rng.randint(30, 120))).decode()


SPECIAL: dict[str, Callable[[random.Random], str]] = {
    "uuid": uuid,
    "picture": picture,
    "sentence": lambda r: base64.b64encode(r.choice(SENTENCES).encode()).decode(),
    "sentence_hex": lambda r: r.choice(SENTENCES).encode().hex(),
    "colons": lambda r: ":".join(draw(r, HEX, 2) for _ in range(r.choice([16, 20, 32]))),
    "spaced": lambda r: " ".join(draw(r, HEX.upper(), 4) for _ in range(10)),
    "der": lambda r: "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA" + draw(r, ALPHABETS["b64"], 88),
}
_FIELD = re.compile(r"«(hex|HEX|b64|url|b58|low|UP|mix|ulid|d|[a-z_]+)(\d*)»")
TEMPLATES = tuple(
    template
    for template in Path(__file__)
    .with_name("clean_examples.txt")
    .read_text(encoding="utf-8")
    .split("\n%%\n")
    if template.strip()
)


def filled(rng: random.Random, template: str) -> str:
    """A template with `«hex64»` and the like drawn."""

    def value(m: re.Match[str]) -> str:
        name, count = m[1], m[2]
        if name in SPECIAL:
            return SPECIAL[name](rng)
        return draw(rng, ALPHABETS[name], int(count))

    return _FIELD.sub(value, template)


def clean_examples(seed: int, each: int) -> list[tuple[int, str]]:
    """Number of the template and text, `each` times every template."""
    rng = random.Random(seed)
    return [
        (index, filled(rng, template))
        for index, template in enumerate(TEMPLATES)
        for _ in range(each)
    ]
