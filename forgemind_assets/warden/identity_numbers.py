"""National identity numbers: their shapes, and where to find the rule of their check digits.

Shapes are those in which the issuing authorities print them, as python-stdnum's modules and the
country pages of the OECD's tax identification numbers and of Wikipedia describe them.
"""

# ruff: noqa: E501 - one number, one line

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from re import _parser  # type: ignore[attr-defined]
from types import ModuleType

from forgemind_assets.warden import national_checks as checks
from forgemind_assets.warden.normalise import normalise

Check = Callable[[str], bool]

_SEPARATORS = re.compile(r"[ .\-/]")
GROUPED = re.compile(r"[ .\-/(]")


@dataclass(frozen=True)
class IdentityNumber:
    """One country's number.

    Attributes:
        kind: the verdict's reason.
        check: python-stdnum's module with `is_valid`, or a function of `national_checks`.
        shape: what the whole candidate looks like, with its usual separators.
        strength: score where only shape and check digits speak for it.
        words: its own names; one of them in the text tells that the number is meant.
    """

    kind: str
    check: str | Check
    shape: re.Pattern[str]
    strength: float
    words: re.Pattern[str]


NAMED = re.compile(
    r"(?i)ssn|social|(?<![a-z])tax|fiscal|steuer|identity|identi(?:fication|tät|dad|té)|national|citizen|"
    r"patient|health|insur|person|passport|(?<![a-z])tin(?![a-z])|applicant|resident|govern|documento|"
    r"id[ _\-]?(?:card|number|no|nr)(?![a-z])"
)
"""What stands before an identity number where somebody names it without its country."""


def _folded(words: str) -> list[str]:
    if words.isascii():
        return []
    return [form for w in words.split("|") for form in (normalise(w), normalise(w.upper()).lower())]


def _number(
    kind: str, check: str | Check, shape: str, strength: float, words: str
) -> IdentityNumber:
    # the text is folded before it is scanned, and capitals fold otherwise than small letters
    forms = dict.fromkeys((*words.split("|"), *_folded(words)))
    names = "|".join(rf"(?<![a-z]){word}(?![a-z])" if len(word) < 5 else word for word in forms)
    return IdentityNumber(
        kind, check, re.compile(shape), strength, re.compile(names, re.IGNORECASE)
    )


