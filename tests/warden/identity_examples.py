"""Identity numbers, IBANs and their surroundings, drawn for our own development.

The measurement's corpus (`tests/bench/planted_people.py` and others) is another one.
"""

# ruff: noqa: E501 - one country, one line

import random
import string
from collections.abc import Callable

from stdnum import iban

from forgemind_assets.warden.identity_numbers import NUMBERS, holds

BY_KIND = {number.kind: number for number in NUMBERS}
FORMATS: dict[str, tuple[str, ...]] = {
    # d digit, L letter, B a date of birth (yymmdd), D (ddmmyy), Y (yyyymmdd), else itself
    "es_dni": ("ddddddddL", "dd.ddd.ddd-L", "dddddddd-L"),
    "es_nie": ("XdddddddL", "Z-ddddddd-L"),
    "it_codice_fiscale": ("LLLLLLddHddLdddL", "LLL LLL ddHdd LdddL"),
    "de_steuer_id": ("ddddddddddd", "dd ddd ddd ddd"),
    "gb_nhs": ("ddd ddd dddd", "dddddddddd"),
    "br_cpf": ("ddd.ddd.ddd-dd", "ddddddddddd"),
    "pl_pesel": ("Bddddd",),
    "fr_nir": ("1dd07dddddddddd", "2 dd 11 75 ddd ddd dd"),
    "nl_bsn": ("ddddddddd", "dddd.dd.ddd"),
    "be_national_number": ("Bddddd", "dd.07.2d-ddd.dd", "dd.07.2d-ddd-dd"),
    "se_personnummer": ("B-dddd", "Y-dddd", "Ydddd"),
    "no_fodselsnummer": ("Dddddd", "D ddddd"),
    "dk_cpr": ("D-dddd",),
    "fi_hetu": ("D-dddL", "DAddd0"),
    "ee_isikukood": ("3Bdddd",),
    "lt_asmens_kodas": ("4Bdddd",),
    "cz_rodne_cislo": ("B/dddd",),
    "ro_cnp": ("1B12dddd",),
    "bg_egn": ("Bdddd",),
    "hr_oib": ("ddddddddddd",),
    "pt_nif": ("2dddddddd", "2dd ddd ddd"),
    "gr_amka": ("Dddddd",),
    "ie_pps": ("dddddddL", "dddddddLA"),
    "ch_ahv": ("756.dddd.dddd.dd", "756dddddddddd"),
    "at_svnr": ("dddd D",),
    "ca_sin": ("ddd-ddd-ddd", "ddd ddd ddd", "ddddddddd"),
    "au_tfn": ("ddd ddd ddd", "ddddddddd"),
    "in_aadhaar": ("dddd dddd dddd", "dddddddddddd"),
    "in_pan": ("LLLPLddddL",),
    "cn_resident_id": ("110105Yddd0", "110105YdddX"),
    "kr_rrn": ("B-1dddddd",),
    "my_nric": ("B-14-dddd",),
    "th_national_id": ("1-dddd-ddddd-dd-d", "1dddddddddddd"),
    "tr_kimlik": ("ddddddddddd",),
    "il_id": ("ddddddddd",),
    "za_id": ("Bdddd08d", "B dddd 08d"),
    "mx_curp": ("LEXLBHJCRRN0d", "GEGLBMJCRRNAd"),
    "cl_rut": ("dd.ddd.ddd-d", "dddddddd-K"),
    "ar_dni_cuit": ("20-dddddddd-d",),
    "ru_inn": ("dddddddddddd",),
    "ru_snils": ("ddd-ddd-ddd dd",),
    "sg_nric": ("SdddddddL",),
    "hk_id": ("Ldddddd(d)",),
    "tw_id": ("A1dddddddd",),
    "jp_my_number": ("dddd dddd dddd", "dddddddddddd"),
    "pk_cnic": ("35202-ddddddd-d",),
    "es_social_security": ("28/dddddddd/dd", "28dddddddddd"),
    "de_social_security": ("65 D L ddd", "65DLddd"),
}  # fmt: skip
NAMES: dict[str, tuple[str, ...]] = {
    "es_dni": ("DNI", "NIF"), "es_nie": ("NIE",), "it_codice_fiscale": ("codice fiscale",),
    "de_steuer_id": ("Steuer-ID", "steuer_id"), "gb_nhs": ("NHS number", "nhs_no"), "br_cpf": ("CPF", "cpf"),
    "pl_pesel": ("PESEL", "pesel"), "fr_nir": ("numéro de sécurité sociale", "nir"), "nl_bsn": ("BSN", "burgerservicenummer"),
    "be_national_number": ("rijksregisternummer",), "se_personnummer": ("personnummer",), "no_fodselsnummer": ("fødselsnummer",),
    "dk_cpr": ("CPR-nummer", "cpr"), "fi_hetu": ("henkilötunnus", "hetu"), "ee_isikukood": ("isikukood",),
    "lt_asmens_kodas": ("asmens kodas",), "cz_rodne_cislo": ("rodné číslo",), "ro_cnp": ("CNP",), "bg_egn": ("EGN", "ЕГН"),
    "hr_oib": ("OIB",), "pt_nif": ("NIF", "contribuinte"), "gr_amka": ("AMKA",), "ie_pps": ("PPS number",), "ch_ahv": ("AHV-Nr",),
    "at_svnr": ("SVNR", "Sozialversicherungsnummer"), "ca_sin": ("SIN", "employee_sin"), "au_tfn": ("TFN", "tax file number"),
    "in_aadhaar": ("Aadhaar",), "in_pan": ("PAN", "customer_pan"), "cn_resident_id": ("身份证号",), "kr_rrn": ("주민등록번호", "RRN"),
    "my_nric": ("NRIC", "MyKad"), "th_national_id": ("Thai national ID",), "tr_kimlik": ("TC Kimlik No",), "il_id": ("teudat zehut",),
    "za_id": ("SA ID",), "mx_curp": ("CURP",), "cl_rut": ("RUT",), "ar_dni_cuit": ("CUIL",), "ru_inn": ("ИНН",), "ru_snils": ("СНИЛС",),
    "sg_nric": ("NRIC",), "hk_id": ("HKID",), "tw_id": ("身分證字號",), "jp_my_number": ("マイナンバー", "My Number"), "pk_cnic": ("CNIC",),
    "es_social_security": ("Seguridad Social",), "de_social_security": ("Rentenversicherungsnummer",),
}  # fmt: skip
GENERIC = (
    "national_id",
    "ID number",
    "tax_id",
    "social security number",
    "citizen_id",
    "identity number",
)
CARRIERS: dict[str, Callable[[str, str], str]] = {
    "json": lambda n, v: f'{{"name": "Anna Nowak", "{n}": "{v}", "city": "x"}}',
    "env": lambda n, v: f"{n.upper().replace(' ', '_')}={v}\n",
    "yaml": lambda n, v: f"person:\n  {n}: {v}\n  active: true\n",
    "csv": lambda n, v: f"name;{n};city\nAnna Nowak;{v};Basel\n",
    "prose": lambda n, v: f"Her {n} is {v}. A copy was sent on 2024-05-01.",
    "log": lambda n, v: f"2024-05-01 12:00:01 INFO {n} {v} 200 OK\n",
    "python": lambda n, v: f'customer = Customer({n.replace(" ", "_")}="{v}", age=41)\n',
    "sql": lambda n, v: f"-- {n}\nINSERT INTO people VALUES (17, 'Anna', '{v}', 1984);\n",
    "xml": lambda n, v: f"<person><{n.replace(' ', '')}>{v}</{n.replace(' ', '')}></person>",
    "query": lambda n, v: f"GET /people?{n.replace(' ', '_')}={v}&page=2",
    "table": lambda n, v: f"| name | {n} |\n|---|---|\n| Anna | {v} |\n",
    "comment": lambda n, v: f"# {n}: {v} (ticket 1234)\n",
}  # fmt: skip


