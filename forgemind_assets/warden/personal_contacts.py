"""Personal data that reaches somebody: e-mail addresses and telephone numbers."""

import re
from collections.abc import Iterator, Sequence

from forgemind_assets.warden.identity_numbers import GROUPED
from forgemind_assets.warden.personal_reserved import (
    FILE_ENDINGS,
    RESERVED,
    RESERVED_DOMAIN,
    ROLE,
)
from forgemind_assets.warden.secret_context import Found
from forgemind_assets.warden.views import View

_EMAIL = re.compile(
    r"(?<![\w.+\-/@])([A-Za-z0-9][\w.+\-]{0,63})@((?:[A-Za-z0-9-]{1,63}\.){1,5}([A-Za-z]{2,24}))(?![\w@])"
)
_AT = re.compile(r"@(?<=[\w.+\-]@)[A-Za-z0-9-]{1,63}\.[A-Za-z0-9-]")
_SPELLED_AT = re.compile(r"at ?[\])}]")
_SPELLED_EMAIL = re.compile(
    r"\b[\w.+-]{2,40}\s?[\[({]\s?at\s?[\])}]\s?[\w-]{2,40}\s?(?:[\[({]\s?dot\s?[\])}]|\.)\s?[a-z]{2,8}\b",
    re.IGNORECASE,
)
_PHONE_WORD = re.compile(
    r"(?i)(?:tel(?:e?(?:fon|phone))?|phone|mobile?|cell|fax|handy|whatsapp|sms|call|msisdn|contact|ring|rufnummer|fon|móvil|portable)\w*[^\w\n]{0,12}(?:\w{1,12}[^\w\n]{1,4}){0,3}$"
)
_DATE = re.compile(
    r"(?:19|20)\d\d\W{1,2}\d{1,4}(?:\W\d{1,4})?.*|\d{1,2}[./-]\d{1,2}[./-](?:19|20)\d\d.*"
)
_REGIONS = (
    "US",
    "GB",
    "DE",
    "FR",
    "ES",
    "IT",
    "NL",
    "AU",
    "IN",
    "BR",
    "PL",
    "CH",
    "AT",
    "BE",
    "SE",
)


def emails(view: View) -> Iterator[Found]:
    """Full addresses; role accounts and reserved domains score low."""
    if _AT.search(view.text):
        for m in _EMAIL.finditer(view.text):
            if (
                m[3].lower() in FILE_ENDINGS
                or view.text[max(0, m.start() - 3) : m.start()] == "://"
            ):
                continue
            yield Found("email", m.span(), _email_score(m[1], m[2]))
    if _SPELLED_AT.search(view.lower):
        for m in _SPELLED_EMAIL.finditer(view.text):
            yield Found("email", m.span(), 0.7)


def _email_score(local: str, domain: str) -> float:
    if RESERVED_DOMAIN.search(domain):
        return RESERVED
    return 0.4 if ROLE.fullmatch(local) else 0.85


def phones(view: View, runs: Sequence[tuple[int, str]]) -> Iterator[Found]:
    """Telephone numbers that the numbering plans know, among a text's `number_runs.runs`."""
    for at, whole in runs:
        run = whole.strip(" .-/")
        digits = sum(map(str.isdigit, run))
        if not 8 <= digits <= 15 or any(map(str.isalpha, run)) or len(set(run)) < 5:
            continue
        start = at + whole.find(run)
        named = bool(_PHONE_WORD.search(view.text[max(0, start - 48) : start]))
        score = _phone_score(run, named=named)
        if score:
            yield Found("phone", (start, start + len(run)), score)


def _phone_score(run: str, *, named: bool) -> float:
    digits = re.sub(r"\D", "", run)
    if re.search(r"555-?01\d\d$", re.sub(r"[ .)]", "-", run)) or re.search(
        r"(?:2079460|7700900|1632960|8081570|1134960)\d{3}$|55501\d\d$", digits
    ):
        return RESERVED
    if run.startswith(("+", "00")):
        return _known("+" + digits.removeprefix("00"), None, 0.85, 0.55)
    if _DATE.fullmatch(run) or re.fullmatch(r"\d+\.\d+|\d{3}-\d\d-\d{4}", run):
        return 0.0
    grouped = bool(GROUPED.search(run))
    american = re.fullmatch(r"\(?\d{3}\)?[ .\-]{1,2}\d{3}[ .\-]\d{4}|1-\d{3}-\d{3}-\d{4}", run)
    if american:
        return _known(digits, "US", 0.7, 0.6 if named else 0.0)
    local = grouped and run[0] in "0(" and run[:2] != "0." and ("(" in run) == (")" in run)
    if local or named:
        if any(_known(digits, region, 0.6, 0.0) for region in _REGIONS):
            return 0.6
        return 0.55 if named and len(digits) >= 9 else 0.0
    return 0.0


def _known(number: str, region: str | None, valid: float, possible: float) -> float:
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return 0.0
    if phonenumbers.is_valid_number(parsed):
        return valid
    return possible if phonenumbers.is_possible_number(parsed) else 0.0
