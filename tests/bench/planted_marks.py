"""Values that look like secrets or personal data and are neither, drawn for the clean rows."""

import base64
import binascii
import random
import re
import string
import struct
import zlib
from collections.abc import Callable

from planted_keys import BASE62, P256_OID, der, pem, ssh_string, uuid4
from planted_people import bban, iban_check, luhn_digit
from planted_words import ADJECTIVES, NOUNS, VERBS, draw, filled, words

HEX = "0123456789abcdef"
PLACEHOLDERS = words("""YOUR_API_KEY your-api-key-here <your-token> xxxx xxxxxxxxxxxxxxxx changeme
change-me REPLACE_ME TODO ... ******** sk-... sk-xxxxxxxxxxxxxxxxxxxxxxxx dummy-token not-a-real-key
ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx AKIAIOSFODNN7EXAMPLE AKIAXXXXXXXXXXXXXXXX
wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY ${API_KEY} [REDACTED] <redacted> hf_your_token_here
xoxb-your-bot-token insert-token-here AIza... glpat-XXXXXXXXXXXXXXXXXXXX fake-key
sk_live_**************** 00000000-0000-0000-0000-000000000000 SG.xxxx.xxxx""")
RESERVED_MAIL = ["example.com", "example.org", "example.net", "shop.example", "mail.test"]
DOCUMENTATION_NETS = ("192.0.2", "198.51.100", "203.0.113")  # RFC 5737
ALPHABETS = [
    string.ascii_letters + string.digits,
    "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
    "0123456789abcdefghijklmnopqrstuvwxyz",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
    "abcdefghijklmnopqrstuvwxyz",
]


def png(rng: random.Random) -> str:
    """A real 4 by 4 picture in base64."""

    def chunk(name: bytes, data: bytes) -> bytes:
        whole = name + data
        return struct.pack(">I", len(data)) + whole + struct.pack(">I", binascii.crc32(whole))

    rows = b"".join(b"\0" + rng.randbytes(12) for _ in range(4))
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0))
    data += chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return base64.b64encode(data).decode()


def svg(rng: random.Random) -> str:
    """A small drawing in base64."""
    text = filled(rng, "<svg xmlns='http://www.w3.org/2000/svg' width='$num'><circle r='$digit'/>")
    return base64.b64encode(f"{text}</svg>".encode()).decode()


def not_luhn(digits: str) -> str:
    """The number, with a last digit that makes it no card's."""
    good = luhn_digit(digits[:-1])
    return digits[:-1] + str((int(good) + 3) % 10) if digits[-1] == good else digits


def order_number(rng: random.Random) -> str:
    return not_luhn(draw(rng, "123456789", 1) + draw(rng, string.digits, rng.choice([12, 15, 17])))


def bad_card(rng: random.Random) -> str:
    digits = not_luhn("4" + draw(rng, string.digits, 15))
    return rng.choice([digits, " ".join(digits[at : at + 4] for at in range(0, 16, 4))])


def bad_iban(rng: random.Random) -> str:
    account = bban(rng, "18n")
    good = int(iban_check("DE", account))
    return f"DE{(good + rng.randint(1, 90)) % 97 or 97:02d}{account}"


def bad_ssn(rng: random.Random) -> str:
    """An area that is never assigned (ssa.gov, number randomization)."""
    return f"{rng.choice(['000', '666'])}-{draw(rng, '123456789', 2)}-{draw(rng, HEX[1:10], 4)}"


def ssh_public(rng: random.Random) -> str:
    body = ssh_string(b"ssh-ed25519") + ssh_string(rng.randbytes(32))
    return f"ssh-ed25519 {base64.b64encode(body).decode()}"


def public_pem(rng: random.Random) -> str:
    """SubjectPublicKeyInfo on P-256 (RFC 5480)."""
    ec = bytes.fromhex("06072a8648ce3d0201")
    point = der(0x03, b"\x00\x04", rng.randbytes(64))
    return pem("PUBLIC KEY", der(0x30, der(0x30, ec, P256_OID), point))


def harmless(rng: random.Random) -> str:
    """What the encoded texts of clean rows say."""
    forms = [
        '{"$field": $num, "$noun": "$adj"}',
        "$sentence",
        "$noun,$noun2,$noun3,$adj",
        "<$noun/>",
    ]
    return filled(rng, rng.choice(forms))


