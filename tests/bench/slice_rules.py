"""Rules that spread rows over slices, for `data_half.py`: ours, and those of others.

Each gets the same: for every iteration so far the rows that each slice had been taught and the dev
cases it passed, and gives the part of the next rows that each slice gets. What a rule looks at
within a group of slices it shares out within that group, as our planner does.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from slice_worlds import CASES, NAMES, SHARES, World

from forgemind_assets.brain.data_tack import KEPT_TACK, Tack, tack
from forgemind_assets.brain.slice_effects import SliceRecord
from forgemind_assets.brain.slice_gain import Gain
from forgemind_assets.brain.slice_plan import first_targets, slice_weights, targets
from forgemind_assets.brain.state import Score
from forgemind_assets.records import DataSettings
from forgemind_assets.trial_grounds.report import Rate


@dataclass(frozen=True)
class Seen:
    """One iteration: the parts and rows asked for, kept rows of each slice and in all, passes.

    No rows were asked for of the base model. `expected` is what the rule expected of the rows.
    """

    parts: np.ndarray
    asked: float
    own: np.ndarray
    rows: np.ndarray
    passed: np.ndarray
    expected: float = 0.0


Rule = Callable[[Sequence[Seen], float], "np.ndarray | tuple[np.ndarray, float]"]
"""Gives the parts, and may say by how much it expects the pass rate to grow with them."""


def uniform(seen: Sequence[Seen], budget: float) -> np.ndarray:
    """As often as dev has the slice."""
    return SHARES


def by_errors(seen: Sequence[Seen], budget: float) -> np.ndarray:
    """The planner's rule before: up to half as much again for a slice that is all wrong."""
    return _parts(slice_weights(_score(seen[-1].passed)))


def in_proportion(seen: Sequence[Seen], budget: float) -> np.ndarray:
    """Rows in proportion to the errors (smoothed by one pass and one failure)."""
    errors = SHARES * (1 - (seen[-1].passed + 1) / (CASES + 2))
    return _within_groups(errors)


def ours(seen: Sequence[Seen], budget: float) -> tuple[np.ndarray, float]:
    """The planner's rule."""
    return _with_mean(planned(seen, budget, tack))


def kept_tack(seen: Sequence[Seen], budget: float) -> tuple[np.ndarray, float]:
    """The planner's rule without its change of tack."""
    return _with_mean(planned(seen, budget, lambda _: KEPT_TACK))


def _with_mean(found: tuple[np.ndarray, Gain | None]) -> tuple[np.ndarray, float]:
    parts, gain = found
    return parts, gain.mean if gain else 0.0


def planned(
    seen: Sequence[Seen], budget: float, chosen: Callable[[Sequence[SliceRecord]], Tack]
) -> tuple[np.ndarray, Gain | None]:
    """Parts as the planner's weights give them, and the gain that it expects of them."""
    newest, dev = seen[-1], _score(seen[-1].passed)
    if not newest.asked:
        return _parts(first_targets(dev, round(budget)).weights), None
    ledger = tuple(
        SliceRecord(
            iteration=f"{number:04d}",
            own=_counts(one.own),
            rows=_counts(one.rows),
            dev=_score(one.passed).slices,
            expected=one.expected,
        )
        for number, one in enumerate(seen, 1 if seen[0].asked else 0)
    )
    last = DataSettings(
        rows=round(newest.asked),
        slice_weights=dict(zip(NAMES, map(float, newest.parts * 24), strict=True)),
    )
    aim = targets(dev, ledger, round(budget), last, how=chosen(ledger))
    return _parts(aim.weights), aim.gain


