"""The data card: what a dataset version holds, where it came from, and what was taken out.

A card depends on the rows and on the contract alone: no clock, no path, no order of arrival. The
same rows give the same bytes, so that the version of a dataset does not change with its card.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from statistics import median_low

from forgemind_assets.forge.catalogue import entries
from forgemind_assets.foundry.data_card_records import (
    NOT_STATED,
    DataCard,
    Example,
    Origin,
    Rejection,
    Share,
    Source,
    Stage,
    TeacherLine,
)
from forgemind_assets.foundry.pipeline import FilterResult, Rejected
from forgemind_assets.goal import Goal
from forgemind_assets.goal_yaml import looks_secret
from forgemind_assets.records import Row

EXAMPLES = 3
EXCERPT_CHARS = 96
# Only what these stages rejected is quoted. A row that decontamination took out repeats a case of
# a gate suite, and one that a safety layer took out may hold a secret: their text stays inside.
QUOTED_STAGES = frozenset(
    {
        "parse",
        "answer_format",
        "length",
        "verified_label",
        "exact_duplicates",
        "near_duplicates",
        "class_balance",
    }
)


def make_card(
    goal: Goal,
    iteration: str,
    result: FilterResult,
    origins: Mapping[str, Origin] | None = None,
) -> DataCard:
    """Builds the card of a filtered dataset.

    Args:
        goal: the contract that the rows were made and filtered for.
        iteration: its partition key.
        result: kept rows, rejected rows and the funnel.
        origins: licence and terms by teacher name, `""` for what no teacher wrote; by default
            what the catalogue knows (`origins_of`).
    """
    known = origins_of(goal) if origins is None else origins
    every = [*result.kept, *(one.row for one in result.rejected)]
    label_key = goal.spec.task.grader_options.get("label_key")
    labels = [label_of(row, label_key) for row in result.kept] if label_key else []
    return DataCard(
        goal=goal.name,
        goal_version=goal.version,
        iteration=iteration,
        task=goal.spec.task.description,
        rows_sha256=digest_of(result.kept),
        rows_in=len(every),
        rows_kept=len(result.kept),
        rows_rejected=len(result.rejected),
        keep_ratio=ratio(len(result.kept), len(every)),
        families=len({row.family for row in result.kept}),
        sources=sources_of(every, result.kept, known),
        teachers=teachers_of(goal, every, result.kept, known),
        filters=stages_of(goal, result),
        slices=shares_of(result.kept, [row.slice for row in result.kept]),
        classes=shares_of(result.kept, labels) if labels else (),
        rejections=rejections_of(result.rejected),
    )


def origins_of(goal: Goal) -> dict[str, Origin]:
    """What is known of the sources: the licences of embedded teachers' weights."""
    known = entries()
    found = {}
    for teacher in goal.spec.teachers:
        entry = known.get(teacher.model) if teacher.kind == "embedded" else None
        found[teacher.name] = Origin(entry.licence if entry else NOT_STATED)
    return found