# Strength: letters or two check digits, or a date besides one: chance below 2 %; others are
# believed only where they are grouped as people write them, or named.
NUMBERS: tuple[IdentityNumber, ...] = (
    _number("es_dni", "es.dni", r"\d{8}[- ]?[A-Z]|\d{2}\.\d{3}\.\d{3}[- ]?[A-Z]", 0.8, "dni|nif"),
    _number("es_nie", "es.nie", r"[XYZ][- ]?\d{7}[- ]?[A-Z]", 0.8, "nie"),
    _number(
        "it_codice_fiscale",
        "it.codicefiscale",
        r"[A-Z]{3} ?[A-Z]{3} ?\d{2}[A-Z]\d{2} ?[A-Z]\d{3}[A-Z]",
        0.9,
        "fiscale",
    ),
    _number("de_steuer_id", "de.idnr", r"\d{2}([ /]?)\d{3}\1\d{3}\1\d{3}", 0.6, "steuer|idnr"),
    _number("gb_nhs", "gb.nhs", r"\d{3}[ -]?\d{3}[ -]?\d{4}", 0.4, "nhs"),
    _number("br_cpf", "br.cpf", r"\d{3}\.?\d{3}\.?\d{3}-?\d{2}", 0.7, "cpf|cadastro"),
    _number("pl_pesel", "pl.pesel", r"\d{11}", 0.6, "pesel"),
    _number(
        "fr_nir",
        "fr.nir",
        r"[12][ .\-]?\d{2}[ .\-]?\d{2}[ .\-]?(?:\d{2}|2[AB])[ .\-]?\d{3}[ .\-]?\d{3}[ .\-/]{0,3}\d{2}",
        0.8,
        "insee|nir|secu\\w*|sécu\\w*",
    ),
    _number(
        "nl_bsn", "nl.bsn", r"\d{4}\.\d{2}\.\d{3}|\d{3} \d{2} \d{3,4}|\d{9}", 0.3, "bsn|burger|sofi"
    ),
    _number(
        "be_national_number",
        "be.nn",
        r"\d{2}[.\-/ ]?\d{2}[.\-/ ]?\d{2}[.\-/ ]{0,3}\d{3}[.\-/ ]?\d{2}",
        0.7,
        "rijksregister|registre national|insz|niss",
    ),
    _number(
        "se_personnummer", "se.personnummer", r"(?:\d{2})?\d{6}[-+]?\d{4}", 0.45, "personnummer"
    ),
    _number(
        "no_fodselsnummer",
        "no.fodselsnummer",
        r"\d{6}[ -]?\d{5}",
        0.6,
        "fødsel|fodsel|personnummer",
    ),
    _number("dk_cpr", "dk.cpr", r"\d{6}-\d{4}|\d{10}", 0.2, "cpr"),
    _number("fi_hetu", "fi.hetu", r"\d{6}[-+A-FU-Y]\d{3}[0-9A-Y]", 0.8, "hetu|henkilö"),
    _number("ee_isikukood", "ee.ik", r"\d{11}", 0.55, "isikukood"),
    _number("lt_asmens_kodas", "lt.asmens", r"\d{11}", 0.55, "asmens"),
    _number("cz_rodne_cislo", "cz.rc", r"\d{6}/?\d{3,4}", 0.45, "rodn\\w*"),
    _number("ro_cnp", "ro.cnp", r"\d{13}", 0.7, "cnp"),
    _number("bg_egn", "bg.egn", r"\d{10}", 0.3, "egn|егн"),
    _number("hr_oib", "hr.oib", r"\d{11}", 0.4, "oib"),
    _number("pt_nif", "pt.nif", r"\d{3}([ .]?)\d{3}\1\d{3}", 0.3, "nif|contribuinte"),
    _number("pt_cartao", "pt.cc", r"(?=.*[A-Z])\d{8} ?\d ?[A-Z0-9]{2}\d", 0.8, "cidad[aã]o"),
    _number("gr_amka", "gr.amka", r"\d{11}", 0.55, "amka"),
    _number("ie_pps", "ie.pps", r"\d{7} ?[A-W][A-IW]?", 0.75, "pps"),
    _number("ch_ahv", "ch.ssn", r"756[. ]?\d{4}[. ]?\d{4}[. ]?\d{2}", 0.9, "ahv|avs|sozialvers"),
    _number("at_svnr", "at.vnr", r"\d{4}[ /-]?\d{6}", 0.35, "svnr|sozialvers|versicherungsnummer"),
    _number("ca_sin", "ca.sin", r"\d{3}[ -]\d{3}[ -]\d{3}|\d{9}", 0.35, "sin|social insurance"),
    _number("au_tfn", "au.tfn", r"\d{3}[ -]?\d{3}[ -]?\d{2,3}", 0.35, "tfn|tax file"),
    _number(
        "in_aadhaar", "in_.aadhaar", r"\d{4}[ -]?\d{4}[ -]?\d{4}", 0.45, "aadhaar|aadhar|uidai"
    ),
    _number(
        "in_pan", "in_.pan", r"[A-Z]{3}[ABCFGHLJPTK][A-Z]\d{4}[A-Z]", 0.6, "pan|permanent account"
    ),
    _number("cn_resident_id", "cn.ric", r"\d{17}[0-9X]", 0.85, "身份证|居民"),
    _number("kr_rrn", "kr.rrn", r"\d{6}-?\d{7}", 0.7, "rrn|주민"),
    _number("my_nric", "my.nric", r"\d{6}-?\d{2}-?\d{4}", 0.4, "nric|mykad"),
    _number(
        "th_national_id",
        "th.pin",
        r"\d[ -]?\d{4}[ -]?\d{5}[ -]?\d{2}[ -]?\d",
        0.45,
        "thai|บัตรประชาชน",
    ),
    _number("tr_kimlik", "tr.tckimlik", r"\d{11}", 0.6, "kimlik|tckn"),
    _number("il_id", "il.idnr", r"\d{9}", 0.2, "teudat|zehut"),
    _number("za_id", "za.idnr", r"\d{6} ?\d{4} ?\d{3}", 0.6, "south africa|sa_id|sa id|rsa id"),
    _number("mx_curp", "mx.curp", r"[A-Z]{4}\d{6}[HM][A-Z]{5}[A-Z0-9]\d", 0.9, "curp"),
    _number("mx_rfc", "mx.rfc", r"[A-Z&Ñ]{4}\d{6}[A-Z0-9]{3}", 0.75, "rfc"),
    _number("cl_rut", "cl.rut", r"\d{1,2}\.\d{3}\.\d{3}-[0-9Kk]|\d{7,8}-[0-9Kk]", 0.7, "rut|run"),
    _number("ar_dni_cuit", "ar.cuit", r"\d{2}-\d{8}-\d", 0.75, "cuit|cuil"),
    _number("ua_rntrc", "ua.rntrc", r"\d{10}", 0.3, "рнокпп|rntrc|ipn"),
    _number("ru_inn", "ru.inn", r"\d{12}|\d{10}", 0.3, "inn|инн"),
    _number("us_itin", "us.itin", r"9\d{2}-\d{2}-\d{4}", 0.75, "itin"),
    _number("pk_cnic", "pk.cnic", r"\d{5}-\d{7}-\d|\d{13}", 0.3, "cnic"),
    _number("id_nik", "id.nik", r"\d{16}", 0.4, "nik|ktp"),
    _number("lv_pk", "lv.pvn", r"\d{6}-\d{5}", 0.6, "personas"),
    _number("is_kennitala", "is_.kennitala", r"\d{6}-\d{4}", 0.6, "kennitala"),
    _number("si_emso", "si.emso", r"\d{13}", 0.7, "emšo|emso"),
    _number("do_cedula", "do.cedula", r"\d{3}-\d{7}-\d", 0.7, "cedula|cédula"),
    _number("sk_rodne_cislo", "sk.rc", r"\d{6}/?\d{3,4}", 0.45, "rodn\\w*"),
    _number(
        "jp_my_number",
        "jp.in_",
        r"\d{4}([ -]?)\d{4}\1\d{4}",
        0.4,
        "my ?number|マイナンバー|個人番号",
    ),
    _number("cu_ni", "cu.ni", r"\d{11}", 0.3, "identidad"),
    _number("nz_ird", "nz.ird", r"\d{2,3}-\d{3}-\d{3}", 0.4, "ird|inland revenue"),
    _number("pe_cui", "pe.cui", r"\d{8}-?[A-Z0-9]", 0.3, "cui|dni"),
    _number("sg_nric", checks.sg_nric, r"[STFG]\d{7}[A-Z]", 0.7, "nric|fin|singapore"),
    _number("hk_id", checks.hk_id, r"[A-Z]{1,2}\d{6}(?:\([0-9A]\)?|[0-9A])", 0.4, "hkid|hong kong"),
    _number("tw_id", checks.tw_id, r"[A-Z][1289]\d{8}", 0.45, "taiwan|身分證|統一編號"),
    _number("ru_snils", checks.ru_snils, r"\d{3}-\d{3}-\d{3}[ -]\d{2}|\d{11}", 0.4, "snils|снилс"),
    _number(
        "ae_emirates_id", checks.ae_emirates_id, r"784-?(?:19|20)\d{2}-?\d{7}-?\d", 0.8, "emirates"
    ),
    _number(
        "es_social_security",
        checks.es_social_security,
        r"\d{2}([/ -]?)\d{8}\1\d{2}",
        0.6,
        "seguridad social|naf|nuss",
    ),
    _number(
        "de_social_security",
        checks.de_social_security,
        r"\d{2} ?\d{6} ?[A-Z] ?\d{3}",
        0.8,
        "rentenvers|rvnr|sozialvers|versicherungsnummer",
    ),
    _number("uy_cedula", checks.uy_cedula, r"\d\.\d{3}\.\d{3}-\d|\d{7}-\d", 0.45, "c[eé]dula"),
    _number("kz_iin", checks.kz_iin, r"\d{12}", 0.35, "iin|жсн|иин"),
    _number("ec_cedula", "ec.ci", r"\d{10}", 0.25, "cedula|cédula"),
)

