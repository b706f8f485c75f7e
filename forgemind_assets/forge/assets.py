"""The Forge's asset: the adapter of a trial."""

from pathlib import Path
from typing import Any

import dagster as dg

from forgemind_assets.errors import TrainingError
from forgemind_assets.forge.manifest import write_manifest
from forgemind_assets.forge.training import Race, TrainProgress, TrainResult, train
from forgemind_assets.goal import Goal
from forgemind_assets.keys import GoalKeys
from forgemind_assets.pictures import picture
from forgemind_assets.records import TrainSettings
from forgemind_assets.trial_grounds.racing import RUNGS
from resources.adapters import refuse_registered
from resources.race import Race as TrialRace
from resources.race import open_race
from resources.training_room import TrainingInputs, planned_trial, training_inputs
from resources.tripwires import kept_seals, seals_at_start
from resources.workshop import Workshop


def build_assets(goal: Goal, keys: GoalKeys) -> list[Any]:
    """`adapter`."""

    @dg.asset(
        deps=[keys.across("plan"), keys.across("filtered_dataset")],
        partitions_def=keys.trials,
        pool="forgemind_training",
        **keys.common("forge"),
    )
    def adapter(context: dg.AssetExecutionContext, workshop: Workshop) -> dg.MaterializeResult:
        """LoRA weights and their training manifest; for a baseline, the base model as it is."""
        trial, meta = context.partition_key, {}
        with workshop.store.publish(goal.name, "adapter", trial, meta) as folder:
            meta.update(make_adapter(goal, workshop, trial, folder))
            curve = folder / "loss_curve.png"
            drawn = picture(curve.read_bytes()) if curve.exists() else None
        manifest = workshop.store.manifest(goal.name, "adapter", trial)
        facts = {k: v for k, v in meta.items() if v is not None}
        address = str(workshop.store.folder(goal.name, "adapter", trial))
        return dg.MaterializeResult(
            metadata=facts | ({"loss_curve": drawn} if drawn else {}) | {"path": address},
            data_version=dg.DataVersion(manifest.version),
        )

    return [adapter]


def make_adapter(goal: Goal, workshop: Workshop, trial: str, folder: Path) -> dict[str, Any]:
    """Writes the adapter's files and returns the facts about it.

    Raises StoreError where the trial's adapter is registered: its files may not be replaced.
    """
    refuse_registered(workshop.home, goal.name, trial)
    plan, chosen = planned_trial(goal, workshop, trial)
    before = seals_at_start(goal, workshop, trial)
    if chosen.training is None:
        facts = {"kind": "base", "base_model": goal.spec.limits.base_model}
        write_manifest(folder, facts | {"prompt_variant": chosen.prompt_variant})
        return facts | {"seconds": 0.0, **kept_seals(goal, workshop, before)}
    workshop.progress(goal.name).report("loading base model", 0, 1, "models", where=trial)
    inputs = training_inputs(goal, workshop, trial, plan, chosen.training, chosen.prompt_variant)
    race = open_race(goal, workshop, trial)
    try:
        result = fine_tune(goal, workshop, trial, inputs, chosen.training, folder, race)
    except TrainingError:
        if race:
            race.withdraw()
        raise
    return {
        "kind": "lora",
        "rows": result.rows,
        "refused_rows": result.refused_rows,
        "steps": result.steps,
        "stopped": result.stopped,
        "loss": result.loss,
        "dev_loss": result.dev_loss,
        "tokens": result.tokens,
        "tokens_per_second": result.tokens_per_second,
        "seconds": result.seconds,
        "gpu_cost_usd": result.dollars,
        "resumed_at_step": result.resumed_at,
        "start_from": chosen.training.start_from,
        "dataset_version": inputs.dataset_version,
        **kept_seals(goal, workshop, before),
    } | (raced(result) if race else {})


def raced(result: TrainResult) -> dict[str, Any]:
    """How a training did in its race, and why it ended early, if it did."""
    ended = {"beaten_by": result.beaten_by, "cannot_win": result.cannot_win}
    return {"rungs": [list(rung) for rung in result.rungs]} | (ended if result.cannot_win else {})


def fine_tune(
    goal: Goal,
    workshop: Workshop,
    trial: str,
    inputs: TrainingInputs,
    settings: TrainSettings,
    folder: Path,
    race: TrialRace | None = None,
) -> TrainResult:
    """Trains within the trial's budget, and shows how far it has come."""
    limits = goal.spec.limits
    progress = workshop.progress(goal.name)

    def show(now: TrainProgress) -> None:
        progress.report(
            "training",
            now.step,
            now.steps,
            "steps",
            where=trial,
            loss=round(now.loss, 3),
            tokens_per_second=round(now.tokens_per_second),
        )

    weights = goal.spec.search.answer_weights
    rungs = Race(RUNGS, inputs.race_rows, race.at_rung, weights) if race else None
    hours = (settings.max_seconds or limits.hours * 3600) / 3600
    most = min(limits.gpu_dollars_per_hour * hours, limits.gpu_dollars_per_try)
    with workshop.gpu_bill(goal.name, trial, most, limits.gpu_dollars_per_try) as bill:
        result = train(
            inputs.rows,
            settings,
            inputs.base,
            folder,
            workshop.work(goal.name, trial) / "training",
            start_adapter=inputs.start,
            kin=inputs.kin,
            dev_rows=inputs.dev_rows,
            on_progress=show,
            base_name=inputs.base_name,
            dataset_version=inputs.dataset_version,
            provenance=inputs.provenance,
            dollars_per_hour=limits.gpu_dollars_per_hour,
            race=rungs,
        )
        bill(result.dollars)
    return result
