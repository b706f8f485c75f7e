"""Loss and LoRA gradients of a Llama model, written out by hand.

The generic path (transformers, peft, autograd) spends three quarters of its time on a CPU outside
matrix products. Here one layer is about forty calls: projections that read the same input are one
product, adapters ride inside it, tokens that all rows begin with are computed once, and nothing
is computed whose gradient nobody asks for.

Shapes: `P` shared prefix tokens, `B` rows, `S` tokens of a row after the prefix, padded;
`N = P + B*S` tokens in all; `G` query heads of one key head. Tokens lie flat, the prefix first.
"""

from dataclasses import dataclass
from typing import Any

from forgemind_assets.forge.lora_group import LoraGroup


@dataclass
class Layout:
    """Where the tokens of a batch lie, and the tables that depend on their positions.

    Attributes:
        prefix: P.
        rows: B.
        length: S.
        prefix_rope, rope: (cos, sin) of the prefix and of the positions after it, `(T, head)`.
        prefix_mask, mask: added to the scores; `(G*P, P)` and `(G*S, P+S)`.
    """

    prefix: int
    rows: int
    length: int
    prefix_rope: tuple[Any, Any]
    rope: tuple[Any, Any]
    prefix_mask: Any
    mask: Any


@dataclass
class _Attended:
    """What the backward pass of one attention needs: `(B*K, G*S, head)` and `(B*K, T, head)`."""

    query: Any
    key: Any
    value: Any
    weights: Any


