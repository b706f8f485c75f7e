"""The rows of `targeted.py`: from the goal's seeds, through its filters, so many of each slice."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from forgemind_assets.foundry.filters.base import Equipment
from forgemind_assets.foundry.pipeline import pipeline_for, run_filters
from forgemind_assets.foundry.strategies.base import shares
from forgemind_assets.foundry.strategies.seed_expansion import MAX_CHARS, expand
from forgemind_assets.foundry.tables import KEPT, read_rows
from forgemind_assets.goal import Goal
from forgemind_assets.goal_loading import load_seeds
from forgemind_assets.goal_terms import origins_of
from forgemind_assets.records import Row
from forgemind_assets.warden.terms import stated

SPARE = 1.3
"""Rows made for each that is wanted: the filters take some away, unlike many in each slice."""


def make_rows(
    goal: Goal,
    weights: Mapping[str, float],
    count: int,
    seed: int,
    taught: Sequence[Row] = (),
    tell: Callable[[str], None] = lambda what: None,
) -> list[Row]:
    """Exactly `count` rows that the goal's filters keep, spread over the slices by `weights`.

    A slice takes rows of `taught` first, then rewritten seeds (the strategy `seed_expansion`); of
    two calls with one seed, the one that wants fewer rows of a slice gets the first of the other's.
    Raises SystemExit where a slice cannot give what it should.
    """
    wanted = shares(weights, count)
    option = next((s.options for s in goal.spec.strategies if s.name == "seed_expansion"), {})
    tell(f"rewriting seeds to {round(SPARE * count)} rows")
    made = expand(
        load_seeds(goal),
        {name: int(SPARE * number) + 8 for name, number in wanted.items()},
        seed,
        int(option.get("max_chars", MAX_CHARS)),
    )
    tell("filtering")
    stated_rows = stated([*taught, *made], origins_of(goal.spec))
    kept = run_filters(stated_rows, pipeline_for(goal, Equipment())).kept
    by_slice: dict[str, list[Row]] = defaultdict(list)
    for row in kept:
        by_slice[row.slice].append(row)
    short = [n for n, number in wanted.items() if len(by_slice[n]) < number]
    if short:
        told = ", ".join(f"{n}: {len(by_slice[n])} of {wanted[n]}" for n in short)
        raise SystemExit(f"too few rows ({told}): give fewer --rows, or add seeds to {goal.folder}")
    return [row for name, number in wanted.items() for row in by_slice[name][:number]]


def taught_rows(home: Path, goal: str) -> list[Row]:
    """The rows that teachers wrote and the filters kept in the finished runs of a home folder."""
    files = sorted(home.glob(f"store/{goal}*/filtered_dataset/*/*/{KEPT}"))
    if not files:
        raise SystemExit(f"expected datasets in {home}/store/{goal}/filtered_dataset, found none")
    rows = [row for file in files for row in read_rows(file) if row.teacher is not None]
    return list({row.row_id: row for row in rows}.values())
