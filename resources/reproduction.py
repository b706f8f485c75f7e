"""Rebuilds the adapter of a registered version on this machine and compares the two."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forgemind_assets.forge import hardware
from forgemind_assets.forge.manifest import package_versions, read_manifest
from forgemind_assets.forge.training import Replay, TrainProgress, tensors_hash, train
from forgemind_assets.forge.weights import folder_hash
from forgemind_assets.goal import Goal
from forgemind_assets.lorekeeper.reproduction import (
    Difference,
    Reproduction,
    differing_inputs,
    differing_machine,
    not_recorded,
)
from forgemind_assets.records import TrainSettings
from resources.adapters import open_adapter
from resources.registry import Registry, Version
from resources.training_room import TrainingInputs, planned_trial, training_inputs
from resources.workshop import Workshop


@dataclass(frozen=True)
class Original:
    """A registered version as it was signed."""

    version: Version
    folder: Path
    manifest: dict[str, Any]
    settings: TrainSettings


def reproduce(
    goal: Goal,
    workshop: Workshop,
    version: str,
    work: Path | None = None,
    on_progress: Callable[[TrainProgress], None] | None = None,
) -> Reproduction:
    """Trains a version's adapter anew, from its manifest and data, and compares the hashes.

    Precision, threads and the plan of steps are those of the original, whatever the clock and the
    goal say now. Nothing is trained where what decides the result is not as it was.

    Args:
        goal: the compiled goal.
        workshop: the installation.
        version: number of the version in the registry.
        work: where to build; a folder of its own is made there and emptied first.
        on_progress: called after each step.

    Raises:
        UserError: there is no such version.
        AlteredArtefact: its files or its data are not what was signed and published.
    """
    began = time.monotonic()
    original = _original(goal, workshop, version)
    with _threads(original.manifest.get("threads")):
        inputs, now = _now(goal, workshop, original)
        before = differing_inputs(original.manifest, now) + _unknown_plan(original.manifest)
        if before:
            return _outcome(original, None, before, began)
        place = (work or workshop.home.work / goal.name) / f"reproduce-{goal.name}-{version}"
        shutil.rmtree(place, ignore_errors=True)
        rebuilt = _rebuild(goal, workshop, original, inputs, place, on_progress)
    found = tensors_hash(rebuilt)
    if found == tensors_hash(original.folder):
        return _outcome(original, found, [], began)
    differences = differing_machine(original.manifest, read_manifest(rebuilt))
    differences += first_tensor(original.folder, rebuilt)
    return _outcome(original, found, differences, began)


def _original(goal: Goal, workshop: Workshop, version: str) -> Original:
    found = Registry(workshop.home).get(goal.name, version)
    folder = open_adapter(
        workshop.store, workshop.home, goal.name, found.trial, must_be_signed=True
    )
    manifest = read_manifest(folder)
    settings = TrainSettings.model_validate(manifest["settings"])  # what is new has its default
    return Original(found, folder, manifest | {"settings": settings.model_dump()}, settings)


def _now(
    goal: Goal, workshop: Workshop, original: Original
) -> tuple[TrainingInputs, dict[str, Any]]:
    """What the training would be made of now, in the words of the manifest."""
    plan, chosen = planned_trial(goal, workshop, original.version.trial)
    said = original.manifest.get("provenance", {})
    prompt = said.get("prompt_variant", chosen.prompt_variant)
    inputs = training_inputs(
        goal, workshop, original.version.trial, plan, original.settings, prompt
    )
    planned = chosen.training.model_dump() if chosen.training else {}
    device = original.manifest["hardware"]["device"]
    here = hardware.pick_device()
    now = {
        "base": {"name": inputs.base_name, "sha256": folder_hash(inputs.base)},
        "dataset_version": inputs.dataset_version,
        "start_adapter": tensors_hash(inputs.start) if inputs.start else None,
        "provenance": inputs.provenance | {"prompt_variant": chosen.prompt_variant},
        "settings": planned,
        "packages": package_versions(),
        "hardware": {"device": device if device in (here, "cpu") else here},
    }
    return inputs, now


def _unknown_plan(manifest: dict[str, Any]) -> list[Difference]:
    """A run that the clock shortened can be run again only where it is known how."""
    if "totals" in manifest or manifest.get("shortened_to_steps") is None:
        return []
    return [
        Difference(
            what="totals",
            expected="the steps at which the clock changed the plan",
            found="a manifest that does not record them",
        )
    ]


def _rebuild(
    goal: Goal,
    workshop: Workshop,
    original: Original,
    inputs: TrainingInputs,
    place: Path,
    on_progress: Callable[[TrainProgress], None] | None,
) -> Path:
    manifest, limits = original.manifest, goal.spec.limits
    totals = {int(step): int(total) for step, total in manifest.get("totals", [])}
    scope = f"reproduce-{original.version.version}"
    most = min(limits.gpu_dollars_per_hour * limits.hours, limits.gpu_dollars_per_try)
    with workshop.gpu_bill(goal.name, scope, most, limits.gpu_dollars_per_try) as bill:
        result = train(
            inputs.rows,
            original.settings.model_copy(update={"precision": manifest["precision"]}),
            inputs.base,
            place / "adapter",
            place / "training",
            start_adapter=inputs.start,
            kin=inputs.kin,
            dev_rows=inputs.dev_rows,
            on_progress=on_progress,
            base_name=manifest["base"]["name"],
            dataset_version=inputs.dataset_version,
            provenance=inputs.provenance,
            dollars_per_hour=limits.gpu_dollars_per_hour,
            device=manifest["hardware"]["device"],
            replay=Replay(totals=totals, steps=int(manifest["steps"])),
        )
        bill(result.dollars)
    return result.adapter


def _outcome(
    original: Original, found: str | None, differences: list[Difference], began: float
) -> Reproduction:
    manifest, expected = original.manifest, tensors_hash(original.folder)
    return Reproduction(
        goal=original.version.model,
        version=original.version.version,
        trial=original.version.trial,
        same=found == expected,
        expected=expected,
        found=found,
        precision=manifest["precision"],
        engine=manifest["engine"],
        threads=manifest.get("threads"),
        device=manifest["hardware"]["device"],
        differences=tuple(differences),
        not_recorded=tuple(not_recorded(manifest)),
        seconds=time.monotonic() - began,
    )


def first_tensor(original: Path, rebuilt: Path) -> list[Difference]:
    """The first tensor that differs between two adapters, by name, and by how much."""
    import torch
    from safetensors.torch import load_file

    one, two = (load_file(f / "adapter_model.safetensors") for f in (original, rebuilt))
    for name in sorted(one.keys() | two.keys()):
        if name not in one or name not in two:
            there = ("no such tensor", "a tensor")
            return [Difference(what=name, expected=there[name in one], found=there[name in two])]
        if one[name].shape != two[name].shape or one[name].dtype != two[name].dtype:
            kinds = [f"{t.dtype} {tuple(t.shape)}" for t in (one[name], two[name])]
            return [Difference(what=name, expected=kinds[0], found=kinds[1])]
        if not torch.equal(one[name], two[name]):
            most = (one[name].double() - two[name].double()).abs().max().item()
            return [
                Difference(what=name, expected="the same values", found=f"up to {most:.3g} off")
            ]
    return []


@contextmanager
def _threads(count: int | None) -> Iterator[None]:
    """Computes with the original's number of threads until the block ends."""
    hardware.prepare()
    before = hardware.threads()
    hardware.use_threads(count or before)
    try:
        yield
    finally:
        hardware.use_threads(before)
