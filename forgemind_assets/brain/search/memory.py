"""What the search remembers: past trials, the few of them it thinks with, and what did not work.

However long the history, a proposal is made from at most `WINDOW` trials: the best, the newest,
and some of the failures. The rest is read once, for these to be found.
"""

import heapq
import math
from collections.abc import Iterable, Sequence

from pydantic import Field

from forgemind_assets.brain.search.space import Space, Values
from forgemind_assets.records import Record

WINDOW = 96
"""Most trials that a proposal is made from."""

NEWEST_SHARE, FAILED_SHARE = 0.4, 0.2
"""Parts of the window that are kept for the newest trials, and for failed ones."""

PATIENCE = 6
"""Finished trials without a new best after which the search changes its tack."""

LEAST_GAIN = 0.005
"""Pass rate that a new best must win to count as one."""

NEAR = 0.35
"""Configurations closer than this (`Space.distance`) are one idea."""


class PastTrial(Record):
    """One trial that was run, however it ended.

    A trial that a race stopped has `share` below 1; its score is what it had come to by then. One
    that failed (the loss was not finite, the run broke) has no score.
    """

    name: str = Field(description="what people call it, such as `0003-b`")
    values: Values
    score: float | None = Field(default=None, description="pass rate on dev; None: it has none")
    share: float = Field(default=1.0, ge=0, le=1, description="of its training that was run")
    goal: str = Field(default="", description="an earlier goal's name; empty for this goal's own")
    continued: bool = Field(default=False, description="whether it went on from an adapter")
    source: str = Field(default="", description="as in its plan; empty where none was recorded")
    expected: float | None = Field(default=None, description="of its place, as in its plan")

    @property
    def finished(self) -> bool:
        """Whether it was trained to its end and has a score."""
        return self.score is not None and self.share >= 1


class Idea(Record):
    """A region that was tried and did not work."""

    values: Values
    sentence: str


def window(past: Sequence[PastTrial], limit: int = WINDOW) -> tuple[PastTrial, ...]:
    """At most `limit` trials, in their order: the best, the newest and the newest failures."""
    if len(past) <= limit:
        return tuple(past)
    newest, failures = int(limit * NEWEST_SHARE), int(limit * FAILED_SHARE)
    chosen = set(range(len(past) - newest, len(past)))
    lost = (i for i in reversed(range(len(past) - newest)) if past[i].score is None)
    chosen.update(i for i, _ in zip(lost, range(failures), strict=False))
    rest = [i for i in range(len(past)) if i not in chosen]
    room = limit - len(chosen)
    chosen.update(heapq.nlargest(room, rest, key=lambda i: _merit(past[i])))
    return tuple(past[i] for i in sorted(chosen))


def _merit(trial: PastTrial) -> tuple[float, float]:
    """Finished before stopped, later stopped before sooner, better before worse; failed last."""
    return (-1.0, 0.0) if trial.score is None else (trial.share, trial.score)


def best_of(past: Iterable[PastTrial]) -> PastTrial | None:
    """The best finished trial, the first of equals."""
    finished = [trial for trial in past if trial.finished]
    return max(finished, key=lambda trial: trial.score or 0.0, default=None)


def since_best(past: Sequence[PastTrial]) -> int:
    """Trials that were run after the last one that became the best, at a gain that counts."""
    best, since = float("-inf"), 0
    for trial in past:
        if trial.finished and (trial.score or 0.0) >= best + LEAST_GAIN:
            best, since = trial.score or 0.0, 0
        elif trial.finished or trial.share < 1 or trial.score is None:
            since += 1
    return since


def on_plateau(past: Sequence[PastTrial], patience: int = PATIENCE) -> bool:
    """Whether the last `patience` trials brought nothing."""
    return len(past) > patience and since_best(past) >= patience


def ideas_that_failed(past: Sequence[PastTrial]) -> tuple[Idea, ...]:
    """What is not tried again: broken trainings, and those far below the best of their goal.

    Far below is less than half of the best score. Those that a race stopped count by the score
    they had, and only where rivals stopped at the same share of the training did better.
    """
    found: list[Idea] = []
    best: dict[tuple[str, float], float] = {}
    for trial in past:
        if trial.score is not None:
            at = (trial.goal, trial.share)
            best[at] = max(best.get(at, 0.0), trial.score)
    for trial in past:
        if trial.score is None:
            found.append(Idea(values=trial.values, sentence=f"{trial.name}, which failed"))
        elif trial.score < best[trial.goal, trial.share] / 2:
            told = f"{trial.name}, which came to {trial.score:.0%}"
            found.append(Idea(values=trial.values, sentence=told))
    return tuple(found)


def nearest_idea(space: Space, values: Values, ideas: Iterable[Idea]) -> Idea | None:
    """The failed idea that these values would repeat, if any."""
    gaps = [(space.distance(values, idea.values), i, idea) for i, idea in enumerate(ideas)]
    gap, _, idea = min(gaps, default=(math.inf, 0, None))
    return idea if gap < NEAR else None