def camel(rng: random.Random) -> str:
    words = [rng.choice(ADJECTIVES), *(rng.choice(NOUNS) for _ in range(rng.randint(2, 4)))]
    return "".join(word.capitalize() for word in words)


def snake(rng: random.Random) -> str:
    words = [rng.choice(VERBS), rng.choice(ADJECTIVES)]
    return "_".join(words + [rng.choice(NOUNS) for _ in range(rng.randint(2, 5))])


def dotted(rng: random.Random) -> str:
    return ".".join(rng.choice(NOUNS) for _ in range(rng.randint(3, 6)))


def private_ip(rng: random.Random) -> str:
    low = f"{rng.randint(0, 255)}.{rng.randint(1, 254)}"
    nets = ["10.1.", "10.20.", "192.168.", "172.16.", "172.20.", "127.0.", "169.254."]
    return rng.choice([rng.choice(nets) + low, "0.0.0.0", "255.255.255.0", "127.0.0.1"])


def four_part_version(rng: random.Random) -> str:
    return ".".join(str(rng.randint(0, top)) for top in (9, 30, 20, 99))


def local_mail(rng: random.Random) -> str:
    name = rng.choice(["user", "alice", "bob", "admin", "noreply", "jane.doe", "ops"])
    return f"{name}@{rng.choice(RESERVED_MAIL)}"


Draw = Callable[[random.Random], str]
MARKS: dict[str, Draw] = {
    "sha1": lambda rng: draw(rng, HEX, 40),
    "sha256": lambda rng: draw(rng, HEX, 64),
    "md5": lambda rng: draw(rng, HEX, 32),
    "short": lambda rng: draw(rng, HEX, rng.randint(7, 12)),
    "hex16": lambda rng: draw(rng, HEX, 16),
    "sri": lambda rng: base64.b64encode(rng.randbytes(48)).decode(),
    "fingerprint": lambda rng: base64.b64encode(rng.randbytes(32)).decode().rstrip("="),
    "uuid": uuid4,
    "png": png,
    "svg": svg,
    "colour": lambda rng: "#" + draw(rng, HEX, rng.choice([3, 6, 6])),
    "mac": lambda rng: ":".join(draw(rng, HEX, 2) for _ in range(6)),
    "epoch": lambda rng: str(rng.randint(1_500_000_000, 1_799_999_999)),
    "epochms": lambda rng: not_luhn(str(rng.randint(1_500_000_000_000, 1_799_999_999_999))),
    "order": order_number,
    "digits9": lambda rng: str(rng.randint(10**8, 10**9 - 1)),
    "docip": lambda rng: f"{rng.choice(DOCUMENTATION_NETS)}.{rng.randint(1, 254)}",
    "privip": private_ip,
    "fourver": four_part_version,
    "mail": local_mail,
    "sshpub": ssh_public,
    "pubpem": public_pem,
    "badcard": bad_card,
    "badiban": bad_iban,
    "badssn": bad_ssn,
    "b64text": lambda rng: base64.b64encode(harmless(rng).encode()).decode(),
    "hextext": lambda rng: harmless(rng).encode().hex(),
    "placeholder": lambda rng: rng.choice(PLACEHOLDERS),
    "alphabet": lambda rng: rng.choice(ALPHABETS),
    "camel": camel,
    "snake": snake,
    "dotted": dotted,
    "video": lambda rng: draw(rng, BASE62, 11),
    "pod": lambda rng: f"{draw(rng, HEX, 10)}-{draw(rng, 'bcdfghjklmnpqrstvwxz2456789', 5)}",
    "dna": lambda rng: draw(rng, "ACGT", rng.randint(24, 60)),
    "last4": lambda rng: draw(rng, string.digits, 4),
    "float": lambda rng: f"{rng.uniform(-180, 180):.{rng.randint(4, 9)}f}",
    "bytes": lambda rng: "".join(f"\\x{byte:02x}" for byte in rng.randbytes(rng.randint(6, 16))),
}
MARK = re.compile(r"~([a-z0-9]+)~")


def marked(rng: random.Random, template: str) -> str:
    """The template with its `~mark~`s and its `$slot`s drawn."""
    # The drawn values may hold a dollar sign, so the words come first.
    return MARK.sub(lambda match: MARKS[match[1]](rng), filled(rng, template))
