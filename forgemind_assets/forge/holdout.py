"""Rows that are kept out of a training, to see when it stops learning."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence

from forgemind_assets.records import Row

HOLD_OUT = 20
"""One family in so many is held out."""


def hold_out(rows: Iterable[Row], seed: int) -> tuple[list[Row], list[Row]]:
    """(rows to train on, rows held out), a whole family on one side.

    Families that are alike in nothing but the seed's draw are held out, so that the loss on them
    tells what the model does with code it has not seen. With fewer families than `HOLD_OUT` it may
    be that none is.
    """
    train: list[Row] = []
    held: list[Row] = []
    for row in rows:
        digest = hashlib.sha256(f"{seed}/{row.family}".encode()).digest()
        (held if digest[0] * 256 + digest[1] < 65536 // HOLD_OUT else train).append(row)
    return train, held


def set_aside(rows: Sequence[Row], seed: int, most: int) -> tuple[list[Row], list[Row]]:
    """(rows to train on, about `most` rows of whole families that a race is judged on).

    At most one row in ten is set aside; of fewer than ten families, none is.
    """
    by_family: dict[str, int] = Counter(row.family for row in rows)
    if len(by_family) < 10:
        return list(rows), []
    limit, chosen, taken = min(most, len(rows) // 10), set[str](), 0
    for family in sorted(by_family, key=lambda f: hashlib.sha256(f"{seed}/{f}".encode()).digest()):
        if taken + by_family[family] <= limit:
            chosen.add(family)
            taken += by_family[family]
    return (
        [row for row in rows if row.family not in chosen],
        [row for row in rows if row.family in chosen],
    )
