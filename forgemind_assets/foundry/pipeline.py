"""The filter pipeline: rows in; kept rows, rejected rows with reasons, and a funnel out."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from forgemind_assets.errors import EmptyStage
from forgemind_assets.foundry.filters.base import Equipment, Filter, judges_each, note_of, pays_each
from forgemind_assets.foundry.filters.registry import FILTERS
from forgemind_assets.goal import Goal
from forgemind_assets.records import Row

# A row that one of these would drop is never quoted: it repeats a case of a gate suite, may hold a
# secret, or is under a licence that the policy does not admit and so not ours to show.
# They also judge the rows of earlier iterations again: policy and suites may have changed since.
OBJECTING = frozenset({"source_terms", "safety", "decontamination"})


@dataclass(frozen=True)
class Rejected:
    """A row that did not survive, with the stage and the reason.

    `hidden` rows are not to be quoted: the safety layers or the suites object to their text,
    whichever stage dropped them.
    """

    row: Row
    stage: str
    reason: str
    hidden: bool = False


@dataclass(frozen=True)
class StageCount:
    """What one stage did.

    Attributes:
        stage: its name.
        rows_in: rows that came to it.
        rows_out: rows that it kept.
        reasons: how often it gave each reason.
        alone: rows that it would have dropped as the only filter, of the whole input; for one
            that pays for each row, of those that came to it.
        only: rows of the whole input that no other filter would have dropped.
        note: why it did not run; empty if it did.
    """

    stage: str
    rows_in: int
    rows_out: int
    reasons: Mapping[str, int]
    alone: int = 0
    only: int = 0
    note: str = ""


@dataclass(frozen=True)
class FilterResult:
    """`kept` and `rejected` together are the input, each row once."""

    kept: tuple[Row, ...]
    rejected: tuple[Rejected, ...]
    funnel: tuple[StageCount, ...]


def pipeline_for(goal: Goal, equipment: Equipment | None = None) -> list[Filter]:
    """The goal's filters in order; what needs a model that `equipment` lacks says so.

    Raises FileNotFoundError where a suite is missing, and NotAvailable where a verifier has to run
    programs and `equipment` has nothing that can hold them.
    """
    given = equipment or Equipment()
    return [stage for build in FILTERS.values() for stage in build(goal, given)]


def run_filters(
    rows: Sequence[Row],
    filters: Sequence[Filter],
    on_progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
    *,
    may_be_empty: bool = False,
) -> FilterResult:
    """Sends the rows through the filters, in order, and judges the input by each alone.

    `on_progress(stage, stages_done, stages)` is called before each stage. Raises EmptyStage with
    the funnel where a stage leaves nothing, or where there are no rows to begin with, unless the
    result `may_be_empty`.
    """
    if not rows and not may_be_empty:
        raise EmptyStage("expected rows to filter, found none: no strategy produced any")
    kept, dropped, funnel = list(range(len(rows))), list[tuple[int, str, str]](), list[StageCount]()
    alone: list[list[str | None]] = []
    for done, stage in enumerate(filters):
        on_progress(stage.name, done, len(filters))
        own, reasons = _judged(stage, rows, kept)
        alone.append(own)
        paired = list(zip(kept, reasons, strict=True))
        dropped += [(place, stage.name, reason) for place, reason in paired if reason]
        counts = Counter(reason for reason in reasons if reason)
        kept = [place for place, reason in paired if not reason]
        funnel.append(
            StageCount(stage.name, len(paired), len(kept), dict(counts), note=note_of(stage))
        )
        if not kept and not may_be_empty:
            raise EmptyStage(
                f"stage {stage.name} rejected every row; check its threshold or the rows' origin\n"
                + funnel_text(funnel)
            )
    objections = [own for stage, own in zip(filters, alone, strict=True) if stage.name in OBJECTING]
    return FilterResult(
        tuple(rows[place] for place in kept),
        tuple(
            Rejected(rows[place], stage, reason, any(own[place] for own in objections))
            for place, stage, reason in dropped
        ),
        _with_alone(funnel, alone),
    )


def _judged(
    stage: Filter, rows: Sequence[Row], kept: Sequence[int]
) -> tuple[list[str | None], list[str | None]]:
    """What a stage says of all rows as if it were alone, and of those that came to it."""
    if pays_each(stage):
        reasons = stage.judge([rows[place] for place in kept])
        told = dict(zip(kept, reasons, strict=True))
        return [told.get(place) for place in range(len(rows))], reasons
    own = stage.judge(rows)
    if judges_each(stage) or len(kept) == len(rows):
        return own, [own[place] for place in kept]
    return own, stage.judge([rows[place] for place in kept])


def judge_again(rows: Sequence[Row], filters: Sequence[Filter]) -> FilterResult:
    """Rows that earlier iterations kept, by the stages that say what may be trained on at all.

    The others compare a row with its iteration's, or were settled when it was made.
    """
    objecting = [stage for stage in filters if stage.name in OBJECTING]
    return run_filters(rows, objecting, may_be_empty=True)


def _with_alone(
    funnel: Sequence[StageCount], alone: Sequence[Sequence[str | None]]
) -> tuple[StageCount, ...]:
    """The funnel with what each stage would have dropped alone, and what only it drops."""
    votes = [sum(map(bool, row)) for row in zip(*alone, strict=True)]
    return tuple(
        replace(
            stage,
            alone=sum(map(bool, own)),
            only=sum(bool(told) and count == 1 for told, count in zip(own, votes, strict=True)),
        )
        for stage, own in zip(funnel, alone, strict=True)
    )


def funnel_text(funnel: Sequence[StageCount]) -> str:
    """The funnel as lines of text: stage, rows in and out, reasons."""
    lines = [f"{'stage':<18} {'in':>7} {'out':>7}  reasons"]
    for one in funnel:
        told = one.note or ", ".join(f"{k} {v}" for k, v in sorted(one.reasons.items())) or "-"
        lines.append(f"{one.stage:<18} {one.rows_in:>7} {one.rows_out:>7}  {told}")
    return "\n".join(lines)
