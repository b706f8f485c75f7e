"""Runs of digits and capitals that could hold a telephone or an identity number."""

# ruff: noqa: E501 - a pattern is easier to check in one piece

import re
from collections.abc import Iterator
from itertools import pairwise

# it begins with what it consumes and looks back from there: the engine then skips what cannot
# begin a run, as in all patterns here that are tried on every text with a number
_RUN = re.compile(
    r"[+(A-Z\d](?:(?<![\w.\-+/].)"
    r"(?:(?<=\d)|(?<=[A-Z])[A-Z]{0,5}[ -]?(?:[A-Z]{1,6}[ -]?)?\d|(?:(?<=\()|(?<=\+)\(?)(?:[A-Z]{1,6}[ -]?){0,2}\d)"
    r"[\dA-Z]*(?:[ .\-/()]{1,3}[\dA-Z]{1,12}){0,9}(?:-k)?(?![\w]|-[a-z])"
    r"|(?<=\+)(?<![\w.].)\d[\d ().\-/]{6,20}\d(?!\w))"
)
SHORTEST, LONGEST = 8, 22
"""Characters of a number that is looked at."""
_PIECE = re.compile(r"[\dA-Z](?:[^ ]*[\dA-Zk])?")
_MOST_PIECES = 10


def runs(text: str) -> list[tuple[int, str]]:
    """Start and text of the runs that are long enough to hold a number."""
    found = [(m.start(), m[0]) for m in _RUN.finditer(text)]
    return [pair for pair in found if len(pair[1]) >= SHORTEST]


def parts_of(run: str) -> Iterator[tuple[int, int, bool]]:
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
            if SHORTEST <= len(part) <= LONGEST and len(set(part)) > 3 and _digits(part) >= 4:
                yield start, end, whole


def _digits(text: str) -> int:
    return sum(map(str.isdigit, text))
