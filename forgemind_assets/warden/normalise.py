"""Text as a person sees it: NFKC, nothing invisible, look-alikes as the letters they imitate.

Works cluster by cluster (one character and the marks that belong to it), so that each change
has a place; it is repeated until nothing changes, which makes it idempotent.
"""

import re
import unicodedata
from itertools import pairwise

from forgemind_assets.warden.confusables import FOLD, INVISIBLE
from forgemind_assets.warden.views import Edit, View

MAX_ROUNDS = 8
_UNSEEN_ASCII = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_ODD_RUN = re.compile(r"[^\t-\r -~]+")
_REMOVE = dict.fromkeys(INVISIBLE)


def normalise(text: str) -> str:
    """The text as it is scanned."""
    return normalised(View(text)).text


def normalised(view: View) -> View:
    """The view itself if nothing has to change, or one made from it."""
    for _ in range(MAX_ROUNDS):
        edits = _edits(view.text)
        if not edits:
            break
        view = view.derive(edits)
    return view


def _edits(text: str) -> list[Edit]:
    if text.isascii() and not _UNSEEN_ASCII.search(text):
        return []
    edits: list[Edit] = []
    for odd in _ODD_RUN.finditer(text):
        # a mark belongs to the character before it, which may be a plain one
        first = max(0, odd.start() - 1)
        run = text[first : odd.end()]
        for start, end in _clusters(run):
            before = run[start:end]
            after, how = _cleaned(before)
            if after != before:
                edits.append(Edit(first + start, first + end, after, how))
    return edits


def _clusters(run: str) -> list[tuple[int, int]]:
    """Spans of one character each, with the marks and invisible characters that follow it."""
    starts = [
        index
        for index, char in enumerate(run)
        if index == 0 or not (ord(char) in INVISIBLE or unicodedata.combining(char))
    ]
    return list(pairwise([*starts, len(run)]))


def _cleaned(cluster: str) -> tuple[str, str]:
    seen = cluster.translate(_REMOVE)
    composed = unicodedata.normalize("NFKC", seen)
    folded = composed.translate(FOLD)
    how = [
        name
        for name, changed in (
            ("zero_width", seen != cluster),
            ("nfkc", composed != seen),
            ("look_alike", folded != composed),
        )
        if changed
    ]
    return folded, "+".join(how)
