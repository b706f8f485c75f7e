"""A goal whose trials are made of paper: the real Brain, store and drivers, and no model.

A trial's pass rate follows from its name alone. Everything that a tick or a run leaves behind is
left behind by the real code; a loop takes seconds, so that it can be killed hundreds of times.
"""

import json
import time
from pathlib import Path

import dagster as dg
from fakes.goal_folder import write_goal
from fakes.installation import Installation
from fakes.tiny_model import write_catalogue

import forgemind_assets.brain.assets as brain_assets
from forgemind_assets.foundry.tables import write_rejected, write_rows
from forgemind_assets.goal import Goal
from forgemind_assets.goal_loading import load_goal
from forgemind_assets.keys import GoalKeys
from forgemind_assets.partitions import split_trial
from forgemind_assets.records import TestResult
from forgemind_assets.trial_grounds.report import Report, summarise, write_report
from resources.race import open_race
from resources.runs import PHASES, job_name
from resources.workshop import Workshop
from sensors.brain import build_brain_sensor

CASES = 40


def paper_goal(folder: Path, name: str = "small_goal", *, trials: int, iterations: int) -> Goal:
    """Writes the goal; its base model is named and never loaded."""
    changes = {
        "name": name,
        "limits.base_model": "tiny",
        "limits.max_iterations": iterations,
        "strategies": [{"name": "seed_expansion"}],
        "teachers": [],
        "search": {"rows": 24, "trials": trials},
    }
    return load_goal(write_goal(folder / name, changes))


def install_paper(
    folder: Path, instance, environment, *, trials=2, iterations=1, doomed=""
) -> Installation:
    """An installation with one such goal. `environment` is pytest's monkeypatch.

    The trial `doomed` is far ahead at its first rung, and breaks off there each time.
    """
    prepare_environment(folder, environment.setenv)
    goal = paper_goal(folder, trials=trials, iterations=iterations)
    workshop = Workshop(home_root=str(folder / "home"), models_root=str(folder / "models"))
    return Installation(goal, workshop, paper_definitions(goal, workshop, doomed), instance)


def prepare_environment(folder: Path, setenv) -> None:
    catalogue = write_catalogue(folder / "c.yaml", "tiny", folder / "no-model")
    setenv("FORGEMIND_CATALOGUE", str(catalogue))
    setenv("FORGEMIND_HOME", str(folder / "home"))
    setenv("FORGEMIND_MODELS", str(folder / "models"))


def strength(trial: str) -> int:
    """Of CASES, how many a trial passes: later iterations and letters nearer to `b` pass more."""
    iteration, name = split_trial(trial)
    return min(CASES, 10 + 4 * int(iteration) - 2 * abs(ord(name) - ord("b")))


def results_of(trial: str, suite: str) -> list[TestResult]:
    return [
        TestResult(
            case_id=f"{suite}{i}", family=f"f{i}", slice="CWE-89", prompt="p", answer="a",
            passed=i < strength(trial), reason="right_label",
        )
        for i in range(CASES)
    ]  # fmt: skip


def report_of(
    goal: Goal, workshop: Workshop, trial: str, results: list[TestResult], suite: str
) -> Report:
    return summarise(
        results, goal=goal.name, suite=suite, suite_hash="h", model=trial,
        model_hash=workshop.store.manifest(goal.name, "adapter", trial).version,
        prompt_variant="short",
    )  # fmt: skip


def paper_definitions(goal: Goal, workshop: Workshop, doomed: str = "") -> dg.Definitions:
    keys = GoalKeys(goal.name)
    assets = [*brain_assets.build_assets(goal, keys), *paper_assets(goal, keys, doomed)]
    jobs = [
        dg.define_asset_job(
            job_name(goal.name, phase),
            selection=dg.AssetSelection.assets(*[keys.key(name) for name in names]),
            executor_def=dg.in_process_executor,
        )
        for phase, names in PHASES.items()
    ]
    sensor = build_brain_sensor(goal, jobs, seconds=1)
    return dg.Definitions(
        assets=assets, jobs=jobs, sensors=[sensor], resources={"workshop": workshop}
    )