def slice_tuner(seen: Sequence[Seen], budget: float) -> np.ndarray:
    """Slice Tuner (Tae & Whang, SIGMOD 2021), with its fairness term left out (lambda = 0).

    A power law of each slice's error by weighted least squares on logarithms, more weight for more
    rows; then the split of the budget that minimises the sum of the laws, exactly. The original
    makes points by training on parts of the data; here every rule has the same points, one an
    iteration, and the base model's at no rows. With fewer than two it spreads evenly, as the
    original does to begin with.
    """
    if len(seen) < 2:
        return SHARES
    rows = np.array([one.rows for one in seen])
    errors = np.array([1 - (one.passed + 0.5) / (CASES + 1) for one in seen])
    x, y, weights = np.log(rows + 1), np.log(errors), rows + 1
    mean_x = (weights * x).sum(0) / weights.sum(0)
    mean_y = (weights * y).sum(0) / weights.sum(0)
    slope = (weights * (x - mean_x) * (y - mean_y)).sum(0)
    power = np.clip(-slope / np.maximum((weights * (x - mean_x) ** 2).sum(0), 1e-9), 0.01, 2.0)
    level = np.exp(mean_y + power * mean_x)
    parts = np.zeros(24)
    for group in (slice(0, 12), slice(12, 24)):
        own = budget * SHARES[group].sum()
        law = SHARES[group] * level[group] * power[group], power[group], rows[-1][group] + 1
        parts[group] = _filled(*law, own) / budget
    return parts


def slice_tuner_by_errors(seen: Sequence[Seen], budget: float) -> np.ndarray:
    """The same, but for the first rows, which go by the errors of what was seen first."""
    return in_proportion(seen, budget) if len(seen) < 2 else slice_tuner(seen, budget)


def _filled(steep: np.ndarray, power: np.ndarray, rows: np.ndarray, budget: float) -> np.ndarray:
    """Rows to add to each so that all that get some gain alike by the next (water-filling)."""
    low, high = -60.0, 60.0
    for _ in range(100):
        middle = (low + high) / 2
        wanted = np.exp((np.log(steep) - middle) / (power + 1))
        added = np.maximum(0.0, wanted - rows)
        low, high = (middle, high) if added.sum() > budget else (low, middle)
    return added * budget / max(added.sum(), 1e-9)


def oracle(world: World) -> Rule:
    """Knows the true responses, and takes the next rows one by one; it may not mix the groups."""

    def rule(seen: Sequence[Seen], budget: float) -> np.ndarray:
        rows, parts, pieces = seen[-1].rows.astype(float).copy(), np.zeros(24), 60
        for group in (np.arange(12), np.arange(12, 24)):
            own = SHARES[group].sum() / pieces
            for _ in range(pieces):
                # several steps ahead: an S-shaped response gives nothing for a first row
                ahead = [world.overall(rows + np.eye(24)[n] * 5 * own * budget) for n in group]
                best = group[int(np.argmax(ahead))]
                rows[best] += own * budget * world.kept[best]
                parts[best] += own
        return parts

    return rule


RULES: dict[str, Rule] = {
    "uniform": uniform,
    "errors_weighted": by_errors,
    "errors_in_proportion": in_proportion,
    "slice_tuner": slice_tuner,
    "slice_tuner_by_errors": slice_tuner_by_errors,
    "forgemind_kept_tack": kept_tack,
    "forgemind": ours,
}


def _score(passed: np.ndarray) -> Score:
    rates = {
        name: Rate(passed=int(n), total=int(total))
        for name, n, total in zip(NAMES, passed, CASES, strict=True)
    }
    overall = Rate(passed=int(passed.sum()), total=int(CASES.sum()))
    return Score(overall=overall, slices=rates)


def _counts(rows: np.ndarray) -> dict[str, int]:
    return {name: round(float(n)) for name, n in zip(NAMES, rows, strict=True)}


def _parts(weights: dict[str, float]) -> np.ndarray:
    return np.array([weights[name] for name in NAMES]) / 24


def _within_groups(wanted: np.ndarray) -> np.ndarray:
    parts = np.zeros(24)
    for group in (slice(0, 12), slice(12, 24)):
        parts[group] = wanted[group] / wanted[group].sum() * SHARES[group].sum()
    return parts
