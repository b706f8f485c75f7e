import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forgemind_assets.forge.batching import (
    JITTER,
    collate,
    epoch_order,
    micro_batches,
    padded,
    steps_per_epoch,
)
from forgemind_assets.forge.encoding import Encoded

LENGTHS = st.lists(st.integers(1, 400), min_size=1, max_size=60)


@given(LENGTHS, st.integers(1, 20), st.integers(0, 3), st.integers(0, 3))
def test_an_epoch_has_every_row_once(lengths, batch_size, seed, epoch):
    batches = epoch_order(lengths, batch_size=batch_size, seed=seed, epoch=epoch)
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    assert len(batches) == steps_per_epoch(len(lengths), batch_size)
    assert max(map(len, batches)) <= batch_size


@given(LENGTHS, st.integers(1, 20))
def test_rows_of_a_batch_are_of_like_length(lengths, batch_size):
    batches = epoch_order(lengths, batch_size=batch_size, seed=0, epoch=0)
    spans = sorted(
        (min(lengths[i] for i in batch), max(lengths[i] for i in batch)) for batch in batches
    )
    assert all(before[1] < after[0] + JITTER for before, after in itertools.pairwise(spans))


def test_the_order_depends_on_seed_and_epoch_alone():
    lengths = list(range(1, 100))
    orders = [
        epoch_order(lengths, batch_size=8, seed=s, epoch=e) for s, e in [(0, 0), (0, 1), (1, 0)]
    ]
    assert orders[0] == epoch_order(lengths, batch_size=8, seed=0, epoch=0)
    assert orders[0] != orders[1]
    assert orders[0] != orders[2]


@pytest.mark.parametrize(("length", "expected"), [(1, 8), (8, 8), (9, 16)])
def test_lengths_are_padded_to_multiples_of_8(length, expected):
    assert padded(length) == expected


def test_labels_are_predicted_from_the_token_before_them():
    rows = [Encoded(ids=(5, 6, 7, 8), label_start=2), Encoded(ids=(5, 9), label_start=1)]
    batch = collate(rows, "cpu")
    assert batch.ids.shape == (2, 8)
    assert batch.sources.tolist() == [1, 2, 8]
    assert batch.targets.tolist() == [7, 8, 9]
    assert batch.tokens == 6


def test_micro_batches_keep_within_the_budget_and_hold_at_least_one_row():
    rows = [Encoded(ids=tuple(range(20)), label_start=10)] * 5
    assert [len(part) for part in micro_batches(rows, 48)] == [2, 2, 1]
    assert [len(part) for part in micro_batches(rows, 8)] == [1] * 5
