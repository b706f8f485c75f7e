"""What the base model's dev result says of the slices' learning curves. Pure.

The baseline is a point at no rows at all, and not always one of the curves that training walks. A
base model may fail for the form of its answers alone, which the first rows of any slice teach; or
it leans to one verdict, which passes one group of slices and fails the others. So what it passes of
a slice is, on the logit scale, the start of the slice's curve and a shift: none, or down by as much
in all groups (form), or up in one group and down in the others (a leaning). What comes later tells
which. Within a group the order of the slices stays; where the base passes nothing of a group, or
all of it, there is no order and nothing is learned.

And a base may know one slice for a reason of its own (it sees the same weakness in all code): that
much of the probability is left for a result that says nothing of its slice's curve, as in robust
regression (Box & Tiao 1968, "A Bayesian Approach to Some Outlier Problems").
"""

from collections.abc import Sequence

import numpy as np

from forgemind_assets.brain.slice_points import Floats, Point, counted
from forgemind_assets.trial_grounds.report import Rate

SIZES = np.array([1.0, 2.0, 4.0, 6.0])
"""Of a shift, on the logit scale; believed alike before anything is seen."""

NONE = 0.5
"""How probable it is that there is no shift; all others together make up the rest."""

ELSEWHERE = 0.1
"""How probable it is that a slice's base result says nothing of its curve."""


def tells(results: Sequence[Point | Rate]) -> bool:
    """Whether results of slices can tell one from another: neither none nor all passed."""
    passed = sum(one.passed for one in results)
    return 0 < passed < sum(one.total for one in results)


def shifts(groups: int) -> Floats:
    """The shifts that are thought possible, the first of them none: (kinds, groups)."""
    form = -np.tile(SIZES[:, None], groups)
    leaning = [SIZES[:, None] * (2 * one - 1) for one in np.eye(groups)] if groups > 1 else []
    return np.concatenate([np.zeros((1, groups)), form, *leaning])


def likely(evidence: Floats) -> Floats:
    """How probable each of the `shifts` is, by the logarithm of what it makes of all results."""
    believed = np.full(len(evidence), (1 - NONE) / (len(evidence) - 1))
    believed[0] = NONE
    found = believed * np.exp(evidence - evidence.max())
    return found / found.sum()


def base_fit(
    start: Floats, points: Sequence[Point | None], shift: float, design_effect: float
) -> Floats:
    """Log likelihood of a group's base results under each curve: (slices, pairs, 1).

    `start` (pairs, 1) are the starts of the curves; a slice without a result says nothing.
    """
    rates = 1 / (1 + (1 / start - 1) * np.exp(-shift))
    found = np.zeros((len(points), *start.shape))
    for n, point in enumerate(points):
        if point is not None and point.total:
            passed, failed = counted(point, design_effect)
            fits = rates**passed * (1 - rates) ** failed
            found[n] = np.log((1 - ELSEWHERE) * fits + ELSEWHERE * fits.mean())
    return found
