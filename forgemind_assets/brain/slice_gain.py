"""What rows are expected to bring: each slice, the whole suite, and for a dollar. Pure.

The curves say well which slice gains more than another, and too little of how much: half of those
on their grid come to their end within the first rows. In 13 iterations of seven runs of the default
goal (2026-11) they promised 2.5 points of dev on average, and 6.4 came; in the worlds of
`tests/bench/gain_bounds.py` what came was 1.1 to 3.2 times what they said. So what is told is what
they say times a factor that is itself not sure. The split of the rows does not depend on it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from forgemind_assets.brain.slice_curves import Curves
from forgemind_assets.brain.slice_points import Floats

OFF, OFF_BY = 2.2, 2.0
"""The factor: log-normal about `OFF`, eight times in ten within `OFF_BY` times of it."""

LEVELS = (np.arange(20) + 0.5) / 20
SCALE = math.log(OFF_BY) / NormalDist().inv_cdf(0.9)
FACTORS = OFF * np.exp([SCALE * NormalDist().inv_cdf(level) for level in LEVELS])


@dataclass(frozen=True)
class Share:
    """What one slice gets, and what that is expected to do.

    Attributes:
        slice: its name.
        rows: rows asked for, of which `kept` are expected to get past the filters.
        times: rows over an even share of its group.
        now: expected pass rate as it is, 0 to 1.
        gain: by how much it is expected to grow, with the bounds of 80 %.
    """

    slice: str
    rows: float
    kept: float
    times: float
    now: float
    gain: float
    low: float
    high: float


@dataclass(frozen=True)
class Gain:
    """What the rows of an iteration are expected to bring on the whole suite, 0 to 1.

    Attributes:
        mean, low, high: of the true pass rate, with the bounds of 80 %. What chance one training
            and one suite have comes on top of that.
        dollars: what the teachers are expected to ask for the rows; None where nothing is paid.
    """

    mean: float
    low: float
    high: float
    dollars: float | None = None

    @property
    def told(self) -> str:
        """In a sentence."""
        points = f"{100 * self.mean:+z.1f} points of dev"
        bounds = f"80 % interval {100 * self.low:z.1f} to {100 * self.high:z.1f}"
        if not self.dollars:
            return f"The rows are expected to bring {points} ({bounds})."
        price = f"${self.dollars:.2f}" if self.dollars >= 0.01 else f"${self.dollars:.6f}"
        return (
            f"The rows are expected to bring {points} ({bounds}) for {price} of teachers, "
            f"{100 * self.mean / self.dollars:,.1f} points a dollar."
        )


def shares_of(
    curves: Curves, asked: Floats, parts: Mapping[str, float], kept: Mapping[str, float]
) -> tuple[Share, ...]:
    """What `asked` rows of each slice are expected to do, in the order of the slices.

    Args:
        curves: what is believed of each slice.
        asked: (slices,), rows asked for.
        parts: how much of the suite each slice is (adds up to 1).
        kept: rows that the filters leave of one asked for; 1 where it is not named.
    """
    budget, found = float(asked.sum()), list[Share]()
    for n, name in enumerate(curves.names):
        rows = float(asked[n])
        left = rows * kept.get(name, 1.0)
        times = rows / (budget * parts[name])
        found.append(Share(name, rows, left, times, curves.now(n), *gain_of(curves, n, left)))
    return tuple(found)


def gain_of(curves: Curves, n: int, more: float) -> tuple[float, float, float]:
    """What `more` rows bring the slice in line `n`: the mean, and the bounds of 80 %.

    No more than what it is believed to fail.
    """
    each = np.outer(FACTORS, curves.gain_at(n, more, LEVELS)).ravel()
    each = np.minimum(each, 1 - curves.now(n))
    low, high = np.quantile(each, (0.1, 0.9))
    return float(each.mean()), float(low), float(high)


def overall(shares: Sequence[Share], parts: Mapping[str, float]) -> Gain:
    """What all rows together are expected to bring on the whole suite.

    The bounds are those of slices that are all off the same way: what is not known yet is mostly
    how quickly rows help at all, and that is alike in all slices.
    """
    return Gain(
        mean=sum(parts[one.slice] * one.gain for one in shares),
        low=sum(parts[one.slice] * one.low for one in shares),
        high=sum(parts[one.slice] * one.high for one in shares),
    )
