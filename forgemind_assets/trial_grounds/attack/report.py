"""What an attack came to: counts for the Brain and the strategies, texts for people."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl
from pydantic import Field

from forgemind_assets.foundry.strategies.answers import AnswerShape
from forgemind_assets.foundry.strategies.mistakes import Mistake, mistakes_of
from forgemind_assets.records import Record, render_answer
from forgemind_assets.trial_grounds.attack.records import CONTROL, WRITTEN, Outcome
from forgemind_assets.trial_grounds.statistics import wilson_interval

ASSET = "attack_report"
REPORT = "report.json"
TEXTS = "attacks.parquet"
"""Never read by the Foundry: what fools a model may become a case of the adversarial suite."""


class KindLine(Record):
    """What one kind of attack did.

    `tried` texts were made or written, for `verified` of them the label holds and the model was
    asked, `fooled` of those it failed, `unscored` could not be graded. The interval is Wilson's,
    95 %, of fooled among those graded; attacks on one case are alike, so it is somewhat too narrow.
    """

    kind: str
    teacher: str | None = None
    tried: int = Field(ge=0)
    verified: int = Field(ge=0)
    fooled: int = Field(ge=0)
    unscored: int = Field(default=0, ge=0)
    interval: tuple[float, float] = (0.0, 1.0)

    @property
    def rate(self) -> float | None:
        """Share of the graded attacks that the model failed; None where none was graded."""
        graded = self.verified - self.unscored
        return self.fooled / graded if graded else None


class Writing(Record):
    """What a teacher was asked for attacks, and what that cost."""

    teacher: str
    asked: int = 0
    answered: int = 0
    valid: int = 0
    dollars: float = 0.0
    seconds: float = 0.0


class AttackReport(Record):
    """The attack on one model, without any text of a case."""

    goal: str
    goal_version: str
    model: str = Field(description="trial, or `base`")
    model_hash: str
    seed: int
    dev_cases: int
    parents: int = Field(description="dev cases that the model passes, which mutants come from")
    kinds: tuple[KindLine, ...]
    mistakes: tuple[Mistake, ...] = Field(description="of the attacks, by slice and kind")
    writing: Writing | None = None
    seconds: float = 0.0

    @property
    def attacks(self) -> KindLine:
        """All kinds together, without the control."""
        lines = [line for line in self.kinds if line.kind != CONTROL]
        return KindLine(
            kind="all",
            tried=sum(line.tried for line in lines),
            verified=(verified := sum(line.verified for line in lines)),
            fooled=(fooled := sum(line.fooled for line in lines)),
            unscored=(unscored := sum(line.unscored for line in lines)),
            interval=_interval(fooled, verified - unscored),
        )


def kind_lines(
    outcomes: Sequence[Outcome], tried: Mapping[str, int], teacher: str | None = None
) -> tuple[KindLine, ...]:
    """One line a kind, that which fools most often first and the control last.

    `tried` counts the texts of each kind; `teacher` wrote those of the written kinds.
    """
    grouped: defaultdict[str, list[Outcome]] = defaultdict(list)
    for one in outcomes:
        grouped[one.attack.kind].append(one)
    lines: list[KindLine] = []
    for kind in sorted({*grouped, *tried}):
        own = grouped[kind]
        failed = sum(one.passed is False for one in own)
        unscored = sum(one.passed is None for one in own)
        lines.append(
            KindLine(
                kind=kind,
                teacher=teacher if kind.startswith(WRITTEN) else None,
                tried=max(tried.get(kind, 0), len(own)),
                verified=len(own),
                fooled=failed,
                unscored=unscored,
                interval=_interval(failed, len(own) - unscored),
            )
        )
    return tuple(sorted(lines, key=lambda one: (one.kind == CONTROL, -(one.rate or 0.0), one.kind)))


def _interval(fooled: int, graded: int) -> tuple[float, float]:
    found = wilson_interval(fooled, graded)
    return found.low, found.high


def mistakes_on(
    outcomes: Sequence[Outcome], shape: AnswerShape, labels: Sequence[str]
) -> tuple[Mistake, ...]:
    """The wrong answers to attacks by slice and kind of attack, the most frequent first.

    `cases` is the number of graded attacks on the slice, of all kinds together.
    """
    graded = [one for one in outcomes if one.passed is not None and one.attack.kind != CONTROL]
    sizes = Counter(one.attack.slice for one in graded)
    found: list[Mistake] = []
    for kind in sorted({one.attack.kind for one in graded}):
        own = [(o.attack.slice, o.answer, o.passed) for o in graded if o.attack.kind == kind]
        found += [
            mistake.model_copy(update={"attack": kind, "cases": sizes[mistake.slice]})
            for mistake in mistakes_of(own, shape, labels)
        ]
    return tuple(sorted(found, key=lambda one: (-one.count, one.slice, one.attack)))


def write_attack(report: AttackReport, outcomes: Sequence[Outcome], folder: Path) -> None:
    """Writes the counts, and beside them each attack with its answer."""
    (folder / REPORT).write_text(report.model_dump_json(indent=1), encoding="utf-8")
    rows = [
        one.attack.model_dump(exclude={"expected"})
        | {
            "expected": render_answer(one.attack.expected),
            "answer": one.answer,
            "passed": one.passed,
            "fooled": one.fooled,
        }
        for one in outcomes
    ]
    pl.DataFrame(rows, schema=COLUMNS).write_parquet(folder / TEXTS)


COLUMNS = {
    **dict.fromkeys(("id", "kind", "slice", "family", "parent", "input", "expected"), pl.String),
    **dict.fromkeys(("verified", "teacher", "answer"), pl.String),
    "passed": pl.Boolean,
    "fooled": pl.Boolean,
}


def read_attack(folder: Path) -> AttackReport:
    """Reads the counts that `write_attack` wrote."""
    return AttackReport.model_validate_json((folder / REPORT).read_text(encoding="utf-8"))


def table_record(line: KindLine) -> dict[str, str | int]:
    """One kind as a line of a table."""
    low, high = (f"{bound:.0%}" for bound in line.interval)
    return {
        "kind": line.kind,
        "by": line.teacher or "mutation",
        "tried": line.tried,
        "verified": line.verified,
        "fooled": line.fooled,
        "unscored": line.unscored,
        "rate": "-" if line.rate is None else f"{line.rate:.0%} ({low} to {high})",
    }
