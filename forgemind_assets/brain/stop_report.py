"""What a loop that has ended leaves to its owner: how far it came, what is missing, what it needs.

Pure: from the contract and the tail of the history. All of it can be asked at any time; what is
said of the next point rests on the gains of the newest iterations (`futility.py`).
"""

import math

from pydantic import Field

from forgemind_assets.brain.decide import Stop, StopKind, judge
from forgemind_assets.brain.futility import (
    HOPED_GAIN,
    errors,
    gains_of,
    prospect,
    wanted_rate,
)
from forgemind_assets.brain.limits import limits_of, tightest
from forgemind_assets.brain.planner import dev_of
from forgemind_assets.brain.state import IterationState, Score, State
from forgemind_assets.goal import GoalSpec
from forgemind_assets.partitions import BASELINE, iteration_number, trial_key
from forgemind_assets.records import Record
from forgemind_assets.trial_grounds.statistics import wilson_interval

POINT = 0.01
# Of what is told of the next point: nine in ten.
CONFIDENCE = 0.9


class Best(Record):
    """The result with the highest lower bound on the gate, among the newest and the champion."""

    trial: str
    passed: int
    total: int
    unscored: int
    rate: float
    lower: float = Field(description="one-sided Clopper-Pearson bound of the rate at `level`")
    level: float = Field(description="of this one bound; together all hold at `confidence`")
    confidence: float
    looks: int = Field(description="bounds that hold at once")
    design_effect: float
    passes_needed: int = Field(description="of `total`, for the goal to be met")

    @property
    def missing(self) -> int:
        """Cases that must pass beside these; 0 where none must."""
        return max(0, self.passes_needed - self.passed)


class SliceGap(Record):
    """One slice of the gate, and what it costs the pass rate."""

    slice: str
    passed: int
    total: int
    low: float = Field(description="Wilson, 95 %")
    high: float
    lost_points: float = Field(description="of the overall rate, by the cases that fail here")
    missing_points: float = Field(description="what the slice at the goal's rate would bring")

    @property
    def rate(self) -> float:
        """Pass rate, 0 to 1."""
        return self.passed / self.total


class LimitUse(Record):
    """One limit of the loop; `left` counts iterations like the newest, None: without end."""

    key: str
    unit: str
    used: float
    limit: float
    each: float
    left: int | None


class NextPoint(Record):
    """What one more point of the pass rate on the gate costs, by the gains of the past."""

    gains: int = Field(description="newest iterations whose gains on dev it rests on")
    measured: bool = Field(description="whether any of them gained; if not, only `low` says much")
    iterations: float
    low: float = Field(description="iterations; with `high`, 90 % of what the gains allow")
    high: float
    hours_each: float = Field(description="of an iteration, mean of the newest")
    dollars_each: float


class Advice(Record):
    """One thing that a person could change, and why."""

    key: str = Field(description="of goal.yaml")
    now: str
    suggested: str
    why: str


class StopReport(Record):
    """Why a loop ended, how far it came, and what a person could do."""

    goal: str
    iteration: str | None
    kind: StopKind | None = Field(description="None: it has not ended, and this is how it stands")
    reason: str
    goal_met: bool
    wanted: float
    confidence: float | None
    best: Best | None
    slices: tuple[SliceGap, ...] = Field(default=(), description="of the best, dearest first")
    limits: tuple[LimitUse, ...] = ()
    binds: str = Field(default="", description="key of the limit that leaves the fewest iterations")
    chance: float | None = Field(
        default=None, description="of meeting the goal within the limits that are left"
    )
    next_point: NextPoint | None = Field(default=None, description="None: not known")
    advice: tuple[Advice, ...] = ()


def measure(spec: GoalSpec, state: State, stop: Stop | None) -> StopReport:
    """All but the advice, which `stop_advice.advise` adds."""
    it = last_concluded(state)
    found = best_of(spec, state)
    best, score = found if found else (None, None)
    limits = limits_of(spec, state, it) if it else ()
    outlook = prospect(spec, state, it) if it else None
    return StopReport(
        goal=spec.name,
        iteration=state.last.key if state.last else None,
        kind=stop.kind if stop else None,
        reason=stop.reason if stop else "the loop has not ended",
        goal_met=stop.goal_met if stop else False,
        wanted=spec.success.pass_rate,
        confidence=spec.success.confidence,
        best=best,
        slices=slice_gaps(spec, score) if score else (),
        limits=tuple(
            LimitUse(
                key=one.key, unit=one.unit, used=one.used, limit=one.limit, each=one.each,
                left=None if math.isinf(one.left) else int(one.left),
            )
            for one in limits
        ),
        binds=tightest(limits).key if limits else "",
        chance=outlook.chance if outlook else None,
        next_point=next_point(state, it, score) if it and score else None,
    )  # fmt: skip


