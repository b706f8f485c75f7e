"""Explains a compiled goal: what will run, what the claim needs, and whether the limits hold."""

import os
from collections.abc import Mapping, Sequence

from pydantic import Field

from forgemind_assets.foundry.verifiers.base import Verifier
from forgemind_assets.foundry.verifiers.programs import ProgramRunner
from forgemind_assets.goal import Goal, GoalSpec
from forgemind_assets.goal_claims import (
    Claim,
    Comparison,
    Verdict,
    claim_verdict,
    explain_claim,
    explain_comparison,
    gain_verdict,
)
from forgemind_assets.goal_costs import (
    BASELINES,
    SPEEDS,
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
from forgemind_assets.trial_grounds.tripwires import general_cases

TESTED = ("dev", "full", "adversarial", "impossible")


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
    judges: tuple[str, ...] = ()
    trials_per_iteration: int
    max_iterations: int
    suites: dict[str, SuiteSize]
    claim: Claim
    comparison: Comparison
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
    tested = sum(suites[name].cases for name in TESTED if name in suites)
    tested += len(general_cases()) if spec.tripwires.general_ability else 0
    claim = explain_claim(spec, suites[spec.success.suite])
    comparison = explain_comparison(spec, suites[spec.success.suite])
    dev = suites["dev"].cases
    gate = tested - dev + spec.attack.cases
    per_try = estimate_try(spec, weights, dev, gate, hardware)
    baselines = estimate_tests(spec, weights, tested, hardware).times(BASELINES)
    whole = per_try.times(spec.limits.max_iterations).plus(baselines)
    environment = os.environ if environment is None else environment
    origins = origins_of(spec)
    verdicts = [
        claim_verdict(claim),
        gain_verdict(comparison),
        *limit_verdicts(spec, per_try, whole),
    ]
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
            f"{s.name} ({_who(s.asked)})" if s.asked else s.name for s in spec.strategies
        ),
        teachers=tuple(
            f"{t.name}: {t.model} ({t.kind}, {origins[t.name].terms})" for t in spec.teachers
        ),
        verifiers=tuple(f"{name}: {one.explain()}" for name, one in verifiers_of(spec)),
        judges=judges_of(spec),
        trials_per_iteration=spec.search.trials,
        max_iterations=spec.limits.max_iterations,
        suites=suites,
        claim=claim,
        comparison=comparison,
        per_try=per_try,
        whole_goal=whole,
        verdicts=tuple(verdicts),
        sources=(SPEEDS[hardware].source,),
    )


def _who(teachers: Sequence[str]) -> str:
    return f"teacher{'s' if len(teachers) > 1 else ''} {', '.join(teachers)}"


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


def judges_of(spec: GoalSpec) -> tuple[str, ...]:
    """Each judge and how much it may be asked in an iteration."""
    if spec.judges is None:
        return ()
    asked = f"{spec.judges.examples} examples once, then up to {spec.judges.max_rows} rows a try"
    return tuple(f"{name}: {asked}" for name in spec.judges.teachers)


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
    used = {name for strategy in spec.strategies for name in strategy.asked}
    judging = spec.judges.teachers if spec.judges else ()
    advisor = spec.search.advisor
    for teacher in spec.teachers:
        subject = f"teacher {teacher.name}"
        if teacher.name not in used:
            if teacher.name not in judging and teacher.name != advisor:
                doubts.append((subject, "no strategy asks it"))
        elif spec.search.teacher_requests == 0:
            doubts.append((subject, "is never asked: search.teacher_requests is 0"))
        if teacher.api_key_env and not environment.get(teacher.api_key_env):
            doubts.append((subject, f"{teacher.api_key_env} is not set in the environment"))
    if advisor is not None and spec.search.advisor_share == 0:
        doubts.append((f"advisor {advisor}", "is never asked: search.advisor_share is 0"))
    if spec.limits.quantisation == "4bit" and hardware == "cpu":
        doubts.append(("4-bit training", "tens of times slower than bf16 without a GPU"))
    return [Verdict(subject=s, state="doubtful", reason=reason) for s, reason in doubts]
