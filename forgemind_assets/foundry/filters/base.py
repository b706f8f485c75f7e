"""What a filter is."""

from collections.abc import Sequence
from typing import Protocol

from forgemind_assets.records import Row


class Filter(Protocol):
    """One stage: for each row, None to keep it, or a stable snake_case reason to drop it."""

    @property
    def name(self) -> str:
        """The stage's name."""
        ...

    def judge(self, rows: Sequence[Row]) -> list[str | None]:
        """Reasons in the order of the rows."""
        ...
