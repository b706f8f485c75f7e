"""How the next rows are spread over the slices, and the sentence that tells people why. Pure.

The ledger of effects says how each slice answered its rows, and they go where they are expected to
bring most (`slice_budget`). The first ones go by what the base model passes, in those groups where
that tells one slice from another. Without a ledger, as in a history from before there was one, they
go by the errors of the last dev result alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from forgemind_assets.brain.data_tack import KEPT_TACK, Tack, spread
from forgemind_assets.brain.slice_base import tells
from forgemind_assets.brain.slice_budget import divided
from forgemind_assets.brain.slice_curves import Curves, group_of, learned
from forgemind_assets.brain.slice_effects import (
    SliceRecord,
    baseline,
    extended,
    points_of,
    with_baseline,
)
from forgemind_assets.brain.slice_gain import Gain, Share, overall, shares_of
from forgemind_assets.brain.slice_points import Point
from forgemind_assets.brain.state import IterationState, Score, State
from forgemind_assets.partitions import BASELINE, split_trial
from forgemind_assets.records import DataSettings

# How strongly an error-prone slice is favoured where there is no ledger: weight 1 at no errors,
# 1 + this at all wrong. At 2.0, moved between groups too, a model that named a weakness everywhere
# became one that named none anywhere.
ERROR_WEIGHT = 0.5
# Rows asked for of a slice before what the filters keep of them is believed half.
KEPT_PRIOR = 20.0
LEAST_KEPT, MOST_KEPT = 0.25, 1.5
# A slice below this pass rate that nine in ten of its possible curves give less than that much for
# twice its rows is one that rows do not help.
PASSES, HARDLY = 0.8, 0.05
# With fewer results nothing is called in vain.
LEAST_POINTS = 3


@dataclass(frozen=True)
class Targets:
    """Weights of the slices (1.0 on average), and why, in words that follow "rows for".

    Attributes:
        gain: what the rows are expected to bring in all; None where nothing is believed of them.
        change: in a sentence, what is done otherwise than is believed; mostly nothing.
    """

    weights: dict[str, float]
    told: str
    shares: tuple[Share, ...] = ()
    gain: Gain | None = None
    change: str = ""


def targets(
    dev: Score,
    ledger: Sequence[SliceRecord],
    rows: int,
    last: DataSettings | None = None,
    leader: str | None = None,
    how: Tack = KEPT_TACK,
) -> Targets:
    """Where the next `rows` go, with the last plan and the trial that is trained on."""
    newest = ledger[-1] if ledger else None
    if newest is None or newest.dev.keys() != dev.slices.keys() or not any(newest.rows.values()):
        return Targets(slice_weights(dev), f"the weakest slices ({weakest(dev)})")
    at = split_trial(leader)[0] if leader else newest.iteration
    now = next((one.rows for one in ledger if one.iteration == at), newest.rows)
    curves, points, parts = _believed(dev, ledger, now)
    lost = [n for n in in_vain(curves) if sum(not p.base for p in points[n]) >= LEAST_POINTS]
    kept = yields(newest.own, last) if last else {}
    asked = dict(zip(curves.names, map(float, divided(curves, rows, parts, kept)), strict=True))
    asked = spread(asked, parts, how)
    found = shares_of(curves, np.array(list(asked.values())), parts, kept)
    weights = _weights(found, rows / len(dev.slices))
    return Targets(weights, _told(found, lost), found, overall(found, parts), how.told)


def first_targets(dev: Score, rows: int) -> Targets:
    """Where the first rows go, by what the base model passes; nothing is told of even ones."""
    even = slice_weights(dev, error_weight=0.0)
    ledger = (baseline(dev.slices, dev.design_effect),)
    aimed = {group for group, points in _by_group(points_of(ledger)).items() if tells(points)}
    if not aimed:
        return Targets(even, "")
    curves, _, parts = _believed(dev, ledger, {}, rows / len(dev.slices))
    found = shares_of(curves, divided(curves, rows, parts), parts, {})
    of_them = [one for one in found if group_of(one.slice) in aimed]
    weights = even | _weights(of_them, rows / len(dev.slices))
    return Targets(dict(sorted(weights.items())), _told(of_them, []), found)


def _believed(
    dev: Score,
    ledger: Sequence[SliceRecord],
    now: Mapping[str, int],
    scale: float | None = None,
) -> tuple[Curves, dict[str, list[Point]], dict[str, float]]:
    """The curves of the slices that dev has cases of, their points, and their parts of dev.

    A result that passed nothing, or all, saw nothing of how alike the cases of a family are.
    """
    telling = [one for one in ledger if tells(list(one.dev.values()))]
    design = max([1.0, *(one.design_effect for one in telling)])
    names = [name for name, rate in dev.slices.items() if rate.total]
    points = {n: p for n, p in points_of(ledger).items() if n in names}
    cases = sum(dev.slices[name].total for name in names)
    shares = {name: dev.slices[name].total / cases for name in names}
    return learned(points, design, now, scale), points, shares


def _weights(found: Sequence[Share], even: float) -> dict[str, float]:
    return dict(sorted((one.slice, round(one.rows / even, 3)) for one in found))


def _by_group(points: Mapping[str, Sequence[Point]]) -> dict[str, list[Point]]:
    found: dict[str, list[Point]] = {}
    for name, of in points.items():
        found.setdefault(group_of(name), []).extend(of)
    return found


def yields(own: Mapping[str, int], last: DataSettings) -> dict[str, float]:
    """Rows kept of one asked for, in each slice, relative to all; few rows say little."""
    total = sum(last.slice_weights.get(name, 1.0) for name in own)
    asked = {name: last.rows * last.slice_weights.get(name, 1.0) / total for name in own}
    usual = sum(own.values()) / max(1.0, sum(asked.values()))
    if not usual:
        return {}
    drawn = {n: (own[n] + KEPT_PRIOR * usual) / (asked[n] + KEPT_PRIOR) / usual for n in own}
    return {name: min(MOST_KEPT, max(LEAST_KEPT, value)) for name, value in drawn.items()}


def in_vain(curves: Curves) -> list[str]:
    """Slices that fail often and that twice their rows would hardly help.

    Told to people, who can change what rows alone do not; the split knows it from the curves.
    """
    return [
        name
        for n, name in enumerate(curves.names)
        if curves.now(n) < PASSES and curves.gain(n, float(curves.rows[n]))[2] < HARDLY
    ]


def _told(found: Sequence[Share], lost: Sequence[str], count: int = 3) -> str:
    most = sorted(found, key=lambda one: (-one.times, one.slice))[:count]
    named = ", ".join(
        f"{one.slice} {one.times:.1f} times an even share for {100 * one.gain:+z.0f} points "
        f"({100 * one.low:z.0f} to {100 * one.high:z.0f})"
        for one in most
    )
    told = f"the slices where they are expected to bring most ({named})"
    return f"{told}, hardly any hope in rows alone for {', '.join(lost)}," if lost else told


def known_slices(state: State) -> tuple[SliceRecord, ...]:
    """The ledger: what was handed on, and the tail's own iterations."""
    ledger = state.slices
    for it in state.iterations:
        if it.key == BASELINE and it.dev:
            ledger = with_baseline(ledger, baseline(it.dev.slices, it.dev.design_effect))
        elif all(one.iteration != it.key for one in ledger):
            ledger = with_iteration(ledger, it)
    return ledger


