"""The Lorekeeper's asset: the registered version of a champion."""

import json
from typing import Any

import dagster as dg

from forgemind_assets.brain.champion import Champion
from forgemind_assets.forge.manifest import read_manifest
from forgemind_assets.goal import Goal
from forgemind_assets.keys import GoalKeys
from forgemind_assets.lorekeeper.promotion import Entry, approval_needed
from forgemind_assets.partitions import BASELINE, split_trial
from resources import promotions
from resources.approvals import GoalApprovals
from resources.concerns import ask_about_iteration, ask_about_result
from resources.openings import sealed_line
from resources.registry import Registry
from resources.tracked_runs import show_version
from resources.workshop import Workshop


def build_assets(goal: Goal, keys: GoalKeys) -> list[Any]:
    """`registry_entry`."""

    @dg.asset(
        deps=[keys.key("champion")], partitions_def=keys.iterations, **keys.common("lorekeeper")
    )
    def registry_entry(
        context: dg.AssetExecutionContext, workshop: Workshop
    ) -> dg.MaterializeResult:
        """The champion as a version in MLflow; promotion moves the alias `stable`."""
        key = context.partition_key
        text = workshop.store.read_json(goal.name, "champion", key, "champion.json")
        workshop.progress(goal.name).say("registering the version", where=key)
        ask_about_iteration(goal, workshop, key)
        entry = register(context, goal, workshop, Champion.model_validate(text))
        with workshop.store.publish(goal.name, "registry_entry", key, {}) as folder:
            (folder / "entry.json").write_text(json.dumps(entry.model_dump(), indent=1))
        manifest = workshop.store.manifest(goal.name, "registry_entry", key)
        shown = show_version(workshop.home, goal.name, entry.trial, entry.version)
        facts = entry.model_dump() | {"wandb": shown, "sealed": sealed_line(goal, workshop.home)}
        return dg.MaterializeResult(
            metadata={k: v for k, v in facts.items() if v is not None},
            data_version=dg.DataVersion(manifest.version),
        )

    return [registry_entry]


def register(
    context: dg.AssetExecutionContext, goal: Goal, workshop: Workshop, winner: Champion
) -> Entry:
    """Signs and registers a new champion and moves the aliases; never for a baseline."""
    if split_trial(winner.trial)[0] == BASELINE:
        return Entry(trial=winner.trial, version=None, promoted=False, reason="a baseline")
    registry = Registry(workshop.home)
    signature = promotions.sign(workshop, goal.name, winner.trial)
    folder = workshop.store.folder(goal.name, "adapter", winner.trial)
    by = f"registry_entry, run {context.run.run_id}"
    version = registry.register(
        context,
        model=goal.name,
        trial=winner.trial,
        adapter_version=signature.statement.adapter_version,
        adapter=folder,
        signature=signature,
        params={"trial": winner.trial} | read_manifest(folder)["settings"],
        metrics={"full_pass_rate": winner.full.rate, "dev_pass_rate": winner.dev.rate},
    )
    promotions.note_registration(workshop, goal.name, version, signature, by)
    registry.make_candidate(goal.name, version)
    ask_about_result(goal, workshop, winner, version)
    people = GoalApprovals(goal, workshop)
    decision = promotions.promote(
        goal, workshop, version, reason=winner.reason, by=by, approvals=people
    )
    if decision.consent_missing and approval_needed(goal.spec):
        people.ask(version, decision.reason)
    return Entry(
        trial=winner.trial,
        version=version,
        promoted=decision.promote,
        reason=decision.reason,
        consent_missing=decision.consent_missing,
        held_back=decision.held_back,
    )
