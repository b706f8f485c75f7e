"""The Brain as a sensor: one tick reads the state, decides, and asks for runs."""

import os
from collections.abc import Sequence
from typing import Any

import dagster as dg

from forgemind_assets.brain.decide import AwaitReview, Stop, Wait, decide
from forgemind_assets.faults import fault
from forgemind_assets.goal import Goal
from resources.endings import end
from resources.history import read_state
from resources.locks import driver_lock
from resources.places import fitted
from resources.race import clear_of_dead
from resources.runs import RunSpec, runs_for
from resources.workshop import Workshop


def build_brain_sensor(goal: Goal, jobs: Sequence[Any], seconds: int = 5) -> dg.SensorDefinition:
    """The goal's sensor; `forgemind run` turns it on."""

    @dg.sensor(
        name=f"{goal.name}__brain",
        jobs=jobs,
        minimum_interval_seconds=seconds,
        default_status=default_status(goal.name),
        description=f"Decides what {goal.name} does next.",
    )
    def brain(context: dg.SensorEvaluationContext, workshop: Workshop) -> dg.SensorResult:
        with driver_lock(workshop.home, goal.name, wait=False) as mine:
            if not mine:
                return dg.SensorResult(skip_reason="another driver steers this goal")
            return tick(goal, context.instance, workshop)

    return brain


def default_status(goal: str) -> dg.DefaultSensorStatus:
    """On for the goals named in `FORGEMIND_DRIVE`, which `forgemind run` sets; else off."""
    driven = os.environ.get("FORGEMIND_DRIVE", "").split(",")
    return dg.DefaultSensorStatus[("STOPPED", "RUNNING")[goal in driven]]


def tick(goal: Goal, instance: dg.DagsterInstance, workshop: Workshop) -> dg.SensorResult:
    """One step: the decision as partitions and run requests."""
    state = read_state(goal, instance, workshop)
    decision = decide(goal.spec, state)
    fault("decided")
    if isinstance(decision, Wait | Stop | AwaitReview):
        if not isinstance(decision, Wait):
            end(goal, instance, workshop, state, decision)
        return dg.SensorResult(skip_reason=decision.reason)
    clear_of_dead(goal, workshop, decision, state)
    specs = runs_for(goal.name, fitted(goal, workshop.home, decision))
    return dg.SensorResult(
        run_requests=[request(spec) for spec in specs],
        dynamic_partitions_requests=[
            dg.DynamicPartitionsDefinition(name=spec.partitions_name).build_add_request(
                [spec.partition]
            )
            for spec in specs
        ],
    )


def request(spec: RunSpec) -> dg.RunRequest:
    """A run specification as Dagster's run request."""
    return dg.RunRequest(
        run_key=spec.run_key,
        job_name=spec.job,
        partition_key=spec.partition,
        tags=spec.tags,
        run_config=spec.run_config,
        asset_selection=[dg.AssetKey([spec.goal, name]) for name in spec.assets],
    )
