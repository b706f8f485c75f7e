"""Worlds with known slice responses, for `data_half.py`: what a row of each slice brings is given.

Every world has the shape of the default goal's dev suite: twelve slices of 7 cases and twelve
`safe/` slices of 5, families of two or three. A response is p(n) = ceiling - (ceiling - start) *
exp(-n / pace) unless the world says otherwise; that is not the form that the planner fits. Of a
case's luck half stays from one training to the next, since the cases are the same; each training
also moves each group and each slice, as trainings of the default goal on rows as good do.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import norm

NAMES = tuple(f"{group}{number:02d}" for group in ("", "safe/") for number in range(12))
CASES = np.array([7] * 12 + [5] * 12)
SHARES = CASES / CASES.sum()
FAMILY_SIZES = {7: (3, 2, 2), 5: (2, 2, 1)}

BEHIND = 2
"""Slices of each group of twelve that are far behind, in the worlds that have such. After 9,000
rows the default goal has CWE-22 and CWE-327 at 50 and 64 % where the others of their group have
76 %, and safe/CWE-502 and safe/CWE-78 at 40 and 55 % where the others have 77 %."""

FAMILY_LUCK, CASE_LUCK = 0.1, 0.4
"""Parts of a case's luck that its family shares, and that stays its own; the rest is drawn anew."""

GROUP_SHIFT, SLICE_SHIFT = 0.25, 0.2
"""Standard deviations, on the probit scale, of what a training moves a group and a slice by."""

# Dev pass rates of the default goal after 3,000, 6,000 and 9,000 rows, over four finished runs of
# an earlier version (2026-11): 28 answers behind each figure of the first dozen, 20 of the second.
# fmt: off
MEASURED_FIRST = np.array([
    0.61, 0.82, 0.79, 0.82, 0.86, 0.75, 0.96, 0.79, 0.89, 0.93, 0.61, 0.82,
    0.55, 0.40, 0.20, 0.30, 0.10, 0.60, 0.45, 0.40, 0.70, 0.50, 0.50, 0.55,
])
# fmt: on
MEASURED_GROUPS = ((0.80, 0.74, 0.75), (0.44, 0.60, 0.72))
"""Mean of each group at the three points."""

MEASURED_ROWS = 125.0
"""Rows of a slice at the first point."""


@dataclass(frozen=True)
class World:
    """One drawn world.

    Attributes:
        start, ceiling, pace: of each slice's response.
        kept: rows that the filters leave of one that the teacher writes.
        shape: of the response, from 0 at no rows to 1.
        transfer: how much a row counts for each other slice of its group.
    """

    start: np.ndarray
    ceiling: np.ndarray
    pace: np.ndarray
    kept: np.ndarray
    shape: Callable[[np.ndarray], np.ndarray] = lambda x: 1 - np.exp(-x)
    transfer: float = 0.0

    def rates(self, rows: np.ndarray) -> np.ndarray:
        """The true pass rates after so many kept rows of each slice."""
        groups = rows.reshape(*rows.shape[:-1], 2, 12)
        others = (groups.sum(axis=-1, keepdims=True) - groups).reshape(rows.shape) / 11
        counted = rows + self.transfer * others
        return self.start + (self.ceiling - self.start) * self.shape(counted / self.pace)

    def overall(self, rows: np.ndarray) -> float:
        """The true pass rate of the whole suite."""
        return float(self.rates(rows) @ SHARES)


def behind(rng: np.random.Generator, count: int = BEHIND) -> np.ndarray:
    """Which slices are far behind: so many of each group."""
    chosen = np.zeros(24, bool)
    for group in (0, 12):
        chosen[group + rng.permutation(12)[:count]] = True
    return chosen


def gaps(rng: np.random.Generator) -> World:
    """A sixth of the slices is far behind; rows that cost nothing took the others to their end."""
    far = behind(rng)
    ceiling = np.where(far, rng.uniform(0.85, 0.98, 24), rng.uniform(0.93, 0.98, 24))
    return World(
        start=np.where(far, rng.uniform(0.05, 0.3, 24), ceiling - rng.uniform(0.0, 0.04, 24)),
        ceiling=ceiling,
        pace=np.where(far, rng.uniform(100, 300, 24), rng.uniform(20, 80, 24)),
        kept=np.ones(24),
    )


