"""The end of a loop: the stop report is published, shown in Dagster, and the stop recorded.

The artefact is `stop_report`, in the partition of the newest iteration. It is published once for
one reason: a sensor that ticks on after the end leaves nothing more behind.
"""

from typing import Any

import dagster as dg

from forgemind_assets.brain.decide import AwaitReview, Stop
from forgemind_assets.brain.state import State
from forgemind_assets.brain.stop_advice import advise
from forgemind_assets.brain.stop_report import StopReport, measure
from forgemind_assets.brain.stop_words import markdown
from forgemind_assets.goal import Goal
from forgemind_assets.goal_names import models
from forgemind_assets.lorekeeper.store import Store
from forgemind_assets.partitions import BASELINE
from resources.outcome import outcome_of, write_outcome
from resources.stop_reports import ASSET, FILE, PAGE
from resources.workshop import Workshop


def end(
    goal: Goal,
    instance: dg.DagsterInstance,
    workshop: Workshop,
    state: State,
    decision: Stop | AwaitReview,
) -> Stop:
    """Leaves the report of how a drive ended, then the stop itself."""
    stop = outcome_of(decision)
    publish_report(instance, workshop.store, report_of(goal, state, stop))
    write_outcome(workshop.home, goal.name, stop)
    return stop


def report_of(goal: Goal, state: State, stop: Stop | None = None) -> StopReport:
    """The report on a state; without a stop, how the loop stands now."""
    return advise(goal.spec, state, measure(goal.spec, state, stop), models("base"))


def publish_report(instance: dg.DagsterInstance, store: Store, report: StopReport) -> None:
    """Publishes a report, once for its reason; Dagster shows it with the champion."""
    partition = report.iteration or BASELINE
    there = store.exists(report.goal, ASSET, partition)
    if there and store.manifest(report.goal, ASSET, partition).meta.get("reason") == report.reason:
        return
    instance.report_runless_asset_event(
        dg.AssetObservation(
            asset_key=dg.AssetKey([report.goal, "champion"]),
            partition=partition,
            description=f"The loop has ended: {report.reason}",
            metadata={"stop_report": dg.MetadataValue.md(markdown(report)), **figures(report)},
        )
    )
    meta = {"reason": report.reason, "kind": report.kind}
    with store.publish(report.goal, ASSET, partition, meta) as folder:
        (folder / FILE).write_text(report.model_dump_json(indent=1), encoding="utf-8")
        (folder / PAGE).write_text(markdown(report) + "\n", encoding="utf-8")


def figures(report: StopReport) -> dict[str, Any]:
    """The report's figures for metadata; what is not known is left out."""
    found: dict[str, Any] = {"stopped_by": report.kind or "nothing", "binding_limit": report.binds}
    if report.best:
        found |= {
            "best_trial": report.best.trial,
            "best_lower_bound": report.best.lower,
            "best_lower_bound_level": report.best.level,
            "looks": report.best.looks,
            "missing_cases": report.best.missing,
        }
    if report.chance is not None:
        found["chance_under_limits"] = report.chance
    if report.next_point and report.next_point.measured:
        found["next_point_hours"] = report.next_point.iterations * report.next_point.hours_each
    return found
