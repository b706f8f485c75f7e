"""Drops rows that are almost the same text as one that is kept."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from forgemind_assets.foundry.filters.near_index import NearIndex, Shape
from forgemind_assets.records import Row


@dataclass(frozen=True)
class NearDuplicates:
    """Keeps a row whose token shingles overlap less than `shape.jaccard` with every kept row's.

    Rows with different answers are compared with their like only: a repaired snippet resembles
    the vulnerable one by design.

    Attributes:
        shape: how texts are compared.
        earlier: an index of rows that an earlier iteration kept, of the same shape; None looks
            within the given rows only. Nothing is added to it.
    """

    shape: Shape = field(default=Shape())
    earlier: NearIndex | None = None
    name: str = "near_duplicates"

    def judge(self, rows: Sequence[Row]) -> list[str | None]:
        """`near_duplicate`, or `near_earlier_row`."""
        texts, kinds = [row.input for row in rows], [kind_of(row) for row in rows]
        index = NearIndex(self.shape)
        prints = index.prints(texts, kinds)
        reasons: list[str | None] = [
            "near_duplicate" if near else None for near in index.add(prints)
        ]
        if self.earlier is None:
            return reasons
        known = self.earlier.known(prints)
        return [
            "near_earlier_row" if old else told for old, told in zip(known, reasons, strict=True)
        ]


def kind_of(row: Row) -> str:
    """The answer without its numbers, so that a moved line does not set twins apart."""
    return re.sub(r"\d+(?=[,}])", "0", row.answer)