_WIDTHS = {number.kind: _parser.parse(number.shape.pattern).getwidth() for number in NUMBERS}
_MAX_LENGTH = max(most for _, most in _WIDTHS.values()) + 1


@cache
def _of_length(length: int) -> tuple[tuple[IdentityNumber, ...], re.Pattern[str]]:
    """The numbers that can have so many characters, and one pattern for all their shapes."""
    numbers = tuple(n for n in NUMBERS if _WIDTHS[n.kind][0] <= length <= _WIDTHS[n.kind][1])
    shapes = (rf"(?:{n.shape.pattern})".replace(r"\1", r"[ ./\-]?") for n in numbers)
    return numbers, re.compile("|".join(shapes) or "(?!)")


def fitting(text: str) -> list[IdentityNumber]:
    """The numbers whose shape and check digits a text has."""
    numbers, any_shape = _of_length(min(len(text), _MAX_LENGTH))
    if not any_shape.fullmatch(text):
        return []
    return [number for number in numbers if holds(number, text)]


@cache
def _module(name: str) -> ModuleType:
    return import_module(f"stdnum.{name}")


def holds(number: IdentityNumber, text: str) -> bool:
    """Whether shape and check digits are right."""
    if not number.shape.fullmatch(text):
        return False
    check = number.check if callable(number.check) else _module(number.check).is_valid
    return bool(check(text) or check(_SEPARATORS.sub("", text)))
