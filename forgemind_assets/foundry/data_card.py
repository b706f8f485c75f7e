"""The data card: what a dataset version holds, where it came from, and what was taken out.

A card depends on the rows and on the contract alone: no clock, no path, no order of arrival. The
same rows give the same bytes, so that the version of a dataset does not change with its card.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from statistics import median_low

from forgemind_assets.foundry.data_card_records import (
    NOT_STATED,
    DataCard,
    Example,
    Judge,
    Permission,
    Rejection,
    Share,
    Source,
    Stage,
    TeacherLine,
)
from forgemind_assets.foundry.judging.standing import Standing
from forgemind_assets.foundry.pipeline import FilterResult, Rejected
from forgemind_assets.goal import Goal
from forgemind_assets.goal_filters import Filters
from forgemind_assets.goal_terms import origins_of
from forgemind_assets.goal_yaml import looks_secret
from forgemind_assets.records import Row
from forgemind_assets.warden.policy_files import effective_policy

EXAMPLES = 3
EXCERPT_CHARS = 96
# Only what these stages rejected is quoted, and of it nothing that another stage objects to: a new
# stage shows nothing until somebody has thought about it.
QUOTED_STAGES = frozenset(
    {
        "parse",
        "answer_format",
        "length",
        "language",
        "repetition",
        "verified_label",
        "exact_duplicates",
        "near_duplicates",
        "semantic_duplicates",
        "perplexity",
        "judged_label",
        "diversity",
        "family_balance",
        "class_balance",
    }
)


def make_card(
    goal: Goal,
    iteration: str,
    result: FilterResult,
    judges: Sequence[Standing] = (),
) -> DataCard:
    """Builds the card of a filtered dataset.

    Args:
        goal: the contract that the rows were made and filtered for.
        iteration: its partition key.
        result: kept rows, rejected rows and the funnel.
        judges: those that were asked.
    """
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
        sources=sources_of(every, result.kept),
        permissions=permissions_of(every, result.kept),
        teachers=teachers_of(goal, every, result.kept),
        filters=stages_of(goal, result),
        slices=shares_of(result.kept, [row.slice for row in result.kept]),
        classes=shares_of(result.kept, labels) if labels else (),
        rejections=rejections_of(result.rejected),
        judges=tuple(judge_of(one) for one in judges),
    )


def judge_of(one: Standing) -> Judge:
    """A judge's figures in words."""
    return Judge(
        name=one.judge,
        used=one.used,
        why=one.why,
        by_label=one.by_label.told,
        by_finding=one.by_finding.told,
        with_verifier=one.with_verifier.told,
        rows=one.rows,
        agreed=one.agreed,
    )


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


def sources_of(every: Sequence[Row], kept: Sequence[Row]) -> tuple[Source, ...]:
    """One line a strategy, teacher, licence and terms, by name."""
    made = Counter(source_of(row) for row in every)
    survived = defaultdict[tuple[str, str, str, str], list[Row]](list)
    for row in kept:
        survived[source_of(row)].append(row)
    lines = []
    for (strategy, teacher, licence, terms), count in sorted(made.items()):
        rows = survived[strategy, teacher, licence, terms]
        lines.append(
            Source(
                strategy=strategy,
                teacher=teacher,
                rows_in=count,
                rows_kept=len(rows),
                keep_ratio=ratio(len(rows), count),
                families=len({row.family for row in rows}),
                parents=len({row.parent for row in rows if row.parent}),
                licence=licence,
                terms=terms,
            )
        )
    return tuple(lines)


def source_of(row: Row) -> tuple[str, str, str, str]:
    """Strategy, teacher, licence and terms."""
    return row.strategy, row.teacher or "", *permission_of(row)


def permission_of(row: Row) -> tuple[str, str]:
    """Licence and terms; where a row has the one, the other may not concern it."""
    if row.licence is None and row.terms is None:
        return NOT_STATED, NOT_STATED
    return row.licence or "", row.terms or ""


def permissions_of(every: Sequence[Row], kept: Sequence[Row]) -> tuple[Permission, ...]:
    """Under which licences and terms the rows stand, by name."""
    made, survived = (Counter(map(permission_of, rows)) for rows in (every, kept))
    return tuple(
        Permission(licence, terms, count, survived[licence, terms])
        for (licence, terms), count in sorted(made.items())
    )


