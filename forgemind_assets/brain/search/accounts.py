"""How the sources of candidates did: one account for the search's own and for an advisor's. Pure.

What a trial came to is compared with what was expected of its place: the pass rate that the
account of all trials (`response.py`) gave the best candidate that could have had it. So a source
that fills places with what promised less, and keeps that promise, is seen to have cost something.

Pass rates of one iteration have their data and their start in common, so an advisor's trials are
compared with the others of the same iteration, and the differences are added up. How far two
configurations stray from what is expected of them is taken from `response.py`, not from the few
differences seen.
"""

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from forgemind_assets.brain.search.memory import PastTrial
from forgemind_assets.brain.search.response import NOISE, REST
from forgemind_assets.records import SearchSource

ADVANTAGE = 0.1
"""Pass rate by which an advisor may be better or worse than the search, before anything is seen:
one standard deviation."""

FLOOR = 0.1
"""What an advisor keeps of its share however badly it did: it is asked again one time in ten, since
advice may come to fit where the data has changed. Asking less often costs less, and not at all
would be a judgement for ever on a handful of trials."""

PLANNER = "planner"
"""The source of a plan's first trial."""


def advised_by(advisor: str) -> str:
    """The source of what an advisor suggested; no other source has such a name."""
    return f"advisor {advisor}"


@dataclass(frozen=True)
class Standing:
    """What an advisor has earned.

    Attributes:
        trials: of its candidates that were tried.
        lead: pass rate by which they did better than the others of their iterations; None while
            none could be compared.
        kept: the part of its share that it has, `FLOOR` to 1.
    """

    trials: int
    lead: float | None
    kept: float


def gains(past: Iterable[PastTrial]) -> list[tuple[PastTrial, float]]:
    """Own trials of which something was expected, and what they came to beyond that.

    A failed one passes nothing. Of one that a race stopped no more is known than that it lies
    between that and the worst that came to its end: it counts as the middle of the two.
    """
    own = [trial for trial in past if not trial.goal]
    worst = min((trial.score or 0.0 for trial in own if trial.finished), default=0.0)
    return [
        (trial, _score(trial, worst) - trial.expected)
        for trial in own
        if trial.expected is not None
    ]


def _score(trial: PastTrial, worst: float) -> float:
    if trial.score is None:
        return 0.0
    return trial.score if trial.finished else worst / 2


def accounts(past: Iterable[PastTrial]) -> tuple[SearchSource, ...]:
    """One line for each source that has had a trial, in the order of their first."""
    found: dict[str, list[tuple[PastTrial, float]]] = {}
    for trial, gain in gains(past):
        found.setdefault(trial.source, []).append((trial, gain))
    return tuple(
        SearchSource(
            source=source,
            tried=len(of),
            failed=sum(not trial.finished for trial, _ in of),
            gain=round(math.fsum(gain for _, gain in of) / len(of), 4),
        )
        for source, of in found.items()
    )


def standing(past: Sequence[PastTrial], advisor: str) -> Standing:
    """What an advisor has earned with its trials so far.

    The part of its share that it keeps is twice the probability that it is at least as good as
    the others, at most 1: all of it while nothing speaks against it.
    """
    source, mine, lead, weight = advised_by(advisor), 0, 0.0, 0.0
    for trials in _by_iteration(past).values():
        own = [gain for trial, gain in trials if trial.source == source]
        others = [gain for trial, gain in trials if trial.source != source]
        mine += len(own)
        if own and others:
            certain = 1 / ((NOISE**2 + REST**2) * (1 / len(own) + 1 / len(others)))
            lead += certain * (math.fsum(own) / len(own) - math.fsum(others) / len(others))
            weight += certain
    if not weight:
        return Standing(mine, None, 1.0)
    surely = math.sqrt(weight + 1 / ADVANTAGE**2)
    chance = NormalDist().cdf(lead / surely)
    return Standing(mine, lead / weight, min(1.0, max(FLOOR, 2 * chance)))


def _by_iteration(past: Sequence[PastTrial]) -> Mapping[str, list[tuple[PastTrial, float]]]:
    found: dict[str, list[tuple[PastTrial, float]]] = {}
    for trial, gain in gains(past):
        found.setdefault(trial.name.rpartition("-")[0], []).append((trial, gain))
    return found


def places(share: float, others: int, past: Sequence[PastTrial], seed: int) -> int:
    """How many of the trials beside the first a share comes to; a part of one is drawn by lot.

    The same arguments give the same number.
    """
    wanted = share * others
    whole = math.floor(wanted + 1e-9)
    lot = random.Random(f"places/{seed}/{len(past)}").random()  # noqa: S311 - draws, not secrets
    return min(others, whole + (lot < wanted - whole))


def standing_line(advisor: str, found: Standing, share: float) -> str:
    """What an advisor has earned, in a sentence."""
    if found.lead is None:
        return ""
    word = "less" if found.lead < 0 else "more"
    several = "s" if found.trials > 1 else ""
    told = (
        f"The {found.trials} candidate{several} of {advisor} so far came to "
        f"{100 * abs(found.lead):.1f} points {word} than the trials beside them, against what "
        "was expected"
    )
    if found.kept == 1:
        return f"{told}."
    return f"{told}, so its share falls from {share:.0%} to {share * found.kept:.0%}."


TOLD = {
    "planner": "the planner's own",
    "belief": "from recipes",
    "earlier": "from what led before",
    "model": "from all past trials",
    "neighbour": "steps from the best",
    "far": "far from all tried",
}
"""What people read of a source; an advisor goes by its name."""


def source_record(one: SearchSource) -> dict[str, str]:
    """A source's account as a line of a table."""
    return {
        "source": TOLD.get(one.source, one.source),
        "tried": f"{one.tried}",
        "broke off": f"{one.failed}",
        "points against what was expected": f"{100 * one.gain:+.1f}",
    }


def sources_line(sources: Sequence[SearchSource]) -> str:
    """The account of all sources in one line."""
    return "; ".join(
        f"{TOLD.get(one.source, one.source)}: {one.tried} tried"
        + (f", {one.failed} of them broke off" if one.failed else "")
        + f", {100 * one.gain:+.1f} points against what was expected"
        for one in sources
    )
