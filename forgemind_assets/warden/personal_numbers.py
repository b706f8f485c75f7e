"""Personal data that numbers a person: accounts, cards, identity numbers, passports."""

# ruff: noqa: E501 - a pattern is easier to check in one piece

import re
from collections.abc import Iterator, Sequence

from forgemind_assets.warden.identity_numbers import GROUPED, NAMED, IdentityNumber, fitting
from forgemind_assets.warden.number_runs import parts_of
from forgemind_assets.warden.personal_reserved import RESERVED, TEST_CARDS, VOID_SSN
from forgemind_assets.warden.secret_context import Found
from forgemind_assets.warden.views import View

_NAMED = 0.7
"""Score of an identity number that is named, but not by its country."""
_IN_COLUMN = re.compile(r"[,;|\t]")
_ATTACHED = re.compile(r"[=:>]|\w $")
"""A number has a name on its own line, or stands in a sentence; else its column may name it."""
_IBAN = re.compile(
    r"[A-Za-z][A-Za-z]\d\d(?<![A-Za-z0-9].{4})"
    r"(?:(?<=[A-Z]{2}..)(?:[ .-]?[A-Z0-9]){11,30}|(?<=[a-z]{2}..)(?:[ .-]?[a-z0-9]){11,30})(?![A-Za-z0-9])"
)
_CARD = re.compile(
    r"\d(?<![\w.\-]\d)(?:\d{3}[ -]?\d{4}[ -]?\d{4}[ -]?\d{1,7}|(?<=3)\d{3}[ -]?\d{6}[ -]?\d{4,5})(?![\w.])(?!-\d)"
)
_CARD_ISSUER = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}|"
    r"3(?:0[0-5]|[689]\d)\d{11}|6(?:011|5\d\d|4[4-9]\d|2\d\d)\d{12,15}|35\d{14}|(?:50|5[6-9]|6\d)\d{10,17}"
)
_SSN = re.compile(r"(\d\d\d)(?<![\w.\-]\d\d\d)([- ])(\d{2})\2(\d{4})(?![\w\-])(?!\.\d)")
_SSN_NAMED = re.compile(r"(?i)\b\w*(?:ssn|social.?security)\w*[^\n\d]{1,20}(\d{3})(\d{2})(\d{4})\b")
_NINO = re.compile(
    r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z](?<![A-Za-z0-9]..)(?<!BG|GB|NK|KN|TN|NT|ZZ) ?\d{2} ?\d{2} ?\d{2} ?[A-D](?![A-Za-z0-9])"
)
_PASSPORT = re.compile(
    r"(?i)(?:passport|reisepass|pasaporte|passeport)[^\n]{0,24}?\b([A-Z]{1,2}\d{6,8}|\d{9}|[CFGHJKLMNPRTVWXYZ0-9]{9})\b"
)


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
            yield Found("credit_card", m.span(), RESERVED if digits in TEST_CARDS else 0.85)


def _shorter(text: str, start: int, end: int) -> list[int]:
    """Ends before which a word may have been taken for a part of the number."""
    return [i for i in range(end - 1, start + 14, -1) if text[i] in " .-"]


def identities(view: View, runs: Sequence[tuple[int, str]]) -> Iterator[Found]:
    """National identity numbers, by shape, check digits and what stands before them.

    Args:
        view: the text.
        runs: its `number_runs.runs`.
    """
    yield from _social_security(view)
    for m in _NINO.finditer(view.text):
        yield Found("gb_nino", m.span(), 0.8)
    for first, run in runs:
        for start, end, whole in parts_of(run):
            at = first + start
            best = _identity(view, at, run[start:end])
            if best is not None and (whole or best[0] >= _NAMED):
                yield Found(best[1], (at, at + end - start), best[0])
                break
    for m in _PASSPORT.finditer(view.text) if "pas" in view.lower else ():
        if any(c.isdigit() for c in m[1]):
            yield Found("passport", m.span(1), 0.6)


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
            void = m[1] + m[3] + m[4] in VOID_SSN
            yield Found("us_ssn", m.span(), RESERVED if void else 0.85 if m[2] == "-" else 0.6)
    if "ssn" in view.lower or "social" in view.lower:
        for m in _SSN_NAMED.finditer(view.text):
            if _ssn_area(m[1], m[2], m[3]) and m[1] + m[2] + m[3] not in VOID_SSN:
                yield Found("us_ssn", (m.start(1), m.end(3)), 0.8)


def _ssn_area(area: str, group: str, serial: str) -> bool:
    """The Social Security Administration's rules since 2011."""
    return area not in ("000", "666") and area[0] != "9" and group != "00" and serial != "0000"
