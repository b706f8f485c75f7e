"""Caps the share of any one label."""

from collections.abc import Sequence
from dataclasses import dataclass

from forgemind_assets.foundry.filters.answers import label_of
from forgemind_assets.foundry.filters.shares import surplus
from forgemind_assets.records import Row


@dataclass(frozen=True)
class ClassBalance:
    """Drops the surplus of labels whose share of the kept rows would pass `max_share`.

    The surplus is taken evenly from the whole sequence, so that no family loses all its rows.
    A set of one label only cannot be balanced: all of it is dropped.
    """

    max_share: float
    label_key: str
    name: str = "class_balance"

    def judge(self, rows: Sequence[Row]) -> list[str | None]:
        """`class_too_common`."""
        gone = surplus([label_of(row, self.label_key) for row in rows], self.max_share)
        return ["class_too_common" if one else None for one in gone]
