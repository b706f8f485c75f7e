"""Keeps the rows that differ most, where there are more than are wanted."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from forgemind_assets.foundry.filters.near_index import NearIndex, Shape
from forgemind_assets.foundry.strategies.base import shares
from forgemind_assets.records import Row


@dataclass(frozen=True)
class Diversity:
    """Keeps at most `rows` rows: of each slice its share, the farthest from each other.

    Farthest-point selection (Gonzalez 1985), which covers a set with the smallest radius up to a
    factor of 2 and is the core-set of Sener and Savarese (2018). Distance is one minus the part of
    a MinHash signature that two rows share, which estimates their Jaccard index.
    """

    rows: int
    shape: Shape = field(default=Shape())
    name: str = "diversity"

    def judge(self, rows: Sequence[Row]) -> list[str | None]:
        """`too_like_the_others`."""
        if len(rows) <= self.rows:
            return [None] * len(rows)
        slices: dict[str, list[int]] = {}
        for place, row in enumerate(rows):
            slices.setdefault(row.slice, []).append(place)
        wanted = shares({name: len(places) for name, places in slices.items()}, self.rows)
        index = NearIndex(self.shape)
        kept: set[int] = set()
        for name, places in slices.items():
            signatures = index.signatures([rows[place].input for place in places])
            kept |= {places[n] for n in farthest(signatures, wanted[name])}
        return [None if n in kept else "too_like_the_others" for n in range(len(rows))]


def farthest(signatures: np.ndarray, count: int) -> list[int]:
    """Rows of `signatures`, `(rows, places)`, each the farthest from those before it."""
    if count <= 0:
        return []
    chosen = [0]
    nearest = (signatures != signatures[0]).mean(axis=1)
    nearest[0] = -1
    while len(chosen) < count:
        place = int(np.argmax(nearest))
        chosen.append(place)
        nearest = np.minimum(nearest, (signatures != signatures[place]).mean(axis=1))
        nearest[place] = -1
    return chosen