def halfway(rng: np.random.Generator) -> World:
    """A quarter of the slices is far behind, and the others too have something to win."""
    far = behind(rng, 3)
    return World(
        start=np.where(far, rng.uniform(0.05, 0.3, 24), rng.uniform(0.75, 0.92, 24)),
        ceiling=np.where(far, rng.uniform(0.85, 0.98, 24), rng.uniform(0.93, 0.98, 24)),
        pace=np.where(far, rng.uniform(100, 300, 24), rng.uniform(20, 80, 24)),
        kept=np.ones(24),
    )


def spread(rng: np.random.Generator) -> World:
    """All begin low and differ in pace as the safe slices of the default goal do: a tenfold."""
    return World(
        start=rng.uniform(0.0, 0.3, 24),
        ceiling=rng.uniform(0.75, 0.98, 24),
        pace=150 * np.exp(rng.normal(0, 0.7, 24)),
        kept=np.ones(24),
    )


def measured(rng: np.random.Generator) -> World:
    """The default goal: errors of each slice as measured, falling by a power of the rows.

    The power is that of the slice's group. Chance is put into the level of each slice anew, by the
    answers that stand behind it.
    """
    answers = np.repeat([28, 20], 12)
    level = 1 - rng.beta(MEASURED_FIRST * answers + 1, (1 - MEASURED_FIRST) * answers + 1)
    powers = [np.log((1 - g[0]) / (1 - g[2])) / np.log(3) for g in MEASURED_GROUPS]
    power = np.repeat(np.maximum(0.05, powers), 12)

    def falling(x: np.ndarray) -> np.ndarray:
        return 1 - (1 + x) ** -power

    start = np.clip(1 - level * 2**power, 0.0, 1.0)  # so that it is as measured at one pace
    pace = np.full(24, MEASURED_ROWS)
    return World(start, np.ones(24), pace, np.ones(24), shape=falling)


def alike(rng: np.random.Generator) -> World:
    """All slices are the same: nothing is to be won by choosing."""
    return World(np.full(24, 0.2), np.full(24, 0.95), np.full(24, 150.0), np.ones(24))


def hopeless(rng: np.random.Generator) -> World:
    """As `gaps`, but of two slices that are behind in a group one cannot be learned."""
    world = gaps(rng)
    far = np.flatnonzero(world.start < 0.5).reshape(2, BEHIND)
    ceiling = world.ceiling.copy()
    ceiling[far[:, 0]] = world.start[far[:, 0]] + 0.03
    return replace(world, ceiling=ceiling)


def late(rng: np.random.Generator) -> World:
    """As `gaps`, but a slice answers with an S: hardly at first, then quickly."""
    return replace(gaps(rng), shape=lambda x: 1 / (1 + np.exp(-6 * (x - 1))) - 1 / (1 + np.exp(6)))


def across(rng: np.random.Generator) -> World:
    """As `gaps`, but a row counts 0.3 for every other slice of its group."""
    return replace(gaps(rng), transfer=0.3 * 11)


def refused(rng: np.random.Generator) -> World:
    """As `gaps`, but the filters keep between a quarter and all of a slice's rows."""
    return replace(gaps(rng), kept=rng.uniform(0.25, 1.0, 24))


WORLDS: dict[str, Callable[[np.random.Generator], World]] = {
    "gaps": gaps,
    "halfway": halfway,
    "spread": spread,
    "measured": measured,
    "alike": alike,
    "hopeless": hopeless,
    "late": late,
    "across": across,
    "refused": refused,
}


class Dev:
    """A dev suite: the luck of its cases, and what a training comes to on them."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._slice = np.repeat(np.arange(24), CASES)
        families = [size for total in CASES for size in FAMILY_SIZES[int(total)]]
        luck = np.repeat(rng.normal(size=len(families)), families)
        own = rng.normal(size=len(self._slice))
        self._luck = np.sqrt(FAMILY_LUCK) * luck + np.sqrt(CASE_LUCK) * own

    def passed(self, rates: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Cases passed of each slice by one training whose true rates are these."""
        shift = np.repeat(rng.normal(0, GROUP_SHIFT, 2), 12) + rng.normal(0, SLICE_SHIFT, 24)
        wider = np.sqrt(1 + GROUP_SHIFT**2 + SLICE_SHIFT**2)  # so that the mean stays
        reach = norm.ppf(np.clip(rates, 1e-4, 1 - 1e-4)) * wider + shift
        fresh = np.sqrt(1 - FAMILY_LUCK - CASE_LUCK) * rng.normal(size=len(self._slice))
        right = self._luck + fresh < reach[self._slice]
        return np.bincount(self._slice, weights=right, minlength=24)
