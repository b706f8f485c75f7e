"""Reads what the Brain knows: runs by tag, and published artefacts. Only the tail is read."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import dagster as dg
from dagster import DagsterRunStatus, RunsFilter

from forgemind_assets.brain.champion import Champion
from forgemind_assets.brain.decide import races
from forgemind_assets.brain.fork import Fork
from forgemind_assets.brain.futility import WINDOW
from forgemind_assets.brain.state import (
    IterationState,
    Score,
    SourceRecord,
    State,
    Status,
    TrialState,
    Work,
    Yield,
)
from forgemind_assets.goal import Goal
from forgemind_assets.lorekeeper.store import Store
from forgemind_assets.partitions import iteration_key, iteration_number, trial_key
from forgemind_assets.records import Plan
from forgemind_assets.trial_grounds.report import read_report
from resources.approvals import GoalApprovals
from resources.forks import read_fork
from resources.ledger import Ledger
from resources.run_tags import (
    GOAL_TAG,
    INTERRUPTED_TAG,
    ITERATION_TAG,
    PHASE_TAG,
    TRIAL_TAG,
    UNFINISHED,
)
from resources.slice_ledger import read_ledger
from resources.stop_wishes import StopWishes
from resources.trial_memory import read_memory
from resources.workshop import Workshop

# The planner looks at the last result, the one before it, and the first.
TAIL = 4


def read_state(
    goal: Goal, instance: dg.DagsterInstance, workshop: Workshop, *, before: str | None = None
) -> State:
    """The tail of a goal's history; with `before`, only iterations earlier than that one."""
    fork = read_fork(workshop.store, goal.name)
    wish = StopWishes(workshop.home).wished(goal.name) if before is None else None
    asked = wish.sentence if wish else None
    newest = newest_iteration(goal.name, instance, fork)
    if before is not None:
        newest = iteration_key(iteration_number(before) - 1) if iteration_number(before) else None
    if newest is None:
        return State(fork=fork, stop_requested=asked)
    number = iteration_number(newest)
    keys = [iteration_key(n) for n in range(max(0, number - TAIL + 1), number + 1)]
    store, ledger = workshop.store, workshop.ledger()
    iterations = tuple(read_iteration(goal, instance, workshop, ledger, key) for key in keys)
    concluded = [it for it in iterations if it.champion]
    hours = champion_of(store, goal.name, concluded[-1].key).hours_used if concluded else 0.0
    memory = read_memory(store, goal.name, concluded[-1].key) if concluded else None
    return State(
        iterations=iterations,
        hours_used=hours,
        api_dollars=ledger.spent(goal.name, "api"),
        gpu_dollars=ledger.spent(goal.name, "gpu"),
        stop_requested=asked,
        path=leader_path(store, goal.name, newest, fork),
        past=memory.trials if memory else (),
        slices=read_ledger(store, goal.name, concluded[-1].key) if concluded else (),
        fork=fork,
    )


def leader_path(store: Store, goal: str, newest: str, fork: Fork | None) -> tuple[float, ...]:
    """Dev rate of the leader after the newest trained iterations of a line, as many as count."""
    last, begun = iteration_number(newest), iteration_number(fork.iteration) if fork else 0
    keys = [iteration_key(n) for n in range(max(begun + 1, last - WINDOW), last + 1)]
    done = (champion_of(store, goal, key) for key in keys if store.exists(goal, "champion", key))
    return tuple(one.leader_dev if one.leader else one.dev.rate for one in done)


def newest_iteration(
    goal: str, instance: dg.DagsterInstance, fork: Fork | None = None
) -> str | None:
    """The iteration of the newest preparing run; before the first, the one forked from, or None."""
    # The rarer tag first: Dagster's query walks all runs that have the first one.
    filters = RunsFilter(tags={PHASE_TAG: "prepare", GOAL_TAG: goal})
    runs = instance.get_runs(filters, limit=1)
    if runs:
        return runs[0].tags[ITERATION_TAG]
    return fork.iteration if fork else None


def read_iteration(
    contract: Goal, instance: dg.DagsterInstance, workshop: Workshop, ledger: Ledger, key: str
) -> IterationState:
    """One iteration, from its runs and artefacts."""
    goal, store = contract.name, workshop.store
    filters = RunsFilter(tags={ITERATION_TAG: key, GOAL_TAG: goal})  # the rarer first, see above
    runs = instance.get_runs(filters)
    plan = None
    if store.exists(goal, "plan", key):
        plan = Plan.model_validate(store.read_json(goal, "plan", key, "plan.json"))
    prepared = plan is not None and (
        plan.data is None or store.exists(goal, "filtered_dataset", key)
    )
    trials = {
        trial.name: read_trial(goal, store, trial_key(key, trial.name), runs, race=races(plan))
        for trial in (plan.trials if plan else ())
        if plan
    }
    yields, rows, slice_rows = read_yields(goal, store, key)
    concluded = store.exists(goal, "registry_entry", key)
    champion = champion_of(store, goal, key) if concluded else None
    return IterationState(
        key=key,
        plan=plan,
        prepare=work_of(runs, "prepare", prepared),
        trials=trials,
        conclude=work_of(runs, "conclude", concluded),
        champion=champion.trial if champion else None,
        champion_full=champion.full if champion else None,
        leader=(champion.leader or champion.trial) if champion else None,
        hours=champion.iteration_hours if champion else 0.0,
        yields=yields,
        sources=read_sources(goal, store, key),
        rows_kept=rows,
        slice_rows=slice_rows,
        api_dollars=ledger.spent(goal, "api", key),
        promote=work_of(runs, "promote", published=False),
        **(read_consent(contract, workshop, key) if concluded else {}),
    )


