"""Rows that are kept out of a training, to see when it stops learning."""

import hashlib
from collections.abc import Iterable

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
