"""The measured effect of a source's rows on the slices of dev, or why it cannot be told.

A point is one slice in one iteration: the source's share of the slice's kept rows, and by how
much the slice's dev pass rate changed. What an iteration changed in all slices alike (learning
rate, epochs) is taken out by its mean; the slope of what is left is the effect. It is an
observation and no experiment: where the planner sends a source to slices that would have grown
anyway, the slope shows that too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from forgemind_assets.foundry.accounts import IterationAccounts, Source
from forgemind_assets.trial_grounds.binomial import student_quantile

# With fewer changes from one iteration to the next, one odd iteration decides the slope.
LEAST_ITERATIONS = 3
# A share that differs by less than this tells nothing: rows of the slice come from all alike.
LEAST_SPREAD = 0.01


@dataclass(frozen=True)
class Point:
    """One slice in one iteration: share 0 to 1, change of the dev pass rate -1 to 1."""

    iteration: str
    slice: str
    share: float
    change: float


@dataclass(frozen=True)
class Effect:
    """Change of a slice's dev pass rate if all its rows instead of none were the source's.

    Attributes:
        strategy, teacher: the source.
        iterations: iterations with a change that could be measured.
        points: slices in them.
        slope: None where it cannot be estimated; `reason` says why then.
        low, high: 95 % confidence interval of the slope (Student's t).
    """

    strategy: str
    teacher: str | None
    iterations: int
    points: int
    slope: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str = ""

    @property
    def told(self) -> str:
        """The effect in a few words, in points of dev pass rate per 10 % more of the rows."""
        if self.slope is None or self.low is None or self.high is None:
            return f"not estimable: {self.reason}"
        slope, low, high = (10 * x for x in (self.slope, self.low, self.high))
        return f"{slope:+.1f} points ({low:+.1f} to {high:+.1f}) per 10 % more of the rows"


def points_of(
    source: Source,
    iterations: Sequence[IterationAccounts],
    dev: Mapping[str, Mapping[str, float]],
    reused: Mapping[str, Sequence[str]],
) -> tuple[Point, ...]:
    """The points of a source.

    `dev` is iteration -> slice -> pass rate, in order, with those that had no data of their own
    (baselines); `reused` names earlier iterations whose rows were trained on again.
    """
    kept = {one.iteration: one.slices for one in iterations}
    found: list[Point] = []
    for before, now in pairwise(dev):
        if not kept.get(now):
            continue
        lines = [line for key in (now, *reused.get(now, ())) for line in kept.get(key, ())]
        for name in sorted(dev[now].keys() & dev[before].keys()):
            rows = [line for line in lines if line.slice == name]
            total = sum(line.kept for line in rows)
            if total:
                own = sum(r.kept for r in rows if (r.strategy, r.teacher) == source)
                change = dev[now][name] - dev[before][name]
                found.append(Point(now, name, own / total, change))
    return tuple(found)


def effect_of(source: Source, points: Sequence[Point], confidence: float = 0.95) -> Effect:
    """The slope over the points, with its interval."""
    grouped: dict[str, list[Point]] = {}
    for point in points:
        grouped.setdefault(point.iteration, []).append(point)
    count = len(grouped)
    empty = Effect(*source, iterations=count, points=len(points))
    if count < LEAST_ITERATIONS:
        return _without(empty, f"{count} iterations with a change, {LEAST_ITERATIONS} are needed")
    centred = [pair for group in grouped.values() for pair in _centred(group)]
    freedom = len(centred) - count - 1
    spread = sum(x * x for x, _ in centred)
    if freedom < 1 or (spread / len(centred)) ** 0.5 < LEAST_SPREAD:
        return _without(empty, "its share is the same in all slices")
    slope = sum(x * y for x, y in centred) / spread
    rest = sum((y - slope * x) ** 2 for x, y in centred)
    half = student_quantile((1 + confidence) / 2, freedom) * (rest / freedom / spread) ** 0.5
    return Effect(*source, count, len(points), slope, slope - half, slope + half)


def _centred(group: Sequence[Point]) -> Iterable[tuple[float, float]]:
    share, change = fmean(p.share for p in group), fmean(p.change for p in group)
    return [(p.share - share, p.change - change) for p in group]


def _without(effect: Effect, reason: str) -> Effect:
    return Effect(effect.strategy, effect.teacher, effect.iterations, effect.points, reason=reason)


def effects(
    iterations: Sequence[IterationAccounts],
    dev: Mapping[str, Mapping[str, float]],
    reused: Mapping[str, Sequence[str]],
) -> tuple[Effect, ...]:
    """The effect of every source that gave rows."""
    sources = {(a.strategy, a.teacher) for one in iterations for a in one.sources}
    return tuple(
        effect_of(source, points_of(source, iterations, dev, reused))
        for source in sorted(sources, key=str)
    )


def effect_record(effect: Effect) -> dict[str, str | int]:
    """An effect as one line of a table."""
    return {
        "strategy": effect.strategy,
        "teacher": effect.teacher or "-",
        "iterations": effect.iterations,
        "effect_on_dev_slices": effect.told,
    }
