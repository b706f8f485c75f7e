"""A change of tack for the rows, where what was believed of them brings nothing. Pure.

The curves of the slices and the worth of the sources say how the next rows are split. When the
newest iterations were split by them and dev did not move, that split is not tried once more: half
of the rows go as dev is, so that every curve is seen at more rows whatever is believed of it; the
requests are shared more evenly; and a slice that had many rows of these iterations and passes no
more for them gets no more than an even share until dev moves again. The ledger of effects is what
remembers this: it is read anew for each plan.

In simulated worlds (`tests/bench/data_half.py`, where `forgemind_kept_tack` goes without) this
costs a few rows where the beliefs are right and helps where slices answer late.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from forgemind_assets.brain.data_budget import EXPLORED
from forgemind_assets.brain.slice_curves import group_of
from forgemind_assets.brain.slice_effects import SliceRecord, with_baseline
from forgemind_assets.trial_grounds.report import Rate

STUCK = 3
"""Iterations in a row that brought nothing before the tack is changed. On 144 cases a standard
error is about 4 points: a loop that gains 2 points a turn, which is no plateau yet (`planner`),
would be taken for one after every second pair of turns, and seldom after three."""

EVEN = 0.5
"""Part of the rows, and of the requests, that goes evenly then."""

MANY = 1.5
"""Even shares from which on a slice counts as one that more rows were tried for."""


@dataclass(frozen=True)
class Idea:
    """More rows for one slice, which did not work.

    Attributes:
        slice: its name.
        times: rows that it had of the iterations since, in even shares.
        change: of its pass rate on dev in them, against the iteration before: 0 or less.
    """

    slice: str
    times: float
    change: float


@dataclass(frozen=True)
class Tack:
    """How the next rows are to be spread otherwise than is believed; as believed by default."""

    even: float = 0.0
    explored: float = EXPLORED
    ideas: tuple[Idea, ...] = ()
    since: str = ""
    expected: float = 0.0

    @property
    def told(self) -> str:
        """In a sentence; empty where the tack is kept."""
        if not self.since:
            return ""
        points = f"{100 * self.expected:+z.1f} points"
        hoped = f", where {points} were expected of their rows" if self.expected else ""
        told = (
            f"No iteration since {self.since} passed more of dev by more than chance{hoped}: "
            f"{self.even:.0%} of the rows go as dev is, and requests are shared more evenly"
        )
        named = ", ".join(
            f"{one.slice} ({one.times:.1f} times an even share, {100 * one.change:+z.0f} points)"
            for one in self.ideas
        )
        return f"{told}; more rows for {named} are not tried again." if named else f"{told}."


KEPT_TACK = Tack()


def tack(ledger: Sequence[SliceRecord]) -> Tack:
    """The tack for the next rows, by what the iterations so far came to on dev."""
    trained = with_baseline(ledger, None)
    trained = tuple(one for one in trained if one.dev.keys() == trained[-1].dev.keys())
    if not trained:
        return KEPT_TACK
    last = _last_gain(trained)
    before, since = trained[last], trained[last + 1 :]
    if len(since) < STUCK:
        return KEPT_TACK
    expected = sum(one.expected for one in since)
    return Tack(EVEN, EVEN, ideas(before, since), before.iteration, expected)


def ideas(before: SliceRecord, since: Sequence[SliceRecord]) -> tuple[Idea, ...]:
    """Slices that had many of the rows since `before`, and pass no more for them."""
    names = [name for name in sorted(before.dev) if all(name in one.dev for one in since)]
    rows = {name: sum(one.own.get(name, 0) for one in since) for name in names}
    found: list[Idea] = []
    for name in names:
        fellows = [other for other in names if group_of(other) == group_of(name)]
        cases = sum(before.dev[other].total for other in fellows)
        even = sum(rows[other] for other in fellows) * before.dev[name].total / max(1, cases)
        change = _together([one.dev[name] for one in since]).rate - before.dev[name].rate
        if even and rows[name] >= MANY * even and change <= 0:
            found.append(Idea(name, rows[name] / even, change))
    return tuple(found)


def spread(wanted: Mapping[str, float], shape: Mapping[str, float], how: Tack) -> dict[str, float]:
    """The rows that are `wanted` of each slice, spread as `how` says; each group keeps as many.

    `shape` is how much of dev each slice is. What ideas that did not work give up goes to the other
    slices of their group, as dev has them.
    """
    vain, found = {one.slice for one in how.ideas}, dict[str, float]()
    for group in {group_of(name) for name in wanted}:
        members = [name for name in wanted if group_of(name) == group]
        whole = sum(wanted[name] for name in members) / sum(shape[name] for name in members)
        even = {name: whole * shape[name] for name in members}
        mixed = {n: (1 - how.even) * wanted[n] + how.even * even[n] for n in members}
        others = sum(shape[name] for name in members if name not in vain)
        freed = sum(max(0.0, mixed[name] - even[name]) for name in members if name in vain)
        found |= {n: min(mixed[n], even[n]) if others else even[n] for n in vain & mixed.keys()}
        found |= {n: mixed[n] + freed * shape[n] / others for n in mixed.keys() - vain}
    return {name: found[name] for name in wanted}


def _last_gain(trained: Sequence[SliceRecord]) -> int:
    """The last iteration that passed more of dev than those before it by more than chance.

    By more than chance is by a standard error of its pass rate over the last one of that kind.
    """
    last = 0
    for number, one in enumerate(trained):
        if _whole(one).rate > _whole(trained[last]).rate + _error(one):
            last = number
    return last


def _error(record: SliceRecord) -> float:
    """Standard error of a dev result."""
    rate, cases = _whole(record).rate, max(1, _whole(record).total)
    return sqrt(rate * (1 - rate) * record.design_effect / cases)


def _whole(record: SliceRecord) -> Rate:
    return _together(list(record.dev.values()))


def _together(rates: Sequence[Rate]) -> Rate:
    return Rate(passed=sum(r.passed for r in rates), total=sum(r.total for r in rates))