def teachers_of(goal: Goal, every: Sequence[Row], kept: Sequence[Row]) -> tuple[TeacherLine, ...]:
    """All teachers of the goal, those that gave nothing included."""
    origins = origins_of(goal.spec)
    made = Counter(row.teacher for row in every)
    survived = Counter(row.teacher for row in kept)
    return tuple(
        TeacherLine(
            name=one.name,
            kind=one.kind,
            model=one.model,
            rows_in=made[one.name],
            rows_kept=survived[one.name],
            licence=origins[one.name].licence or "",
            terms=origins[one.name].terms or "",
        )
        for one in goal.spec.teachers
    )


def stages_of(goal: Goal, result: FilterResult) -> tuple[Stage, ...]:
    """The funnel, each stage with the settings that it worked with."""
    training = effective_policy(goal.spec.policy).training
    terms = f"licences {', '.join(training.licences)}; teachers' terms " + ", ".join(
        training.teacher_terms
    )
    settings = settings_of(goal.spec.filters) | {"source_terms": terms}
    if goal.spec.judges is not None:
        settings["judged_label"] = ", ".join(goal.spec.judges.teachers)
    return tuple(
        Stage(
            stage=one.stage,
            settings=settings.get(one.stage, ""),
            rows_in=one.rows_in,
            rows_out=one.rows_out,
            reasons=dict(sorted(one.reasons.items())),
            alone=one.alone,
            only=one.only,
            note=one.note,
        )
        for one in result.funnel
    )


def settings_of(filters: Filters) -> dict[str, str]:
    """What each stage worked with, in words."""
    language, repetition, perplexity = filters.language, filters.repetition, filters.perplexity
    semantic, diversity = filters.semantic_duplicates, filters.diversity
    words, similarity = filters.decontamination_ngram, filters.decontamination_similarity
    suites = f"{words} words, the form or {similarity:.0%} of the traits in common with a suite"
    family = filters.max_family_share
    return {
        "length": f"{filters.min_input_chars} to {filters.max_input_chars} characters",
        "language": f"{', '.join(language.allowed)} in {language.of}" if language else "",
        "repetition": f"limits for {repetition.of}" if repetition else "",
        "perplexity": f"{perplexity.max_deviations:g} deviations" if perplexity else "",
        "near_duplicates": f"Jaccard similarity of {filters.near_duplicate_jaccard:g} or more",
        "semantic_duplicates": f"cosine of {semantic.cosine:g} or more" if semantic else "",
        "decontamination": suites,
        "diversity": f"the {diversity.rows} that differ most" if diversity else "",
        "family_balance": f"at most {family:.1%} of one family" if family else "",
        "class_balance": f"at most {filters.max_class_share:.0%} of one label",
        "verified_label": ", ".join(use.name for use in filters.verifiers),
    }


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
    groups = defaultdict[tuple[str, str], list[Rejected]](list)
    for one in rejected:
        groups[one.stage, one.reason].append(one)
    lines = [
        Rejection(stage, reason, len(rows), examples_of(rows))
        for (stage, reason), rows in groups.items()
    ]
    return tuple(sorted(lines, key=lambda one: (-one.rows, one.stage, one.reason)))


def examples_of(rejected: Sequence[Rejected]) -> tuple[Example, ...]:
    """The first few rows by id, so that the choice depends on nothing but the rows."""
    first = sorted(rejected, key=lambda one: (one.row.row_id, one.row.strategy))[:EXAMPLES]
    return tuple(
        Example(one.row.row_id, one.row.slice, one.row.strategy, excerpt_of(one)) for one in first
    )


def excerpt_of(one: Rejected) -> str:
    """The beginning of a row's input on one line; empty where it must not be shown."""
    hidden = one.hidden or one.stage not in QUOTED_STAGES
    if hidden or looks_secret(one.row.input) or looks_secret(one.row.answer):
        return ""
    text = " ".join(one.row.input.split())
    return text if len(text) <= EXCERPT_CHARS else text[: EXCERPT_CHARS - 1] + "…"
