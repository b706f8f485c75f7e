"""The next rows, shared among the slices by what they are expected to bring. Pure.

Each slice has a belief about its learning curve (`slice_curves`). A part of the rows goes to the
slice whose overall gain for its cost is expected to be largest, and so on until all are given out:
the gains fall with the rows, so this is the best split. Expected is meant hopefully, as the mean of
the better half of what a curve may be, so that a slice of which little is known is tried before it
is given up; and every slice keeps a floor, so that none is forgotten.

Slice Tuner (Tae & Whang, SIGMOD 2021, "Slice Tuner: A Selective Data Acquisition Framework for
Accurate and Fair Machine Learning Models") poses the same question and answers it from one fitted
curve for each slice; `tests/bench/data_half.py` compares the two.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from forgemind_assets.brain.slice_curves import Curves, group_of
from forgemind_assets.brain.slice_points import Floats

FLOOR = 0.1
"""Least part of an even share that every slice gets. A training that goes on from an adapter sees
new rows alone, so this is also what keeps a slice from being forgotten; a hundredth of the old rows
was enough for that in Scialom et al. 2022 ("Fine-tuned Language Models are Continual Learners").
Five slices of the default goal at 7 of 7 fell to 72 % with 0.6 of an even share and to 76 % with
one (`tests/bench/targeted.py`): mostly luck that ran out, so that no more is kept for them."""

MOST = 6.0
"""Most that a slice gets, in even shares."""

HOPE = 0.5
"""Part of what a slice's curve may be, the better one, that its gain is taken from."""

PIECES = 20
"""Pieces that an even share is given out in."""

LEAST_PIECES, MOST_PIECES = round(FLOOR * PIECES), round(MOST * PIECES)


def divided(
    curves: Curves,
    budget: float,
    shares: Mapping[str, float],
    kept: Mapping[str, float] | None = None,
) -> Floats:
    """Rows to ask for of each slice, in the order of the slices: (slices,).

    Args:
        curves: what is believed of each slice.
        budget: rows in all.
        shares: how much of the suite each slice is (adds up to 1); a group of slices gets as much
            of the budget as it has of the suite.
        kept: rows that the filters leave of one asked for; 1 where it is not named. Rows of a slice
            of which few are kept are dearer by as much.
    """
    asked = np.zeros(len(curves.names))
    yields = np.array([(kept or {}).get(name, 1.0) for name in curves.names])
    for group in {group_of(name) for name in curves.names}:
        members = np.array([n for n, name in enumerate(curves.names) if group_of(name) == group])
        part = np.array([shares[curves.names[n]] for n in members])
        asked[members] = _in_group(curves, members, budget * part.sum(), part, yields[members])
    return asked


def _in_group(
    curves: Curves,
    members: NDArray[np.intp],
    budget: float,
    part: Floats,
    yields: Floats,
) -> Floats:
    """Rows for the slices of one group, which add up to `budget`."""
    even = budget * part / part.sum()
    worth = np.array(
        [
            _worth(curves, int(n), each * kept) * share / each
            for n, each, kept, share in zip(members, even, yields, part, strict=True)
        ]
    )
    taken, left = np.full(len(members), LEAST_PIECES), budget - LEAST_PIECES / PIECES * even.sum()
    places = np.argsort(-worth[:, LEAST_PIECES:].T.ravel(), kind="stable")
    for row in places % len(members):
        size = even[row] / PIECES
        if left >= size - 1e-9:
            taken[row] += 1
            left -= size
    found = taken / PIECES * even
    return found * (budget / found.sum()) if budget else found


def _worth(curves: Curves, n: int, even: float) -> Floats:
    """What each piece of an even share brings the slice in line `n`, the first one first."""
    rows = curves.rows[n] + np.arange(MOST_PIECES + 1) / PIECES * even
    worth = np.diff(curves.grid.mean(rows, _hoped(curves, n, even)))
    return np.minimum.accumulate(worth)  # against rounding: a curve's gains only fall


def _hoped(curves: Curves, n: int, more: float) -> Floats:
    """The better part of what a slice's curve may be, by what an even share would bring."""
    weights = curves.weights[n].ravel()
    order = np.argsort(-curves.gains(n, more).ravel(), kind="stable")
    before = np.cumsum(weights[order]) - weights[order]
    counted = np.zeros_like(weights)
    counted[order] = np.clip(HOPE - before, 0, weights[order]) / HOPE
    return counted.reshape(curves.weights[n].shape)
