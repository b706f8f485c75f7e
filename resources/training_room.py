"""What one trial is trained on: its rows, prompts, base model and the adapter it starts from."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forgemind_assets.brain.decide import races
from forgemind_assets.forge.batching import Kin
from forgemind_assets.forge.holdout import hold_out, set_aside
from forgemind_assets.foundry.tables import read_rows
from forgemind_assets.goal import Goal
from forgemind_assets.goal_loading import load_seeds
from forgemind_assets.partitions import split_trial
from forgemind_assets.prompting import Message, load_task_prompt, task_messages
from forgemind_assets.records import Plan, Row, TrainSettings, TrialSettings
from resources.adapters import open_adapter
from resources.workshop import Workshop

TrainingRow = tuple[Sequence[Message], str]

RACE_ROWS = 48
"""Rows that a race is judged on at each rung; their loss takes seconds on two cores."""


@dataclass(frozen=True)
class TrainingInputs:
    """All that decides a training but its settings and the machine."""

    rows: Sequence[TrainingRow]
    kin: Sequence[Kin]
    dev_rows: Sequence[TrainingRow]
    base: Path
    base_name: str
    start: Path | None
    dataset_version: str
    provenance: dict[str, Any]
    race_rows: Sequence[TrainingRow] = ()


def planned_trial(goal: Goal, workshop: Workshop, trial: str) -> tuple[Plan, TrialSettings]:
    """The plan of a trial's iteration, and the trial's part of it."""
    iteration, name = split_trial(trial)
    text = workshop.store.read_json(goal.name, "plan", iteration, "plan.json")
    plan = Plan.model_validate(text)
    return plan, next(t for t in plan.trials if t.name == name)


def training_inputs(
    goal: Goal, workshop: Workshop, trial: str, plan: Plan, settings: TrainSettings, prompt: str
) -> TrainingInputs:
    """The kept rows of this iteration and of those that the plan reuses, in order, each once.

    Args:
        goal: the compiled goal; its seeds and prompts are part of what the model sees.
        workshop: the installation.
        trial: whose training it is.
        plan: of the trial's iteration; says which iterations' rows join in.
        settings: `start_from` names the adapter to continue.
        prompt: the prompt variant.

    Raises:
        AlteredArtefact: a dataset or the adapter to continue is not what was published.
        UnsafeArtefact: the adapter to continue is no plain LoRA adapter.
    """
    store = workshop.store
    assert plan.data is not None
    iterations = (*plan.data.reuse_iterations, plan.iteration)
    kept = {
        row.row_id: row
        for key in iterations
        for row in read_rows(store.verified(goal.name, "filtered_dataset", key) / "kept.parquet")
    }
    versions = {
        key: store.manifest(goal.name, "filtered_dataset", key).version for key in iterations
    }
    start = None
    if settings.start_from != "base":
        start = open_adapter(store, workshop.home, goal.name, settings.start_from)
    seeds = {seed.id: seed for seed in load_seeds(goal)}
    task = load_task_prompt(goal.folder / goal.spec.prompts, prompt)
    train, held, aside = list(kept.values()), list[Row](), list[Row]()
    if races(plan):
        train, aside = set_aside(train, plan.data.seed, RACE_ROWS)
    if settings.early_stop_patience:
        train, held = hold_out(train, settings.seed)
    rows, dev_rows, race_rows = (
        [(task_messages(task, row.input, seeds), row.answer) for row in part]
        for part in (train, held, aside)
    )
    return TrainingInputs(
        rows=rows,
        kin=[Kin(row.family, row.slice) for row in train],
        dev_rows=dev_rows,
        base=workshop.models.clean(goal.spec.limits.base_model),
        base_name=goal.spec.limits.base_model,
        start=start,
        dataset_version="+".join(version[:16] for version in versions.values()),
        provenance={
            "goal": goal.name,
            "goal_version": goal.version,
            "trial": trial,
            "prompt_variant": prompt,
            "datasets": versions,
            "rows_sha256": rows_hash([*rows, *dev_rows]),
        },
        race_rows=race_rows,
    )


def rows_hash(rows: Sequence[TrainingRow]) -> str:
    """SHA-256 over the messages and answers, in their order."""
    digest = hashlib.sha256()
    for messages, answer in rows:
        text = json.dumps([messages, answer], sort_keys=True, ensure_ascii=False)
        digest.update(text.encode() + b"\n")
    return digest.hexdigest()
