"""Drops rows that overlap with a case of any suite."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from forgemind_assets.foundry.filters.base import Embedder
from forgemind_assets.foundry.filters.suite_texts import Decontaminator, Overlap
from forgemind_assets.goal_filters import Filters
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


def against(
    texts: Sequence[str], filters: Filters, embedder: Embedder | None = None
) -> Decontamination:
    """The same comparison with texts that are no suite's, such as seeds and training rows."""
    limits = Overlap(
        filters.decontamination_ngram,
        filters.decontamination_similarity,
        filters.decontamination_cosine,
    )
    return Decontamination(Decontaminator(texts, limits, embedder))
