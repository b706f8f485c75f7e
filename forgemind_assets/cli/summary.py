"""What a goal's history looks like: as records for scripts, as a table for people."""

from typing import Any

from rich import box
from rich.table import Table

from forgemind_assets.brain.champion import Champion
from forgemind_assets.goal import Goal
from forgemind_assets.lorekeeper.store import FORKED_FROM, Store
from forgemind_assets.partitions import trial_key
from forgemind_assets.records import Plan
from forgemind_assets.trial_grounds.report import read_report

SUITES = {"dev": "canary_report", "full": "benchmark_report", "adversarial": "adversarial_report"}


def history(goal: Goal, store: Store) -> list[dict[str, Any]]:
    """One entry for each trial of each iteration, oldest first."""
    entries = []
    for key in store.partitions(goal.name, "plan"):
        plan = Plan.model_validate(store.read_json(goal.name, "plan", key, "plan.json"))
        leader, origin = None, store.manifest(goal.name, "plan", key).meta.get(FORKED_FROM)
        if store.exists(goal.name, "champion", key):
            text = store.read_json(goal.name, "champion", key, "champion.json")
            leader = Champion.model_validate(text)
        for trial in plan.trials:
            name = trial_key(key, trial.name)
            entries.append(
                {
                    "iteration": key,
                    "trial": name,
                    "prompt": trial.prompt_variant,
                    "start_from": trial.training.start_from if trial.training else None,
                    "learning_rate": trial.training.learning_rate if trial.training else None,
                    "rows": rows_of(goal.name, store, name),
                    **{suite: rate_of(goal.name, store, a, name) for suite, a in SUITES.items()},
                    "seconds": seconds_of(goal.name, store, name),
                    "stopped": stopped_of(goal.name, store, name),
                    "champion": bool(leader and leader.trial == name),
                    "registered": version_of(goal.name, store, key, name),
                    "inherited_from": origin["goal"] if origin else None,
                    "hypothesis": plan.hypothesis,
                }
            )
    return entries


def rate_of(goal: str, store: Store, asset: str, trial: str) -> float | None:
    """Pass rate of one report, or None where there is none."""
    if not store.exists(goal, asset, trial):
        return None
    return read_report(store.folder(goal, asset, trial)).pass_rate


def stopped_of(goal: str, store: Store, trial: str) -> str | None:
    """Why a trial's race was ended early, or None."""
    for asset in ("adapter", "canary_report"):
        if store.exists(goal, asset, trial):
            found = store.manifest(goal, asset, trial).meta.get("cannot_win")
            if found:
                return found
    return None


def rows_of(goal: str, store: Store, trial: str) -> int | None:
    """Rows that an adapter was trained on."""
    if not store.exists(goal, "adapter", trial):
        return None
    return store.manifest(goal, "adapter", trial).meta.get("rows")


def seconds_of(goal: str, store: Store, trial: str) -> float:
    """Seconds of training and testing."""
    return sum(
        float(store.manifest(goal, asset, trial).meta.get("seconds", 0))
        for asset in ("adapter", *SUITES.values())
        if store.exists(goal, asset, trial)
    )


def version_of(goal: str, store: Store, iteration: str, trial: str) -> str | None:
    """The registered version, with a star where it became `stable`."""
    if not store.exists(goal, "registry_entry", iteration):
        return None
    entry = store.read_json(goal, "registry_entry", iteration, "entry.json")
    if entry["trial"] != trial or entry["version"] is None:
        return None
    return f"v{entry['version']}{' stable' if entry['promoted'] else ' candidate'}"


def constant_line(goal: Goal, store: Store) -> str | None:
    """What the same answer to every case of the gate would pass; None before any report."""
    trials = store.partitions(goal.name, "benchmark_report")
    if not trials:
        return None
    report = read_report(store.folder(goal.name, "benchmark_report", trials[-1]))
    return f"The best answer to give every time would pass {report.constant_rate:.1%} of full."


def table(goal: Goal, entries: list[dict[str, Any]], constant: str | None = None) -> Table:
    """The history for people; `constant` is told beneath it."""
    title = f"{goal.name}: goal {goal.spec.success.pass_rate:.0%} on full"
    view = Table(
        title=title,
        title_justify="left",
        caption=constant,
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    view.add_column("trial", no_wrap=True)
    view.add_column("from", no_wrap=True)
    for name in ("rows", "dev", "full", "advers.", "min"):
        view.add_column(name, justify="right", no_wrap=True)
    view.add_column("leads", no_wrap=True)
    view.add_column("registry", no_wrap=True)
    for entry in entries:
        view.add_row(
            entry["trial"],
            entry["start_from"] or entry["prompt"],
            number(entry["rows"]),
            *(percent(entry[suite]) for suite in SUITES),
            f"{entry['seconds'] / 60:.1f}",
            "yes" if entry["champion"] else "",
            entry["registered"] or ("inherited" if entry["inherited_from"] else ""),
        )
    return view


def percent(value: float | None) -> str:
    """`0.5` -> `50.0 %`."""
    return "-" if value is None else f"{value:.1%}"


def number(value: int | None) -> str:
    """A count, or a dash."""
    return "-" if value is None else str(value)
