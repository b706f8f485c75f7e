"""What rows are expected to bring: each slice, the whole suite, and for a dollar. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from forgemind_assets.brain.slice_curves import Curves, mean_and_bounds
from forgemind_assets.brain.slice_points import Floats

FINENESS = 10_000
"""Steps of the pass rate that the distribution of the whole gain is reckoned in."""


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
        found.append(Share(name, rows, left, times, curves.now(n), *curves.gain(n, left)))
    return tuple(found)


def overall(curves: Curves, shares: Sequence[Share], parts: Mapping[str, float]) -> Gain:
    """What all rows together are expected to bring on the whole suite.

    Given what the slices have in common, what each may be is independent of the others; so the
    distribution of the sum is that of one slice after another, convolved.
    """
    whole = np.ones(1)
    for n, one in enumerate(shares):
        gains = parts[one.slice] * curves.gains(n, one.kept).ravel()
        places = np.rint(np.maximum(0.0, gains) * FINENESS).astype(np.intp)
        whole = np.convolve(whole, np.bincount(places, weights=curves.weights[n].ravel()))
    _, low, high = mean_and_bounds(np.arange(len(whole)) / FINENESS, whole)
    return Gain(sum(parts[one.slice] * one.gain for one in shares), low, high)
