"""Caps the share of any one family."""

from collections.abc import Sequence
from dataclasses import dataclass

from forgemind_assets.foundry.filters.shares import surplus
from forgemind_assets.records import Row


@dataclass(frozen=True)
class FamilyBalance:
    """Drops the surplus of families whose share of the kept rows would pass `max_share`.

    A model learns a family that it sees too often by heart instead of what it is an example of.
    """

    max_share: float
    name: str = "family_balance"

    def judge(self, rows: Sequence[Row]) -> list[str | None]:
        """`family_too_common`."""
        gone = surplus([row.family for row in rows], self.max_share)
        return ["family_too_common" if one else None for one in gone]