def with_iteration(ledger: tuple[SliceRecord, ...], it: IterationState) -> tuple[SliceRecord, ...]:
    """The ledger with an iteration, if that trained anything and has a dev result."""
    dev = it.dev
    if dev is None or it.plan is None or it.plan.data is None or not it.slice_rows:
        return ledger
    trial = next((t for t in it.plan.trials if t.name == it.winner), it.plan.trials[0])
    start = trial.training.start_from if trial.training else "base"
    return extended(
        ledger,
        it.key,
        it.slice_rows,
        start if start == "base" else split_trial(start)[0],
        it.plan.data.reuse_iterations,
        dev.slices,
        dev.design_effect,
        it.plan.rows_gain[0] if it.plan.rows_gain else 0.0,
    )


def slice_weights(dev: Score, error_weight: float = ERROR_WEIGHT) -> dict[str, float]:
    """Weight of each slice by its errors, 1.0 on average.

    A slice counts as often as dev has it, times 1 at no errors up to 1 + `error_weight` when all
    is wrong. The rate is smoothed by one passed and one failed case (Laplace), since a dev slice
    has few. Slices `group/name` share out what their group has in dev: were whole groups to grow
    with their errors, a model that is too quick to see a fault would be taught to see none.
    """
    mean = dev.overall.total / max(1, len(dev.slices))
    wanted = {
        name: rate.total * (1 + error_weight * (1 - (rate.passed + 1) / (rate.total + 2)))
        for name, rate in sorted(dev.slices.items())
    }
    weights = {}
    for group in {group_of(name) for name in wanted}:
        members = [name for name in wanted if group_of(name) == group]
        present = sum(dev.slices[name].total for name in members)
        scale = present / sum(wanted[name] for name in members) / mean
        weights |= {name: round(wanted[name] * scale, 3) for name in members}
    return dict(sorted(weights.items()))


def weakest(dev: Score, count: int = 3) -> str:
    """Names of the slices with the lowest pass rates."""
    ranked = sorted(dev.slices.items(), key=lambda item: (item[1].rate, item[0]))
    return ", ".join(f"{name} {rate.rate:.0%}" for name, rate in ranked[:count])
