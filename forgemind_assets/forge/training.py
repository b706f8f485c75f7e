"""LoRA fine-tuning: from rows and settings to an adapter with its manifest."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from forgemind_assets.errors import TrainingError
from forgemind_assets.forge import (
    adapter,
    checkpoint,
    hardware,
    manifest,
)
from forgemind_assets.forge.batching import Kin
from forgemind_assets.forge.encoding import Encoded, encode_rows
from forgemind_assets.forge.training_run import Replay, Rungs, TrainingRun, TrainProgress
from forgemind_assets.forge.weights import folder_hash, load_base
from forgemind_assets.prompting import Message
from forgemind_assets.records import TrainSettings

TrainingRow = tuple[Sequence[Message], str]


@dataclass(frozen=True)
class Race:
    """What a training that races others is compared by; see `training_run.Rungs`.

    `answer_weights` are the same for all of them, whatever each learns with.
    """

    shares: tuple[float, ...]
    rows: Sequence[TrainingRow]
    judge: Callable[[float, float], tuple[str, str]]
    answer_weights: Mapping[str, float]


CHECKPOINT_SECONDS = 60.0
RACED = ("rungs", "beaten_by", "cannot_win")


@dataclass(frozen=True)
class TrainResult:
    """What a training came to; the same facts stand in the manifest."""

    adapter: Path
    stopped: str
    steps: int
    planned_steps: int
    loss: float
    dev_loss: float | None
    tokens: int
    tokens_per_second: float
    seconds: float
    dollars: float
    rows: int
    refused_rows: int
    resumed_at: int | None
    rungs: tuple[tuple[float, float], ...] = ()
    beaten_by: str = ""
    cannot_win: str = ""


@hardware.without_denormals()
def train(
    rows: Sequence[TrainingRow],
    settings: TrainSettings,
    base: Path,
    out: Path,
    work: Path,
    *,
    start_adapter: Path | None = None,
    kin: Sequence[Kin] = (),
    dev_rows: Sequence[TrainingRow] = (),
    on_progress: Callable[[TrainProgress], None] | None = None,
    base_name: str = "",
    dataset_version: str = "",
    dollars_per_hour: float = 0.0,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
    device: str | None = None,
    provenance: Mapping[str, Any] | None = None,
    replay: Replay | None = None,
    race: Race | None = None,
) -> TrainResult:
    """Trains a LoRA adapter and writes it to `out` with `manifest.json` as the last file.

    A run that was killed goes on from its last checkpoint in `work` when it is called again with
    the same rows and settings, and ends with the same adapter as an unbroken run. The caller
    removes `work` once the adapter is published.

    Args:
        rows: (chat messages, answer); the loss is taken on the answer and its end mark only.
        settings: every dial; recorded in the manifest.
        base: safetensors folder of the base model.
        out: receives `adapter_model.safetensors`, `adapter_config.json`, `loss_curve.png`
            and `manifest.json`.
        work: checkpoints of this run and of no other.
        start_adapter: an adapter of the same rank to continue from; None starts a new one.
        kin: of each row, where `settings.contrast_batches` asks for it.
        dev_rows: rows whose loss is taken once an epoch; needed for early stopping.
        on_progress: called after every step.
        base_name: name of the base model in the manifest and in `adapter_config.json`.
        dataset_version: of the rows, for the manifest.
        dollars_per_hour: price of this machine.
        checkpoint_seconds: time between checkpoints.
        device: `cpu` or `cuda`; None takes a GPU where there is one.
        provenance: where the rows came from, for the manifest.
        replay: the plan of a past run; the clock then changes nothing.
        race: ends the run early where it cannot win any more; it changes no weight.

    Raises:
        TrainingError: no row is left, rows to hold out or kin are wanted and missing, or the loss
            is not finite.
        StoreError: the base model is missing, or the disk is full.
    """
    hardware.prepare()
    device = device or hardware.pick_device()
    precision = hardware.resolve_precision(settings.precision, device)
    model, tokenizer = load_base(
        base, precision=precision, quantisation=settings.quantisation, device=device
    )
    encoding = encode_rows(
        tokenizer, rows, max_length=settings.max_length, answer_weights=settings.answer_weights
    )
    if not encoding.rows:
        raise TrainingError(
            f"no row to train on: {len(rows)} given, {len(encoding.refused)} of them longer "
            f"than max_length={settings.max_length} tokens"
        )
    dev = encode_rows(
        tokenizer, dev_rows, max_length=settings.max_length, answer_weights=settings.answer_weights
    ).rows
    if settings.early_stop_patience and not dev:
        raise TrainingError(
            f"early_stop_patience={settings.early_stop_patience} needs dev rows to judge by, "
            f"found {len(dev_rows)} (rows longer than max_length do not count); give some, or set 0"
        )
    if settings.contrast_batches:
        if len(kin) != len(rows):
            raise TrainingError(
                f"contrast_batches needs the kin of each of {len(rows)} rows, found {len(kin)}"
            )
        refused = frozenset(encoding.refused)
        kin = tuple(its for index, its in enumerate(kin) if index not in refused)
    else:
        kin = ()
    peft_model = adapter.attach(model, settings, start_adapter)
    base_hash = folder_hash(base)
    run = TrainingRun(
        peft_model=peft_model,
        settings=settings,
        rows=encoding.rows,
        dev=dev,
        device=device,
        precision=precision,
        work=work,
        checkpoint_seconds=checkpoint_seconds,
        fingerprint=_fingerprint(
            settings, precision, encoding.rows, dev, kin, base_hash, start_adapter
        ),
        kin=kin,
        replay=replay,
        rungs=_rungs(race, tokenizer, settings.max_length) if race else None,
    )
    resumed_at = run.resume()
    run.loop(on_progress or (lambda _: None))
    return _publish(
        run,
        out,
        resumed_at=resumed_at,
        refused=len(encoding.refused),
        dollars=run.position.seconds / 3600 * dollars_per_hour,
        facts={
            "base": {"name": base_name or base.name, "sha256": base_hash},
            "dataset_version": dataset_version,
            "start_adapter": tensors_hash(start_adapter) if start_adapter else None,
            "provenance": dict(provenance or {}),
        },
    )


def _rungs(race: Race, tokenizer: Any, max_length: int) -> Rungs:
    rows = encode_rows(
        tokenizer, race.rows, max_length=max_length, answer_weights=dict(race.answer_weights)
    ).rows
    return Rungs(race.shares if rows else (), rows, race.judge)


def _publish(
    run: TrainingRun,
    out: Path,
    *,
    resumed_at: int | None,
    refused: int,
    dollars: float,
    facts: dict,
) -> TrainResult:
    """Writes the adapter, the curve, and the manifest as the last file."""
    at = run.position
    last = [loss for _, loss in at.losses[-run.epoch_steps :]]
    result = TrainResult(
        adapter=out,
        stopped=at.stopped,
        steps=at.step,
        planned_steps=run.planned,
        loss=sum(last) / len(last),
        dev_loss=at.dev_losses[-1][1] if at.dev_losses else None,
        tokens=at.tokens,
        tokens_per_second=at.tokens / at.seconds,
        seconds=at.seconds,
        dollars=dollars,
        rows=len(run.rows),
        refused_rows=refused,
        resumed_at=resumed_at,
        rungs=tuple((share, loss) for share, loss in at.rungs),
        beaten_by=at.beaten_by,
        cannot_win=at.cannot_win,
    )
    adapter.export(run.model, out, facts["base"]["name"])
    with checkpoint.full_disk_is_clear(out):
        manifest.draw_curve(out, at.losses, at.dev_losses)
        manifest.write_manifest(
            out,
            facts
            | {k: v for k, v in asdict(result).items() if k != "adapter" and k not in RACED}
            | ({name: asdict(result)[name] for name in RACED} if at.rungs else {})
            | {
                "adapter_sha256": tensors_hash(out),
                "threads": hardware.threads(),
                "totals": at.totals,
                "shortened_to_steps": at.total if at.total < run.planned else None,
                "settings": run.settings.model_dump(),
                "precision": run.precision,
                "engine": run.engine.name,
                "packages": manifest.package_versions(),
                "hardware": hardware.describe(run.device),
                "best_dev_loss": at.best_dev,
                "losses": at.losses,
                "dev_losses": at.dev_losses,
            },
        )
    return result


def tensors_hash(folder: Path) -> str:
    """SHA-256 (hex) of an adapter's weights file: what a rebuilt adapter must have too."""
    with (folder / "adapter_model.safetensors").open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _fingerprint(
    settings: TrainSettings,
    precision: str,
    rows: Sequence[Encoded],
    dev: Sequence[Encoded],
    kin: Sequence[Kin],
    base_hash: str,
    start_adapter: Path | None,
) -> str:
    """Hash of all that decides a run; a checkpoint with another one is not continued."""
    digest = hashlib.sha256(settings.model_dump_json().encode())
    digest.update(f"{precision} {base_hash}".encode())
    digest.update((folder_hash(start_adapter) if start_adapter else "base").encode())
    for row in (*rows, *dev):
        digest.update(json.dumps([row.ids, row.label_start]).encode())
    for its in kin:
        digest.update(json.dumps([its.family, its.slice]).encode())
    return digest.hexdigest()


__all__ = ["Race", "Replay", "TrainProgress", "TrainResult", "TrainingRow", "train"]
