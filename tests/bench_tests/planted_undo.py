"""How a reader takes a planted value back out of its text, and checks its checksum.

Written from the standards, without the generator: it shares no code with `tests/bench`.
"""

import base64
import binascii
import re
import string
from collections.abc import Callable

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
JOINT = re.compile(r"""["'][\s#]*[+,]?[\s#]*["']""")
ZERO_WIDTH = re.compile("[\u200b-\u200d\u2060\ufeff]")


def flat(text: str) -> str:
    """The text without spaces, line ends (also written ones), backslashes and comment signs."""
    return re.sub(r"\\+n|[\s\\#]", "", text)


def decoded_base64(text: str) -> str:
    found = []
    for run in re.findall(r"[A-Za-z0-9+/_-]{16,}={0,2}", text):
        plain = run.replace("-", "+").replace("_", "/").rstrip("=")
        try:
            found.append(base64.b64decode(plain + "=" * (-len(plain) % 4)).decode("latin-1"))
        except binascii.Error:
            continue
    return "\n".join(found)


def decoded_hex(text: str) -> str:
    runs = re.findall(r"(?<![0-9A-Za-z])(?:[0-9A-Fa-f]{2}){8,}(?![0-9A-Za-z])", text)
    return "\n".join(bytes.fromhex(run).decode("latin-1") for run in runs)


UNDO: dict[str, Callable[[str], str]] = {
    "none": lambda text: text,
    "base64": decoded_base64,
    "hex": decoded_hex,
    "zero_width": lambda text: ZERO_WIDTH.sub("", text),
    "concatenation": lambda text: JOINT.sub("", text),
}


def from_base62(text: str) -> int:
    number = 0
    for sign in text:
        number = number * 62 + BASE62.index(sign)
    return number


def luhn(number: str) -> bool:
    digits = [int(c) for c in number if c.isdigit()]
    total = sum(digits[-1::-2]) + sum(sum(divmod(2 * d, 10)) for d in digits[-2::-2])
    return total % 10 == 0


def iban(value: str) -> bool:
    packed = value.replace(" ", "")
    return int("".join(str(int(c, 36)) for c in packed[4:] + packed[:4])) % 97 == 1


def digits_of(value: str) -> list[int]:
    return [int(c) for c in value if c.isdigit()]


def weighted(value: str, weights: list[int]) -> int:
    return sum(d * w for d, w in zip(digits_of(value), weights, strict=True))


def dni(value: str) -> bool:
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(value[:8]) % 23] == value[8]


def codice_fiscale(value: str) -> bool:
    odd = "BAKPLCQDREVOSFTGUHMINJWZYX"  # A to Z by the value that an odd place gives them
    total = 0
    for place, sign in enumerate(value[:15], 1):
        letter = string.ascii_uppercase[int(sign)] if sign.isdigit() else sign
        total += odd.index(letter) if place % 2 else string.ascii_uppercase.index(letter)
    return string.ascii_uppercase[total % 26] == value[15]


def steuer_id(value: str) -> bool:
    digits = digits_of(value)
    product = 10
    for digit in digits[:10]:
        total = (digit + product) % 10
        product = (2 * (total or 10)) % 11
    return len(digits) == 11 and (product + digits[10]) % 10 == 1


def nir(value: str) -> bool:
    packed = value.replace(" ", "")
    return (int(packed[:13]) + int(packed[13:])) % 97 == 0


def cpf(value: str) -> bool:
    digits = digits_of(value)
    first = sum(d * w for d, w in zip(digits, range(10, 1, -1), strict=False)) * 10 % 11 % 10
    second = sum(d * w for d, w in zip(digits, range(11, 1, -1), strict=False)) * 10 % 11 % 10
    return digits[9:] == [first, second]


def hetu(value: str) -> bool:
    signs = "0123456789ABCDEFHJKLMNPRSTUVWXY"
    return signs[int(value[:6] + value[7:10]) % 31] == value[10]


# shape of a number, its check, and an example that its authority or a textbook publishes
NATIONAL: dict[str, tuple[str, Callable[[str], bool], str]] = {
    "dni": (r"\d{8}[A-Z]", dni, "12345678Z"),
    "codice_fiscale": (
        r"[A-Z]{6}\d{2}[A-Z]\d{2}[A-Z]\d{3}[A-Z]", codice_fiscale, "RSSMRA85T10A562S",
    ),
    "pesel": (
        r"\d{11}",
        lambda v: weighted(v, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 == 0,
        "44051401359",
    ),
    "nhs": (
        r"\d{3} ?\d{3} ?\d{4}",
        lambda v: weighted(v, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]) % 11 == 0,
        "943 476 5919",
    ),
    "hetu": (r"\d{6}-\d{3}[0-9A-Y]", hetu, "131052-308T"),
    "steuer_id": (r"\d{11}|\d\d \d{3} \d{3} \d{3}", steuer_id, "86095742719"),
    "nir": (r"[12]\d{14}|[12] \d\d \d\d \d\d \d{3} \d{3} \d\d", nir, "255081416802538"),
    "bsn": (
        r"\d{9}", lambda v: weighted(v, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 == 0, "111222333",
    ),
    "cpf": (r"\d{11}|\d{3}\.\d{3}\.\d{3}-\d\d", cpf, "529.982.247-25"),
    "personnummer": (r"\d{6}-\d{4}", luhn, "811228-9874"),
}  # fmt: skip
