"""Greedy decoding of a Llama model, written out by hand: shared prefix, packed cache, few calls.

Shapes: `P` prefix tokens that all rows share, `B` rows, `T` tokens of a row after the prefix;
`H` query heads, `K` key heads, `G = H / K`, `D` numbers a head. Caches are `(B, K, T, D)`.
"""

from collections.abc import Sequence
from typing import Any

from forgemind_assets.forge.batching import padded
from forgemind_assets.forge.llama import rms_norm, rotate

PREFILL_TOKENS = 2048
"""Padded prompt tokens computed at once, so that a layer's activations stay in the cache."""


class _Layer:
    """Weights of one decoder layer; projections that read one input are one matrix."""

    def __init__(self, layer: Any) -> None:
        import torch

        attention, mlp = layer.self_attn, layer.mlp
        projections = (attention.q_proj, attention.k_proj, attention.v_proj)
        self.norm1 = layer.input_layernorm.weight
        self.norm2 = layer.post_attention_layernorm.weight
        self.qkv = torch.cat([p.weight for p in projections])
        self.out = attention.o_proj.weight
        self.gate_up = torch.cat([mlp.gate_proj.weight, mlp.up_proj.weight])
        self.down = mlp.down_proj.weight


class LlamaDecoder:
    """A model, the keys and values of one prefix, and those of the rows being answered."""

    @staticmethod
    def supports(model: Any) -> bool:
        """Whether the model is a plain Llama with ordinary weights (no adapter, not 4-bit)."""
        config = model.config
        return (
            type(model).__name__ == "LlamaForCausalLM"
            and config.hidden_act == "silu"
            and not config.attention_bias
            and not config.mlp_bias
            and not hasattr(model, "hf_quantizer")
            and type(model.model.layers[0].self_attn.q_proj).__name__ == "Linear"
        )

    def __init__(self, model: Any, prefix: Sequence[int]) -> None:
        """Computes the keys and values of `prefix`, which may be empty, once."""
        import torch

        config, inner = model.config, model.model
        with torch.inference_mode():
            self._layers = [_Layer(layer) for layer in inner.layers]
        self._embedding = model.get_input_embeddings().weight
        self._lm_head = model.get_output_embeddings().weight
        self._norm, self._rotary = inner.norm.weight, inner.rotary_emb
        self._eps = config.rms_norm_eps
        self._heads, self._keys = config.num_attention_heads, config.num_key_value_heads
        self._head = inner.layers[0].self_attn.head_dim
        self._scale = inner.layers[0].self_attn.scaling
        self._device, self._dtype = self._embedding.device, self._embedding.dtype
        self._prefix = 0
        self._prefix_kv: list[tuple[Any, Any]] = [self._empty(1, 0) for _ in self._layers]
        self._kv: list[tuple[Any, Any]] = []
        self._lengths = torch.zeros(0, dtype=torch.long)
        if prefix:
            self.start([prefix], 0)
            self._prefix_kv = [
                (k[:, :, : len(prefix)], v[:, :, : len(prefix)]) for k, v in self._kv
            ]
            self._prefix = len(prefix)

    def start(self, rows: Sequence[Sequence[int]], room: int) -> list[int]:
        """Reads the rows' tokens after the prefix. Returns the first token of each answer.

        `room` is the number of answer tokens that the cache must be able to take.
        """
        import torch

        widest = max(map(len, rows))
        with torch.inference_mode():
            self._lengths = torch.tensor([len(row) for row in rows], device=self._device)
            self._kv = [self._empty(len(rows), padded(widest + room)) for _ in self._layers]
            per_part = max(1, PREFILL_TOKENS // padded(widest))
            parts = [range(len(rows))[i : i + per_part] for i in range(0, len(rows), per_part)]
            return [token for part in parts for token in self._read(rows, part)]

    def step(self, tokens: Sequence[int]) -> list[int]:
        """Appends one token to each row. Returns the next token of each."""
        import torch
        from torch.nn import functional

        with torch.inference_mode():
            at = self._lengths
            self._lengths = at + 1
            room = torch.arange(self._kv[0][0].shape[2], device=self._device)
            mask = torch.zeros((len(at), len(room)), dtype=self._dtype, device=self._device)
            mask = mask.masked_fill_(room[None, :] > at[:, None], float("-inf"))[:, None, None, :]
            cos, sin = self._tables(at + self._prefix)
            cos, sin = cos[:, None, None, :], sin[:, None, None, :]
            index = torch.arange(len(at), device=self._device)
            x = functional.embedding(torch.tensor(tokens, device=self._device), self._embedding)
            for layer, (k, v), shared in zip(self._layers, self._kv, self._prefix_kv, strict=True):
                heads = self._project(x, layer).view(len(x), 1, -1, self._head).transpose(1, 2)
                q, key, value = heads.split((self._heads, self._keys, self._keys), dim=1)
                k[index, :, at] = rotate(key, cos, sin)[:, :, 0]
                v[index, :, at] = value[:, :, 0]
                q = rotate(q, cos * self._scale, sin * self._scale)
                mixed = self._recall(q[:, :, 0], k, v, shared, mask)
                x = self._finish(x, mixed, layer)
            return self._choose(x)

    def keep(self, rows: Sequence[int]) -> None:
        """Drops all rows but these from the cache."""
        import torch

        with torch.inference_mode():
            chosen = torch.tensor(rows, device=self._device)
            self._lengths = self._lengths[chosen]
            self._kv = [(k[chosen], v[chosen]) for k, v in self._kv]

    def _empty(self, rows: int, length: int) -> tuple[Any, Any]:
        import torch

        shape = (rows, self._keys, length, self._head)
        make = {"dtype": self._dtype, "device": self._device}
        return torch.zeros(shape, **make), torch.zeros(shape, **make)

    def _read(self, rows: Sequence[Sequence[int]], part: range) -> list[int]:
        """Prefill of some rows; fills their part of the cache."""
        import torch
        from torch.nn import functional

        length = padded(max(len(rows[i]) for i in part))
        ids = torch.zeros((len(part), length), dtype=torch.long)
        for line, i in zip(ids, part, strict=True):
            line[: len(rows[i])] = torch.tensor(rows[i])
        positions = torch.arange(self._prefix + length, device=self._device)
        cos, sin = self._tables(positions[self._prefix :])
        hidden = positions[None, :] > positions[self._prefix :, None]
        mask = torch.zeros(hidden.shape, dtype=self._dtype, device=self._device)
        mask = mask.masked_fill_(hidden, float("-inf")).repeat(self._heads // self._keys, 1)
        last = self._lengths[part.start : part.stop] - 1
        last = last + torch.arange(len(part), device=self._device) * length
        x = functional.embedding(ids.to(self._device).flatten(), self._embedding)
        for layer, (k, v), (prefix_k, prefix_v) in zip(
            self._layers, self._kv, self._prefix_kv, strict=True
        ):
            heads = self._project(x, layer).view(len(part), length, -1, self._head)
            heads = heads.transpose(1, 2)
            q, key, value = heads.split((self._heads, self._keys, self._keys), dim=1)
            key = rotate(key, cos, sin)
            k[part.start : part.stop, :, :length] = key[:, :, : k.shape[2]]
            v[part.start : part.stop, :, :length] = value[:, :, : v.shape[2]]
            spread = (len(part), -1, -1, -1)
            key = torch.cat([prefix_k.expand(spread), key], dim=2).flatten(0, 1)
            value = torch.cat([prefix_v.expand(spread), value], dim=2).flatten(0, 1)
            q = rotate(q, cos * self._scale, sin * self._scale)
            q = q.view(len(key), -1, self._head)
            weights = torch.softmax(torch.baddbmm(mask, q, key.transpose(1, 2)), dim=-1)
            mixed = torch.bmm(weights, value).view(len(part), self._heads, length, self._head)
            mixed = mixed.transpose(1, 2).reshape(len(x), -1)
            if layer is self._layers[-1]:
                x, mixed = x[last], mixed[last]
            x = self._finish(x, mixed, layer)
        return self._choose(x)

    def _recall(self, q: Any, k: Any, v: Any, shared: tuple[Any, Any], mask: Any) -> Any:
        """Attention of one query a row, `(B, H, D)`, to the prefix and the row's own cache."""
        import torch

        rows, keys = len(q), self._keys
        q = q.reshape(rows * keys, -1, self._head)
        own = torch.bmm(q, k.flatten(0, 1).transpose(1, 2)).view(rows, keys, -1, k.shape[2]) + mask
        if not self._prefix:
            weights = torch.softmax(own, dim=-1).flatten(0, 1)
            return torch.bmm(weights, v.flatten(0, 1)).view(rows, -1)
        prefix_k, prefix_v = shared
        by_key = q.view(rows, keys, -1, self._head).transpose(0, 1).reshape(keys, -1, self._head)
        before = torch.bmm(by_key, prefix_k[0].transpose(1, 2))
        before = before.view(keys, rows, -1, self._prefix).transpose(0, 1)
        weights = torch.softmax(torch.cat([before, own], dim=-1), dim=-1)
        head, tail = weights.split((self._prefix, k.shape[2]), dim=-1)
        head = head.transpose(0, 1).reshape(keys, -1, self._prefix)
        mixed = torch.bmm(head, prefix_v[0]).view(keys, rows, -1, self._head).transpose(0, 1)
        mixed = mixed + torch.bmm(tail.flatten(0, 1), v.flatten(0, 1)).view(mixed.shape)
        return mixed.flatten(1)

    def _project(self, x: Any, layer: _Layer) -> Any:
        import torch
        from torch.nn import functional

        h = torch.empty_like(x)
        rms_norm(x, layer.norm1, self._eps, h)
        return functional.linear(h, layer.qkv)

    def _finish(self, x: Any, mixed: Any, layer: _Layer) -> Any:
        """Output projection and MLP with their residuals."""
        import torch
        from torch.nn import functional

        x = x + functional.linear(mixed, layer.out)
        h = torch.empty_like(x)
        rms_norm(x, layer.norm2, self._eps, h)
        gate, up = functional.linear(h, layer.gate_up).chunk(2, dim=1)
        return x + functional.linear(functional.silu(gate).mul_(up), layer.down)

    def _choose(self, x: Any) -> list[int]:
        import torch
        from torch.nn import functional

        h = torch.empty_like(x)
        rms_norm(x, self._norm, self._eps, h)
        # On a CPU `max` is five times as fast as `argmax` in bf16.
        return functional.linear(h, self._lm_head).max(dim=-1).indices.tolist()

    def _tables(self, positions: Any) -> tuple[Any, Any]:
        """Cosine and sine of the rotary embedding, `(positions, D)`."""
        cos, sin = self._rotary(self._embedding, positions.unsqueeze(0))
        return cos[0], sin[0]
