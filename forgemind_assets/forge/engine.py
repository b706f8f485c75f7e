"""How the loss of a batch and its LoRA gradients are computed: the choice, and the general way."""

from collections.abc import Sequence
from typing import Any, Protocol

from forgemind_assets.forge.batching import Batch, collate, micro_batches, weight_sum
from forgemind_assets.forge.encoding import Encoded
from forgemind_assets.forge.llama_engine import LlamaEngine
from forgemind_assets.records import TrainSettings

MICRO_TOKENS = 8192
"""Padded tokens computed at once; more would only take more memory."""

LOGIT_SCALES = ("final_logit_softcapping", "logits_scaling", "logit_scale")


class Engine(Protocol):
    """Computes losses; gradients go to `.grad` of the adapter's parameters."""

    name: str

    def backward(self, rows: Sequence[Encoded]) -> float:
        """Adds the gradient of the weighted mean loss of the labels. Returns that loss in nats."""
        ...

    def loss_sum(self, rows: Sequence[Encoded]) -> float:
        """Weighted sum of the cross entropies of all labels, in nats."""
        ...


def choose(
    peft_model: Any,
    settings: TrainSettings,
    *,
    device: str,
    precision: str,
    rows: Sequence[Encoded],
) -> Engine:
    """The hand-written engine where it knows the architecture, else transformers and autograd."""
    if LlamaEngine.supports(peft_model, settings):
        return LlamaEngine(peft_model, device=device, precision=precision, rows=rows)
    return PeftEngine(peft_model, device=device, precision=precision)


class PeftEngine:
    """Runs any causal language model of transformers. Logits exist only where a label is."""

    name = "transformers"

    def __init__(self, peft_model: Any, *, device: str, precision: str) -> None:
        self._model = peft_model.get_base_model()
        self._where, self._device = device, device.split(":")[0]
        self._bf16 = precision == "bf16"
        config = self._model.config.get_text_config()
        self._scaled = any(getattr(config, name, None) is not None for name in LOGIT_SCALES)

    def backward(self, rows: Sequence[Encoded]) -> float:
        """Adds the gradient of the weighted mean loss of the labels. Returns that loss in nats."""
        labels = weight_sum(rows)
        total = 0.0
        for part in micro_batches(rows, MICRO_TOKENS):
            loss = self._loss(part)
            (loss / labels).backward()
            total += float(loss.detach())
        return total / labels

    def loss_sum(self, rows: Sequence[Encoded]) -> float:
        """Weighted sum of the cross entropies of all labels, in nats."""
        import torch

        with torch.no_grad():
            return sum(float(self._loss(part)) for part in micro_batches(rows, MICRO_TOKENS))

    def _loss(self, rows: Sequence[Encoded]) -> Any:
        import torch
        from torch.nn import functional

        batch = collate(rows, self._where)
        with torch.autocast(self._device, dtype=torch.bfloat16, enabled=self._bf16):
            logits = self._scaled_logits(batch) if self._scaled else self._logits(batch)
        losses = functional.cross_entropy(logits.float(), batch.targets, reduction="none")
        return (losses * batch.weights).sum()

    def _logits(self, batch: Batch) -> Any:
        """Logits at the label positions, `(labels, vocabulary)`."""
        decoder = self._model.get_decoder()
        hidden = decoder(input_ids=batch.ids, use_cache=False).last_hidden_state
        picked = hidden.reshape(-1, hidden.shape[-1])[batch.sources]
        return self._model.get_output_embeddings()(picked)

    def _scaled_logits(self, batch: Batch) -> Any:
        """The same for models that rescale their logits in `forward`, which thus has to run."""
        width = batch.ids.shape[1]
        first = int((batch.sources % width).min())
        logits = self._model(
            input_ids=batch.ids, use_cache=False, logits_to_keep=width - first
        ).logits
        rows, columns = batch.sources // width, batch.sources % width - first
        return logits[rows, columns]
