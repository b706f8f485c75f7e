"""Explains a compiled goal: what will run, what the claim needs, and whether the limits hold."""

import math
import os
from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from forgemind_assets.foundry.verifiers.base import Verifier
from forgemind_assets.foundry.verifiers.programs import ProgramRunner
from forgemind_assets.goal import Goal, GoalSpec
from forgemind_assets.goal_costs import (
    BASELINES,
    SPEEDS,
    TRIALS_PER_ITERATION,
    Estimate,
    Hardware,
    detect_hardware,
    estimate_tests,
    estimate_try,
)
from forgemind_assets.goal_loading import SuiteSize, suite_sizes
from forgemind_assets.goal_names import models, registry
from forgemind_assets.goal_terms import origins_of
from forgemind_assets.records import Record
from forgemind_assets.trial_grounds.statistics import (
    cases_for_power,
    passes_needed,
    wilson_half_width,
)

POWER = 0.8
TESTED = ("dev", "full", "adversarial")


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


class Verdict(Record):
    """Whether one thing can hold, and why."""

    subject: str
    state: Literal["holds", "doubtful", "fails"]
    reason: str


class GoalReport(Record):
    """Everything that `forgemind goal check` says about a goal that compiles."""

    goal: str
    file: str
    version: str
    description: str
    hardware: Hardware
    base_model: str
    base_weights: int
    quantisation: str
    strategies: tuple[str, ...]
    teachers: tuple[str, ...]
    verifiers: tuple[str, ...]
    trials_per_iteration: int
    max_iterations: int
    suites: dict[str, SuiteSize]
    claim: Claim
    per_try: Estimate
    whole_goal: Estimate
    verdicts: tuple[Verdict, ...]
    sources: tuple[str, ...] = Field(description="where the speeds come from")


def explain(
    goal: Goal,
    hardware: Hardware | None = None,
    environment: Mapping[str, str] | None = None,
    programs: ProgramRunner | None = None,
) -> GoalReport:
    """The report on a goal.

    `programs` is what runs the programs of verifiers that run some.
    `hardware` is detected where it is not given (rented hardware counts as `gpu`);
    `environment` is searched for the teachers' keys. Raises GoalError where a suite has broken
    since the goal was loaded.
    """
    spec = goal.spec
    rented = spec.limits.gpu_dollars_per_hour > 0
    hardware = hardware or ("gpu" if rented else detect_hardware())
    weights = models("base")[spec.limits.base_model]
    suites = suite_sizes(goal)
    tested = sum(suites[name].cases for name in TESTED)
    claim = explain_claim(spec, suites[spec.success.suite].cases)
    per_try = estimate_try(spec, weights, tested, hardware)
    baselines = estimate_tests(spec, weights, tested, hardware).times(BASELINES)
    whole = per_try.times(spec.limits.max_iterations).plus(baselines)
    environment = os.environ if environment is None else environment
    origins = origins_of(spec)
    verdicts = [claim_verdict(claim), *limit_verdicts(spec, per_try, whole)]
    verdicts += other_verdicts(spec, hardware, environment)
    verdicts += sandbox_verdicts(spec, programs)
    return GoalReport(
        goal=goal.name,
        file=str(goal.folder / goal.file),
        version=goal.version,
        description=spec.task.description,
        hardware=hardware,
        base_model=spec.limits.base_model,
        base_weights=weights,
        quantisation=spec.limits.quantisation,
        strategies=tuple(
            f"{s.name} (teacher {s.teacher})" if s.teacher else s.name for s in spec.strategies
        ),
        teachers=tuple(
            f"{t.name}: {t.model} ({t.kind}, {origins[t.name].terms})" for t in spec.teachers
        ),
        verifiers=tuple(f"{name}: {one.explain()}" for name, one in verifiers_of(spec)),
        trials_per_iteration=TRIALS_PER_ITERATION,
        max_iterations=spec.limits.max_iterations,
        suites=suites,
        claim=claim,
        per_try=per_try,
        whole_goal=whole,
        verdicts=tuple(verdicts),
        sources=(SPEEDS[hardware].source,),
    )


