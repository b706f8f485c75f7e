"""What the claims of a goal need of its suite: that it is met, and that a model is better."""

import math
from typing import Any, Literal

from pydantic import Field

from forgemind_assets.brain.decide import percent
from forgemind_assets.goal import GoalSpec
from forgemind_assets.goal_loading import SuiteSize
from forgemind_assets.records import Record
from forgemind_assets.trial_grounds.binomial import at_least
from forgemind_assets.trial_grounds.statistics import (
    cases_for_power,
    detectable_gain,
    family_design_effect,
    loop_confidence,
    next_level,
    paired_cases_for_power,
    passes_needed,
    wilson_half_width,
)

FIVE_POINTS = 0.05


class Claim(Record):
    """What the success criterion asks of the suite."""

    suite: str
    cases: int
    pass_rate: float
    confidence: float | None
    passes_needed: int | None = Field(description="None: no score on so few cases proves it")
    half_width: float = Field(description="of the Wilson 95 % interval at the pass rate")
    cases_if_3_points_better: int | None = Field(default=None, description="for 80 % power")
    cases_if_5_points_better: int | None = Field(default=None, description="for 80 % power")
    met_by_luck: float | None = Field(
        default=None,
        description="where no confidence is asked for: probability that a loop of models 5 points "
        "short of the goal meets it",
    )


class Comparison(Record):
    """Which gains the suite can tell from luck, one comparison with the champion an iteration."""

    cases: int
    families: int
    alpha: float = Field(description="probability of any false promotion, over the whole loop")
    looks: int = Field(description="comparisons that the limit on iterations allows")
    detectable_gain: float = Field(description="true gain that is found with 80 % probability")
    cases_for_5_points: int = Field(description="for 80 % power, with families as large as now")
    families_for_5_points: int


class Verdict(Record):
    """Whether one thing can hold, and why."""

    subject: str
    state: Literal["holds", "doubtful", "fails"]
    reason: str


def explain_claim(spec: GoalSpec, suite: SuiteSize) -> Claim:
    """What the pass rate, and its confidence if one is asked for, need of a suite.

    Families count as `family_design_effect` plans for them, and a confidence holds for all
    iterations of the loop at once.
    """
    rate, confidence = spec.success.pass_rate, spec.success.confidence
    effect = family_design_effect(suite.family_size)
    common: dict[str, Any] = {
        "suite": spec.success.suite,
        "cases": suite.cases,
        "pass_rate": rate,
        "confidence": confidence,
        "half_width": wilson_half_width(rate, suite.cases),
    }
    if confidence is None:
        needed = math.ceil(round(rate * suite.cases, 9))
        once = at_least(needed / effect, suite.cases / effect, max(0.0, rate - FIVE_POINTS))
        tries = spec.limits.max_iterations + spec.success.other_looks
        return Claim(**common, passes_needed=needed, met_by_luck=1 - (1 - once) ** tries)
    level = loop_confidence(confidence, spec.looks)

    def cases_if(points: float) -> int | None:
        independent = cases_for_power(rate, min(1, rate + points), level)
        return None if independent is None else math.ceil(effect * independent)

    return Claim(
        **common,
        passes_needed=passes_needed(suite.cases, rate, level, effect),
        cases_if_3_points_better=cases_if(0.03),
        cases_if_5_points_better=cases_if(FIVE_POINTS),
    )


def explain_comparison(spec: GoalSpec, suite: SuiteSize) -> Comparison:
    """Which gains a suite can tell from luck under the error budget of the loop."""
    looks = spec.limits.max_iterations
    level = next_level(spec.success.alpha, 0.0, looks)
    size = suite.family_size
    needed = paired_cases_for_power(FIVE_POINTS, alpha=level, family_size=size)
    return Comparison(
        cases=suite.cases,
        families=suite.families,
        alpha=spec.success.alpha,
        looks=looks,
        detectable_gain=detectable_gain(suite.cases, alpha=level, family_size=size),
        cases_for_5_points=needed,
        families_for_5_points=math.ceil(needed * suite.families / max(1, suite.cases)),
    )


def gain_verdict(found: Comparison) -> Verdict:
    """Whether the suite is large enough to tell a gain of 5 points from luck."""
    enough = found.cases >= found.cases_for_5_points
    wanted = (
        ""
        if enough
        else f"; 5 points take about {found.cases_for_5_points:,} cases in "
        f"{found.families_for_5_points:,} families, and a gain that luck explains replaces no "
        "champion"
    )
    reason = (
        f"{found.cases:,} cases in {found.families:,} families find a true gain of "
        f"{100 * found.detectable_gain:.1f} points with 80 % probability, where the loop errs in "
        f"{percent(found.alpha)} at most over {found.looks} iterations{wanted}"
    )
    state = "holds" if enough else "doubtful"
    return Verdict(subject="better than before", state=state, reason=reason)


def claim_verdict(claim: Claim) -> Verdict:
    """Whether the suite is large enough for the claim."""
    subject = f"{percent(claim.pass_rate)} of {claim.suite}"
    if claim.confidence is None:
        reason = (
            f"{claim.passes_needed} of {claim.cases} cases must pass; a rate there is known to "
            f"± {claim.half_width:.1%} (Wilson, 95 %). Models 5 points short of it would meet it "
            f"by luck in up to {claim.met_by_luck:.0%} of loops; success.confidence guards against "
            "that"
        )
        return Verdict(subject=subject, state="holds", reason=reason)
    if claim.passes_needed is None:
        reason = f"no score on {claim.cases} cases has a lower bound of {percent(claim.pass_rate)}"
        return Verdict(subject=subject, state="fails", reason=reason)
    needs = {3: claim.cases_if_3_points_better, 5: claim.cases_if_5_points_better}
    wanted = " and ".join(
        f"{count or 'more than 20,000'} cases if its true rate is {points} points above the goal"
        for points, count in needs.items()
    )
    reason = (
        f"{claim.passes_needed} of {claim.cases} cases must pass for a lower bound of "
        f"{percent(claim.pass_rate)} at {percent(claim.confidence)} confidence over the whole "
        f"loop; to pass with 80 % probability a model needs {wanted}; all reckoned for families "
        "as alike as is usual"
    )
    enough = needs[5] is not None and claim.cases >= needs[5]
    return Verdict(subject=subject, state="holds" if enough else "doubtful", reason=reason)
