"""Drops rows that are almost the same text as one that is kept."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from forgemind_assets.records import Row

TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True)
class NearDuplicates:
    """Keeps a row whose token shingles overlap less than `jaccard` with every kept row's.

    MinHash with banded LSH (Broder 1997) finds candidates; the exact Jaccard index of the two
    sets decides. Rows with different answers are compared with their like only: a repaired
    snippet resembles the vulnerable one by design.
    """

    jaccard: float = 0.9
    shingle: int = 3
    permutations: int = 64
    bands: int = 16
    name: str = "near_duplicates"

    def judge(self, rows: Sequence[Row]) -> list[str | None]:
        """`near_duplicate`."""
        rensa: Any = import_module("rensa")  # compiled, without type stubs
        indexes: dict[str, Any] = {}
        sets = [self._shingles(row.input) for row in rows]
        reasons: list[str | None] = []
        hashes = rensa.RMinHash.from_token_sets([sorted(s) for s in sets], self.permutations, 42)
        for position, (row, own) in enumerate(zip(rows, hashes, strict=True)):
            label = _label(row)
            if label not in indexes:
                indexes[label] = rensa.RMinHashLSH(self.jaccard, self.permutations, self.bands)
            index = indexes[label]
            close = any(_overlap(sets[position], sets[i]) >= self.jaccard for i in index.query(own))
            reasons.append("near_duplicate" if close else None)
            if not close:
                index.insert(position, own)
        return reasons

    def _shingles(self, text: str) -> set[str]:
        tokens = TOKEN.findall(text)
        count = max(1, len(tokens) - self.shingle + 1)
        return {" ".join(tokens[i : i + self.shingle]) for i in range(count)}


def _label(row: Row) -> str:
    """The answer without its numbers, so that a moved line does not set twins apart."""
    return re.sub(r"\d+(?=[,}])", "0", row.answer)


def _overlap(a: set[str], b: set[str]) -> float:
    both = len(a & b)
    return both / (len(a) + len(b) - both) if both else 0.0
