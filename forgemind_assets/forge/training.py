"""LoRA fine-tuning: from rows and settings to an adapter with its manifest."""

import hashlib
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from forgemind_assets.errors import TrainingError
from forgemind_assets.forge import (
    adapter,
    batching,
    checkpoint,
    engine,
    hardware,
    manifest,
    schedule,
)
from forgemind_assets.forge.encoding import Encoded, encode_rows
from forgemind_assets.forge.weights import folder_hash, load_base
from forgemind_assets.prompting import Message
from forgemind_assets.records import TrainSettings

TrainingRow = tuple[Sequence[Message], str]

CHECKPOINT_SECONDS = 60.0
GRADIENT_NORM = 1.0
PACE_STEPS = 8
"""Steps after which the pace is known well enough to fit the plan into the time limit."""


@dataclass(frozen=True)
class TrainProgress:
    """Where a training stands. Losses are nats per label token, rates real tokens per second."""

    step: int
    steps: int
    epoch: float
    loss: float
    dev_loss: float | None
    learning_rate: float
    tokens: int
    tokens_per_second: float
    seconds: float
    seconds_left: float


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


@dataclass
class _Position:
    """What a checkpoint must carry beside tensors, so that a resumed run is the same run."""

    fingerprint: str
    step: int = 0
    total: int = 0
    seconds: float = 0.0
    tokens: int = 0
    losses: list[tuple[int, float]] = field(default_factory=list)
    dev_losses: list[tuple[int, float]] = field(default_factory=list)
    best_dev: float | None = None
    without_gain: int = 0
    stopped: str = ""


