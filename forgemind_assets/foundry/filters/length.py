"""Drops inputs that are too short or too long."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from forgemind_assets.records import Row


@dataclass(frozen=True)
class Length:
    """Keeps inputs of `min_chars` to `max_chars` characters, surrounding blanks not counted."""

    min_chars: int
    max_chars: int
    name: str = "length"
    each: ClassVar[bool] = True

    def judge(self, rows: Sequence[Row]) -> list[str | None]:
        """`too_short`, `too_long`."""
        return [self._one(len(row.input.strip())) for row in rows]

    def _one(self, size: int) -> str | None:
        if size < self.min_chars:
            return "too_short"
        return "too_long" if size > self.max_chars else None