def explain_claim(spec: GoalSpec, cases: int) -> Claim:
    """What the pass rate, and its confidence if one is asked for, need of `cases` cases."""
    rate, confidence = spec.success.pass_rate, spec.success.confidence
    if confidence is None:
        return Claim(
            suite=spec.success.suite,
            cases=cases,
            pass_rate=rate,
            confidence=None,
            passes_needed=math.ceil(round(rate * cases, 9)),
            half_width=wilson_half_width(rate, cases),
        )
    return Claim(
        suite=spec.success.suite,
        cases=cases,
        pass_rate=rate,
        confidence=confidence,
        passes_needed=passes_needed(cases, rate, confidence),
        half_width=wilson_half_width(rate, cases),
        cases_if_3_points_better=cases_for_power(rate, min(1, rate + 0.03), confidence, POWER),
        cases_if_5_points_better=cases_for_power(rate, min(1, rate + 0.05), confidence, POWER),
    )


def claim_verdict(claim: Claim) -> Verdict:
    """Whether the suite is large enough for the claim."""
    subject = f"{claim.pass_rate:.0%} of {claim.suite}"
    if claim.confidence is None:
        reason = (
            f"{claim.passes_needed} of {claim.cases} cases must pass; a rate there is known to "
            f"± {claim.half_width:.1%} (Wilson, 95 %)"
        )
        return Verdict(subject=subject, state="holds", reason=reason)
    if claim.passes_needed is None:
        reason = f"no score on {claim.cases} cases has a lower bound of {claim.pass_rate:.0%}"
        return Verdict(subject=subject, state="fails", reason=reason)
    needs = {3: claim.cases_if_3_points_better, 5: claim.cases_if_5_points_better}
    wanted = " and ".join(
        f"{count or 'more than 20,000'} if it is {points} points better"
        for points, count in needs.items()
    )
    reason = (
        f"{claim.passes_needed} of {claim.cases} cases must pass for a lower bound of "
        f"{claim.pass_rate:.0%} at {claim.confidence:.0%} confidence; to pass with 80 % "
        f"probability a model needs {wanted}"
    )
    enough = needs[5] is not None and claim.cases >= needs[5]
    return Verdict(subject=subject, state="holds" if enough else "doubtful", reason=reason)


def limit_verdicts(spec: GoalSpec, per_try: Estimate, whole: Estimate) -> list[Verdict]:
    """Each limit beside the estimate; between one and two times the limit is doubtful."""
    limits = spec.limits
    rows = (
        ("GPU dollars a try", per_try.gpu_dollars, limits.gpu_dollars_per_try, "$"),
        ("API dollars", whole.api_dollars, limits.api_dollars_per_goal, "$"),
        ("hours", whole.hours, limits.hours, ""),
    )
    verdicts = []
    for subject, need, limit, unit in rows:
        fits = "holds" if need <= limit else "doubtful" if need <= 2 * limit else "fails"
        reason = f"about {unit}{need:,.2f} of at most {unit}{limit:,.2f}"
        verdicts.append(Verdict(subject=subject, state=fits, reason=reason))
    return verdicts


def verifiers_of(spec: GoalSpec) -> list[tuple[str, Verifier]]:
    """The goal's verifiers with their options, by name."""
    known = registry("verifier")
    uses = spec.filters.verifiers
    return [(use.name, known[use.name].model_validate(use.options)) for use in uses]


def sandbox_verdicts(spec: GoalSpec, programs: ProgramRunner | None) -> list[Verdict]:
    """Whether programs can be run here, where a verifier has to run some."""
    names = [name for name, verifier in verifiers_of(spec) if verifier.runs_programs]
    if not names:
        return []
    refusal = programs.refusal() if programs else "there is no sandbox here"
    reason = refusal or "programs run without network, files, environment or rights"
    subject = f"sandbox for {', '.join(dict.fromkeys(names))}"
    return [Verdict(subject=subject, state="fails" if refusal else "holds", reason=reason)]


def other_verdicts(
    spec: GoalSpec, hardware: Hardware, environment: Mapping[str, str]
) -> list[Verdict]:
    """What is allowed but may not be meant: absent keys, idle teachers, 4 bits on a processor."""
    doubts: list[tuple[str, str]] = []
    used = {strategy.teacher for strategy in spec.strategies}
    for teacher in spec.teachers:
        subject = f"teacher {teacher.name}"
        if teacher.name not in used:
            doubts.append((subject, "no strategy asks it"))
        elif spec.search.teacher_requests == 0:
            doubts.append((subject, "is never asked: search.teacher_requests is 0"))
        if teacher.api_key_env and not environment.get(teacher.api_key_env):
            doubts.append((subject, f"{teacher.api_key_env} is not set in the environment"))
    if spec.limits.quantisation == "4bit" and hardware == "cpu":
        doubts.append(("4-bit training", "tens of times slower than bf16 without a GPU"))
    return [Verdict(subject=s, state="doubtful", reason=reason) for s, reason in doubts]
