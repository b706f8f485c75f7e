"""Check digits of identity numbers that python-stdnum does not know."""

from stdnum import luhn


def sg_nric(text: str) -> bool:
    """Singapore's NRIC and FIN: S1234567D. Weights and letters as the ICA's scheme is described."""
    letters = {"S": "JZIHGFEDCBA", "T": "JZIHGFEDCBA", "F": "XWUTRQPNMLK", "G": "XWUTRQPNMLK"}
    total = sum(int(d) * w for d, w in zip(text[1:8], (2, 7, 6, 5, 4, 3, 2), strict=True))
    total += 4 if text[0] in "TG" else 0
    return letters[text[0]][total % 11] == text[8]


def hk_id(text: str) -> bool:
    """Hong Kong's identity card: A123456(3), letters counted from 10, a missing one as 36."""
    plain = text.replace("(", "").replace(")", "").rjust(9)
    values = [36 if c == " " else int(c, 36) for c in plain]
    return sum(v * w for v, w in zip(values, range(9, 0, -1), strict=True)) % 11 == 0


def tw_id(text: str) -> bool:
    """Taiwan's national identification card: A123456789, the letter stands for two digits."""
    code = "ABCDEFGHJKLMNPQRSTUVXYWZIO".index(text[0]) + 10
    digits = [code // 10, code % 10, *map(int, text[1:])]
    weights = (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1)
    return sum(d * w for d, w in zip(digits, weights, strict=True)) % 10 == 0


def ru_snils(text: str) -> bool:
    """Russia's SNILS: 112-233-445 95, the sum of nine weighted digits modulo 101."""
    digits = [int(c) for c in text if c.isdigit()]
    total = sum(d * w for d, w in zip(digits, range(9, 0, -1), strict=False)) % 101
    return total % 100 == digits[9] * 10 + digits[10]


def ae_emirates_id(text: str) -> bool:
    """The Emirates ID: 784-1984-1234567-8, Luhn over all fifteen digits."""
    return bool(luhn.is_valid("".join(c for c in text if c.isdigit())))


def es_social_security(text: str) -> bool:
    """Spain's NAF: two digits of the province, eight of the number, two of the check modulo 97."""
    digits = "".join(c for c in text if c.isdigit())
    number = int(digits[2:10])
    joined = int(digits[:2]) * 10**7 + number if number < 10**7 else int(digits[:10])
    return joined % 97 == int(digits[10:])


def de_social_security(text: str) -> bool:
    """Germany's Rentenversicherungsnummer: 65 170839 J 008, cross sums of weighted digits."""
    plain = text.replace(" ", "")
    digits = plain[:8] + f"{ord(plain[8]) - 64:02d}" + plain[9:11]
    products = (
        int(d) * w for d, w in zip(digits, (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1), strict=True)
    )
    return sum(p // 10 + p % 10 for p in products) % 10 == int(plain[11])


def uy_cedula(text: str) -> bool:
    """Uruguay's cédula: 1.234.567-2, seven digits weighted 2, 9, 8, 7, 6, 3, 4."""
    digits = [int(c) for c in text if c.isdigit()]
    digits = [0] * (8 - len(digits)) + digits
    total = sum(d * w for d, w in zip(digits, (2, 9, 8, 7, 6, 3, 4), strict=False))
    return -total % 10 == digits[7]


def kz_iin(text: str) -> bool:
    """Kazakhstan's IIN: twelve digits, two rows of weights modulo 11."""
    digits = [int(c) for c in text]
    for weights in (range(1, 12), (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)):
        check = sum(d * w for d, w in zip(digits, weights, strict=False)) % 11
        if check != 10:
            return check == digits[11]
    return False
