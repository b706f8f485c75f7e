"""What trials say of a configuration that was not tried: a Gaussian process over the dials.

It holds three things at once: what is believed before any trial, what this goal's trials came to,
and what earlier goals' did. The belief is a shape with two slopes. Too little is learned where the
step is small or the steps are few; the training breaks where the step is large. The step of LoRA
is the learning rate times alpha over rank, and grows with the root of the rank (Kalajdzievski 2023,
"A Rank Stabilization Scaling Factor for Fine-Tuning with LoRA"), so these three are one dial first
and dials of their own only second. How far a training gets goes by its step times its steps.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forgemind_assets.brain.search.memory import PastTrial
from forgemind_assets.brain.search.space import Space, Values

Array = NDArray[np.float64]

HEIGHT = 0.45
"""Pass rate that the belief expects between its slopes, above that of a training that learns
nothing."""

REACH, REACH_WIDTH = -0.7, 0.6
"""Where half of it is learned: log of step x steps below the centre's, and how gently it rises."""

LIMIT, LIMIT_WIDTH = 1.1, 0.8
"""Where trainings begin to break: log of the step above the centre's, and how gently they do."""

MAIN, MAIN_LENGTHS = 0.16, (0.9, 1.1)
"""Pass rate by which step and steps may stray from the belief, and over how many nats."""

REST, REST_LENGTH = 0.10, 2.5
"""The same for all dials; the length is in spreads of their beliefs."""

OFFSET = 0.3
"""By how much goals differ: the standard deviation of their pass rates' level."""

KINSHIP = 0.8
"""How much of the strays from the belief two goals on one base model share."""

NOISE, STOPPED_NOISE = 0.05, 0.15
"""Standard deviation of a pass rate on dev between seeds; of what is guessed of a stopped trial."""


@dataclass(frozen=True)
class Point:
    """One thing that is known: a configuration, its pass rate, whose it is and how sure."""

    values: Values
    score: float
    goal: str = ""
    noise: float = NOISE


def points_of(past: Sequence[PastTrial]) -> list[Point]:
    """The trials as points.

    One that failed passes nothing. One that a race stopped is taken for as good as the worst that
    came to its end, since what it had come to does not compare with a pass rate.
    """
    worst: dict[str, float] = {}
    for trial in past:
        if trial.finished:
            score = trial.score or 0.0
            worst[trial.goal] = min(worst.get(trial.goal, score), score)
    return [
        Point(trial.values, trial.score or 0.0, trial.goal)
        if trial.finished or trial.score is None
        else Point(trial.values, worst.get(trial.goal, 0.0), trial.goal, STOPPED_NOISE)
        for trial in past
    ]


class Response:
    """The pass rate over the dials, as far as it is known."""

    def __init__(self, space: Space, points: Sequence[Point]) -> None:
        self._space, self._points = space, list(points)
        self._centre = _scales(space.centre)
        self._solve()

    def expect(self, points: Iterable[Values]) -> tuple[Array, Array]:
        """Expected pass rate of this goal, and its standard deviation, at each configuration."""
        asked = [Point(values, 0.0) for values in points]
        prior = self._belief(asked)
        own = np.full(len(asked), MAIN**2 + REST**2 + OFFSET**2)
        if not self._points:
            return prior, np.sqrt(own)
        across = self._kernel(asked, self._points)
        mean = prior + across @ self._weights
        half = np.linalg.solve(self._root, across.T)
        return mean, np.sqrt(np.maximum(own - (half**2).sum(axis=0), 1e-9))

    def suppose(self, values: Values) -> None:
        """Takes what is expected of a configuration for known.

        So the next one of the same plan stays at a distance (the kriging believer of Ginsbourger
        et al. 2010).
        """
        mean, _ = self.expect([values])
        self._points.append(Point(values, float(mean[0])))
        self._solve()

    def _solve(self) -> None:
        if not self._points:
            return
        noise = np.diag([point.noise**2 for point in self._points])
        self._root = np.linalg.cholesky(self._kernel(self._points, self._points) + noise)
        gap = np.array([point.score for point in self._points]) - self._belief(self._points)
        self._weights = np.linalg.solve(self._root.T, np.linalg.solve(self._root, gap))

    def _belief(self, points: Sequence[Point]) -> Array:
        scales = np.array([_scales(point.values) for point in points]) - self._centre
        step, steps = scales.reshape(-1, 2).T
        learned = 1 / (1 + np.exp(-(step + steps - REACH) / REACH_WIDTH))
        whole = 1 / (1 + np.exp((step - LIMIT) / (LIMIT_WIDTH / 2)))
        return HEIGHT * learned * whole

    def _kernel(self, one: Sequence[Point], other: Sequence[Point]) -> Array:
        main = _nearness(self._main(one), self._main(other))
        rest = _nearness(self._rest(one), self._rest(other))
        same = np.array([[a.goal == b.goal for b in other] for a in one], dtype=float)
        kin = KINSHIP + (1 - KINSHIP) * same
        return kin * (MAIN**2 * main + REST**2 * main * rest) + OFFSET**2 * same

    def _main(self, points: Sequence[Point]) -> Array:
        return np.array([_scales(point.values) for point in points]) / MAIN_LENGTHS

    def _rest(self, points: Sequence[Point]) -> Array:
        return np.array([self._space.at(point.values) for point in points]) / REST_LENGTH


def _scales(values: Values) -> tuple[float, float]:
    """Logs of the step and of the number of steps, each up to a constant."""
    rate, ratio = values.get("learning_rate", 1.0), values.get("alpha_ratio", 1.0)
    step = math.log(rate * ratio * math.sqrt(values.get("rank", 1.0)))
    return step, math.log(values.get("epochs", 1.0) / values.get("batch_size", 1.0))


def _nearness(one: Array, other: Array) -> Array:
    gaps = ((one[:, None, :] - other[None, :, :]) ** 2).sum(axis=-1)
    return np.exp(-0.5 * gaps)
