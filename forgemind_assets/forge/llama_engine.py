"""The loss of a batch and its LoRA gradients, computed through the hand-written Llama."""

from collections.abc import Sequence
from typing import Any

from forgemind_assets.forge import llama
from forgemind_assets.forge.batching import micro_batches, padded, weight_sum
from forgemind_assets.forge.encoding import Encoded, shared_prefix
from forgemind_assets.records import TrainSettings

PROJECTIONS = {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}

MICRO_TOKENS = 2048
"""Padded tokens computed at once. They take 0.8 MB each at 135M parameters in bf16."""

LABEL_CHUNK = 128
"""Labels whose logits exist at once: 25 MB of fp32 at 49152 words, within a large cache."""


class LlamaEngine:
    """Loss and gradients for models of the Llama architecture, without autograd."""

    name = "llama"

    @staticmethod
    def supports(peft_model: Any, settings: TrainSettings) -> bool:
        """Whether the model is a plain Llama with adapters on all seven projections."""
        config = peft_model.get_base_model().config
        peft_config = peft_model.peft_config["default"]
        return (
            config.model_type == "llama"
            and config.hidden_act == "silu"
            and not config.attention_bias
            and not config.mlp_bias
            and settings.dropout == 0
            and settings.quantisation == "none"
            and set(peft_config.target_modules) == PROJECTIONS
            and not peft_config.use_dora
        )

    def __init__(
        self,
        peft_model: Any,
        *,
        device: str,
        precision: str,
        rows: Sequence[Encoded],
        micro_tokens: int = MICRO_TOKENS,
    ) -> None:
        import torch

        model = peft_model.get_base_model()
        self._device, self._micro_tokens = device, micro_tokens
        self._dtype = torch.bfloat16 if precision == "bf16" else torch.float32
        self._embedding = model.get_input_embeddings().weight.detach().to(self._dtype)
        self._head = model.get_output_embeddings().weight.detach().to(self._dtype)
        self._norm = model.model.norm.weight.detach().to(self._dtype)
        self._eps = model.config.rms_norm_eps
        self._rotary = model.model.rotary_emb
        self._layers = [
            llama.LlamaLayer(layer, model.config, self._dtype) for layer in model.model.layers
        ]
        limit = min((row.label_start - 1 for row in rows), default=0)
        self._prefix = min(shared_prefix([row.ids for row in rows]), limit) // 8 * 8
        self._layouts: dict[tuple[int, int], llama.Layout] = {}

    def backward(self, rows: Sequence[Encoded]) -> float:
        """Adds the gradient of the weighted mean loss of the labels. Returns that loss in nats."""
        labels = weight_sum(rows)
        return self._run(rows, gradient_scale=1.0 / labels) / labels

    def loss_sum(self, rows: Sequence[Encoded]) -> float:
        """Weighted sum of the cross entropies of all labels, in nats."""
        return self._run(rows, gradient_scale=None)

    def _run(self, rows: Sequence[Encoded], gradient_scale: float | None) -> float:
        import torch

        with torch.no_grad():
            for layer in self._layers:
                for group in layer.groups:
                    group.refresh()
            return sum(
                self._micro_batch(part, gradient_scale)
                for part in micro_batches(rows, self._micro_tokens)
            )

    def _micro_batch(self, rows: Sequence[Encoded], gradient_scale: float | None) -> float:
        from torch.nn import functional

        ids, sources, targets, weights, at = self._collate(rows)
        x = functional.embedding(ids, self._embedding)
        last = self._layers[-1]
        for layer in self._layers[:-1]:
            x = layer.forward(x, at)
        x = last.forward(x, at, sources)
        loss, dx = self._head_loss(x, targets, weights, gradient_scale)
        if dx is None:
            return loss
        dx = last.backward(dx, at, sources, need_input=len(self._layers) > 1)
        for layer in reversed(self._layers[:-1]):
            dx = layer.backward(dx, at, need_input=layer is not self._layers[0])
        return loss

    def _head_loss(
        self, x: Any, targets: Any, weights: Any, gradient_scale: float | None
    ) -> tuple[float, Any]:
        """Loss over the labels and the gradient of `x`, `(labels, width)`."""
        import torch
        from torch.nn import functional

        h = torch.empty_like(x)
        r = llama.rms_norm(x, self._norm, self._eps, h)
        dh = torch.empty_like(h) if gradient_scale is not None else None
        loss = 0.0
        for start in range(0, len(h), LABEL_CHUNK):
            part = slice(start, start + LABEL_CHUNK)
            logits = functional.linear(h[part], self._head)
            logs = torch.log_softmax(logits, dim=1, dtype=torch.float32)
            rows = torch.arange(len(logs), device=logs.device)
            loss -= float((logs[rows, targets[part]] * weights[part]).sum())
            if dh is not None:
                p = logs.exp_()
                p[rows, targets[part]] -= 1.0
                scale = (weights[part] * gradient_scale).to(self._dtype)
                dh[part] = (p.to(self._dtype) @ self._head).mul_(scale[:, None])
        if dh is None:
            return loss, None
        return loss, llama.rms_norm_backward(dh, x, h, r, self._norm)

    def _collate(self, rows: Sequence[Encoded]) -> tuple[Any, Any, Any, Any, llama.Layout]:
        """Flat token ids `(N,)`, label positions in them, labels, weights, and the layout."""
        import torch

        prefix = self._prefix
        length = padded(max(len(row.ids) for row in rows) - prefix)
        ids = torch.zeros(prefix + len(rows) * length, dtype=torch.long)
        ids[:prefix] = torch.tensor(rows[0].ids[:prefix], dtype=torch.long)
        sources: list[int] = []
        targets: list[int] = []
        weights: list[float] = []
        for index, row in enumerate(rows):
            start = prefix + index * length
            ids[start : start + len(row.ids) - prefix] = torch.tensor(row.ids[prefix:])
            first = start + row.label_start - 1 - prefix
            sources.extend(range(first, start + len(row.ids) - 1 - prefix))
            targets.extend(row.ids[row.label_start :])
            weights.extend(row.label_weights)
        device = self._device
        return (
            ids.to(device),
            torch.tensor(sources, device=device),
            torch.tensor(targets, device=device),
            torch.tensor(weights, dtype=torch.float32, device=device),
            self._layout(len(rows), length),
        )

    def _layout(self, rows: int, length: int) -> llama.Layout:
        import torch

        if (rows, length) in self._layouts:
            return self._layouts[rows, length]
        prefix, group = self._prefix, self._layers[0].group
        positions = torch.arange(prefix + length, device=self._device)
        probe = torch.empty(0, dtype=self._dtype, device=self._device)
        cos, sin = (table[0] for table in self._rotary(probe, positions.unsqueeze(0)))
        allowed = positions[:, None] >= positions[None, :]
        mask = torch.zeros(allowed.shape, dtype=self._dtype, device=self._device)
        mask.masked_fill_(~allowed, float("-inf"))
        layout = llama.Layout(
            prefix=prefix,
            rows=rows,
            length=length,
            prefix_rope=(cos[:prefix], sin[:prefix]),
            rope=(cos[prefix:], sin[prefix:]),
            prefix_mask=mask[:prefix, :prefix].repeat(group, 1),
            mask=mask[prefix:].repeat(group, 1),
        )
        self._layouts[rows, length] = layout
        return layout
