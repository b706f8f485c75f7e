"""Races: when a trial can no longer win, so that its training or its examination ends early. Pure.

The winner of an iteration is the trial that passes most of dev, the first by name among equals.
Two questions are asked of a trial that is under way. At a rung, a share of its training: is its
loss on held-out rows so far above the best one at the same rung that hardly any winner ever was?
Case by case, on dev: could it still pass as many cases as a rival? The first is a rule of thumb,
with margins measured on real trainings (`tests/bench/racing.py`); the second has an error bound.
"""

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence

from pydantic import Field

from forgemind_assets.records import Record

RUNGS = (0.25, 0.5, 1.0)
"""Shares of a training after which it is compared; after the last, before any case is asked."""

MARGINS = (0.4, 0.2, 0.5)
"""How much higher than the best a loss may be at each rung: this part of the best for each rival.

Of more rivals the best one is more often ahead by luck, or by a loss that fell early. In 24 real
trainings (`tests/bench/data/earlier_goal.parquet`) winners were up to twice as far behind after a
quarter as after half. How wide the first two are was settled by cost alone: as wide as a race of 3,
4 or 8 trainings of the table can afford within two thirds of the training steps. `racing.py
--halves` settles it so on one half of the table and counts the winners that are lost in the other.
The last one saves cases, no steps; it is what it was for three.
"""

BLOCK = 16
"""Cases that are asked between two looks."""

ALPHA = 0.05
"""Probability that the race case by case stops the trial that all of dev would have chosen."""


class Standing(Record):
    """What one trial has shown so far."""

    trial: str
    rungs: tuple[tuple[float, float], ...] = Field(
        default=(), description="(share of the training, loss on held-out rows)"
    )
    cases: dict[str, bool] = Field(default_factory=dict, description="dev case id -> passed")


class Beaten(Record):
    """Why a trial can no longer win, and the rival that it cannot win against."""

    by: str
    reason: str


def beaten_at_rung(
    own: Standing,
    rivals: Iterable[Standing],
    *,
    field: int,
    rungs: Sequence[float] = RUNGS,
    margins: Sequence[float] = MARGINS,
) -> Beaten | None:
    """Why a trial is out of the race at its newest rung; None while it is in it.

    Out is a trial whose loss is above the best one at the rung by more than the margin for a
    `field` of so many trials; the best one is never out. Rivals that have not come to the rung yet
    do not count, so nobody waits, as in Li et al. 2020 ("A System for Massively Parallel
    Hyperparameter Tuning"). Successive halving (Jamieson & Talwalkar 2016) would put out a fixed
    part of the field instead: it saves a known share of the steps, and puts out one of two equals
    as readily as one that is hopeless.
    """
    if not own.rungs or own.rungs[-1][0] not in rungs:
        return None
    share, loss = own.rungs[-1]
    known = {r.trial: at for r in rivals if (at := dict(r.rungs).get(share)) is not None}
    best = min(known, key=lambda trial: (known[trial], trial), default=None)
    margin = margins[list(rungs).index(share)] * (field - 1)
    if best is None or loss <= known[best] * (1 + margin):
        return None
    return Beaten(
        by=best,
        reason=f"cannot win: loss {loss:.3f} after {share:.0%} of its training, where {best} had "
        f"{known[best]:.3f}",
    )


def case_order(cases: Sequence[str], first: Iterable[str], seed: str) -> list[str]:
    """The ids of a race's cases in the order in which every trial answers them.

    Those of `first` (the canary) lead in their own order. The others follow in an order that the
    seed alone decides: that the cases asked so far are a random part of all is what
    `catch_up_chance` rests on, so each race should have a seed of its own.
    """
    lead = [case for case in first if case in set(cases)]
    rest = set(cases) - set(lead)
    return lead + sorted(rest, key=lambda c: hashlib.sha256(f"{seed}/{c}".encode()).digest())


def beaten_on_cases(
    own: Standing,
    rivals: Sequence[Standing],
    order: Sequence[str],
    fixed: int,
    *,
    field: int,
    alpha: float = ALPHA,
    block: int = BLOCK,
) -> Beaten | None:
    """Why a trial can no longer win on dev; None while it can, and where it has been asked all.

    Args:
        own: the trial that asks.
        rivals: the others, as far as they have come.
        order: ids of all cases in the order in which they are asked; the first `fixed` of them
            were not drawn by lot.
        fixed: see above.
        field: trials in the race.
        alpha: probability of stopping the trial that would have won; shared among the looks and
            the rivals, so that all its tests together err no more often (Bonferroni).
        block: cases between two looks.
    """
    if len(own.cases) == len(order):
        return None
    looks = math.ceil((len(order) - fixed) / block) - 1
    level = alpha / max(1, looks * (field - 1))
    for rival in rivals:
        shared = common(own, rival, order)
        if shared <= fixed:
            continue
        head = _net(own, rival, order[:fixed])
        gained = sum(own.cases[c] > rival.cases[c] for c in order[fixed:shared])
        lost = sum(own.cases[c] < rival.cases[c] for c in order[fixed:shared])
        needed = (0 if own.trial < rival.trial else 1) - head
        chance = catch_up_chance(gained, lost, len(order) - shared, needed)
        if chance <= level:
            how = "even if all others passed" if chance == 0 else f"chance at most {chance:.1g}"
            behind = -(head + gained - lost)
            return Beaten(
                by=rival.trial,
                reason=f"cannot win: {behind} cases behind {rival.trial} after {shared} of "
                f"{len(order)} ({how})",
            )
    return None


def common(own: Standing, rival: Standing, order: Sequence[str]) -> int:
    """How many cases from the start of the order both have answered."""
    for place, case in enumerate(order):
        if case not in own.cases or case not in rival.cases:
            return place
    return len(order)


def catch_up_chance(gained: int, lost: int, left: int, needed: int) -> float:
    """Largest probability of standing so far back, for a trial that ends `needed` cases ahead.

    Of the cases drawn so far `gained` were passed by this trial alone and `lost` by its rival
    alone; `left` are to come. Were there D cases in all on which the two differ, G of them gains,
    then the gains among those drawn would be hypergeometric, whichever cases they are and however
    alike, since their order was drawn by lot. The trial ends `needed` ahead where
    G - (D - G) >= `needed`. The probability of `gained` or fewer is taken at the smallest such G,
    where it is largest, and over D. 0 where the trial cannot get there even if it gains each case
    that is left.
    """
    drawn = gained + lost
    most = drawn + left
    # Where it needs no lead given, the chance grows with D but for its being odd or even.
    smallest = drawn if needed < 0 else max(drawn, most - 1)
    return max(_tail(gained, drawn, total, needed) for total in range(smallest, most + 1))


def _tail(gained: int, drawn: int, total: int, needed: int) -> float:
    """Probability of at most `gained` gains among `drawn` of `total` cases that differ."""
    gains = max(0, -(-(total + needed) // 2))
    if gains > total:
        return 0.0
    losses = total - gains
    least, most = max(0, drawn - losses), min(gained, gains)
    ways = sum(math.comb(gains, x) * math.comb(losses, drawn - x) for x in range(least, most + 1))
    return ways / math.comb(total, drawn)


def _net(own: Standing, rival: Standing, cases: Sequence[str]) -> int:
    return sum(int(own.cases[c]) - int(rival.cases[c]) for c in cases)


def winner(passed: Mapping[str, int]) -> str:
    """The trial with most passes, the first by name of equals. Raises ValueError without one."""
    return min(passed, key=lambda trial: (-passed[trial], trial))
