"""National identity numbers: their shapes, and where to find the rule of their check digits."""

import re
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import ModuleType

GROUPED = re.compile(r"[ .\-/]")


@dataclass(frozen=True)
class IdentityNumber:
    """One country's number.

    Attributes:
        kind: the verdict's reason.
        module: python-stdnum's module with `is_valid`.
        shape: what the whole candidate looks like, with its usual separators.
        strength: score where only shape and check digits speak for it.
        words: what stands before it where somebody names it (joined by `|`, lower case).
    """

    kind: str
    module: str
    shape: re.Pattern[str]
    strength: float
    words: str


def _number(kind: str, module: str, shape: str, strength: float, words: str) -> IdentityNumber:
    return IdentityNumber(kind, module, re.compile(shape), strength, words)


# Strength: letters or two check digits, or a date besides one: chance below 2 %; others are
# believed only where they are grouped as people write them, or named.
NUMBERS: tuple[IdentityNumber, ...] = (
    _number("es_dni", "es.dni", r"\d{8}-?[A-Z]|\d{2}\.\d{3}\.\d{3}-?[A-Z]", 0.8, "dni|nif"),
    _number("es_nie", "es.nie", r"[XYZ]-?\d{7}-?[A-Z]", 0.8, "nie"),
    _number(
        "it_codice_fiscale",
        "it.codicefiscale",
        r"[A-Z]{6} ?\d{2}[A-Z]\d{2} ?[A-Z]\d{3}[A-Z]",
        0.9,
        "fiscale",
    ),
    _number("de_steuer_id", "de.idnr", r"\d{2} ?\d{3} ?\d{3} ?\d{3}", 0.6, "steuer|idnr|tax"),
    _number("gb_nhs", "gb.nhs", r"\d{3}[ -]?\d{3}[ -]?\d{4}", 0.4, "nhs|patient|health"),
    _number("br_cpf", "br.cpf", r"\d{3}\.?\d{3}\.?\d{3}-?\d{2}", 0.7, "cpf|cadastro"),
    _number("pl_pesel", "pl.pesel", r"\d{11}", 0.6, "pesel"),
    _number(
        "fr_nir",
        "fr.nir",
        r"[12] ?\d{2} ?\d{2} ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}",
        0.8,
        "insee|nir|secu|sécu",
    ),
    _number(
        "nl_bsn", "nl.bsn", r"\d{4}\.\d{2}\.\d{3}|\d{3} \d{2} \d{3,4}|\d{9}", 0.3, "bsn|burger|sofi"
    ),
    _number(
        "be_national_number",
        "be.nn",
        r"\d{2}\.?\d{2}\.?\d{2}-?\d{3}[.\-]?\d{2}",
        0.7,
        "rijksregister|registre national|insz|niss",
    ),
    _number(
        "se_personnummer", "se.personnummer", r"(?:\d{2})?\d{6}[-+]?\d{4}", 0.45, "personnummer"
    ),
    _number(
        "no_fodselsnummer", "no.fodselsnummer", r"\d{6} ?\d{5}", 0.6, "fødsel|fodsel|personnummer"
    ),
    _number("dk_cpr", "dk.cpr", r"\d{6}-\d{4}|\d{10}", 0.2, "cpr"),
    _number("fi_hetu", "fi.hetu", r"\d{6}[-+A]\d{3}[0-9A-Y]", 0.8, "hetu|henkilö"),
    _number("ee_isikukood", "ee.ik", r"\d{11}", 0.55, "isikukood"),
    _number("lt_asmens_kodas", "lt.asmens", r"\d{11}", 0.55, "asmens"),
    _number("cz_rodne_cislo", "cz.rc", r"\d{6}/\d{3,4}", 0.7, "rodn"),
    _number("ro_cnp", "ro.cnp", r"\d{13}", 0.7, "cnp"),
    _number("bg_egn", "bg.egn", r"\d{10}", 0.3, "egn|егн"),
    _number("hr_oib", "hr.oib", r"\d{11}", 0.4, "oib"),
    _number("pt_nif", "pt.nif", r"\d{9}|\d{3} \d{3} \d{3}", 0.3, "nif|contribuinte"),
    _number("pt_cartao", "pt.cc", r"\d{8} ?\d ?[A-Z0-9]{2}\d", 0.8, "cart"),
    _number("gr_amka", "gr.amka", r"\d{11}", 0.55, "amka"),
    _number("ie_pps", "ie.pps", r"\d{7}[A-W][A-I]?", 0.75, "pps"),
    _number("ch_ahv", "ch.ssn", r"756\.?\d{4}\.?\d{4}\.?\d{2}", 0.9, "ahv|avs|sozialvers"),
    _number("at_svnr", "at.vnr", r"\d{4} ?\d{6}", 0.35, "svnr|sozialvers|versicherungsnummer"),
    _number(
        "ca_sin", "ca.sin", r"\d{3}[ -]\d{3}[ -]\d{3}|\d{9}", 0.35, r"\bsin\b|social insurance"
    ),
    _number("au_tfn", "au.tfn", r"\d{3} ?\d{3} ?\d{2,3}", 0.35, "tfn|tax file"),
    _number(
        "in_aadhaar", "in_.aadhaar", r"\d{4}[ -]?\d{4}[ -]?\d{4}", 0.45, "aadhaar|aadhar|uidai"
    ),
    _number("in_pan", "in_.pan", r"[A-Z]{3}[ABCFGHLJPTK][A-Z]\d{4}[A-Z]", 0.6, r"\bpan\b"),
    _number("cn_resident_id", "cn.ric", r"\d{17}[0-9X]", 0.85, "身份证|resident|identity"),
    _number("kr_rrn", "kr.rrn", r"\d{6}-?\d{7}", 0.7, "rrn|resident|주민"),
    _number("my_nric", "my.nric", r"\d{6}-\d{2}-\d{4}", 0.7, "nric|mykad"),
    _number("th_national_id", "th.pin", r"\d-?\d{4}-?\d{5}-?\d{2}-?\d", 0.6, "thai|national"),
    _number("tr_kimlik", "tr.tckimlik", r"\d{11}", 0.6, "kimlik|tckn"),
    _number("il_id", "il.idnr", r"\d{9}", 0.2, "teudat|zehut"),
    _number("za_id", "za.idnr", r"\d{6} ?\d{4} ?\d{3}", 0.6, r"\bid\b|identity"),
    _number("mx_curp", "mx.curp", r"[A-Z]{4}\d{6}[HM][A-Z]{5}[A-Z0-9]\d", 0.9, "curp"),
    _number("mx_rfc", "mx.rfc", r"[A-Z&Ñ]{4}\d{6}[A-Z0-9]{3}", 0.75, "rfc"),
    _number("cl_rut", "cl.rut", r"\d{1,2}\.\d{3}\.\d{3}-[0-9Kk]|\d{7,8}-[0-9Kk]", 0.7, "rut|run"),
    _number("ar_dni_cuit", "ar.cuit", r"\d{2}-\d{8}-\d", 0.75, "cuit|cuil"),
    _number("ua_rntrc", "ua.rntrc", r"\d{10}", 0.3, "рнокпп|rntrc|ipn"),
    _number("ru_inn", "ru.inn", r"\d{12}|\d{10}", 0.3, r"\binn\b|инн"),
    _number("us_itin", "us.itin", r"9\d{2}-\d{2}-\d{4}", 0.75, "itin"),
    _number("pk_cnic", "pk.cnic", r"\d{5}-\d{7}-\d", 0.75, "cnic"),
    _number("id_nik", "id.nik", r"\d{16}", 0.4, r"\bnik\b|ktp"),
    _number("lv_pk", "lv.pvn", r"\d{6}-\d{5}", 0.6, "personas"),
    _number("is_kennitala", "is_.kennitala", r"\d{6}-\d{4}", 0.6, "kennitala"),
    _number("si_emso", "si.emso", r"\d{13}", 0.7, "emšo|emso"),
    _number("do_cedula", "do.cedula", r"\d{3}-\d{7}-\d", 0.7, "cedula|cédula"),
    _number("ec_cedula", "ec.ci", r"\d{10}", 0.25, "cedula|cédula"),
)

NAMED = re.compile(
    r"(?i)ssn|social|tax|fiscal|steuer|ident|national|citizen|patient|insur|person|passport|"
    r"\bid\b|_id\b|id_?(?:card|number|no|nr)|taxpayer|tin\b|holder|applicant|birth|resident|"
    + "|".join(number.words for number in NUMBERS)
)
"""What may stand before an identity number where somebody names it."""


@cache
def _module(name: str) -> ModuleType:
    return import_module(f"stdnum.{name}")


def holds(number: IdentityNumber, text: str) -> bool:
    """Whether shape and check digits are right."""
    return bool(number.shape.fullmatch(text)) and bool(_module(number.module).is_valid(text))
