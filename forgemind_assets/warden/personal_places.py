"""Personal data about places and days: network and postal addresses, dates of birth."""

# ruff: noqa: E501 - a pattern is easier to check in one piece

import ipaddress
import re
from collections.abc import Iterator

from forgemind_assets.warden.personal_reserved import RESERVED, RESOLVERS
from forgemind_assets.warden.secret_context import Found
from forgemind_assets.warden.views import View

_IPV4 = re.compile(r"\d(?<![\w.\-]\d)\d{0,2}\.(?:\d{1,3}\.){2}\d{1,3}(?![\w\-])(?!\.\d)")
_IPV6 = re.compile(
    r"[0-9a-fA-F](?<![\w:.].)[0-9a-fA-F]{0,3}:(?:[0-9a-fA-F]{1,4}:){1,6}(?::?[0-9a-fA-F]{1,4}){0,6}(?![\w:])"
)
_GROUPS = re.compile(r":[0-9a-fA-F]{1,4}:[0-9a-fA-F]{1,4}:")
_VERSION_BEFORE = re.compile(r"(?i)(?:version|\bver|release|\bv|==|>=|<=|~=|\^)[\s\"':=v]*$")
_BORN = re.compile(
    r"(?i)(?:born|birth|\bdob\b|geburt|geb\.|nacimiento|naissance)[^\n\d]{0,24}"
    r"((?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/. ](?:\d{1,2}|[A-Za-z]{3,9})[-/. ,]{1,2}(?:19|20)\d\d|[A-Z][a-z]{2,8} \d{1,2},? (?:19|20)\d\d)"
)
_STREET = re.compile(
    r"\b\d{1,5}[A-Za-z]? (?:[NSEW]\.? )?(?:[A-Z][a-zà-ÿ'.]+ ){1,3}(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Way|Terrace|Place|Pl|Square|Close|Crescent)\b"
    r"|\b[A-ZÄÖÜ][a-zäöüß]+(?:straße|strasse|str\.|weg|platz|allee|gasse) \d{1,4}[a-z]?\b"
    r"|\b\d{1,4},? (?:rue|avenue|boulevard|place) (?:de |du |des |la |l')*[A-ZÉ]\w+|\b(?:Calle|Via|Rua) (?:[A-ZÉ]\w+ ?){1,4},? \d{1,4}\b"
)
_DOTS = re.compile(r"\d\.\d{1,3}\.\d")
_BORN_WORD = re.compile(r"born|birth|dob|geb|nacimiento|naissance")
_HOUSE_NUMBER = re.compile(
    r"\d(?:[A-Za-z]? (?:[NSEW]\.? )?[A-Z]|,? (?:rue|avenue|boulevard|place) "
    r"|(?<=straße \d)|(?<=strasse \d)|(?<=str\. \d)|(?<=weg \d)|(?<=(?:platz|allee|gasse) \d))"
    r"|Calle |Via |Rua "
)
"""What every street below holds: it is rare, and found fast."""


def addresses(view: View) -> Iterator[Found]:
    """Public network addresses, postal addresses, and dates of birth that are named."""
    text = view.text
    for m in _IPV4.finditer(text) if _DOTS.search(text) else ():
        if not _VERSION_BEFORE.search(text[max(0, m.start() - 16) : m.start()]):
            yield from _network(m)
    if "::" in text or _GROUPS.search(text):
        for m in _IPV6.finditer(text):
            if "::" in m[0] or m[0].count(":") == 7:
                yield from _network(m)
    if ("19" in text or "20" in text) and _BORN_WORD.search(view.lower):
        for m in _BORN.finditer(text):
            yield Found("birth_date", m.span(1), 0.6)
    if _HOUSE_NUMBER.search(text):
        for m in _STREET.finditer(text):
            yield Found("postal_address", m.span(), 0.55)


def _network(m: re.Match[str]) -> Iterator[Found]:
    try:
        address = ipaddress.ip_address(m[0])
    except ValueError:
        return
    if (
        m[0] in RESOLVERS
        or m[0].endswith(".0")
        or (address.version == 4 and m[0].startswith(("1.", "2.", "3.")))
    ):
        yield Found("ip_address", m.span(), RESERVED)
    elif address.is_global and not address.is_multicast:
        yield Found("ip_address", m.span(), 0.6)
