"""Trains a trial's configuration anew with other seeds and tests each on dev.

Only dev is opened: how much of a result is luck can be asked as often as one likes, and a look at
the gate costs error budget. Each training keeps its folder below `work`, so that an interrupted
call goes on where it was; the result is published as `seeds_report`.
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from forgemind_assets.errors import UserError
from forgemind_assets.forge.manifest import MANIFEST, read_manifest
from forgemind_assets.forge.training import Replay, TrainProgress, tensors_hash, train
from forgemind_assets.goal import Goal
from forgemind_assets.goal_loading import load_cases
from forgemind_assets.records import TrainSettings
from forgemind_assets.trial_grounds.report import read_cases, read_families, write_report
from forgemind_assets.trial_grounds.seeds import SeedsReport, compare_seeds
from resources.examiner import examine_subject, subject_of
from resources.training_room import planned_trial, training_inputs
from resources.workshop import Workshop

ASSET, FILE, SUITE = "seeds_report", "seeds.json", "dev"
Tell = Callable[[str, TrainProgress], None]


def retrain(
    goal: Goal, workshop: Workshop, trial: str, against: str, seeds: Sequence[int], tell: Tell
) -> SeedsReport:
    """The trial's configuration with each seed, against another trial's result on dev.

    Raises:
        UserError: one of the two has no result on all of dev, or nothing was trained.
        BudgetExceeded: the limit on GPU dollars leaves no room.
    """
    settings = planned_trial(goal, workshop, trial)[1].training
    if settings is None:
        raise UserError(f"{trial} is a baseline: nothing was trained, so it has no training seed")
    fixed = dev_results(goal, workshop, against)
    own = dev_results(goal, workshop, trial)
    families = read_families(workshop.store.folder(goal.name, "canary_report", against))
    trained = {
        seed: results_of(goal, workshop, trial, settings.model_copy(update={"seed": seed}), tell)
        for seed in seeds
    }
    report = compare_seeds(
        trained, fixed, families, goal=goal.name, trial=trial, against=against, suite=SUITE,
        own=(settings.seed, own),
    )  # fmt: skip
    meta = {"sentence": report.sentence}
    with workshop.store.publish(goal.name, ASSET, trial, meta) as folder:
        (folder / FILE).write_text(report.model_dump_json(indent=1), encoding="utf-8")
    return report


def dev_results(goal: Goal, workshop: Workshop, trial: str) -> dict[str, bool]:
    """A trial's published results on all of dev. Raises UserError where it has none."""
    store = workshop.store
    if store.exists(goal.name, "canary_report", trial):
        meta = store.manifest(goal.name, "canary_report", trial).meta
        if not (meta.get("stopped") or meta.get("cannot_win")):
            found = read_cases(store.folder(goal.name, "canary_report", trial))
            if found.keys() == {case.id for case in load_cases(goal, SUITE)}:
                return found
            raise UserError(
                f"the report of {trial} is on other cases than the dev suite has now: "
                "test it again, or put the suite back as it was"
            )
    known = ", ".join(store.partitions(goal.name, "canary_report")) or "(none yet)"
    raise UserError(
        f"expected a trial with a result on all of dev, found {trial!r}; reports are there of "
        f"{known}, and one that was stopped early has not been through dev"
    )


def results_of(
    goal: Goal, workshop: Workshop, trial: str, settings: TrainSettings, tell: Tell
) -> dict[str, bool]:
    """One training with its test on dev; taken from its folder where it is there already."""
    name = f"{trial}-seed{settings.seed}"
    place = workshop.work(goal.name, "seeds") / name
    adapter = trained(goal, workshop, trial, settings, place, tell)
    original = subject_of(goal, workshop, trial)
    subject = replace(
        original, name=name, adapter=adapter, verify=None, model_hash=tensors_hash(adapter)
    )
    exam = examine_subject(goal, workshop, subject, SUITE, load_cases(goal, SUITE), stage=SUITE)
    write_report(exam.report, exam.results, place)
    return {result.case_id: result.passed is True for result in exam.results}


def trained(
    goal: Goal, workshop: Workshop, trial: str, settings: TrainSettings, place: Path, tell: Tell
) -> Path:
    """The adapter, trained as the trial was but for its seed: as many steps, whatever the clock."""
    plan, chosen = planned_trial(goal, workshop, trial)
    inputs = training_inputs(goal, workshop, trial, plan, settings, chosen.prompt_variant)
    adapter, limits = place / "adapter", goal.spec.limits
    if (adapter / MANIFEST).is_file():
        found = read_manifest(adapter)
        same = found["settings"] == settings.model_dump(mode="json")
        if same and found["dataset_version"] == inputs.dataset_version:
            return adapter
        shutil.rmtree(place)
    first = read_manifest(workshop.store.folder(goal.name, "adapter", trial))
    totals = {int(step): int(total) for step, total in first.get("totals", [])}
    most = min(limits.gpu_dollars_per_hour * limits.hours, limits.gpu_dollars_per_try)
    with workshop.gpu_bill(goal.name, f"{place.name}", most, limits.gpu_dollars_per_try) as bill:
        result = train(
            inputs.rows,
            settings,
            inputs.base,
            adapter,
            place / "training",
            start_adapter=inputs.start,
            kin=inputs.kin,
            dev_rows=inputs.dev_rows,
            on_progress=lambda now: tell(place.name, now),
            base_name=inputs.base_name,
            dataset_version=inputs.dataset_version,
            provenance=inputs.provenance,
            dollars_per_hour=limits.gpu_dollars_per_hour,
            replay=Replay(totals=totals, steps=int(first["steps"])),
        )
        bill(result.dollars)
    return result.adapter
