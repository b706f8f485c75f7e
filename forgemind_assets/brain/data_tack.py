"""A change of tack for the rows, where what was believed of them brings nothing. Pure.

The curves of the slices and the worth of the sources say how the next rows are split. When the
newest iterations were split by them and dev did not move, that split is not tried once more: half
of the rows go as dev is, so that every curve is seen at more rows whatever is believed of it; the
requests are shared more evenly; and a slice that had many rows of these iterations and passes no
more for them gets no more than an even share until dev moves again. The ledger of effects is what
remembers this: it is read anew for each plan.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from forgemind_assets.brain.data_budget import EXPLORED
from forgemind_assets.brain.slice_curves import group_of
from forgemind_assets.brain.slice_effects import SliceRecord, with_baseline
from forgemind_assets.trial_grounds.report import Rate

STUCK = 2
"""Iterations in a row that brought nothing before the tack is changed; one may be bad luck."""

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

    @property
    def told(self) -> str:
        """In a sentence; empty where the tack is kept."""
        if not self.since:
            return ""
        told = (
            f"No iteration since {self.since} passed more of dev by more than chance, so that "
            f"{self.even:.0%} of the rows go as dev is and requests are shared more evenly"
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
    since = trained[last + 1 :]
    if len(since) < STUCK:
        return KEPT_TACK
    return Tack(EVEN, EVEN, ideas(trained[last], since), trained[last].iteration)


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
    """The rows that are `wanted` of each slice, with as many in each group, spread as `how` says.

    `shape` is how much of dev each slice is. What an idea that did not work gives up goes to the
    other slices of its group, as they have rows.
    """
    found = dict(wanted)
    for group in {group_of(name) for name in wanted}:
        members = [name for name in wanted if group_of(name) == group]
        whole = sum(wanted[name] for name in members) / sum(shape[name] for name in members)
        even = {name: whole * shape[name] for name in members}
        mixed = {n: (1 - how.even) * wanted[n] + how.even * even[n] for n in members}
        barred = {i.slice for i in how.ideas if mixed.get(i.slice, 0.0) > even.get(i.slice, 0.0)}
        freed = sum(mixed[name] - even[name] for name in barred)
        others = sum(mixed[name] for name in members if name not in barred)
        more = 1 + freed / others if others else 1.0
        for name in members:
            found[name] = even[name] if name in barred else mixed[name] * more
    return found


def _last_gain(trained: Sequence[SliceRecord]) -> int:
    """The last iteration that passed more of dev than those before it by more than chance.

    By more than chance is by a standard error of its pass rate over the last one of that kind.
    """
    last = 0
    for number, one in enumerate(trained):
        now, before = _whole(one), _whole(trained[last])
        error = sqrt(now.rate * (1 - now.rate) * one.design_effect / max(1, now.total))
        if now.rate > before.rate + error:
            last = number
    return last


def _whole(record: SliceRecord) -> Rate:
    return _together(list(record.dev.values()))


def _together(rates: Sequence[Rate]) -> Rate:
    return Rate(passed=sum(r.passed for r in rates), total=sum(r.total for r in rates))
