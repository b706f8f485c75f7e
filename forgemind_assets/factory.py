"""All definitions of one goal: assets in the order in which data walks, checks, jobs, sensor."""

import warnings
from dataclasses import dataclass
from typing import Any

import dagster as dg

import forgemind_assets.brain.assets as brain_assets
import forgemind_assets.brain.checks as brain_checks
import forgemind_assets.forge.assets as forge_assets
import forgemind_assets.foundry.assets as foundry_assets
import forgemind_assets.foundry.checks as foundry_checks
import forgemind_assets.lorekeeper.assets as lorekeeper_assets
import forgemind_assets.trial_grounds.assets as trial_assets
import forgemind_assets.trial_grounds.checks as trial_checks
import forgemind_assets.warden.checks as warden_checks
from forgemind_assets.goal import Goal
from forgemind_assets.keys import GoalKeys
from resources.runs import PHASES, job_name
from resources.workshop import Workshop
from sensors.brain import build_brain_sensor
from sensors.reviewer_alerts import build_alert_sensor


@dataclass(frozen=True)
class GoalDefinitions:
    """What one goal adds to the code location."""

    assets: list[dg.AssetsDefinition]
    checks: list[dg.AssetChecksDefinition]
    jobs: list[Any]
    sensor: dg.SensorDefinition


def build_goal(goal: Goal) -> GoalDefinitions:
    """Builds a goal's part of the graph."""
    # Partitioned checks are a preview of dagster 1.13, which is pinned exactly.
    warnings.filterwarnings("ignore", message="Specifying a partitions_def on an AssetCheckSpec")
    keys = GoalKeys(goal.name)
    assets = [
        *brain_assets.build_assets(goal, keys),
        *foundry_assets.build_assets(goal, keys),
        *forge_assets.build_assets(goal, keys),
        *trial_assets.build_assets(goal, keys),
        *lorekeeper_assets.build_assets(goal, keys),
    ]
    checks = [
        *foundry_checks.build_checks(goal, keys),
        *warden_checks.build_checks(goal, keys),
        *trial_checks.build_checks(goal, keys),
        *brain_checks.build_checks(goal, keys),
    ]
    jobs = [
        dg.define_asset_job(
            job_name(goal.name, phase),
            selection=dg.AssetSelection.assets(*[keys.key(name) for name in names]),
            executor_def=dg.in_process_executor,
        )
        for phase, names in PHASES.items()
    ]
    return GoalDefinitions(assets, checks, jobs, build_brain_sensor(goal, jobs))


def build_definitions(goals: list[Goal], workshop: Workshop) -> dg.Definitions:
    """The code location of some goals."""
    parts = [build_goal(goal) for goal in goals]
    return dg.Definitions(
        assets=[asset for part in parts for asset in part.assets],
        asset_checks=[check for part in parts for check in part.checks],
        jobs=[job for part in parts for job in part.jobs],
        sensors=[*(part.sensor for part in parts), build_alert_sensor(goals)],
        resources={"workshop": workshop},
        executor=dg.in_process_executor,
    )
