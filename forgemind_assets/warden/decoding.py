"""The readings of a text: normalised, and with what was encoded or split put back in its place.

A decoded part replaces its encoded form, so that `password = b64decode("…")` still shows that
it is a password. Depth, number and size of decodings are bounded.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from forgemind_assets.warden.encodings import decode_token, may_be_encoded
from forgemind_assets.warden.normalise import normalised
from forgemind_assets.warden.views import Edit, View

MAX_DEPTH = 4
MAX_TRIES = 4000
MAX_GROWTH = 262_144
_GAP = r"[ \t]*(?:\#[^\n]*)?(?:\\?\n[ \t]*){0,3}"
_JOIN = re.compile(
    r"""["'](?<=[^\s"'`,(\[{]["'])(?:(?<=\w["'])(?=["']\w)|"""
    rf"{_GAP}(?:(?:\+|\.\.?|&|\|\||<>|\\)[ \t]*(?:\\?\n[ \t]*)?|(?<=\s))"
    r"""[rbfuRBFU]{0,2})\\?["'](?=[^\s"'`,)\]}])"""
)
_LIST_JOIN = re.compile(
    r"""\.join\(\s*[\[(]\s*((?:[rbfu]?["'][^"'\n]{1,200}["']\s*,?\s*){2,64})[\])]\s*\)"""
)
_ITEM = re.compile(r"""["']([^"'\n]*)["']""")
_EMPTY_CALL = re.compile(r"""[rbfu]?(["'])\1$""")
_ESCAPE = re.compile(
    r"\\{1,8}x([0-9a-fA-F]{2})|\\{1,8}u([0-9a-fA-F]{4})|\\{1,8}u\{0*([0-9a-fA-F]{2,5})\}"
    r"|&\#[xX]0*([0-9a-fA-F]{2,5});|&\#0*([0-9]{2,6});"
)
_CALLED_CODES = re.compile(
    r"(?:(?:chr|String\.fromCharCode)\(\s*(?:0x[0-9a-fA-F]{2}|[0-9]{2,3})\s*\)\s*[+.,]?\s*){6,4096}",
    re.IGNORECASE,
)
_CODES = re.compile(
    r"[0-9](?<![\w.][0-9])(?:x[0-9a-fA-F]{2}|[0-9]{1,2})(?:\s?,\s*(?:0x[0-9a-fA-F]{2}|[0-9]{2,3})){7,4096}"
    r"(?![\w.])"
)
_NUMBER = re.compile(r"0x[0-9a-fA-F]{2}|[0-9]{2,3}")
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}(?:%[0-9A-Fa-f]{2})*")
_WRAPPED = re.compile(
    r"(?<![A-Za-z0-9+/])(?:[A-Za-z0-9+/]{40,76}\s*\\?\n[ \t]*){1,512}"
    r"[A-Za-z0-9+/]{2,76}={0,2}(?![\w=])"
)
_LINE = 40
"""Shortest line of a wrapped run, in characters."""
_TOKEN = re.compile(r"[A-Za-z0-9+/_-]{12,}={0,6}")
_DIGIT = re.compile(r"[0-9]")
_PIECE = re.compile(r"[A-Za-z0-9+]{12,}={0,6}")
_HEX_PAIRS = re.compile(r"(?<![\w:])(?:[0-9a-fA-F]{2}[ :\-]){7,4096}[0-9a-fA-F]{2}(?![\w:])")
_HEX_PAIR = re.compile(r"[0-9][0-9a-fA-F][ :\-][0-9a-fA-F]{2}[ :\-]")
"""Three pairs of a run whose content is text: a third of its bytes is ASCII, or it is zipped."""
_TAGS = re.compile("[\U000e0020-\U000e007e]{4,}")


@dataclass(frozen=True)
class Readings:
    """All views of one text, the normalised one first.

    Attributes:
        views: in the order in which they were made.
        complete: False where a bound stopped the decoding.
    """

    views: tuple[View, ...]
    complete: bool = True


@dataclass
class _Budget:
    tries: int = MAX_TRIES
    characters: int = MAX_GROWTH
    hit: bool = False

    def take(self, characters: int = 0) -> bool:
        self.tries -= 1
        self.characters -= characters
        if self.tries < 0 or self.characters < 0:
            self.hit = True
        return not self.hit


def readings(text: str) -> Readings:
    """The text normalised, and every reading that decoding gives, at most `MAX_DEPTH` deep."""
    view = normalised(View(text))
    views = [view]
    budget = _Budget()
    if not text.isascii():
        views += _hidden(text)
    for depth in range(MAX_DEPTH + 1):
        before = view
        for step in _STEPS:
            edits = step(view.text, budget)
            if edits and depth == MAX_DEPTH:
                return Readings(tuple(views), complete=False)
            if edits:
                view = normalised(view.derive(edits))
                views.append(view)
        if view is before:
            break
    return Readings(tuple(views), complete=not budget.hit)


def _hidden(text: str) -> list[View]:
    """Text spelled in Unicode tag characters, which no screen shows."""
    edits = [
        Edit(m.start(), m.end(), " " + "".join(chr(ord(c) - 0xE0000) for c in m[0]), "unicode_tags")
        for m in _TAGS.finditer(text)
    ]
    return [normalised(View(text).derive(edits))] if edits else []


def _joined(text: str, budget: _Budget) -> list[Edit]:
    """String literals that are put together: `"a" + "b"`, `"a" "b"`, `"".join(["a", "b"])`."""
    edits = [
        Edit(m.start() - (text[m.start() - 1] == "\\"), m.end(), "", "joined")
        for m in _JOIN.finditer(text)
        if budget.take()
    ]
    if ".join(" in text:
        for m in _LIST_JOIN.finditer(text):
            call = _EMPTY_CALL.search(text[max(0, m.start() - 3) : m.start()])
            if call and budget.take():
                start = m.start() - 1
                edits.append(Edit(start, m.end(), "".join(_ITEM.findall(m[1])) + '"', "joined"))
    return _apart(edits)


def _escapes(text: str, budget: _Budget) -> list[Edit]:
    r"""Single characters that are spelled out: `\x67`, `\u0067`, `&#103;`, `chr(103)`, `103, …`."""
    edits: list[Edit] = []
    if "\\x" in text or "\\u" in text or "&#" in text:
        for m in _ESCAPE.finditer(text):
            code = int(m[5]) if m[5] else int(m[1] or m[2] or m[3] or m[4], 16)
            if _is_character(code) and budget.take():
                edits.append(Edit(m.start(), m.end(), chr(code), "escapes"))
    lists = [_CODES] if text.count(",") >= 7 else []
    if "chr(" in text or "fromCharCode" in text:
        lists.append(_CALLED_CODES)
    for pattern in lists:
        for m in pattern.finditer(text):
            codes = [int(n, 16 if n[:2] == "0x" else 10) for n in _NUMBER.findall(m[0])]
            if all(0x20 <= code < 0x7F for code in codes) and budget.take(len(codes)):
                text_of = "".join(map(chr, codes)).replace('"', "'")
                edits.append(Edit(m.start(), m.end(), f'"{text_of}"', "codes"))
    return _apart(edits)


def _is_character(code: int) -> bool:
    return 0x20 <= code < 0x7F or 0xA0 <= code < 0xD800 or 0xE000 <= code < 0x110000


def _encoded(text: str, budget: _Budget) -> list[Edit]:
    """Percent-encoded, base64, base32 and hexadecimal runs whose content is text."""
    edits: list[Edit] = []
    if "%" in text:
        for m in _PERCENT.finditer(text):
            _try(edits, text, m.start(), m.end(), budget, percent=True)
    runs = _TOKEN.findall(text)
    if runs and "\n" in text and max(map(len, runs)) >= _LINE:
        for m in _WRAPPED.finditer(text):
            _try(edits, text, m.start(), m.end(), budget)
    if any(map(_worth_trying, set(runs))):
        _try_tokens(edits, text, budget)
    if _HEX_PAIR.search(text):
        for m in _HEX_PAIRS.finditer(text):
            _try(edits, text, m.start(), m.end(), budget)
    return _apart(edits)


def _worth_trying(run: str) -> bool:
    if run.islower() and not _DIGIT.search(run):
        return False
    # the letter of a spelled out line end is no part of the run
    return may_be_encoded(run) or (run[0] in "nrt" and may_be_encoded(run[1:]))


def _try_tokens(edits: list[Edit], text: str, budget: _Budget) -> None:
    taken = bool(edits)
    for m in _TOKEN.finditer(text):
        run = m[0]
        if not _worth_trying(run):
            continue
        start = m.start() + (text[m.start() - 1 : m.start()] == "\\" and run[0] in "nrt")
        if taken and any(e.start < m.end() and start < e.end for e in edits):
            continue
        if not _try(edits, text, start, m.end(), budget) and not run.isalnum():
            for piece in _PIECE.finditer(text, start, m.end()):
                if piece.span() != m.span():
                    _try(edits, text, piece.start(), piece.end(), budget)


def _try(
    edits: list[Edit], text: str, start: int, end: int, budget: _Budget, *, percent: bool = False
) -> bool:
    if not budget.take():
        return False
    found = decode_token(text[start:end], percent=percent)
    if found is None or not budget.take(len(found[0])):
        return False
    edits.append(Edit(start, end, *found))
    return True


def _apart(edits: list[Edit]) -> list[Edit]:
    """Edits in order; of two that overlap, the first stays."""
    kept: list[Edit] = []
    for edit in sorted(edits, key=lambda e: (e.start, -e.end)):
        if not kept or edit.start >= kept[-1].end:
            kept.append(edit)
    return kept


_STEPS: tuple[Callable[[str, _Budget], list[Edit]], ...] = (_joined, _escapes, _encoded)
