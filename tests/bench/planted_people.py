"""Personal data with right checksums, of people who do not exist.

E-mail addresses stand on invented company domains, or carry four random digits on a large
provider's. Postal addresses are left out: nobody can say for sure what is one.
"""

import ipaddress
import itertools
import random
import string
from collections.abc import Callable

from planted_mint import Minted, one
from planted_national import NATIONAL
from planted_words import NOUNS, draw, words

FIRST = words("""
anna ben carla david elena farid greta hugo ines jonas katya liam maria nadia olivia pavel quentin
rosa sofia tomas ulrike viktor wanda yusuf zoe amara bruno chiara dmitri esther""")
LAST = words("""
novak lindqvist okafor moreau castellanos hartmann bianchi kowalczyk janssens petrov
fitzgerald yamamoto delacroix oyelaran schneider virtanen rasmussen mukherjee almeida donnelly
vandenberg kristoffersen papadakis szymanski trevisan nakagawa ferreira lundgren""")
TLDS = ["com", "de", "io", "net", "fr", "it", "nl", "se", "pl", "co.uk", "com.br", "eu"]
PROVIDERS = ["gmail.com", "outlook.com", "gmx.de", "proton.me", "yahoo.fr", "icloud.com"]
# country code: how its numbers begin, and the rest with # for a digit
PHONES = {
    "+49": ("151", " ########"),
    "+44": ("77", "## ######"),
    "+33": ("6", " ## ## ## ##"),
    "+34": ("6", "## ### ###"),
    "+39": ("34", "# ### ####"),
    "+31": ("6", " ########"),
    "+48": ("6", "## ### ###"),
    "+46": ("70", " ### ## ##"),
    "+41": ("79", " ### ## ##"),
    "+91": ("98", "### #####"),
    "+81": ("90", "-####-####"),
    "+55": ("11", " 9####-####"),
    "+61": ("4", "## ### ###"),
    "+1": ("41", "5-2##-####"),
}
# BBAN formats of the SWIFT IBAN registry: n digits, a capitals, c capitals or digits
IBANS = {
    "DE": "18n",
    "GB": "4a14n",
    "FR": "10n11c2n",
    "ES": "20n",
    "NL": "4a10n",
    "IT": "1a10n12c",
    "BE": "12n",
    "AT": "16n",
    "CH": "5n12c",
    "PL": "24n",
    "SE": "20n",
    "PT": "21n",
}
CARDS = [("4", 16), ("51", 16), ("54", 16), ("2221", 16), ("37", 15), ("6011", 16), ("3530", 16)]
# Resolvers that code names for good reasons: an address everybody uses is nobody's.
RESOLVERS = {"1.1.1.1", "1.0.0.1", "8.8.8.8", "8.8.4.4", "9.9.9.9"}


def email(rng: random.Random) -> Minted:
    first, last = rng.choice(FIRST), rng.choice(LAST)
    local = rng.choice(
        [f"{first}.{last}", f"{first[0]}{last}", f"{last}_{first}", f"{first}-{last}"]
    )
    if rng.random() < 0.3:
        value = f"{local}{draw(rng, string.digits, 4)}@{rng.choice(PROVIDERS)}"
    else:
        value = f"{local}@{rng.choice(NOUNS)}{rng.choice(['', '-'])}{rng.choice(NOUNS)}."
        value += rng.choice(TLDS)
    if rng.random() < 0.1:
        value = value.replace("@", "+news@")
    return one(rng, "CUSTOMER_EMAIL CONTACT OWNER_EMAIL REPORTER", value)


def phone(rng: random.Random) -> Minted:
    country = rng.choice(list(PHONES))
    start, pattern = PHONES[country]
    rest = "".join(draw(rng, "23456789", 1) if c == "#" else c for c in pattern)
    number = f"{country} {start}{rest}"
    style = rng.random()
    if style < 0.3:
        number = number.replace(" ", "").replace("-", "")
    elif style < 0.4:
        number = number.replace(" ", "-")
    return one(rng, "PHONE CUSTOMER_PHONE MOBILE CALLBACK_NUMBER", number)


def iban_check(country: str, bban: str) -> str:
    """Two check digits (ISO 13616, ISO 7064 MOD 97-10)."""
    digits = "".join(str(int(c, 36)) for c in f"{bban}{country}00")
    return f"{98 - int(digits) % 97:02d}"


def bban(rng: random.Random, form: str) -> str:
    """A national account number of the registry's form."""
    made, count = "", ""
    for sign in form:
        if sign.isdigit():
            count += sign
            continue
        alphabet = {"n": string.digits, "a": string.ascii_uppercase}.get(
            sign, string.ascii_uppercase + string.digits
        )
        made, count = made + draw(rng, alphabet, int(count)), ""
    return made


def iban(rng: random.Random) -> Minted:
    country = rng.choice(list(IBANS))
    account = bban(rng, IBANS[country])
    value = f"{country}{iban_check(country, account)}{account}"
    if rng.random() < 0.5:
        value = " ".join(value[at : at + 4] for at in range(0, len(value), 4))
    return one(rng, "IBAN PAYOUT_IBAN BANK_ACCOUNT", value)


def luhn_digit(body: str) -> str:
    """The check digit of ISO/IEC 7812-1."""
    doubled = [int(c) * 2 if at % 2 == 0 else int(c) for at, c in enumerate(reversed(body))]
    return str(-sum(n - 9 if n > 9 else n for n in doubled) % 10)


def credit_card(rng: random.Random) -> Minted:
    prefix, length = rng.choice(CARDS)
    body = prefix + draw(rng, string.digits, length - len(prefix) - 1)
    number = body + luhn_digit(body)
    mark = rng.choice(["", " ", "-"])
    cuts = [0, 4, 10, 15] if length == 15 else [0, 4, 8, 12, 16]
    value = mark.join(number[a:b] for a, b in itertools.pairwise(cuts))
    return one(rng, "CARD_NUMBER PAN CREDIT_CARD", value)


def us_ssn(rng: random.Random) -> Minted:
    area = rng.choice([n for n in range(1, 900) if n != 666])
    value = f"{area:03d}-{rng.randint(1, 99):02d}-{rng.randint(1, 9999):04d}"
    return one(rng, "SSN US_SSN SOCIAL_SECURITY_NUMBER", value, named=True)


def ipv4(rng: random.Random) -> Minted:
    while True:
        address = ipaddress.IPv4Address(rng.getrandbits(32))
        plain = address.is_global and not address.is_multicast and str(address) not in RESOLVERS
        # Four small numbers look like a version, whoever reads them.
        if plain and min(address.packed[:2]) > 20:
            return one(rng, "CLIENT_IP REMOTE_ADDR LAST_LOGIN_IP", str(address), named=True)


def national_id(rng: random.Random) -> Minted:
    """One of ten countries' numbers, always beside its name."""
    name, maker = rng.choice(NATIONAL)
    return one(rng, name, maker(rng), named=True)


# kind: (how many of 300, how it is made)
PEOPLE: dict[str, tuple[int, Callable[[random.Random], Minted]]] = {
    "email": (60, email),
    "phone": (50, phone),
    "iban": (45, iban),
    "credit_card": (45, credit_card),
    "national_id": (50, national_id),
    "us_ssn": (25, us_ssn),
    "ipv4": (25, ipv4),
}
HELD_OUT = frozenset({"phone", "iban", "national_id", "ipv4"})
