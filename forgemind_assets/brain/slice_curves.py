"""Learning curves of slices: what a slice's pass rate becomes with more rows, and how sure. Pure.

The pass rate of a slice that `n` rows were learned of is taken to be

    p(n) = ceiling - (ceiling - start) * (1 + n / half)^-steepness

a shifted power law with a ceiling, the form that learning curves of networks have (Hestness et al.
2017, "Deep Learning Scaling is Predictable, Empirically"; Viering & Loog 2022, "The Shape of
Learning Curves: a Review"). Slice Tuner (Tae & Whang, SIGMOD 2021) fits a power law to each slice
by itself. A dev slice of seven cases says too little for that: here every slice has a distribution
over one grid of such curves, and the slices of a group share what they have in common (empirical
Bayes over the grid, Laird 1978; partial pooling, Gelman & Hill 2007, chapter 12).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STARTS = (0.02, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
CEILINGS = (0.2, 0.35, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
"""Believed alike before anything is seen, but for a ceiling below the start."""

HALVES = tuple(2.0**k for k in range(-5, 7))
"""In units of the rows that a slice has on average at the first point."""

STEEPNESS = (0.5, 1.0, 2.0)

OWN_BELIEF = 4.0
"""What is believed of curves before any is seen weighs as much as this many slices."""

ROUNDS = 12
"""Of the estimate of what the slices of a group have in common; it hardly moves after that."""

ALIKE = 0.05
"""Intra-class correlation of a slice's cases in one training: another training on rows as good
moves them together. Measured over four runs of the default goal, whose first trainings differ in
the teacher's rows alone: 0.05 for its slices, 0.07 for its safe ones. Of 7 cases 5.4 count."""


@dataclass(frozen=True)
class Point:
    """What a slice had come to: rows that the model had learned of it, cases passed and asked."""

    rows: float
    passed: float
    total: float


@dataclass(frozen=True)
class Curves:
    """The grid of curves, and for each slice how probable each curve is.

    Attributes:
        names: of the slices, in the order of the lines of `weights`.
        grid: (curves, 4): start, ceiling, half (in rows), steepness.
        weights: (slices, curves), each line adds up to 1.
        rows: what each slice has so far.
    """

    names: tuple[str, ...]
    grid: Floats
    weights: Floats
    rows: Floats

    def rates(self, n: int, more: Floats) -> Floats:
        """Pass rates (len(more), curves) of the slice in line `n` after so many more rows."""
        return rate(self.grid, (self.rows[n] + more)[:, None])

    def gain(self, n: int, more: float) -> tuple[float, float, float]:
        """What the slice in line `n` gains by `more` rows: the mean, and the bounds of 80 %."""
        before, after = self.rates(n, np.array([0.0, more]))
        return mean_and_bounds(after - before, self.weights[n])

    def now(self, n: int) -> float:
        """The mean pass rate of the slice in line `n` as it is."""
        return float(self.rates(n, np.array([0.0]))[0] @ self.weights[n])


def rate(grid: Floats, rows: Floats) -> Floats:
    """The pass rates of all curves, in the last axis, after `rows` (which is broadcast)."""
    start, ceiling, half, steepness = grid.T
    return ceiling - (ceiling - start) * (1 + rows / half) ** -steepness


def mean_and_bounds(values: Floats, weights: Floats) -> tuple[float, float, float]:
    """Mean of a weighted sample, and the bounds between which 80 % of it lie."""
    order = np.argsort(values, kind="stable")
    ranks = np.cumsum(weights[order])
    at = np.minimum(np.searchsorted(ranks, (0.1, 0.9)), len(order) - 1)
    low, high = values[order[at]]
    return float(weights @ values), float(low), float(high)


def learned(
    points: Mapping[str, Sequence[Point]],
    design_effect: float = 1.0,
    rows_now: Mapping[str, float] | None = None,
) -> Curves:
    """The curves of slices, from what is known of each. Every slice needs a point.

    `rows_now` are those of the model that is trained on; without them, those of the last points.

    Slices `group/name` share what they have in common with their group alone: a training that makes
    a model quick to see a fault moves the safe slices one way and all others the other.
    """
    names = tuple(sorted(points))
    firsts = [points[name][0].rows for name in names]
    scale = max(1.0, float(np.mean(firsts)) if firsts else 1.0)
    grid = np.array(
        [
            (start, ceiling, half * scale, steepness)
            for start, ceiling, half, steepness in product(STARTS, CEILINGS, HALVES, STEEPNESS)
            if start <= ceiling
        ]
    )
    weights = np.zeros((len(names), len(grid)))
    for group in {group_of(name) for name in names}:
        members = [n for n, name in enumerate(names) if group_of(name) == group]
        fits = np.array([_log_fit(grid, points[names[n]], design_effect) for n in members])
        weights[members] = _pooled(fits)
    last = {name: points[name][-1].rows for name in names}
    rows = np.array([(rows_now or last).get(name, last[name]) for name in names], dtype=float)
    return Curves(names, grid, weights, rows)


def group_of(slice_name: str) -> str:
    """`safe` of `safe/CWE-22`; empty where a slice has no group."""
    return slice_name.rpartition("/")[0]


def _log_fit(grid: Floats, points: Sequence[Point], design_effect: float) -> Floats:
    """Log likelihood of one slice's points under each curve."""
    found = np.zeros(len(grid))
    for point in points:
        if not point.total:
            continue
        counted = 1 / (1 + (point.total - 1) * ALIKE) / design_effect
        rates = np.clip(rate(grid, np.array(point.rows)), 0.005, 0.995)
        failed = point.total - point.passed
        found += counted * (point.passed * np.log(rates) + failed * np.log1p(-rates))
    return found


def _pooled(fits: Floats) -> Floats:
    """How probable each curve is for each slice, when the slices tell of each other."""
    likely = np.exp(fits - fits.max(axis=1, keepdims=True))
    own = np.full(fits.shape[1], 1 / fits.shape[1])
    common = own
    weights = likely
    for _ in range(ROUNDS):
        weights = likely * common
        weights = weights / weights.sum(axis=1, keepdims=True)
        common = (OWN_BELIEF * own + weights.sum(axis=0)) / (OWN_BELIEF + len(fits))
    return weights