def read_consent(goal: Goal, workshop: Workshop, key: str) -> dict[str, Any]:
    """What people said of the version that waits for them, or the sealed suite, if one does."""
    entry = workshop.store.read_json(goal.name, "registry_entry", key, "entry.json")
    if entry.get("held_back"):
        return {"held_back": entry["reason"], "refuted": entry["held_back"] == "sealed"}
    if not entry.get("consent_missing"):
        return {}
    consent, review = GoalApprovals(goal, workshop).standing(entry["version"])
    return {"consent": consent, "review": review}


def champion_of(store: Store, goal: str, iteration: str) -> Champion:
    """The champion after an iteration."""
    return Champion.model_validate(store.read_json(goal, "champion", iteration, "champion.json"))


def read_trial(
    goal: str, store: Store, trial: str, runs: Sequence[dg.DagsterRun], *, race: bool
) -> TrialState:
    """One trial; it is finished when its last report is published or it was stopped before.

    The last report of one that races others is that on dev.
    """
    name = trial.rsplit("-", 1)[1]
    meta = {
        asset: store.manifest(goal, asset, trial).meta
        for asset in ("adapter", "canary_report")
        if store.exists(goal, asset, trial)
    }
    stopped = bool(meta.get("canary_report", {}).get("stopped"))
    race_meta = next((m for m in meta.values() if m.get("cannot_win")), {})
    cannot_win = race_meta.get("cannot_win", "")
    tested = store.exists(goal, "adversarial_report", trial)
    finished = tested or stopped or bool(cannot_win) or (race and "canary_report" in meta)
    own = [run for run in runs if run.tags.get(TRIAL_TAG) == name]
    return TrialState(
        work=work_of(own, "train", finished),
        test=work_of(own, "test", tested),
        stopped_by_canary=stopped,
        cannot_win=cannot_win,
        beaten_by=race_meta.get("beaten_by", ""),
        rungs=meta.get("adapter", {}).get("rungs", ()),
        dev=None if cannot_win else score_of(store, goal, "canary_report", trial),
        full=score_of(store, goal, "benchmark_report", trial),
        adversarial=score_of(store, goal, "adversarial_report", trial),
    )


def work_of(runs: Sequence[dg.DagsterRun], phase: str, published: bool) -> Work:
    """Status of one piece of work: what is published counts, then what is running."""
    own = [run for run in runs if run.tags.get(PHASE_TAG) == phase]
    status: Status = "none"
    if any(run.status in UNFINISHED for run in own):
        status = "running"
    elif published:
        status = "succeeded"
    elif own:
        status = "failed"
    failures = sum(
        run.status == DagsterRunStatus.FAILURE and INTERRUPTED_TAG not in run.tags for run in own
    )
    return Work(status=status, attempts=len(own), failures=failures)


def score_of(store: Store, goal: str, asset: str, trial: str) -> Score | None:
    """A report's rates, without its cases."""
    if not store.exists(goal, asset, trial):
        return None
    return Score.of(read_report(store.folder(goal, asset, trial)))


def read_yields(goal: str, store: Store, key: str) -> tuple[dict[str, Yield], int, dict[str, int]]:
    """What each strategy gave, and the rows kept: in all, and by slice."""
    if not store.exists(goal, "filtered_dataset", key):
        return {}, 0, {}
    meta = store.manifest(goal, "filtered_dataset", key).meta
    yields = {name: Yield.model_validate(entry) for name, entry in meta["yields"].items()}
    slices: Counter[str] = Counter()
    for line in meta.get("slice_sources", ()):
        slices[line["slice"]] += int(line["kept"])
    return yields, int(meta["rows_kept"]), dict(slices)


def read_sources(goal: str, store: Store, key: str) -> tuple[SourceRecord, ...]:
    """What the sources gave up to an iteration: one record holds it, whatever the history."""
    if not store.exists(goal, "filtered_dataset", key):
        return ()
    meta = store.manifest(goal, "filtered_dataset", key).meta
    return tuple(SourceRecord.model_validate(one) for one in meta.get("sources_so_far", ()))