def written(rng: random.Random, kind: str) -> str:
    """A number of a kind that holds, in one of the forms in which it is written."""
    while True:
        text = "".join(_char(rng, c) for c in rng.choice(FORMATS[kind]))
        if len(set(text)) > 4 and holds(BY_KIND[kind], text):
            return text


def _char(rng: random.Random, char: str) -> str:
    year, month, day = rng.randint(50, 99), rng.randint(1, 12), rng.randint(1, 28)
    drawn = {
        "d": lambda: rng.choice(string.digits),
        "L": lambda: rng.choice(string.ascii_uppercase),
        "H": lambda: rng.choice("ABCDEHLMPRST"),
        "B": lambda: f"{year:02d}{month:02d}{day:02d}",
        "D": lambda: f"{day:02d}{month:02d}{year:02d}",
        "Y": lambda: f"19{year:02d}{month:02d}{day:02d}",
    }
    return drawn[char]() if char in drawn else char


IBANS = {
    "DE": "18n", "FR": "10n11c2n", "GB": "4a14n", "NL": "4a10n", "ES": "20n", "IT": "1a10n12c", "BE": "12n",
    "CH": "5n12c", "AT": "16n", "PL": "24n", "PT": "21n", "SE": "20n", "NO": "11n", "DK": "14n", "FI": "14n",
    "IE": "4a14n", "LU": "3n13c", "CZ": "20n", "SK": "20n", "HU": "24n", "RO": "4a16c", "BG": "4a6n8c", "GR": "7n16c",
    "HR": "17n", "SI": "15n", "EE": "16n", "LV": "4a13c", "LT": "16n", "MT": "4a5n18c", "CY": "8n16c", "TR": "6n16c",
    "IS": "22n", "LI": "5n12c", "MC": "10n11c2n", "SM": "1a10n12c", "ME": "18n", "RS": "18n", "AE": "19n", "SA": "2n18c",
    "QA": "4a21c", "KW": "4a22c", "IL": "19n", "EG": "25n", "BR": "23n1a1c", "UA": "6n19c", "GE": "2a16n", "AL": "8n16c",
}  # fmt: skip
"""Structures of the BBAN in the IBAN registry (ISO 13616)."""


def account(rng: random.Random, country: str) -> str:
    """An IBAN with right check digits, in print form or in electronic form."""
    body, count = "", ""
    for c in IBANS[country]:
        if c.isdigit():
            count += c
            continue
        alphabet = {"n": string.digits, "a": string.ascii_uppercase}.get(
            c, string.ascii_uppercase + string.digits
        )
        body += "".join(rng.choice(alphabet) for _ in range(int(count)))
        count = ""
    plain = country + iban.calc_check_digits(f"{country}00{body}") + body
    return rng.choice([plain, iban.format(plain), iban.format(plain, "-"), plain.lower()])