def train(
    rows: Sequence[TrainingRow],
    settings: TrainSettings,
    base: Path,
    out: Path,
    work: Path,
    *,
    start_adapter: Path | None = None,
    dev_rows: Sequence[TrainingRow] = (),
    on_progress: Callable[[TrainProgress], None] | None = None,
    base_name: str = "",
    dataset_version: str = "",
    dollars_per_hour: float = 0.0,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
    device: str | None = None,
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
        dev_rows: rows whose loss is taken once an epoch; needed for early stopping.
        on_progress: called after every step.
        base_name: name of the base model in the manifest and in `adapter_config.json`.
        dataset_version: of the rows, for the manifest.
        dollars_per_hour: price of this machine.
        checkpoint_seconds: time between checkpoints.
        device: `cpu` or `cuda`; None takes a GPU where there is one.

    Raises:
        TrainingError: no row is left, or the loss is not finite.
        StoreError: the base model is missing, or the disk is full.
    """
    import torch

    device = device or hardware.pick_device()
    precision = hardware.resolve_precision(settings.precision, device)
    torch.set_flush_denormal(True)
    model, tokenizer = load_base(
        base, precision=precision, quantisation=settings.quantisation, device=device
    )
    encoding = encode_rows(tokenizer, rows, max_length=settings.max_length)
    if not encoding.rows:
        raise TrainingError(
            f"no row to train on: {len(rows)} given, {len(encoding.refused)} of them longer "
            f"than max_length={settings.max_length} tokens"
        )
    dev = encode_rows(tokenizer, dev_rows, max_length=settings.max_length).rows
    peft_model = adapter.attach(model, settings, start_adapter)
    base_hash = folder_hash(base)
    run = _Run(
        peft_model=peft_model,
        settings=settings,
        rows=encoding.rows,
        dev=dev,
        device=device,
        precision=precision,
        work=work,
        checkpoint_seconds=checkpoint_seconds,
        fingerprint=_fingerprint(settings, encoding.rows, dev, base_hash, start_adapter),
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
            "start_adapter": folder_hash(start_adapter) if start_adapter else None,
        },
    )


class _Run:
    """The loop over optimizer steps, with all of its state."""

    def __init__(
        self,
        *,
        peft_model: Any,
        settings: TrainSettings,
        rows: Sequence[Encoded],
        dev: Sequence[Encoded],
        device: str,
        precision: str,
        work: Path,
        checkpoint_seconds: float,
        fingerprint: str,
    ):
        import torch

        self.model, self.settings, self.rows, self.dev = peft_model, settings, rows, dev
        self.device, self.precision, self.work = device, precision, work
        self.checkpoint_seconds = checkpoint_seconds
        self.engine = engine.choose(
            peft_model, settings, device=device, precision=precision, rows=(*rows, *dev)
        )
        self.parameters = adapter.trainable(peft_model)
        self.optimizer = torch.optim.AdamW(
            self.parameters.values(), lr=0.0, weight_decay=settings.weight_decay, fused=True
        )
        self.best: dict[str, Any] = {}
        self.epoch_steps = batching.steps_per_epoch(len(rows), settings.batch_size)
        total = max(1, math.ceil(settings.epochs * self.epoch_steps - 1e-9))
        self.planned = total
        self.position = _Position(fingerprint=fingerprint, total=total)
        self._orders: dict[int, list[list[int]]] = {}

    def loop(self, on_progress: Callable[[TrainProgress], None]) -> None:
        """Steps until the plan is done, the time is up, or the dev loss stops falling."""
        import torch

        at = self.position
        before, started, saved = at.seconds, time.monotonic(), time.monotonic()
        first = at.step
        torch.manual_seed(self.settings.seed + 1) if first == 0 else None
        self.model.train()
        while not at.stopped:
            rate, loss = self._step()
            at.seconds = before + time.monotonic() - started
            if self._dev_is_due():
                self._judge_dev()
            limit = self.settings.max_seconds
            if at.step >= at.total:
                at.stopped = "finished" if at.total == self.planned else "max_seconds"
            elif limit is not None and at.seconds >= limit:
                at.stopped = "max_seconds"
            replanned = self._replan(at.step - first, at.seconds - before)
            if at.stopped or replanned or time.monotonic() - saved >= self.checkpoint_seconds:
                self._save()
                saved = time.monotonic()
            on_progress(self._progress(rate, loss))
        if self.best and self.settings.early_stop_patience:
            _copy_into(self.parameters, self.best)

    def _step(self) -> tuple[float, float]:
        """One optimizer step. Returns its learning rate and its loss per label token."""
        import torch

        at, settings = self.position, self.settings
        rate = schedule.learning_rate(
            at.step,
            peak=settings.learning_rate,
            total=at.total,
            warmup=schedule.warmup_steps(at.total, settings.warmup_ratio),
        )
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        batch = self._batch(at.step)
        value = self.engine.backward(batch)
        norm = torch.nn.utils.clip_grad_norm_(list(self.parameters.values()), GRADIENT_NORM)
        if not (math.isfinite(value) and math.isfinite(float(norm))):
            raise TrainingError(
                f"loss {value} with gradient norm {float(norm)} at step {at.step + 1} of "
                f"{at.total}; learning rate {rate:.2e} may be too high: lower it, or use fp32"
            )
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        at.step += 1
        at.tokens += sum(len(row.ids) for row in batch)
        at.losses.append((at.step, value))
        return rate, value

    def _batch(self, step: int) -> list[Encoded]:
        epoch, index = divmod(step, self.epoch_steps)
        if epoch not in self._orders:
            lengths = [len(row.ids) for row in self.rows]
            self._orders = {
                epoch: batching.epoch_order(
                    lengths,
                    batch_size=self.settings.batch_size,
                    seed=self.settings.seed,
                    epoch=epoch,
                )
            }
        return [self.rows[i] for i in self._orders[epoch][index]]

    def _replan(self, steps: int, seconds: float) -> bool:
        """Shortens the plan once the pace is known, so that the rate decays to zero in time."""
        at, limit = self.position, self.settings.max_seconds
        if limit is None or at.stopped or steps < PACE_STEPS or steps % PACE_STEPS:
            return False
        total = schedule.shortened(
            step=at.step,
            total=at.total,
            seconds=at.seconds,
            seconds_per_step=seconds / steps,
            limit=limit,
        )
        changed = total < at.total
        at.total = total
        return changed

    def _dev_is_due(self) -> bool:
        at = self.position
        return bool(self.dev) and (at.step % self.epoch_steps == 0 or at.step >= at.total)

    def _judge_dev(self) -> None:
        at, patience = self.position, self.settings.early_stop_patience
        loss = self.dev_loss()
        at.dev_losses.append((at.step, loss))
        if at.best_dev is None or loss < at.best_dev:
            at.best_dev, at.without_gain = loss, 0
            self.best = {n: p.detach().clone() for n, p in self.parameters.items()}
        else:
            at.without_gain += 1
        if patience and at.without_gain >= patience:
            at.stopped = "early_stop"

    def dev_loss(self) -> float:
        """Mean loss per label token over the dev rows."""
        self.model.eval()
        size = self.settings.batch_size
        ordered = sorted(self.dev, key=lambda row: len(row.ids))
        parts = [ordered[start : start + size] for start in range(0, len(ordered), size)]
        total = sum(self.engine.loss_sum(part) for part in parts)
        labels = sum(len(row.ids) - row.label_start for row in ordered)
        self.model.train()
        return total / labels

    def _save(self) -> None:
        import torch

        tensors = {f"adapter/{n}": p for n, p in self.parameters.items()}
        tensors |= {f"best/{n}": p for n, p in self.best.items()}
        for name, parameter in self.parameters.items():
            for key, value in self.optimizer.state[parameter].items():
                tensors[f"optimizer/{key}/{name}"] = value
        tensors["rng/cpu"] = torch.get_rng_state()
        if self.device.startswith("cuda"):
            tensors["rng/cuda"] = torch.cuda.get_rng_state()
        checkpoint.save(self.work, self.position.step, tensors, asdict(self.position))

    def resume(self) -> int | None:
        """Takes over the newest checkpoint of this run. Returns its step, or None."""
        import torch

        found = checkpoint.load(self.work, self.position.fingerprint)
        if found is None:
            return None
        tensors, position = found
        self.position = _Position(**position)
        _copy_into(self.parameters, _under(tensors, "adapter/"))
        self.best = _under(tensors, "best/")
        for name, parameter in self.parameters.items():
            state = {}
            for key in ("step", "exp_avg", "exp_avg_sq"):
                value = tensors[f"optimizer/{key}/{name}"]
                state[key] = value if value.ndim == 0 else value.to(parameter.device)
            self.optimizer.state[parameter] = state
        torch.set_rng_state(tensors["rng/cpu"])
        if "rng/cuda" in tensors:
            torch.cuda.set_rng_state(tensors["rng/cuda"])
        return self.position.step

    def _progress(self, rate: float, loss: float) -> TrainProgress:
        at = self.position
        return TrainProgress(
            step=at.step,
            steps=at.total,
            epoch=at.step / self.epoch_steps,
            loss=loss,
            dev_loss=at.dev_losses[-1][1] if at.dev_losses else None,
            learning_rate=rate,
            tokens=at.tokens,
            tokens_per_second=at.tokens / max(at.seconds, 1e-9),
            seconds=at.seconds,
            seconds_left=at.seconds / at.step * (at.total - at.step) if not at.stopped else 0.0,
        )


def _publish(
    run: _Run, out: Path, *, resumed_at: int | None, refused: int, dollars: float, facts: dict
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
    )
    adapter.export(run.model, out, facts["base"]["name"])
    with checkpoint.full_disk_is_clear(out):
        manifest.draw_curve(out, at.losses, at.dev_losses)
        manifest.write_manifest(
            out,
            facts
            | {k: v for k, v in asdict(result).items() if k != "adapter"}
            | {
                "shortened_to_steps": at.total if at.total < run.planned else None,
                "settings": run.settings.model_dump(),
                "precision": run.precision,
                "engine": run.engine.name,
                "packages": manifest.package_versions(),
                "hardware": hardware.describe(run.device),
                "losses": at.losses,
                "dev_losses": at.dev_losses,
            },
        )
    return result


def _fingerprint(
    settings: TrainSettings,
    rows: Sequence[Encoded],
    dev: Sequence[Encoded],
    base_hash: str,
    start_adapter: Path | None,
) -> str:
    """Hash of all that decides a run; a checkpoint with another one is not continued."""
    digest = hashlib.sha256(settings.model_dump_json().encode())
    digest.update(base_hash.encode())
    digest.update((folder_hash(start_adapter) if start_adapter else "base").encode())
    for row in (*rows, *dev):
        digest.update(json.dumps([row.ids, row.label_start]).encode())
    return digest.hexdigest()


def _copy_into(parameters: dict[str, Any], values: dict[str, Any]) -> None:
    import torch

    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(values[name])


def _under(tensors: dict[str, Any], prefix: str) -> dict[str, Any]:
    return {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
