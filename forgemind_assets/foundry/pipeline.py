"""The filter pipeline: rows in; kept rows, rejected rows with reasons, and a funnel out."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from forgemind_assets.errors import EmptyStage
from forgemind_assets.foundry.filters.base import Filter
from forgemind_assets.foundry.filters.registry import FILTERS, Tools
from forgemind_assets.foundry.verifiers.programs import ProgramRunner
from forgemind_assets.goal import Goal
from forgemind_assets.records import Row
from forgemind_assets.warden.verdict import Classifier


@dataclass(frozen=True)
class Rejected:
    """A row that did not survive, with the stage and the reason."""

    row: Row
    stage: str
    reason: str


@dataclass(frozen=True)
class StageCount:
    """What one stage did: rows in, rows out, and how often each reason was given."""

    stage: str
    rows_in: int
    rows_out: int
    reasons: Mapping[str, int]


@dataclass(frozen=True)
class FilterResult:
    """`kept` and `rejected` together are the input, each row once."""

    kept: tuple[Row, ...]
    rejected: tuple[Rejected, ...]
    funnel: tuple[StageCount, ...]


def pipeline_for(
    goal: Goal,
    models: Mapping[str, Classifier] | None = None,
    programs: ProgramRunner | None = None,
) -> list[Filter]:
    """The goal's filters in order.

    `models` are those of the safety layers that need one; `programs` runs what the goal's
    verifiers run. Raises FileNotFoundError where a suite is missing, and NotAvailable where a
    verifier has to run programs and nothing here can hold them.
    """
    tools = Tools(models or {}, programs)
    return [stage for build in FILTERS.values() for stage in build(goal, tools)]


def run_filters(
    rows: Sequence[Row],
    filters: Sequence[Filter],
    on_progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> FilterResult:
    """Sends the rows through the filters, in order.

    `on_progress(stage, stages_done, stages)` is called before each stage. Raises EmptyStage with
    the funnel where a stage leaves nothing, or where there are no rows to begin with.
    """
    kept, rejected, funnel = list(rows), list[Rejected](), list[StageCount]()
    if not rows:
        raise EmptyStage("expected rows to filter, found none: no strategy produced any")
    for done, stage in enumerate(filters):
        on_progress(stage.name, done, len(filters))
        reasons = stage.judge(kept)
        paired = list(zip(kept, reasons, strict=True))
        rejected += [Rejected(row, stage.name, reason) for row, reason in paired if reason]
        counts = Counter(reason for reason in reasons if reason)
        survivors = [row for row, reason in paired if not reason]
        funnel.append(StageCount(stage.name, len(kept), len(survivors), dict(counts)))
        kept = survivors
        if not kept:
            raise EmptyStage(
                f"stage {stage.name} rejected every row; check its threshold or the rows' origin\n"
                + funnel_text(funnel)
            )
    return FilterResult(tuple(kept), tuple(rejected), tuple(funnel))


def funnel_text(funnel: Sequence[StageCount]) -> str:
    """The funnel as lines of text: stage, rows in and out, reasons."""
    lines = [f"{'stage':<18} {'in':>7} {'out':>7}  reasons"]
    for one in funnel:
        told = ", ".join(f"{k} {v}" for k, v in sorted(one.reasons.items())) or "-"
        lines.append(f"{one.stage:<18} {one.rows_in:>7} {one.rows_out:>7}  {told}")
    return "\n".join(lines)
