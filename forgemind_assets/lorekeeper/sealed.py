"""What a sealed suite decides of a promotion: the gate's result must hold on cases never used.

The gate has had a say in which adapter became champion, so its rate flatters the winner, and
whatever leaked from it flatters it more. The sealed suite is opened by a promotion only. Pure.
"""

import hashlib
from collections.abc import Sequence

from pydantic import Field

from forgemind_assets.brain.state import Score
from forgemind_assets.records import Record, TestResult
from forgemind_assets.trial_grounds.report import Report
from forgemind_assets.trial_grounds.statistics import (
    Counted,
    Paired,
    lower_rate_p_value,
    paired_p_value,
)

ALPHA = 0.05
"""Probability of refusing a version that passes sealed as often as the gate and as `stable`."""


class SealedVerdict(Record):
    """What the sealed suite says of a version, in totals."""

    holds: bool
    reason: str
    score: Score = Field(description="of the version on the sealed suite")
    level: float = Field(description="what a p value must reach to refuse: alpha, shared")
    gate_p_value: float = Field(description='against "passed no less often than the gate"')
    against: str | None = Field(default=None, description="version that was stable, if compared")
    stable_score: Score | None = None
    stable_p_value: float | None = Field(
        default=None, description='against "no worse than the version that was stable"'
    )


def judge_sealed(
    full: Score,
    sealed: Score,
    *,
    stable: str | None = None,
    stable_score: Score | None = None,
    paired: Paired | None = None,
) -> SealedVerdict:
    """Refuses where sealed is significantly below the gate, or below the present `stable`.

    Against the gate: `lower_rate_p_value` (Fisher's exact test on effective counts), for the two
    suites share no case. Against `stable`: `paired_p_value` on the same cases, family by family.
    The two share `ALPHA` by Bonferroni's inequality.

    Args:
        full: the version on the gate.
        sealed: the version on the sealed suite.
        stable: number of the version that is stable now; None where there is none.
        stable_score: that version on the sealed suite.
        paired: the version against the stable one, case by case; a net loss is negative.
    """
    compared = stable is not None and stable_score is not None and paired is not None
    level = ALPHA / 2 if compared else ALPHA
    gate_p = lower_rate_p_value(counted(sealed), counted(full))
    told = [
        f"{shown(sealed)} of the sealed suite passed, {shown(full)} of the gate "
        f"(p = {gate_p:.2g} that the gate does not flatter)"
    ]
    problems = []
    if gate_p <= level:
        problems.append("it passes significantly less of the sealed suite than of the gate")
    worse_p = None
    if stable is not None and stable_score is not None and paired is not None:
        worse_p = paired_p_value([-net for net in paired.net])
        told.append(
            f"version {stable}, stable now, passed {shown(stable_score)} of it "
            f"(p = {worse_p:.2g} that this one is no worse)"
        )
        if worse_p <= level:
            problems.append(f"it is significantly worse on the sealed suite than version {stable}")
    facts = f"{'; '.join(told)}; refused at p up to {level:g}"
    return SealedVerdict(
        holds=not problems,
        reason=f"{' and '.join(problems)}: {facts}" if problems else facts,
        score=sealed,
        level=level,
        gate_p_value=gate_p,
        against=stable if compared else None,
        stable_score=stable_score if compared else None,
        stable_p_value=worse_p,
    )


def counted(score: Score) -> Counted:
    """A score as the tests take it."""
    return Counted(score.overall.passed, score.overall.total, score.design_effect)


def shown(score: Score) -> str:
    """`131 of 164 cases (79.9%)`."""
    rate = score.overall
    return f"{rate.passed} of {rate.total} cases ({rate.rate:.1%})"


def without_cases(report: Report, results: Sequence[TestResult]) -> tuple[Report, list[TestResult]]:
    """The same with nothing of a case in it: no text, no answer, ids and families as hashes.

    What stays is what a later comparison needs: which case, of which family and slice, passed.
    """
    hidden = [
        TestResult(
            case_id=disguised(result.case_id),
            family=disguised(result.family),
            slice=result.slice,
            prompt="",
            answer="",
            passed=result.passed,
            reason=result.reason,
        )
        for result in results
    ]
    return report.model_copy(update={"samples": ()}), hidden


def disguised(name: str) -> str:
    """A name that is the same for the same case, and says nothing of it."""
    return hashlib.sha256(f"sealed\x00{name}".encode()).hexdigest()[:16]