def paper_assets(goal: Goal, keys: GoalKeys, doomed: str = "") -> list:
    iterations = {"partitions_def": keys.iterations, "key_prefix": [goal.name]}
    trials = {"partitions_def": keys.trials, "key_prefix": [goal.name]}

    @dg.asset(deps=[keys.key("plan")], **iterations)
    def raw_dataset(context: dg.AssetExecutionContext, workshop: Workshop) -> None:
        with workshop.store.publish(goal.name, "raw_dataset", context.partition_key, {}) as folder:
            (folder / "paper").write_text("")

    @dg.asset(deps=[raw_dataset], **iterations)
    def filtered_dataset(context: dg.AssetExecutionContext, workshop: Workshop) -> None:
        meta = {"yields": {}, "rows_kept": 0, "rows_rejected": 0}
        key = context.partition_key
        with workshop.store.publish(goal.name, "filtered_dataset", key, meta) as folder:
            write_rows([], folder / "kept.parquet")
            write_rejected([], folder / "rejected.parquet")

    @dg.asset(deps=[keys.across("plan")], **trials)
    def adapter(context: dg.AssetExecutionContext, workshop: Workshop) -> None:
        trial = context.partition_key
        race, meta = open_race(goal, workshop, trial), {"seconds": 1.0}
        if race:
            loss = 0.01 if trial == doomed else 1 - strength(trial) / CASES
            by, why = race.at_rung(0.5, loss)
            meta |= {"cannot_win": why, "beaten_by": by} if by else {}
        if trial == doomed:
            raise RuntimeError("No space left on device")
        with workshop.store.publish(goal.name, "adapter", trial, meta) as folder:
            (folder / "weights").write_text(trial)

    @dg.asset(deps=[adapter], output_required=False, **trials)
    def canary_report(context: dg.AssetExecutionContext, workshop: Workshop) -> None:
        trial = context.partition_key
        if workshop.store.manifest(goal.name, "adapter", trial).meta.get("cannot_win"):
            return
        results, race = results_of(trial, "dev"), open_race(goal, workshop, trial)
        if race:
            passed = {r.case_id: bool(r.passed) for r in results}
            race.after(passed, list(passed), 0)
        publish(goal, workshop, "canary_report", trial, "dev")

    @dg.asset(deps=[canary_report], **trials)
    def benchmark_report(context: dg.AssetExecutionContext, workshop: Workshop) -> None:
        publish(goal, workshop, "benchmark_report", context.partition_key, "full")

    @dg.asset(deps=[benchmark_report], **trials)
    def adversarial_report(context: dg.AssetExecutionContext, workshop: Workshop) -> None:
        publish(goal, workshop, "adversarial_report", context.partition_key, "adversarial")

    @dg.asset(deps=[keys.key("champion")], **iterations)
    def registry_entry(context: dg.AssetExecutionContext, workshop: Workshop) -> None:
        key = context.partition_key
        with workshop.store.publish(goal.name, "registry_entry", key, {}) as folder:
            entry = {"trial": f"{key}-a", "version": None, "promoted": False}
            (folder / "entry.json").write_text(json.dumps(entry))

    return [
        raw_dataset, filtered_dataset, adapter, canary_report, benchmark_report,
        adversarial_report, registry_entry,
    ]  # fmt: skip


def publish(goal: Goal, workshop: Workshop, asset: str, trial: str, suite: str) -> None:
    results = results_of(trial, suite)
    meta = {"seconds": 1.0, "at": time.time()}
    with workshop.store.publish(goal.name, asset, trial, meta) as folder:
        write_report(report_of(goal, workshop, trial, results, suite), results, folder)
