"""Drops rows whose input came before, and inputs that carry two different answers."""

from collections.abc import Sequence
from dataclasses import dataclass

from forgemind_assets.records import Row


@dataclass(frozen=True)
class ExactDuplicates:
    """Keeps the first row of each input; blanks at line ends do not make a difference."""

    name: str = "exact_duplicates"

    def judge(self, rows: Sequence[Row]) -> list[str | None]:
        """`duplicate`, or `contradiction` for all rows of an input with several answers."""
        answers: dict[str, set[str]] = {}
        for row in rows:
            answers.setdefault(_normal(row.input), set()).add(row.answer)
        seen: set[str] = set()
        reasons: list[str | None] = []
        for row in rows:
            key = _normal(row.input)
            if len(answers[key]) > 1:
                reasons.append("contradiction")
            else:
                reasons.append("duplicate" if key in seen else None)
            seen.add(key)
        return reasons


def _normal(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().split("\n"))
