"""National identity numbers of ten countries, with right check digits."""

import itertools
import random
import string
from collections.abc import Callable

from planted_words import draw

DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
HETU_SIGNS = "0123456789ABCDEFHJKLMNPRSTUVWXY"
CF_MONTHS = "ABCDEHLMPRST"
# Values of the signs on odd places of a codice fiscale (decree of 12 March 1974).
CF_ODD_DIGITS = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21]
CF_ODD_LETTERS = [*CF_ODD_DIGITS, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23]
CF_ODD = dict(
    zip(string.digits + string.ascii_uppercase, [*CF_ODD_DIGITS, *CF_ODD_LETTERS], strict=True)
)


def weighted(digits: str, weights: list[int]) -> int:
    """Sum of digits times weights."""
    return sum(int(d) * w for d, w in zip(digits, weights, strict=True))


def birthday(rng: random.Random) -> tuple[int, int, int]:
    """Two-digit year of the twentieth century, month, day."""
    return rng.randint(40, 99), rng.randint(1, 12), rng.randint(1, 28)


def es_dni(rng: random.Random) -> str:
    number = draw(rng, string.digits, 8)
    return number + DNI_LETTERS[int(number) % 23]


def it_codice_fiscale(rng: random.Random) -> str:
    year, month, day = birthday(rng)
    consonants = draw(rng, "BCDFGLMNPRSTV", 6)
    body = f"{consonants}{year:02d}{CF_MONTHS[month - 1]}{day + rng.choice([0, 40]):02d}"
    body += rng.choice("ABCDFGHL") + draw(rng, "123456789", 3)
    even = sum(int(c, 36) if c.isdigit() else ord(c) - 65 for c in body[1::2])
    total = sum(CF_ODD[c] for c in body[::2]) + even
    return body + string.ascii_uppercase[total % 26]


def pl_pesel(rng: random.Random) -> str:
    year, month, day = birthday(rng)
    body = f"{year:02d}{month:02d}{day:02d}{draw(rng, string.digits, 4)}"
    return body + str(-weighted(body, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)


def uk_nhs(rng: random.Random) -> str:
    while True:
        body = rng.choice("4567") + draw(rng, string.digits, 8)
        check = -weighted(body, list(range(10, 1, -1))) % 11
        if check < 10:
            number = f"{body}{check}"
            return rng.choice([number, f"{number[:3]} {number[3:6]} {number[6:]}"])


def fi_hetu(rng: random.Random) -> str:
    year, month, day = birthday(rng)
    birth, serial = f"{day:02d}{month:02d}{year:02d}", f"{rng.randint(2, 899):03d}"
    return f"{birth}-{serial}{HETU_SIGNS[int(birth + serial) % 31]}"


def de_tax_id(rng: random.Random) -> str:
    """Ten digits of which one stands twice, then ISO 7064 MOD 11,10."""
    digits = rng.sample(string.digits, 9)
    digits.insert(rng.randrange(10), rng.choice(digits))
    if digits[0] == "0" or any(a == b for a, b in itertools.pairwise(digits)):
        return de_tax_id(rng)
    product = 10
    for digit in digits:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    number = "".join(digits) + str((11 - product) % 10)
    return rng.choice([number, f"{number[:2]} {number[2:5]} {number[5:8]} {number[8:]}"])


def fr_nir(rng: random.Random) -> str:
    year, month, _ = birthday(rng)
    department = rng.choice([n for n in range(1, 96) if n != 20])
    body = f"{rng.choice('12')}{year:02d}{month:02d}{department:02d}"
    body += f"{rng.randint(1, 700):03d}{rng.randint(1, 999):03d}"
    key = f"{97 - int(body) % 97:02d}"
    cuts = [0, 1, 3, 5, 7, 10, 13]
    spaced = " ".join(body[a:b] for a, b in itertools.pairwise(cuts))
    return rng.choice([body + key, f"{spaced} {key}"])


def nl_bsn(rng: random.Random) -> str:
    while True:
        body = rng.choice("123456") + draw(rng, string.digits, 7)
        check = weighted(body, list(range(9, 1, -1))) % 11
        if check < 10:
            return f"{body}{check}"


def br_cpf(rng: random.Random) -> str:
    number = draw(rng, string.digits, 9)
    for length in (10, 11):
        rest = weighted(number, list(range(length, 1, -1))) * 10 % 11
        number += str(rest % 10)
    return rng.choice([number, f"{number[:3]}.{number[3:6]}.{number[6:9]}-{number[9:]}"])


def se_personnummer(rng: random.Random) -> str:
    year, month, day = birthday(rng)
    body = f"{year:02d}{month:02d}{day:02d}{draw(rng, string.digits, 3)}"
    doubled = [int(c) * (2 - at % 2) for at, c in enumerate(body)]
    check = -sum(n - 9 if n > 9 else n for n in doubled) % 10
    return f"{body[:6]}-{body[6:]}{check}"


# (names of the field, how the number is made)
NATIONAL: list[tuple[str, Callable[[random.Random], str]]] = [
    ("DNI DNI_NIF", es_dni),
    ("CODICE_FISCALE", it_codice_fiscale),
    ("PESEL", pl_pesel),
    ("NHS_NUMBER", uk_nhs),
    ("HENKILOTUNNUS HETU", fi_hetu),
    ("STEUER_ID STEUERLICHE_IDENTIFIKATIONSNUMMER", de_tax_id),
    ("NIR NUMERO_SECURITE_SOCIALE", fr_nir),
    ("BSN BURGERSERVICENUMMER", nl_bsn),
    ("CPF", br_cpf),
    ("PERSONNUMMER", se_personnummer),
]
