"""Drops rows that overlap with a case of any suite."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from forgemind_assets.records import Row


class YesOrNo(Protocol):
    """Answers whether a text overlaps with a suite, and nothing else."""

    def is_contaminated(self, text: str) -> bool:
        """Whether it overlaps."""
        ...


@dataclass(frozen=True)
class Decontamination:
    """Keeps rows that share nothing with the suites. The reason tells no more than that."""

    suites: YesOrNo
    name: str = "decontamination"

    def judge(self, rows: Sequence[Row]) -> list[str | None]:
        """`in_a_suite`."""
        return ["in_a_suite" if self.suites.is_contaminated(row.input) else None for row in rows]
