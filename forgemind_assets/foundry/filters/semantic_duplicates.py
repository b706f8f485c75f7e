"""Drops rows that say the same as one that is kept, in other words."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forgemind_assets.errors import NotAvailable
from forgemind_assets.foundry.filters.base import Embedder
from forgemind_assets.foundry.filters.near_duplicates import kind_of
from forgemind_assets.records import Row


@dataclass
class SemanticDuplicates:
    """Keeps a row whose embedding is less than `cosine` alike to every kept row's.

    SemDeDup (Abbas et al. 2023, "SemDeDup: Data-efficient learning at web-scale") without its
    clusters: a goal has thousands of rows, not billions. Rows with different answers are compared
    with their like only, as for near duplicates.

    Attributes:
        embedder: the sentence model; None where there is none, and nothing is judged then.
        cosine: likeness from which on two rows are the same.
        note: why nothing was judged.
    """

    embedder: Embedder | None
    cosine: float = 0.97
    note: str = ""
    name: str = "semantic_duplicates"

    def judge(self, rows: Sequence[Row]) -> list[str | None]:
        """`semantic_duplicate`."""
        reasons: list[str | None] = [None] * len(rows)
        self.note = "" if self.embedder else "not run: no sentence model was given"
        if self.embedder is None:
            return reasons
        try:
            vectors = self.embedder.embed([row.input for row in rows])
        except NotAvailable as error:
            self.note = f"not run: {error}"
            return reasons
        kinds: defaultdict[str, list[int]] = defaultdict(list)
        for place, row in enumerate(rows):
            kinds[kind_of(row)].append(place)
        for places in kinds.values():
            like = vectors[places] @ vectors[places].T >= self.cosine
            kept = np.zeros(len(places), dtype=bool)
            for number, place in enumerate(places):
                kept[number] = not (like[number] & kept).any()
                if not kept[number]:
                    reasons[place] = "semantic_duplicate"
        return reasons
