"""Linear layers that read one input, with their LoRA adapters, as a single matrix."""

from typing import Any


class LoraGroup:
    """Frozen weights `W` and adapters `A`, `B` of one or more layers with the same input.

    Everything lies in one matrix, of which each product takes a part:

        [ W  sB ]   outputs
        [ A   0 ]   rank
       inputs rank

    An input buffer `(N, inputs + rank)` holds x and u = x A^T side by side, so that
    y = [x u] [W sB]^T is one product; a gradient buffer `(N, outputs + rank)` holds dy and
    v = dy sB, so that dx = [dy v] [W; A] is one. `rank` is the sum over the layers, and `sB` is
    block-diagonal.
    """

    def __init__(self, layers: list[Any], dtype: Any) -> None:
        import torch

        weights = [layer.get_base_layer().weight.detach() for layer in layers]
        self._a = [layer.lora_A["default"].weight for layer in layers]
        self._b = [layer.lora_B["default"].weight for layer in layers]
        self._scaling = [layer.scaling["default"] for layer in layers]
        self._in, self._out = weights[0].shape[1], sum(w.shape[0] for w in weights)
        rank = sum(a.shape[0] for a in self._a)
        self._matrix = torch.zeros(
            (self._out + rank, self._in + rank), dtype=dtype, device=weights[0].device
        )
        self._matrix[: self._out, : self._in] = torch.cat(weights)

    def refresh(self) -> None:
        """Takes over the adapters' present values."""
        for (rows, columns), a, b, scaling in self._blocks():
            self._matrix[self._out + columns.start : self._out + columns.stop, : self._in] = a
            self._matrix[rows, self._in + columns.start : self._in + columns.stop] = b * scaling

    def buffer(self, tokens: int) -> Any:
        """An empty input buffer."""
        return self._matrix.new_empty((tokens, self._matrix.shape[1]))

    def gradient_buffer(self, tokens: int) -> Any:
        """An empty gradient buffer."""
        return self._matrix.new_empty((tokens, self._matrix.shape[0]))

    def gradient(self, dy: Any) -> Any:
        """A gradient buffer that holds `dy`."""
        buffer = self.gradient_buffer(len(dy))
        self.outputs(buffer).copy_(dy)
        return buffer

    def inputs(self, buffer: Any) -> Any:
        """The part of an input buffer that holds x."""
        return buffer[:, : self._in]

    def outputs(self, buffer: Any) -> Any:
        """The part of a gradient buffer that holds dy."""
        return buffer[:, : self._out]

    def forward(self, buffer: Any) -> Any:
        """`(N, outputs)` from an input buffer whose x is filled; fills u."""
        from torch.nn import functional

        down = self._matrix[self._out :, : self._in]
        buffer[:, self._in :] = functional.linear(self.inputs(buffer), down)
        return functional.linear(buffer, self._matrix[: self._out])

    def backward(self, gradient: Any, buffer: Any, *, need_input: bool = True) -> Any:
        """Returns dx from a gradient buffer whose dy is filled; adds to the adapters' `.grad`."""
        dy, v = self.outputs(gradient), gradient[:, self._out :]
        v.copy_(dy @ self._matrix[: self._out, self._in :])
        da = v.t() @ self.inputs(buffer)
        db = dy.t() @ buffer[:, self._in :]
        for (rows, columns), a, b, scaling in self._blocks():
            _add(a, da[columns])
            _add(b, db[rows, columns] * scaling)
        return gradient @ self._matrix[:, : self._in] if need_input else None

    def _blocks(self) -> Any:
        """For each layer: its rows among the outputs and columns among the ranks, A, B, s."""
        row = column = 0
        for a, b, scaling in zip(self._a, self._b, self._scaling, strict=True):
            rows = slice(row, row + b.shape[0])
            columns = slice(column, column + a.shape[0])
            yield (rows, columns), a, b, scaling
            row, column = rows.stop, columns.stop


def _add(parameter: Any, gradient: Any) -> None:
    gradient = gradient.to(parameter.dtype)
    if parameter.grad is None:
        parameter.grad = gradient.contiguous()
    else:
        parameter.grad += gradient
