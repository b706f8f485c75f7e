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

from forgemind_assets.brain.slice_base import base_fit, likely, shifts, tells
from forgemind_assets.brain.slice_points import Floats, Point, counted

STARTS = (0.02, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
CEILINGS = (0.2, 0.35, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
"""Believed alike before anything is seen, but for a ceiling below the start."""

HALVES = tuple(2.0**k for k in range(-5, 7))
"""In units of the rows that a slice has on average at the first point."""

STEEPNESS = (0.5, 1.0, 2.0)

OWN_BELIEF = 4.0
"""What is believed of curves before any is seen weighs as much as this many slices."""

ROUNDS = 12
"""Of the estimate of what the slices of a group have in common; it hardly moves after that."""


@dataclass(frozen=True)
class Grid:
    """All curves that are thought possible: each pair of start and ceiling with each decay.

    Attributes:
        start, ceiling: (pairs, 1).
        half, steepness: (decays,), halves in rows.
    """

    start: Floats
    ceiling: Floats
    half: Floats
    steepness: Floats

    def left(self, rows: Floats) -> Floats:
        """What `rows` leave of the way from start to ceiling: (len(rows), decays), 1 to 0."""
        return (1 + rows[:, None] / self.half) ** -self.steepness

    def rates(self, rows: Floats) -> Floats:
        """The pass rates of all curves after `rows`: (len(rows), pairs, decays)."""
        return self.ceiling - (self.ceiling - self.start) * self.left(rows)[:, None, :]

    def mean(self, rows: Floats, weights: Floats) -> Floats:
        """Their mean by `weights` (pairs, decays), which need not add up to 1: (len(rows),)."""
        way = ((self.ceiling - self.start) * weights).sum(axis=0)
        return (self.ceiling * weights).sum() - self.left(rows) @ way


def grid_for(scale: float) -> Grid:
    """The curves where a slice has `scale` rows at its first point."""
    pairs = np.array([(s, c) for s, c in product(STARTS, CEILINGS) if s <= c])
    decays = np.array([(half * scale, steep) for half, steep in product(HALVES, STEEPNESS)])
    return Grid(pairs[:, :1], pairs[:, 1:], decays[:, 0], decays[:, 1])


@dataclass(frozen=True)
class Curves:
    """For each slice how probable each curve is.

    Attributes:
        names: of the slices, in the order of the first axis of `weights`.
        grid: the curves.
        weights: (slices, pairs, decays), each slice adds up to 1.
        rows: what each slice has so far.
    """

    names: tuple[str, ...]
    grid: Grid
    weights: Floats
    rows: Floats

    def gains(self, n: int, more: float) -> Floats:
        """What `more` rows bring the slice in line `n` under each curve: (pairs, decays)."""
        before, after = self.grid.rates(self.rows[n] + np.array([0.0, more]))
        return after - before

    def gain(self, n: int, more: float) -> tuple[float, float, float]:
        """What the slice in line `n` gains by `more` rows: the mean, and the bounds of 80 %."""
        return mean_and_bounds(self.gains(n, more).ravel(), self.weights[n].ravel())

    def gain_at(self, n: int, more: float, levels: Floats) -> Floats:
        """The quantiles of that gain at `levels`, each 0 to 1."""
        return quantiles(self.gains(n, more).ravel(), self.weights[n].ravel(), levels)

    def now(self, n: int) -> float:
        """The mean pass rate of the slice in line `n` as it is."""
        return float(self.grid.mean(self.rows[n : n + 1], self.weights[n])[0])


def mean_and_bounds(values: Floats, weights: Floats) -> tuple[float, float, float]:
    """Mean of a weighted sample, and the bounds between which 80 % of it lie."""
    low, high = quantiles(values, weights, np.array([0.1, 0.9]))
    return float(weights @ values), float(low), float(high)


def quantiles(values: Floats, weights: Floats, levels: Floats) -> Floats:
    """Quantiles of a weighted sample whose weights add up to 1: as many as `levels`."""
    order = np.argsort(values, kind="stable")
    ranks = np.cumsum(weights[order])
    return values[order[np.minimum(np.searchsorted(ranks, levels), len(order) - 1)]]


def learned(
    points: Mapping[str, Sequence[Point]],
    design_effect: float = 1.0,
    rows_now: Mapping[str, float] | None = None,
    scale: float | None = None,
) -> Curves:
    """The curves of slices, from what is known of each. Every slice needs a point.

    `rows_now` are those of the model that is trained on; without them, those of the last points.
    `scale` is what a slice has on average at its first point, or is about to get; without it, as
    the points have it.

    Slices `group/name` share what they have in common with their group alone: a training that makes
    a model quick to see a fault moves the safe slices one way and all others the other.
    """
    names = tuple(sorted(points))
    grid = grid_for(max(1.0, _usual_first(points) if scale is None else scale))
    weights = _of_groups(grid, [(group_of(name), points[name]) for name in names], design_effect)
    last = {name: points[name][-1].rows for name in names}
    rows = np.array([(rows_now or last).get(name, last[name]) for name in names], dtype=float)
    return Curves(names, grid, weights, rows)


def _usual_first(points: Mapping[str, Sequence[Point]]) -> float:
    """Rows that a slice has on average at its first point after a training."""
    trained = [[point.rows for point in of if not point.base] for of in points.values()]
    firsts = [rows[0] for rows in trained if rows]
    return float(np.mean(firsts)) if firsts else 0.0


def group_of(slice_name: str) -> str:
    """`safe` of `safe/CWE-22`; empty where a slice has no group."""
    return slice_name.rpartition("/")[0]


def _of_groups(
    grid: Grid, known: Sequence[tuple[str, Sequence[Point]]], design_effect: float
) -> Floats:
    """How probable each curve is for each slice, given as its group and its points.

    The groups share nothing but the shift of the base's results, which their fits together tell.
    """
    groups = sorted({group for group, _ in known})
    kinds, fits = shifts(len(groups)), list[dict[float, tuple[Floats, float]]]()
    evidence = np.zeros(len(kinds))
    for group, column in zip(groups, kinds.T, strict=True):
        fits.append(_in_group(grid, [p for g, p in known if g == group], design_effect, column))
        evidence += [fits[-1][shift][1] for shift in column]
    weights = np.zeros((len(known), len(grid.start), len(grid.half)))
    for group, column, found in zip(groups, kinds.T, fits, strict=True):
        members = [n for n, (of, _) in enumerate(known) if of == group]
        for shift, probable in zip(column, likely(evidence), strict=True):
            weights[members] += probable * found[shift][0]
    return weights


def _in_group(
    grid: Grid, known: Sequence[Sequence[Point]], design_effect: float, kinds: Floats
) -> dict[float, tuple[Floats, float]]:
    """For each shift of the base's results, what `_pooled` makes of one group with it."""
    fits = np.array([_log_fit(grid, points, design_effect) for points in known])
    bases = [next((point for point in points if point.base), None) for points in known]
    if not tells([point for point in bases if point]):
        return dict.fromkeys(kinds, _pooled(fits))
    return {
        shift: _pooled(fits + base_fit(grid.start, bases, shift, design_effect))
        for shift in set(kinds)
    }


def _log_fit(grid: Grid, points: Sequence[Point], design_effect: float) -> Floats:
    """Log likelihood of one slice's points after a training, under each curve: (pairs, decays)."""
    found = np.zeros((len(grid.start), len(grid.half)))
    for point in points:
        if point.base or not point.total:
            continue
        passed, failed = counted(point, design_effect)
        rates = np.clip(grid.rates(np.array([point.rows]))[0], 0.005, 0.995)
        found += passed * np.log(rates) + failed * np.log1p(-rates)
    return found


def _pooled(fits: Floats) -> tuple[Floats, float]:
    """How probable each curve is for each slice, when the slices tell of each other.

    And how well they fit together, as the logarithm of what they make of all that was seen.
    """
    most = fits.max(axis=(1, 2), keepdims=True)
    alone = np.exp(fits - most)
    flat = alone.reshape(len(fits), -1)
    own = 1 / flat.shape[1]
    common, seen = np.full(flat.shape[1], own), flat.mean(axis=1)
    for _ in range(ROUNDS - 1):
        shared = common * ((1 / seen) @ flat)  # all slices' weights together
        common = (OWN_BELIEF * own + shared) / (OWN_BELIEF + len(fits))
        seen = flat @ common
    weights = alone * common.reshape(fits.shape[1:]) / seen[:, None, None]
    return weights, float(most.sum() + np.log(seen).sum())
