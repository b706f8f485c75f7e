"""The loop over optimizer steps: an order, a rate, checkpoints, and when to stop."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from forgemind_assets.errors import TrainingError
from forgemind_assets.forge import adapter, batching, checkpoint, engine, schedule
from forgemind_assets.forge.encoding import Encoded
from forgemind_assets.records import TrainSettings

GRADIENT_NORM = 1.0
PACE_STEPS = 8
"""Every so many steps the plan is fitted to the time limit."""

PACE_WARMUP = 2
"""Steps that do not count for the pace: they choose kernels and fault memory in."""


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


@dataclass
class Position:
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
    totals: list[tuple[int, int]] = field(default_factory=list)
    """(step, steps of the whole run from there on): each time the clock changed the plan."""
    rungs: list[tuple[float, float]] = field(default_factory=list)
    """(share of the plan, loss on the race's rows)."""
    beaten_by: str = ""
    cannot_win: str = ""


@dataclass(frozen=True)
class Replay:
    """The plan of a past run, so that it can be run again whatever the clock says now.

    `totals` are those of `Position`; `steps` is where the run ended.
    """

    totals: dict[int, int]
    steps: int


@dataclass(frozen=True)
class Rungs:
    """Where a training that races others is compared with them.

    `judge` gets the share of the plan that is done and the loss on `rows`, and answers with the
    rival that the run cannot win against any more and why, or with two empty texts. Nothing of
    this enters the weights.
    """

    shares: tuple[float, ...]
    rows: Sequence[Encoded]
    judge: Callable[[float, float], tuple[str, str]]


class TrainingRun:
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
        kin: Sequence[batching.Kin] = (),
        replay: Replay | None = None,
        rungs: Rungs | None = None,
    ) -> None:
        import torch

        self.replay, self.kin, self.rungs = replay, kin, rungs
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
        self.position = Position(fingerprint=fingerprint, total=total)
        self._orders: dict[int, list[list[int]]] = {}
        self._pace_from = 0.0

    def loop(self, on_progress: Callable[[TrainProgress], None]) -> None:
        """Steps until the plan is done, the time is up, or the dev loss stops falling."""
        import torch

        at = self.position
        before, started, saved = at.seconds, time.monotonic(), time.monotonic()
        first = at.step
        if first == 0:
            torch.manual_seed(self.settings.seed + 1)
        self.model.train()
        while not at.stopped:
            rate, loss = self._step()
            at.seconds = before + time.monotonic() - started
            if self._dev_is_due():
                self._judge_dev()
            if self.rungs and not at.stopped:
                self._judge_rung(self.rungs)
            if not at.cannot_win and self._time_is_up():
                at.stopped = "finished" if at.step >= self.planned else "max_seconds"
            replanned = self._replan(first)
            if at.stopped or replanned or time.monotonic() - saved >= self.checkpoint_seconds:
                self._save()
                saved = time.monotonic()
            on_progress(self._progress(rate, loss))
        if self.best:
            _copy_into(self.parameters, self.best)
        if self.rungs and not at.cannot_win:
            self._judge_the_end(self.rungs)

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
                    kin=self.kin,
                )
            }
        return [self.rows[i] for i in self._orders[epoch][index]]

    def _time_is_up(self) -> bool:
        """Whether the plan is done or the clock ends the run; a replay ends where its run did."""
        at, limit = self.position, self.settings.max_seconds
        if self.replay is not None:
            return at.step >= self.replay.steps
        return at.step >= at.total or (limit is not None and at.seconds >= limit)

    def _replan(self, first: int) -> bool:
        """Fits the plan to the time limit, so that the rate decays to zero in time."""
        if self.replay is not None:
            self.position.total = self.replay.totals.get(self.position.step, self.position.total)
            return False
        at, limit, done = self.position, self.settings.max_seconds, self.position.step - first
        if done == PACE_WARMUP:
            self._pace_from = at.seconds
        if limit is None or at.stopped or done % PACE_STEPS or done <= PACE_WARMUP:
            return False
        before = at.total
        at.total = schedule.fitted(
            step=at.step,
            total=at.total,
            planned=self.planned,
            seconds=at.seconds,
            pace=(at.seconds - self._pace_from) / (done - PACE_WARMUP),
            limit=limit,
        )
        if at.total != before:
            at.totals.append((at.step, at.total))
        return at.total != before

    def _dev_is_due(self) -> bool:
        at = self.position
        return bool(self.dev) and (at.step % self.epoch_steps == 0 or at.step >= at.total)

    def _judge_dev(self) -> None:
        at, patience = self.position, self.settings.early_stop_patience
        loss = self.loss_on(self.dev)
        at.dev_losses.append((at.step, loss))
        if at.best_dev is None or loss < at.best_dev:
            at.best_dev, at.without_gain = loss, 0
            if patience:
                self.best = {n: p.detach().clone() for n, p in self.parameters.items()}
        else:
            at.without_gain += 1
        if patience and at.without_gain >= patience:
            at.stopped = "early_stop"

    def _judge_rung(self, rungs: Rungs) -> None:
        """At the first step of a rung: whether the race goes on."""
        at = self.position
        last = at.rungs[-1][0] if at.rungs else 0.0
        due = [s for s in rungs.shares if s > last and at.step >= s * at.total]
        if not due or at.step >= at.total:
            return
        loss = self.loss_on(rungs.rows)
        at.rungs.append((due[-1], loss))
        self._ask_judge(rungs)

    def _judge_the_end(self, rungs: Rungs) -> None:
        """Where the end is a rung: whether the trained model is worth examining."""
        at = self.position
        if 1.0 in rungs.shares:
            at.rungs = [rung for rung in at.rungs if rung[0] < 1] + [
                (1.0, self.loss_on(rungs.rows))
            ]
            at.beaten_by, at.cannot_win = rungs.judge(*at.rungs[-1])

    def _ask_judge(self, rungs: Rungs) -> None:
        at = self.position
        at.beaten_by, at.cannot_win = rungs.judge(*at.rungs[-1])
        at.stopped = "cannot_win" if at.cannot_win else ""

    def loss_on(self, rows: Sequence[Encoded]) -> float:
        """Weighted mean loss of the labels of some rows."""
        self.model.eval()
        size = self.settings.batch_size
        ordered = sorted(rows, key=lambda row: len(row.ids))
        parts = [ordered[start : start + size] for start in range(0, len(ordered), size)]
        total = sum(self.engine.loss_sum(part) for part in parts)
        self.model.train()
        return total / batching.weight_sum(ordered)

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
        self.position = Position(**position)
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
        if self.position.cannot_win and self.rungs:
            self._ask_judge(self.rungs)  # who was ahead may have left the race since
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


def _copy_into(parameters: dict[str, Any], values: dict[str, Any]) -> None:
    import torch

    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(values[name])


def _under(tensors: dict[str, Any], prefix: str) -> dict[str, Any]:
    return {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
