"""The next iteration's teacher requests, shared among the sources of rows. Pure.

A source is a strategy with one of its teachers. What it is worth is the number of rows that the
filters keep of one request, over what a request costs: dollars, and seconds at the price of this
machine. Where all teachers are free, only seconds tell them apart, and their price cancels out.

The rows kept of a request are taken for Poisson counts with a Gamma prior, so that the expected
number is (prior rows + kept) / (prior requests + asked): few requests move it little. Part of the
requests is spread evenly, whatever is known, so that a new or an unlucky source is asked again.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from forgemind_assets.brain.state import IterationState, SourceRecord
from forgemind_assets.foundry.strategies.base import shares
from forgemind_assets.goal import GoalSpec

Source = tuple[str, str]
# What is thought of a source before it is asked: half a row (Jeffreys' prior of a Poisson rate),
# as sure as after one request.
PRIOR_ROWS, PRIOR_REQUESTS = 0.5, 1.0
# Part of the requests that is spread evenly.
EXPLORED = 0.2
# The rest goes by the worth to this power: the best split where the rows of one source bring what
# their number to the power of 2/3 says, each a little less than the one before.
SHARPNESS = 2.0
# Dollars of an hour of one's own machine, where the goal states no price: about what two cores
# cost to rent. It stands between a paid teacher and a free one that gives next to nothing.
MACHINE_HOUR_DOLLARS = 0.1
# A measured effect on dev at most doubles a source's worth, and at most quarters it.
MOST_WORTH, LEAST_WORTH = 2.0, 0.25


@dataclass(frozen=True)
class Budget:
    """Requests by source, and the sentence that tells people why; empty where nothing is told.

    `dollars` is what they are expected to cost; None where no teacher has a price.
    """

    requests: Mapping[Source, int]
    sentence: str = ""
    dollars: float | None = None

    @property
    def shares(self) -> dict[str, dict[str, float]]:
        """The requests as the plan holds them: strategy -> teacher -> its part."""
        found: dict[str, dict[str, float]] = {}
        for (strategy, teacher), count in self.requests.items():
            found.setdefault(strategy, {})[teacher] = float(count)
        return found


def budget(
    spec: GoalSpec, known: Sequence[SourceRecord], requests: int, explored: float = EXPLORED
) -> Budget:
    """The requests for the sources of a goal, by what all iterations so far say of them.

    `explored` is the part of them that is spread evenly.
    """
    records = {(one.strategy, one.teacher): one for one in known}
    sources = [(s.name, name) for s in spec.strategies for name in s.asked]
    found = [records.get(one, SourceRecord(strategy=one[0], teacher=one[1])) for one in sources]
    counts = divided(found, requests, machine_price(spec), explored)
    split, dollars = dict(zip(sources, counts, strict=True)), expected_dollars(found, counts)
    if len(found) < 2 or not any(one.asked for one in found):
        return Budget(split, dollars=dollars)
    return Budget(split, sentence(found, counts, paid=_any_paid(found)), dollars)


def expected_dollars(sources: Sequence[SourceRecord], requests: Sequence[int]) -> float | None:
    """What the teachers will ask for these requests; None where none of them ever asked anything.

    A source that was not asked yet counts as dear as all others together.
    """
    asked = sum(one.asked for one in sources)
    if not asked or not _any_paid(sources):
        return None
    usual = sum(one.dollars for one in sources) / asked
    each = [one.dollars / one.asked if one.asked else usual for one in sources]
    return sum(count * cost for count, cost in zip(requests, each, strict=True))


def machine_price(spec: GoalSpec) -> float:
    """Dollars of a second of the machine that embedded teachers run on."""
    return (spec.limits.gpu_dollars_per_hour or MACHINE_HOUR_DOLLARS) / 3600


def divided(
    sources: Sequence[SourceRecord],
    requests: int,
    second_dollars: float,
    explored: float = EXPLORED,
) -> list[int]:
    """Requests for each source: an even floor, and of the rest the more the more it is worth."""
    if not sources:
        return []
    count = len(sources)
    floor = min(requests // count, math.ceil(explored * requests / count))
    worth = worths(sources, second_dollars)
    weights = {str(n): (value / max(worth)) ** SHARPNESS for n, value in enumerate(worth)}
    rest = shares(weights, requests - floor * count)
    return [floor + rest.get(key, 0) for key in weights]


def worths(sources: Sequence[SourceRecord], second_dollars: float) -> list[float]:
    """Rows that each source is expected to give for what a request costs on average.

    The cost of a request is drawn towards that of all sources together, as the rows are towards
    their prior: one that was hardly asked counts as dear as the others. Costs are taken in units of
    that average, so that no amount is too small to divide by.
    """
    spent = [one.dollars + one.seconds * second_dollars for one in sources]
    asked = sum(one.asked for one in sources)
    usual = sum(spent) / asked if asked else 0.0
    found: list[float] = []
    for one, cost in zip(sources, spent, strict=True):
        evidence = PRIOR_REQUESTS + one.asked
        each = (PRIOR_REQUESTS + cost / usual) / evidence if usual > 0 else 1.0
        rows = (PRIOR_ROWS + one.kept) / evidence
        found.append(rows * effect_factor(one) / each)
    return found


def effect_factor(source: SourceRecord) -> float:
    """What a kept row counts: more or less than 1 only where its effect on dev is sure.

    The bound of the effect's interval that is nearer to none is what is added.
    """
    if source.effect_low is not None and source.effect_low > 0:
        return min(MOST_WORTH, 1 + source.effect_low)
    if source.effect_high is not None and source.effect_high < 0:
        return max(LEAST_WORTH, 1 + source.effect_high)
    return 1.0


def sentence(sources: Sequence[SourceRecord], requests: Sequence[int], *, paid: bool) -> str:
    """Why the requests are shared as they are, with the figures."""
    told = [_told(one, _name(one, sources), paid) for one in sources]
    # As many figures as there are names before them, in the same order.
    counts = ", ".join(str(count) for count in requests[:-1]) + f" and {requests[-1]}"
    return f"Kept rows a request: {', '.join(told)}; the next {sum(requests)} requests: {counts}."


def _told(one: SourceRecord, name: str, paid: bool) -> str:
    if not one.asked:
        return f"{name} not asked yet"
    cost = f"${one.dollars / one.asked:.6f}" if paid else f"{one.seconds / one.asked:.1f} s"
    told = f"{name} {one.kept / one.asked:.2f} ({one.kept} from {one.asked}, {cost} each"
    factor = effect_factor(one)
    return told + (f", counted {factor:.2f} times for its effect on dev)" if factor != 1 else ")")


def _name(one: SourceRecord, sources: Sequence[SourceRecord]) -> str:
    """The teacher where all have one strategy, the strategy where all have one teacher, or both."""
    if len({other.strategy for other in sources}) == 1:
        return one.teacher
    if len({other.teacher for other in sources}) == 1:
        return one.strategy
    return f"{one.strategy} by {one.teacher}"


def _any_paid(sources: Sequence[SourceRecord]) -> bool:
    return any(one.dollars > 0 for one in sources)


def even_shares(spec: GoalSpec) -> dict[str, float]:
    """Every strategy that asks nobody takes part; how much each can make is its own limit."""
    return {strategy.name: 1.0 for strategy in spec.strategies if not strategy.asked}


def strategy_shares(spec: GoalSpec, last: IterationState) -> tuple[dict[str, float], str]:
    """A strategy without a teacher whose rows mostly fall in the filters gets a smaller share."""
    shares, notes = even_shares(spec), []
    for name in shares:
        seen = last.yields.get(name)
        if seen is None or seen.made == 0:
            continue
        keep = seen.kept / seen.made
        shares[name] = round(max(0.25, keep), 3)
        if keep < 0.5:
            notes.append(f" {name} gets less: only {keep:.0%} of its rows were kept.")
    return shares, "".join(notes)