class LlamaLayer:
    """One decoder layer with adapters on its seven projections."""

    def __init__(self, layer: Any, config: Any, dtype: Any) -> None:
        attention, mlp = layer.self_attn, layer.mlp
        self.heads, self.key_heads = config.num_attention_heads, config.num_key_value_heads
        self.group = self.heads // self.key_heads
        self.head = attention.head_dim
        self.scale = attention.scaling
        self.eps = config.rms_norm_eps
        self.norm1 = layer.input_layernorm.weight.detach().to(dtype)
        self.norm2 = layer.post_attention_layernorm.weight.detach().to(dtype)
        self.qkv = LoraGroup([attention.q_proj, attention.k_proj, attention.v_proj], dtype)
        self.out = LoraGroup([attention.o_proj], dtype)
        self.gate_up = LoraGroup([mlp.gate_proj, mlp.up_proj], dtype)
        self.down = LoraGroup([mlp.down_proj], dtype)
        self.saved: dict[str, Any] = {}

    @property
    def groups(self) -> tuple[LoraGroup, ...]:
        """All projections of the layer."""
        return (self.qkv, self.out, self.gate_up, self.down)

    def forward(self, x: Any, at: Layout, keep: Any = None) -> Any:
        """`(N, width)` to the same, or to `(len(keep), width)` where only those are wanted."""
        import torch
        from torch.nn import functional

        h1 = self.qkv.buffer(len(x))
        r1 = rms_norm(x, self.norm1, self.eps, self.qkv.inputs(h1))
        heads = self.qkv.forward(h1).unflatten(1, (-1, self.head))
        mixed, prefix, suffix = self._attend(heads, at)
        x1 = x
        if keep is not None:
            mixed, x1 = mixed[keep], x[keep]
        x2 = x1 + self.out.forward(mixed)
        h2 = self.gate_up.buffer(len(x2))
        r2 = rms_norm(x2, self.norm2, self.eps, self.gate_up.inputs(h2))
        gate_up = self.gate_up.forward(h2)
        gate, up = gate_up.chunk(2, dim=1)
        silu = functional.silu(gate)
        product = self.down.buffer(len(x2))
        torch.mul(silu, up, out=self.down.inputs(product))
        y = self.down.forward(product)
        y += x2
        self.saved = {
            "x": x, "h1": h1, "r1": r1, "prefix": prefix, "suffix": suffix,
            "mixed": mixed, "x2": x2, "h2": h2, "r2": r2,
            "gate_up": gate_up, "silu": silu, "product": product,
        }  # fmt: skip
        return y

    def backward(self, dy: Any, at: Layout, keep: Any = None, *, need_input: bool = True) -> Any:
        """Gradient of the layer's input from that of its output; fills the adapters' gradients."""
        import torch

        s, self.saved = self.saved, {}
        gate, up = s["gate_up"].chunk(2, dim=1)
        dproduct = self.down.backward(self.down.gradient(dy), s["product"])
        dgate_up = self.gate_up.gradient_buffer(len(dy))
        dgate, dup = self.gate_up.outputs(dgate_up).chunk(2, dim=1)
        torch.mul(dproduct, s["silu"], out=dup)
        dproduct *= up
        torch.ops.aten.silu_backward.grad_input(dproduct, gate, grad_input=dgate)
        dh2 = self.gate_up.backward(dgate_up, s["h2"])
        dx2 = rms_norm_backward(dh2, s["x2"], self.gate_up.inputs(s["h2"]), s["r2"], self.norm2)
        dx2 += dy
        dmixed = self.out.backward(self.out.gradient(dx2), s["mixed"])
        if keep is not None:
            full = dx2.new_zeros((len(s["x"]), dx2.shape[1] + dmixed.shape[1]))
            full[keep] = torch.cat([dx2, dmixed], dim=1)
            dx2, dmixed = full[:, : dx2.shape[1]], full[:, dx2.shape[1] :]
        dheads = self._attend_backward(dmixed, s["prefix"], s["suffix"], at)
        dh1 = self.qkv.backward(dheads, s["h1"], need_input=need_input)
        if not need_input:
            return None
        dx = rms_norm_backward(dh1, s["x"], self.qkv.inputs(s["h1"]), s["r1"], self.norm1)
        dx += dx2
        return dx

    def _attend(self, heads: Any, at: Layout) -> tuple[Any, _Attended | None, _Attended]:
        """Causal attention, `(N, heads, head)` to the buffer of the output projection."""
        mixed = self.out.buffer(len(heads))
        out = self.out.inputs(mixed).unflatten(1, (self.heads, self.head))
        q, k, v = self._split(heads[at.prefix :].unflatten(0, (at.rows, at.length)), at.rope)
        prefix = None
        if at.prefix:
            pq, pk, pv = self._split(heads[: at.prefix].unsqueeze(0), at.prefix_rope)
            prefix, value = self._mix(pq, pk, pv, at.prefix_mask)
            out[: at.prefix] = value[0]
            k, v = _joined(pk, k), _joined(pv, v)
        suffix, value = self._mix(q, k, v, at.mask)
        out[at.prefix :].unflatten(0, (at.rows, at.length)).copy_(value)
        return mixed, prefix, suffix

    def _split(self, heads: Any, rope: tuple[Any, Any]) -> tuple[Any, Any, Any]:
        """`(B, T, heads, head)` to rotated queries (scaled) and keys, and values."""
        heads = heads.transpose(1, 2)
        q, k, v = heads.split((self.heads, self.key_heads, self.key_heads), dim=1)
        cos, sin = rope
        return rotate(q, cos * self.scale, sin * self.scale), rotate(k, cos, sin), v

    def _mix(self, q: Any, k: Any, v: Any, mask: Any) -> tuple[_Attended, Any]:
        import torch

        rows, keys, length = k.shape[0], k.shape[1], q.shape[2]
        q = q.reshape(rows * keys, self.group * length, self.head)
        k, v = k.reshape(rows * keys, -1, self.head), v.reshape(rows * keys, -1, self.head)
        weights = torch.softmax(torch.baddbmm(mask, q, k.transpose(1, 2)), dim=-1)
        value = torch.bmm(weights, v).view(rows, self.heads, length, self.head)
        return _Attended(q, k, v, weights), value.transpose(1, 2)

    def _mix_backward(self, dvalue: Any, s: _Attended) -> tuple[Any, Any, Any]:
        """From `(B, T, heads, head)` to the gradients of queries, keys and values, heads first."""
        import torch

        rows, length = dvalue.shape[0], dvalue.shape[1]
        d = dvalue.transpose(1, 2).reshape(s.query.shape)
        dv = torch.bmm(s.weights.transpose(1, 2), d)
        dweights = torch.bmm(d, s.value.transpose(1, 2))
        dscores = torch.ops.aten._softmax_backward_data(dweights, s.weights, -1, s.weights.dtype)
        dq = torch.bmm(dscores, s.key).view(rows, self.heads, length, self.head)
        dk = torch.bmm(dscores.transpose(1, 2), s.query)
        shape = (rows, self.key_heads, -1, self.head)
        return dq, dk.view(shape), dv.view(shape)

    def _attend_backward(
        self, dmixed: Any, prefix: _Attended | None, suffix: _Attended, at: Layout
    ) -> Any:
        """Gradient of the query, key and value projections, in a buffer of theirs."""
        dbuffer = self.qkv.gradient_buffer(len(dmixed))
        dheads = self.qkv.outputs(dbuffer).unflatten(1, (-1, self.head))
        dmixed = dmixed.unflatten(1, (self.heads, self.head))
        dq, dk, dv = self._mix_backward(
            dmixed[at.prefix :].unflatten(0, (at.rows, at.length)), suffix
        )
        p = at.prefix
        tail = dheads[p:].unflatten(0, (at.rows, at.length))
        self._join(tail, dq, dk[:, :, p:], dv[:, :, p:], at.rope)
        if prefix is not None:
            pq, pk, pv = self._mix_backward(dmixed[:p].unsqueeze(0), prefix)
            pk += dk[:, :, :p].sum(0, keepdim=True)
            pv += dv[:, :, :p].sum(0, keepdim=True)
            self._join(dheads[:p].unsqueeze(0), pq, pk, pv, at.prefix_rope)
        return dbuffer

    def _join(self, out: Any, dq: Any, dk: Any, dv: Any, rope: tuple[Any, Any]) -> None:
        """The reverse of `_split`, written into `out`."""
        q, k, v = out.transpose(1, 2).split((self.heads, self.key_heads, self.key_heads), dim=1)
        cos, sin = rope
        rotate(dq, cos * self.scale, -sin * self.scale, out=q)
        rotate(dk, cos, -sin, out=k)
        v.copy_(dv)


