"""Batches of rows of like length, in an order that the seed and the epoch alone decide."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from forgemind_assets.forge.encoding import Encoded

BUCKET = 8
"""Lengths are padded to multiples of this: each new shape costs a new kernel on a CPU."""

JITTER = 4
"""Rows whose lengths differ by less than this many tokens mix freely from epoch to epoch."""


@dataclass(frozen=True)
class Batch:
    """Rows of one optimizer step, padded on the right.

    Attributes:
        ids: token ids, `(rows, length)`, int64.
        sources: flat positions in `ids` whose next token is a label, `(labels,)`.
        targets: the labels, `(labels,)`.
        weights: how much each label counts, `(labels,)`, fp32.
        lengths: unpadded length of each row.
    """

    ids: Any
    sources: Any
    targets: Any
    weights: Any
    lengths: tuple[int, ...]

    @property
    def tokens(self) -> int:
        """Real tokens: padding does not count."""
        return sum(self.lengths)


def padded(length: int, bucket: int = BUCKET) -> int:
    """The next multiple of `bucket`."""
    return -(-length // bucket) * bucket


def steps_per_epoch(rows: int, batch_size: int) -> int:
    """Batches that hold `rows` rows."""
    return -(-rows // batch_size)


def epoch_order(
    lengths: Sequence[int], *, batch_size: int, seed: int, epoch: int
) -> list[list[int]]:
    """Row indices of each batch of one epoch.

    Rows are sorted by length, with a little chance in it, and cut into batches; the batches are
    shuffled.
    """
    shuffle = random.Random(f"{seed}/{epoch}")  # noqa: S311 - an order, not a secret
    keys = [length + JITTER * shuffle.random() for length in lengths]
    rows = sorted(range(len(lengths)), key=keys.__getitem__)
    batches = [rows[i : i + batch_size] for i in range(0, len(rows), batch_size)]
    shuffle.shuffle(batches)
    return batches


def micro_batches(rows: Sequence[Encoded], tokens: int) -> list[Sequence[Encoded]]:
    """Parts of a batch of at most `tokens` padded tokens each, but at least one row.

    The gradient of a batch is the sum of those of its parts; only memory depends on the cut.
    """
    per_part = max(1, tokens // padded(max(len(row.ids) for row in rows)))
    return [rows[i : i + per_part] for i in range(0, len(rows), per_part)]


def weight_sum(rows: Sequence[Encoded]) -> float:
    """The weights of all labels of the rows; their number where every label counts once."""
    return sum(sum(row.label_weights) for row in rows)


def collate(rows: Sequence[Encoded], device: str, pad: int = 0) -> Batch:
    """Pads rows on the right.

    Under a causal mask no real token sees the padding, so no attention mask is needed.
    """
    import torch

    lengths = tuple(len(row.ids) for row in rows)
    width = padded(max(lengths))
    ids = torch.full((len(rows), width), pad, dtype=torch.long)
    sources: list[int] = []
    targets: list[int] = []
    weights: list[float] = []
    for index, row in enumerate(rows):
        ids[index, : len(row.ids)] = torch.tensor(row.ids, dtype=torch.long)
        start = index * width
        sources.extend(range(start + row.label_start - 1, start + len(row.ids) - 1))
        targets.extend(row.ids[row.label_start :])
        weights.extend(row.label_weights)
    return Batch(
        ids=ids.to(device),
        sources=torch.tensor(sources, dtype=torch.long, device=device),
        targets=torch.tensor(targets, dtype=torch.long, device=device),
        weights=torch.tensor(weights, dtype=torch.float32, device=device),
        lengths=lengths,
    )
