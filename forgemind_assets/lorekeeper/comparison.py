"""Two iterations side by side: plan, data, settings, and the slices that rose and fell."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from forgemind_assets.brain.champion import Champion
from forgemind_assets.foundry.tables import slice_counts
from forgemind_assets.lorekeeper.store import Store
from forgemind_assets.partitions import split_trial, trial_key
from forgemind_assets.records import Plan, Record
from forgemind_assets.trial_grounds.report import Rate, Report, read_report

REPORTS = {"dev": "canary_report", "full": "benchmark_report", "adversarial": "adversarial_report"}


class Change(Record):
    """One value that differs; None where a side does not have it."""

    name: str
    before: Any = None
    after: Any = None


class SliceChange(Record):
    """One slice on both sides."""

    slice: str
    before: Rate
    after: Rate

    @property
    def points(self) -> float:
        """Change of the pass rate, -1 to 1."""
        return self.after.rate - self.before.rate

    @property
    def sentence(self) -> str:
        """For people and for evidence."""
        sides = [f"{side.passed} of {side.total}" for side in (self.before, self.after)]
        return f"{sides[0]} -> {sides[1]} ({100 * self.points:+.1f} points)"


class Side(Record):
    """One iteration by its leading trial, and what is compared of it."""

    iteration: str
    trial: str | None = Field(description="the champion or the best on dev; None if none is done")
    hypothesis: str
    settings: dict[str, Any]
    data: dict[str, Any]
    reports: dict[str, Report]


class Comparison(Record):
    """What differs between two iterations; what is the same is left out."""

    before: Side
    after: Side
    settings: tuple[Change, ...]
    data: tuple[Change, ...]
    rates: dict[str, SliceChange] = Field(description="suite: all of it, where both have a report")
    slices: dict[str, tuple[SliceChange, ...]] = Field(description="suite: most risen first")


def compare(before: Side, after: Side) -> Comparison:
    """Holds two sides against each other."""
    shared = [suite for suite in REPORTS if suite in before.reports and suite in after.reports]
    pairs = {suite: (before.reports[suite], after.reports[suite]) for suite in shared}
    return Comparison(
        before=before,
        after=after,
        settings=changes(before.settings, after.settings),
        data=changes(before.data, after.data),
        rates={
            suite: SliceChange(slice="all", before=old.overall, after=new.overall)
            for suite, (old, new) in pairs.items()
        },
        slices={suite: slice_changes(*pair) for suite, pair in pairs.items()},
    )


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """The values that differ, by name."""
    names = sorted(before.keys() | after.keys())
    return tuple(
        Change(name=name, before=before.get(name), after=after.get(name))
        for name in names
        if before.get(name) != after.get(name)
    )


def slice_changes(before: Report, after: Report) -> tuple[SliceChange, ...]:
    """The slices whose rate moved, most risen first; those of one report only are left out."""
    found = [
        SliceChange(slice=name, before=rate, after=after.slices[name])
        for name, rate in before.slices.items()
        if name in after.slices
    ]
    moved = [change for change in found if change.points]
    return tuple(sorted(moved, key=lambda change: (-change.points, change.slice)))


def read_side(store: Store, goal: str, iteration: str) -> Side:
    """Reads an iteration from the store. Raises StoreError where it has no plan."""
    plan = Plan.model_validate(store.read_json(goal, "plan", iteration, "plan.json"))
    names = [trial_key(iteration, trial.name) for trial in plan.trials]
    reports = {name: read_reports(store, goal, name) for name in names}
    leader = leading_trial(store, goal, iteration, reports)
    chosen = next((t for t in plan.trials if trial_key(iteration, t.name) == leader), None)
    settings = flat(plan.data.model_dump() if plan.data else {}, "data.")
    if chosen:
        training = chosen.training.model_dump() if chosen.training else {"": "none"}
        settings |= flat(training, "training.") | {"prompt_variant": chosen.prompt_variant}
    return Side(
        iteration=iteration,
        trial=leader,
        hypothesis=plan.hypothesis,
        settings=settings,
        data=read_data(store, goal, iteration),
        reports=reports.get(leader or "", {}),
    )


def leading_trial(
    store: Store, goal: str, iteration: str, reports: Mapping[str, Mapping[str, Report]]
) -> str | None:
    """The champion where it is of this iteration, else the best on dev (the first of equals, which
    went to the gate), else None.

    One that was stopped before it had been asked all of dev has fewer cases and does not count.
    """
    if store.exists(goal, "champion", iteration):
        text = store.read_json(goal, "champion", iteration, "champion.json")
        champion = Champion.model_validate(text).trial
        if split_trial(champion)[0] == iteration:
            return champion
    done = {name: own["dev"].overall for name, own in reports.items() if "dev" in own}
    most = max((rate.total for rate in done.values()), default=0)
    rates = {name: rate.rate for name, rate in done.items() if rate.total == most}
    return min(rates, key=lambda name: (-rates[name], name), default=None)


def read_reports(store: Store, goal: str, trial: str) -> dict[str, Report]:
    """The published reports of a trial, by suite."""
    return {
        suite: read_report(store.folder(goal, asset, trial))
        for suite, asset in REPORTS.items()
        if store.exists(goal, asset, trial)
    }


def read_data(store: Store, goal: str, iteration: str) -> dict[str, Any]:
    """The dataset's version and counts; empty where the iteration made none."""
    if not store.exists(goal, "filtered_dataset", iteration):
        return {}
    manifest = store.manifest(goal, "filtered_dataset", iteration)
    kept = store.folder(goal, "filtered_dataset", iteration) / "kept.parquet"
    counts = {
        f"rows of {one['slice']} by {one['strategy']}": one["row_count"]
        for one in slice_counts(kept)
    }
    wanted = ("rows_kept", "rows_rejected")
    found = {name: manifest.meta[name] for name in wanted if name in manifest.meta}
    return {"version": manifest.version[:16]} | found | counts


def flat(value: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """`{"a": {"b": 1}}` as `{"a.b": 1}`."""
    found: dict[str, Any] = {}
    for name, inner in value.items():
        if isinstance(inner, Mapping):
            found |= flat(inner, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}".rstrip(".")] = inner
    return found