def rms_norm(x: Any, weight: Any, eps: float, out: Any) -> Any:
    """Root mean square norm of each token, written to `out`. Returns 1/rms, `(N, 1)`, fp32."""
    import torch

    norm = torch.linalg.vector_norm(x, dim=1, keepdim=True, dtype=torch.float32)
    r = (norm.square_() / x.shape[1]).add_(eps).rsqrt_()
    torch.mul((x * r).to(x.dtype), weight, out=out)
    return r


def rms_norm_backward(dh: Any, x: Any, h: Any, r: Any, weight: Any) -> Any:
    """Gradient of the input of `rms_norm`. Overwrites `dh`.

    With h = x*r*w: dx = r*w*dh - x * r^2 * mean(dh*h).
    """
    import torch

    mean = torch.sum(dh * h, dim=1, keepdim=True, dtype=torch.float32).div_(x.shape[1])
    dh *= weight
    dh *= r.to(x.dtype)
    return dh.addcmul_(x, (mean * r.square()).to(x.dtype), value=-1)


def rotate(x: Any, cos: Any, sin: Any, out: Any = None) -> Any:
    """Rotary position embedding of `(..., T, head)`; with -sin it is its own transpose."""
    import torch

    half = x.shape[-1] // 2
    if out is None:
        out = torch.empty(x.shape, dtype=x.dtype, device=x.device)
    torch.mul(x, cos, out=out)
    out[..., :half].addcmul_(x[..., half:], sin[..., :half], value=-1)
    out[..., half:].addcmul_(x[..., :half], sin[..., half:])
    return out


def _joined(prefix: Any, rest: Any) -> Any:
    """The one prefix before each row: `(1, K, P, head)`, `(B, K, S, head)`."""
    import torch

    return torch.cat([prefix.expand(rest.shape[0], -1, -1, -1), rest], dim=2)