def last_concluded(state: State) -> IterationState | None:
    """The newest iteration that has a champion."""
    return next((it for it in reversed(state.iterations) if it.champion_full), None)


def tested(state: State) -> dict[str, Score]:
    """Results on the gate that are known: the newest trials' and the champion's."""
    found = {
        trial_key(it.key, name): trial.full
        for it in state.iterations
        for name, trial in it.trials.items()
        if trial.full and trial.full.overall.total
    }
    it = last_concluded(state)
    if it and it.champion and it.champion_full and it.champion_full.overall.total:
        found[it.champion] = it.champion_full
    return found


def best_of(spec: GoalSpec, state: State) -> tuple[Best, Score] | None:
    """The result with the highest lower bound, of equals the champion's.

    Baselines only where nothing else was tested.
    """
    results = tested(state)
    trained = {n: score for n, score in results.items() if not n.startswith(BASELINE)} or results
    looks = max((score.looks for score in results.values()), default=0)
    trained = {n: score.model_copy(update={"looks": looks}) for n, score in trained.items()}
    judged = {name: judge(spec, score) for name, score in trained.items()}
    it = last_concluded(state)
    leads = it.champion if it else None
    name = max(judged, key=lambda one: (judged[one].lower, one == leads, one), default=None)
    if name is None:
        return None
    verdict, score = judged[name], trained[name]
    rate = score.overall
    needed = min(rate.total, math.ceil(round(wanted_rate(spec, score) * rate.total, 6)))
    return Best(
        trial=name,
        passed=rate.passed,
        total=rate.total,
        unscored=rate.unscored,
        rate=rate.rate,
        lower=verdict.lower,
        level=verdict.level,
        confidence=verdict.confidence,
        looks=verdict.looks,
        design_effect=score.design_effect,
        passes_needed=needed,
    ), score


def slice_gaps(spec: GoalSpec, score: Score) -> tuple[SliceGap, ...]:
    """The slices by what they cost, dearest first; those without a failed case are left out."""
    whole, found = score.overall.total, list[SliceGap]()
    for name, rate in sorted(score.slices.items()):
        failed = rate.total - rate.passed
        if not failed:
            continue
        bounds = wilson_interval(rate.passed, rate.total)
        short = max(0.0, spec.success.pass_rate * rate.total - rate.passed)
        found.append(
            SliceGap(
                slice=name, passed=rate.passed, total=rate.total, low=bounds.low, high=bounds.high,
                lost_points=100 * failed / whole, missing_points=100 * short / whole,
            )
        )  # fmt: skip
    return tuple(sorted(found, key=lambda gap: (-gap.missing_points, -gap.lost_points, gap.slice)))


def next_point(state: State, it: IterationState, score: Score) -> NextPoint | None:
    """The cost of the next point; None before two trainings, or where no whole point is left."""
    dev, total = dev_of(it), score.overall.total
    if dev is None or len(state.path) < 2 or score.rate + POINT > 1:
        return None
    gains = gains_of(state.path, dev.overall.total)
    needed = math.log(errors(score.rate, total) / errors(score.rate + POINT, total))
    shape, scale = 1 + len(gains), HOPED_GAIN + sum(gains)
    tail = (1 - CONFIDENCE) / 2
    trained = [one for one in state.iterations if one.key != BASELINE and one.hours > 0] or [it]
    count = max(1, iteration_number(it.key))
    return NextPoint(
        gains=len(gains),
        measured=any(gain > 0 for gain in gains),
        iterations=needed * shape / scale,
        low=needed * erlang_quantile(shape, tail) / scale,
        high=needed * erlang_quantile(shape, 1 - tail) / scale,
        hours_each=sum(one.hours for one in trained) / len(trained),
        dollars_each=(state.api_dollars + state.gpu_dollars) / count,
    )


def erlang_quantile(shape: int, probability: float) -> float:
    """The value that a Gamma variable of whole `shape` and scale 1 is below with `probability`.

    Its distribution is that of a Poisson count: P(X > x) = P(fewer than `shape` events at x).
    """
    low, high = 0.0, 10.0 * (shape + 5)
    for _ in range(100):
        middle = (low + high) / 2
        terms = (math.exp(k * math.log(middle) - middle - math.lgamma(k + 1)) for k in range(shape))
        low, high = (middle, high) if 1 - sum(terms) < probability else (low, middle)
    return low
