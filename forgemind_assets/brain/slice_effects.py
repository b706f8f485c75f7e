"""The ledger of effects: what each past change of the rows did to each slice. Pure.

One record an iteration, handed on from plan to plan, so that the history is known without being
read again. The rows of a slice are those that the model had learned from, those of the adapters
that it goes on from among them. It begins with the base model, at no rows. No effect is told
against that: what a base model fails at is mostly the form of the answer, which rows of any slice
teach.
"""

from collections.abc import Mapping, Sequence
from math import hypot

from pydantic import Field

from forgemind_assets.brain.slice_points import Point
from forgemind_assets.partitions import BASELINE
from forgemind_assets.records import Record
from forgemind_assets.trial_grounds.report import Rate
from forgemind_assets.trial_grounds.statistics import Interval, wilson_interval

# Iterations that are handed on, beside the baseline; enough for any curve.
NEWEST = 40


class SliceRecord(Record):
    """What the model of one iteration had learned from, and what it came to on dev.

    `own` and `rows` count the kept rows of each slice: this iteration's, and all that its best
    trial had learned from.
    """

    iteration: str
    start_from: str = Field(default="base", description="`base`, or the iteration it goes on from")
    own: dict[str, int] = Field(default_factory=dict)
    rows: dict[str, int] = Field(default_factory=dict)
    dev: dict[str, Rate] = Field(default_factory=dict)
    design_effect: float = Field(default=1.0, ge=1)
    expected: float = Field(
        default=0.0, description="points of dev that its rows were expected to bring, 0 to 1"
    )


class SliceEffect(Record):
    """What one iteration did to one slice, against the iteration that its model goes on from.

    The interval (95 %) takes the two results for independent. They are on the same cases, so it
    is too wide rather than too narrow.
    """

    iteration: str
    before: str
    slice: str
    rows: int = Field(description="rows that were added")
    change: float = Field(description="of the dev pass rate, -1 to 1")
    low: float
    high: float


def extended(
    past: Sequence[SliceRecord],
    iteration: str,
    own: Mapping[str, int],
    start_from: str,
    reused: Sequence[str],
    dev: Mapping[str, Rate],
    design_effect: float = 1.0,
    expected: float = 0.0,
) -> tuple[SliceRecord, ...]:
    """The ledger with one more iteration; `start_from` is `base` or an iteration's key."""
    known = {one.iteration: one for one in past}
    rows = dict(own)
    earlier = [known[key].own for key in reused if key in known]
    if start_from in known:
        earlier.append(known[start_from].rows)
    for counts in earlier:
        for name, count in counts.items():
            rows[name] = rows.get(name, 0) + count
    new = SliceRecord(
        iteration=iteration,
        start_from=start_from,
        own=dict(own),
        rows=rows,
        dev=dict(dev),
        design_effect=design_effect,
        expected=expected,
    )
    return with_baseline((*past, new)[-NEWEST:], next(iter(past), None))


def with_baseline(
    ledger: Sequence[SliceRecord], base: SliceRecord | None
) -> tuple[SliceRecord, ...]:
    """The ledger, with the record of the baseline before all others if it is one."""
    trained = tuple(one for one in ledger if one.iteration != BASELINE)
    return (base, *trained) if base and base.iteration == BASELINE else trained


def baseline(dev: Mapping[str, Rate], design_effect: float = 1.0) -> SliceRecord:
    """What the base model passes, at no rows."""
    return SliceRecord(
        iteration=BASELINE,
        rows=dict.fromkeys(dev, 0),
        dev=dict(dev),
        design_effect=design_effect,
    )


def points_of(ledger: Sequence[SliceRecord]) -> dict[str, list[Point]]:
    """The points of each slice that the newest record has, in their order.

    The last one has the rows of the model that leads, which is what more rows are added to.
    """
    names = ledger[-1].dev if ledger else {}
    return {
        name: [
            Point(
                one.rows.get(name, 0),
                one.dev[name].passed,
                one.dev[name].total,
                base=one.iteration == BASELINE,
            )
            for one in ledger
            if name in one.dev
        ]
        for name in names
    }


def effects(ledger: Sequence[SliceRecord]) -> tuple[SliceEffect, ...]:
    """What each iteration did to each slice, oldest first."""
    trained = with_baseline(ledger, None)
    known = {one.iteration: one for one in trained}
    found: list[SliceEffect] = []
    for number, now in enumerate(trained):
        default = trained[number - 1] if number else None
        before = known.get(now.start_from, default)
        if before is None or before is now:
            continue
        for name in sorted(now.dev.keys() & before.dev.keys()):
            change = change_of(before.dev[name], now.dev[name])
            added = now.rows.get(name, 0) - before.rows.get(name, 0)
            found.append(
                SliceEffect(
                    iteration=now.iteration,
                    before=before.iteration,
                    slice=name,
                    rows=added,
                    change=now.dev[name].rate - before.dev[name].rate,
                    low=change.low,
                    high=change.high,
                )
            )
    return tuple(found)


def effect_record(effect: SliceEffect) -> dict[str, str | int]:
    """An effect as one line of a table."""
    return {
        "slice": effect.slice,
        "against": effect.before,
        "rows_added": effect.rows,
        "points_of_dev": _points(effect),
    }


def told(effect: SliceEffect) -> str:
    """An effect in a few words."""
    return f"{_points(effect)} points with {effect.rows} more rows"


def _points(effect: SliceEffect) -> str:
    change, low, high = (100 * x for x in (effect.change, effect.low, effect.high))
    # `z`: what rounds to nothing is +0, never -0
    return f"{change:+z.0f} ({low:+z.0f} to {high:+z.0f})"


def change_of(before: Rate, now: Rate) -> Interval:
    """95 % interval of the difference of two pass rates.

    Source: Newcombe 1998 ("Interval Estimation for the Difference Between Independent Proportions",
    method 10), from the two Wilson intervals.
    """
    first, second = (wilson_interval(r.passed, r.total) for r in (before, now))
    change = now.rate - before.rate
    low = change - hypot(now.rate - second.low, first.high - before.rate)
    high = change + hypot(second.high - now.rate, before.rate - first.low)
    return Interval(max(-1.0, low), min(1.0, high))
