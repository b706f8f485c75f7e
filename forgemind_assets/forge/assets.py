"""The Forge's asset: the adapter of a trial."""

from pathlib import Path
from typing import Any

import dagster as dg

from forgemind_assets.forge.holdout import hold_out
from forgemind_assets.forge.manifest import read_manifest, write_manifest
from forgemind_assets.forge.training import TrainingRow, TrainProgress, TrainResult, train
from forgemind_assets.foundry.tables import read_rows
from forgemind_assets.goal import Goal
from forgemind_assets.goal_loading import load_seeds
from forgemind_assets.keys import GoalKeys
from forgemind_assets.partitions import split_trial
from forgemind_assets.pictures import picture
from forgemind_assets.prompting import load_task_prompt, task_messages
from forgemind_assets.records import Plan, Row, TrainSettings, TrialSettings
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
    """Writes the adapter's files and returns the facts about it."""
    iteration, name = split_trial(trial)
    text = workshop.store.read_json(goal.name, "plan", iteration, "plan.json")
    plan = Plan.model_validate(text)
    chosen = next(t for t in plan.trials if t.name == name)
    if chosen.training is None:
        facts = {"kind": "base", "base_model": goal.spec.limits.base_model}
        write_manifest(folder, facts | {"prompt_variant": chosen.prompt_variant})
        return facts | {"seconds": 0.0}
    result = fine_tune(goal, workshop, trial, plan, chosen, chosen.training, folder)
    manifest = read_manifest(folder)
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
        "dataset_version": manifest["dataset_version"],
    }


def fine_tune(
    goal: Goal,
    workshop: Workshop,
    trial: str,
    plan: Plan,
    chosen: TrialSettings,
    settings: TrainSettings,
    folder: Path,
) -> TrainResult:
    """Trains on the kept rows of this iteration and of those that the plan reuses."""
    store, limits = workshop.store, goal.spec.limits
    assert plan.data is not None
    iterations = (*plan.data.reuse_iterations, plan.iteration)
    rows = {
        row.row_id: row
        for key in iterations
        for row in read_rows(store.folder(goal.name, "filtered_dataset", key) / "kept.parquet")
    }
    versions = [store.manifest(goal.name, "filtered_dataset", key).version for key in iterations]
    start = None
    if settings.start_from != "base":
        start = store.folder(goal.name, "adapter", settings.start_from)
    seeds = {seed.id: seed for seed in load_seeds(goal)}
    prompts = goal.folder / goal.spec.prompts
    prompt = load_task_prompt(prompts, chosen.prompt_variant)
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

    progress.report("loading base model", 0, 1, "models", where=trial)
    base = workshop.models.clean(limits.base_model)
    hours = (settings.max_seconds or limits.hours * 3600) / 3600
    most = min(limits.gpu_dollars_per_hour * hours, limits.gpu_dollars_per_try)
    train_rows, held = list(rows.values()), []
    if settings.early_stop_patience:
        train_rows, held = hold_out(train_rows, settings.seed)

    def shown(row: Row) -> TrainingRow:
        return task_messages(prompt, row.input, seeds), row.answer

    with workshop.gpu_bill(goal.name, trial, most, limits.gpu_dollars_per_try) as bill:
        result = train(
            [shown(row) for row in train_rows],
            settings,
            base,
            folder,
            workshop.work(goal.name, trial) / "training",
            start_adapter=start,
            dev_rows=[shown(row) for row in held],
            on_progress=show,
            base_name=limits.base_model,
            dataset_version="+".join(version[:16] for version in versions),
            dollars_per_hour=limits.gpu_dollars_per_hour,
        )
        bill(result.dollars)
    return result