def digest_of(rows: Sequence[Row]) -> str:
    """SHA-256 over the rows' content in the order of their text."""
    lines = sorted(row.model_dump_json() for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def label_of(row: Row, key: str) -> str:
    """The row's label; a filter has made sure that a kept row has one."""
    return str(json.loads(row.answer)[key])


def ratio(part: int, whole: int) -> float:
    """A share with four digits; 0 of nothing."""
    return round(part / whole, 4) if whole else 0.0


def sources_of(
    every: Sequence[Row], kept: Sequence[Row], origins: Mapping[str, Origin]
) -> tuple[Source, ...]:
    """One line a strategy and teacher, by name."""
    made = Counter((row.strategy, row.teacher or "") for row in every)
    survived = defaultdict[tuple[str, str], list[Row]](list)
    for row in kept:
        survived[row.strategy, row.teacher or ""].append(row)
    lines = []
    for (strategy, teacher), count in sorted(made.items()):
        rows, origin = survived[strategy, teacher], origins.get(teacher, Origin())
        lines.append(
            Source(
                strategy=strategy,
                teacher=teacher,
                rows_in=count,
                rows_kept=len(rows),
                keep_ratio=ratio(len(rows), count),
                families=len({row.family for row in rows}),
                parents=len({row.parent for row in rows if row.parent}),
                licence=origin.licence,
                terms=origin.terms,
            )
        )
    return tuple(lines)


def teachers_of(
    goal: Goal, every: Sequence[Row], kept: Sequence[Row], origins: Mapping[str, Origin]
) -> tuple[TeacherLine, ...]:
    """All teachers of the goal, those that gave nothing included."""
    made = Counter(row.teacher for row in every)
    survived = Counter(row.teacher for row in kept)
    return tuple(
        TeacherLine(
            name=one.name,
            kind=one.kind,
            model=one.model,
            rows_in=made[one.name],
            rows_kept=survived[one.name],
            **asdict(origins.get(one.name, Origin())),
        )
        for one in goal.spec.teachers
    )


def stages_of(goal: Goal, result: FilterResult) -> tuple[Stage, ...]:
    """The funnel, each stage with the settings that it worked with."""
    filters = goal.spec.filters
    settings = {
        "length": f"{filters.min_input_chars} to {filters.max_input_chars} characters",
        "near_duplicates": f"Jaccard similarity of {filters.near_duplicate_jaccard:g} or more",
        "decontamination": f"{filters.decontamination_ngram} words in common with a suite",
        "class_balance": f"at most {filters.max_class_share:.0%} of one label",
        "verified_label": ", ".join(use.name for use in filters.verifiers),
    }
    return tuple(
        Stage(
            stage=one.stage,
            settings=settings.get(one.stage, ""),
            rows_in=one.rows_in,
            rows_out=one.rows_out,
            reasons=dict(sorted(one.reasons.items())),
        )
        for one in result.funnel
    )


def shares_of(rows: Sequence[Row], names: Sequence[str]) -> tuple[Share, ...]:
    """The rows grouped by name, the largest group first."""
    groups = defaultdict[str, list[Row]](list)
    for row, name in zip(rows, names, strict=True):
        groups[name].append(row)
    shares = [
        Share(
            name=name,
            rows=len(own),
            share=ratio(len(own), len(rows)),
            families=len({row.family for row in own}),
            median_chars=median_low(len(row.input) for row in own),
            most_chars=max(len(row.input) for row in own),
        )
        for name, own in groups.items()
    ]
    return tuple(sorted(shares, key=lambda one: (-one.rows, one.name)))


def rejections_of(rejected: Sequence[Rejected]) -> tuple[Rejection, ...]:
    """Rejected rows by stage and reason, the most frequent first."""
    groups = defaultdict[tuple[str, str], list[Row]](list)
    for one in rejected:
        groups[one.stage, one.reason].append(one.row)
    lines = [
        Rejection(stage, reason, len(rows), examples_of(stage, rows))
        for (stage, reason), rows in groups.items()
    ]
    return tuple(sorted(lines, key=lambda one: (-one.rows, one.stage, one.reason)))


def examples_of(stage: str, rows: Sequence[Row]) -> tuple[Example, ...]:
    """The first few rows by id, so that the choice depends on nothing but the rows."""
    first = sorted(rows, key=lambda row: (row.row_id, row.strategy))[:EXAMPLES]
    return tuple(
        Example(row.row_id, row.slice, row.strategy, excerpt_of(stage, row)) for row in first
    )


def excerpt_of(stage: str, row: Row) -> str:
    """The beginning of a row's input on one line; empty where it must not be shown."""
    if stage not in QUOTED_STAGES or looks_secret(row.input) or looks_secret(row.answer):
        return ""
    text = " ".join(row.input.split())
    return text if len(text) <= EXCERPT_CHARS else text[: EXCERPT_CHARS - 1] + "…"
