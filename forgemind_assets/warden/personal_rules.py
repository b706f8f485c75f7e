"""Personal data in a text, kind by kind, each with a score."""

# ruff: noqa: E501 - a pattern is easier to check in one piece

import ipaddress
import re
from collections.abc import Iterator
from itertools import pairwise

from forgemind_assets.warden.identity_numbers import GROUPED, NAMED, IdentityNumber, fitting
from forgemind_assets.warden.secret_context import Found
from forgemind_assets.warden.views import View

RESERVED = 0.2
"""Score of what is set aside for documentation and tests, and so belongs to nobody."""

_EMAIL = re.compile(
    r"(?<![\w.+\-/@])([A-Za-z0-9][\w.+\-]{0,63})@((?:[A-Za-z0-9-]{1,63}\.){1,5}([A-Za-z]{2,24}))(?![\w@])"
)
_SPELLED_EMAIL = re.compile(
    r"\b[\w.+-]{2,40}\s?[\[({]\s?at\s?[\])}]\s?[\w-]{2,40}\s?(?:[\[({]\s?dot\s?[\])}]|\.)\s?[a-z]{2,8}\b",
    re.IGNORECASE,
)
_RESERVED_DOMAIN = re.compile(
    r"(?i)(?:^|\.)(?:example(?:\.\w+)?|test|invalid|localhost|local|domain\.com|email\.com|"
    r"yourdomain\.\w+|company\.com|mysite\.com|foo\.\w+|bar\.\w+|host\.\w+)$"
)
_ROLE = re.compile(
    r"(?i)(?:no-?reply|do-?not-?reply|info|support|admin|security|sales|contact|help|postmaster|"
    r"webmaster|root|git|hello|office|team|abuse|dev|bot|user|test|mailer-daemon|notifications?|"
    r"hostmaster|press|jobs|billing|service)(?:[+.\-_\d]\w*)?"
)
_FILE_ENDINGS = frozenset(
    (
        "py",
        "js",
        "ts",
        "json",
        "md",
        "txt",
        "html",
        "css",
        "yml",
        "yaml",
        "toml",
        "png",
        "svg",
        "jpg",
        "gif",
        "cfg",
        "ini",
        "service",
        "timer",
        "lock",
        "whl",
        "tar",
        "gz",
    )
)
_RUN = re.compile(
    r"(?<![\w.\-+/])\+?\(?(?:[A-Z]{1,6}[ -]?){0,2}\d[\dA-Z]*(?:[ .\-/()]{1,3}[\dA-Z]{1,12}){0,9}(?:-k)?(?![\w]|-[a-z])"
    r"|(?<![\w.])\+\d[\d ().\-/]{6,20}\d(?!\w)"
)
_PIECE = re.compile(r"[\dA-Z](?:[^ ]*[\dA-Zk])?")
_MOST_PIECES = 10
_NAMED = 0.7
"""Score of an identity number that is named, but not by its country."""
_IN_COLUMN = re.compile(r"[,;|\t]")
_ATTACHED = re.compile(r"[=:>]|\w $")
"""A number has a name on its own line, or stands in a sentence; else its column may name it."""
_IBAN = re.compile(
    r"(?<![A-Za-z0-9])(?:[A-Z]{2}\d{2}(?:[ .-]?[A-Z0-9]){11,30}|[a-z]{2}\d{2}(?:[ .-]?[a-z0-9]){11,30})(?![A-Za-z0-9])"
)
_CARD = re.compile(
    r"(?<![\w.\-])(?:\d{4}[ -]?\d{4}[ -]?\d{4}[ -]?\d{1,7}|3\d{3}[ -]?\d{6}[ -]?\d{4,5})(?![\w.])(?!-\d)"
)
_CARD_ISSUER = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}|"
    r"3(?:0[0-5]|[689]\d)\d{11}|6(?:011|5\d\d|4[4-9]\d|2\d\d)\d{12,15}|35\d{14}|(?:50|5[6-9]|6\d)\d{10,17}"
)
_TEST_CARDS = frozenset(
    (
        "4111111111111111",
        "4242424242424242",
        "4012888888881881",
        "4000056655665556",
        "5555555555554444",
        "5105105105105100",
        "2223003122003222",
        "378282246310005",
        "371449635398431",
        "6011111111111117",
        "6011000990139424",
        "30569309025904",
        "38520000023237",
        "3530111333300000",
        "3566002020360505",
        "4000000000000002",
        "5200828282828210",
        "4222222222222",
    )
)
_SSN = re.compile(r"(?<![\w.\-])(\d{3})([- ])(\d{2})\2(\d{4})(?![\w\-])(?!\.\d)")
_SSN_NAMED = re.compile(r"(?i)\b\w*(?:ssn|social.?security)\w*[^\n\d]{1,20}(\d{3})(\d{2})(\d{4})\b")
_VOID_SSN = frozenset(("078051120", "219099999", "123456789", "987654321"))
_NINO = re.compile(
    r"(?<![A-Za-z0-9])(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D](?![A-Za-z0-9])"
)
_IPV4 = re.compile(r"(?<![\w.\-])(?:\d{1,3}\.){3}\d{1,3}(?![\w\-])(?!\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])(?:[0-9a-fA-F]{1,4}:){2,7}(?::?[0-9a-fA-F]{1,4}){0,6}(?![\w:])")
_VERSION_BEFORE = re.compile(r"(?i)(?:version|\bver|release|\bv|==|>=|<=|~=|\^)[\s\"':=v]*$")
_RESOLVERS = frozenset(
    (
        "8.8.8.8",
        "8.8.4.4",
        "1.1.1.1",
        "1.0.0.1",
        "9.9.9.9",
        "208.67.222.222",
        "208.67.220.220",
        "1.2.3.4",
    )
)
_PHONE_WORD = re.compile(
    r"(?i)(?:tel(?:e?(?:fon|phone))?|phone|mobile?|cell|fax|handy|whatsapp|sms|call|msisdn|contact|ring|rufnummer|fon|móvil|portable)\w*[^\w\n]{0,12}(?:\w{1,12}[^\w\n]{1,4}){0,3}$"
)
_PASSPORT = re.compile(
    r"(?i)(?:passport|reisepass|pasaporte|passeport)[^\n]{0,24}?\b([A-Z]{1,2}\d{6,8}|\d{9}|[CFGHJKLMNPRTVWXYZ0-9]{9})\b"
)
_BORN = re.compile(
    r"(?i)(?:born|birth|\bdob\b|geburt|geb\.|nacimiento|naissance)[^\n\d]{0,24}"
    r"((?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/. ](?:\d{1,2}|[A-Za-z]{3,9})[-/. ,]{1,2}(?:19|20)\d\d|[A-Z][a-z]{2,8} \d{1,2},? (?:19|20)\d\d)"
)
_STREET = re.compile(
    r"\b\d{1,5}[A-Za-z]? (?:[NSEW]\.? )?(?:[A-Z][a-zà-ÿ'.]+ ){1,3}(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Way|Terrace|Place|Pl|Square|Close|Crescent)\b"
    r"|\b[A-ZÄÖÜ][a-zäöüß]+(?:straße|strasse|str\.|weg|platz|allee|gasse) \d{1,4}[a-z]?\b"
    r"|\b\d{1,4},? (?:rue|avenue|boulevard|place) (?:de |du |des |la |l')*[A-ZÉ]\w+|\b(?:Calle|Via|Rua) (?:[A-ZÉ]\w+ ?){1,4},? \d{1,4}\b"
)
_DATE = re.compile(
    r"(?:19|20)\d\d\W{1,2}\d{1,4}(?:\W\d{1,4})?.*|\d{1,2}[./-]\d{1,2}[./-](?:19|20)\d\d.*"
)
_DOTS = re.compile(r"\d\.\d{1,3}\.\d")
_STREET_WORD = re.compile(
    r" (?:st|ave|r(?:oa)?d|l(?:a)?ne?|dr|b(?:oule)?v|c(?:our)?t|way|terrace|pl|square|close|cres)|"
    r"stra(?:ß|ss)e \d|str\. \d|weg \d|platz \d|allee \d|gasse \d|rue |calle |via |rua "
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
    if "@" in view.text:
        for m in _EMAIL.finditer(view.text):
            if (
                m[3].lower() in _FILE_ENDINGS
                or view.text[max(0, m.start() - 3) : m.start()] == "://"
            ):
                continue
            yield Found("email", m.span(), _email_score(m[1], m[2]))
    if any(spelled in view.lower for spelled in ("at]", "at)", "at }", "at ]", "at )", "at}")):
        for m in _SPELLED_EMAIL.finditer(view.text):
            yield Found("email", m.span(), 0.7)


def _email_score(local: str, domain: str) -> float:
    if _RESERVED_DOMAIN.search(domain):
        return RESERVED
    return 0.4 if _ROLE.fullmatch(local) else 0.85


def accounts(view: View) -> Iterator[Found]:
    """IBANs (ISO 13616: the country's structure, and mod 97) and card numbers (Luhn, issuer).

    Check digits that a country has besides are not asked for: the standard does not.
    """
    from stdnum import iban, luhn

    for m in _IBAN.finditer(view.text):
        for end in (m.end(), *_shorter(view.text, *m.span())):
            if iban.is_valid(view.text[m.start() : end], check_country=False):
                yield Found("iban", (m.start(), end), 0.95)
                break
    for m in _CARD.finditer(view.text):
        digits = re.sub(r"\D", "", m[0])
        if _CARD_ISSUER.fullmatch(digits) and luhn.is_valid(digits) and len(set(digits)) > 3:
            yield Found("credit_card", m.span(), RESERVED if digits in _TEST_CARDS else 0.85)


def _shorter(text: str, start: int, end: int) -> list[int]:
    """Ends before which a word may have been taken for a part of the number."""
    return [i for i in range(end - 1, start + 14, -1) if text[i] in " .-"]


def identities(view: View) -> Iterator[Found]:
    """National identity numbers, by shape, check digits and what stands before them."""
    yield from _social_security(view)
    for m in _NINO.finditer(view.text):
        yield Found("gb_nino", m.span(), 0.8)
    for m in _RUN.finditer(view.text):
        for start, end, whole in _readings(m[0]):
            at = m.start() + start
            best = _identity(view, at, m[0][start:end])
            if best is not None and (whole or best[0] >= _NAMED):
                yield Found(best[1], (at, at + end - start), best[0])
                break
    for m in _PASSPORT.finditer(view.text):
        if any(c.isdigit() for c in m[1]):
            yield Found("passport", m.span(1), 0.6)


def _readings(run: str) -> Iterator[tuple[int, int, bool]]:
    """Parts of a run of digits and capitals that could be one number, the longest first.

    What stands before or behind a number is often a number or a capital too: a date, an amount.
    The third value is False where short groups of digits were cut apart: they may be one number,
    so that such a part needs a name.
    """
    pieces = [m.span() for m in _PIECE.finditer(run)][:_MOST_PIECES]
    short = [end - start <= 5 and run[start:end].isdigit() for start, end in pieces]
    cuts = [False, *(a and b for a, b in pairwise(short)), False]
    for count in range(len(pieces), 0, -1):
        for first in range(len(pieces) - count + 1):
            whole = not (cuts[first] or cuts[first + count])
            start, end = pieces[first][0], pieces[first + count - 1][1]
            part = run[start:end]
            if 8 <= len(part) <= 22 and sum(c.isdigit() for c in part) >= 4 and len(set(part)) > 3:
                yield start, end, whole


def _identity(view: View, start: int, text: str) -> tuple[float, str] | None:
    """Score and kind of the number that fits best; None where none holds."""
    found = fitting(text)
    if not found:
        return None
    before = view.text[max(0, start - 48) : start].rpartition("\n")[2]
    if _IN_COLUMN.search(before) and not _ATTACHED.search(before):
        before = view.text[max(0, start - 160) : start]
    return max((_score(number, view, before, text), number.kind) for number in found)


def _score(number: IdentityNumber, view: View, line: str, text: str) -> float:
    if number.words.search(line):
        return 0.9
    if number.words.search(view.lower):
        return max(0.75, number.strength)
    if NAMED.search(line):
        return max(_NAMED, number.strength)
    return max(number.strength, 0.6) if GROUPED.search(text) else number.strength


def _social_security(view: View) -> Iterator[Found]:
    for m in _SSN.finditer(view.text):
        if _ssn_area(m[1], m[3], m[4]):
            void = m[1] + m[3] + m[4] in _VOID_SSN
            yield Found("us_ssn", m.span(), RESERVED if void else 0.85 if m[2] == "-" else 0.6)
    if "ssn" in view.lower or "social" in view.lower:
        for m in _SSN_NAMED.finditer(view.text):
            if _ssn_area(m[1], m[2], m[3]) and m[1] + m[2] + m[3] not in _VOID_SSN:
                yield Found("us_ssn", (m.start(1), m.end(3)), 0.8)


def _ssn_area(area: str, group: str, serial: str) -> bool:
    """The Social Security Administration's rules since 2011."""
    return area not in ("000", "666") and area[0] != "9" and group != "00" and serial != "0000"


def phones(view: View) -> Iterator[Found]:
    """Telephone numbers that the numbering plans know."""
    for m in _RUN.finditer(view.text):
        run = m[0].strip(" .-/")
        digits = sum(c.isdigit() for c in run)
        if not 8 <= digits <= 15 or any(c.isalpha() for c in run) or len(set(run)) < 5:
            continue
        start = m.start() + m[0].find(run)
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
        found = max(_known(digits, region, 0.6, 0.0) for region in _REGIONS)
        return max(found, 0.55 if named and len(digits) >= 9 else 0.0)
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


def addresses(view: View) -> Iterator[Found]:
    """Public network addresses, postal addresses, and dates of birth that are named."""
    text = view.text
    for m in _IPV4.finditer(text) if _DOTS.search(text) else ():
        if not _VERSION_BEFORE.search(text[max(0, m.start() - 16) : m.start()]):
            yield from _network(m)
    if "::" in text or text.count(":") >= 7:
        for m in _IPV6.finditer(text):
            if "::" in m[0] or m[0].count(":") == 7:
                yield from _network(m)
    lower = view.lower
    if any(word in lower for word in ("born", "birth", "dob", "geb", "nacimiento", "naissance")):
        for m in _BORN.finditer(text):
            yield Found("birth_date", m.span(1), 0.6)
    if _STREET_WORD.search(lower):
        for m in _STREET.finditer(text):
            yield Found("postal_address", m.span(), 0.55)


def _network(m: re.Match[str]) -> Iterator[Found]:
    try:
        address = ipaddress.ip_address(m[0])
    except ValueError:
        return
    if (
        m[0] in _RESOLVERS
        or m[0].endswith(".0")
        or (address.version == 4 and m[0].startswith(("1.", "2.", "3.")))
    ):
        yield Found("ip_address", m.span(), RESERVED)
    elif address.is_global and not address.is_multicast:
        yield Found("ip_address", m.span(), 0.6)
