"""Drops rows that overlap with a case of any suite."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from forgemind_assets.records import Row


class YesOrNo(Protocol):
    """Answers whether texts overlap with a suite, and nothing else."""

    note: str

    def contaminated(self, texts: Sequence[str]) -> list[bool]:
        """Which of the texts overlap."""
        ...


@dataclass(frozen=True)
class Decontamination:
    """Keeps rows that share nothing with the suites. The reason tells no more than that."""

    suites: YesOrNo
    name: str = "decontamination"
    each: ClassVar[bool] = True

    @property
    def note(self) -> str:
        """What was not compared."""
        return self.suites.note

    def judge(self, rows: Sequence[Row]) -> list[str | None]:
        """`in_a_suite`."""
        found = self.suites.contaminated([row.input for row in rows])
        return ["in_a_suite" if one else None for one in found]
