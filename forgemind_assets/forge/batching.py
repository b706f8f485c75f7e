"""Batches of rows of like length, in an order that the seed and the epoch alone decide."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
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


@dataclass(frozen=True)
class Kin:
    """What a row is told apart from: rows of one family in another slice are its contrasts."""

    family: str
    slice: str


def epoch_order(
    lengths: Sequence[int], *, batch_size: int, seed: int, epoch: int, kin: Sequence[Kin] = ()
) -> list[list[int]]:
    """Row indices of each batch of one epoch.

    Rows are sorted by length, with a little chance in it, and cut into batches; the batches are
    shuffled. With the `kin` of every row, contrasts stand side by side (`contrasts`), sorted by
    the longest of them; a cut may still part a few.
    """
    shuffle = random.Random(f"{seed}/{epoch}")  # noqa: S311 - an order, not a secret
    units = contrasts(kin, shuffle) if kin else [[row] for row in range(len(lengths))]
    keys = [max(lengths[row] for row in unit) + JITTER * shuffle.random() for unit in units]
    order = sorted(range(len(units)), key=keys.__getitem__)
    rows = [row for index in order for row in units[index]]
    batches = [rows[i : i + batch_size] for i in range(0, len(rows), batch_size)]
    shuffle.shuffle(batches)
    return batches


def contrasts(kin: Sequence[Kin], shuffle: random.Random) -> list[list[int]]:
    """Groups of row indices: one row of each slice of a family, as long as each has one left.

    A batch that holds code with a weakness and the same code repaired has a gradient of what
    tells them apart; what they share cancels out.
    """
    families: dict[str, dict[str, list[int]]] = {}
    for row, its in enumerate(kin):
        families.setdefault(its.family, {}).setdefault(its.slice, []).append(row)
    units: list[list[int]] = []
    for slices in families.values():
        for rows in slices.values():
            shuffle.shuffle(rows)
        for unit in zip_longest(*slices.values()):
            units.append([row for row in unit if row is not None])
    return units


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
