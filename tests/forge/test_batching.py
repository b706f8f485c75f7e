import itertools
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forgemind_assets.forge.batching import (
    JITTER,
    Kin,
    collate,
    contrasts,
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


KIN = st.builds(Kin, st.sampled_from("abc"), st.sampled_from(["CWE-89", "safe/CWE-89", "none"]))


@given(st.lists(st.tuples(st.integers(1, 400), KIN), min_size=1), st.integers(1, 20))
def test_an_epoch_with_contrasts_has_every_row_once(rows, batch_size):
    lengths, kin = [length for length, _ in rows], [its for _, its in rows]
    batches = epoch_order(lengths, batch_size=batch_size, seed=0, epoch=0, kin=kin)
    assert sorted(row for batch in batches for row in batch) == list(range(len(rows)))
    assert len(batches) == steps_per_epoch(len(rows), batch_size)
    again = epoch_order(lengths, batch_size=batch_size, seed=0, epoch=0, kin=kin)
    assert batches == again


@given(st.lists(KIN, max_size=40), st.integers(0, 5))
def test_contrasts_are_one_row_of_each_slice_of_one_family(kin, seed):
    units = contrasts(kin, random.Random(seed))
    assert sorted(row for unit in units for row in unit) == list(range(len(kin)))
    for unit in units:
        assert len({kin[row].family for row in unit}) == 1
        assert len({kin[row].slice for row in unit}) == len(unit)
    for family in {its.family for its in kin}:
        slices = Counter(its.slice for its in kin if its.family == family)
        assert len([u for u in units if kin[u[0]].family == family]) == max(slices.values())


def test_code_and_its_repair_share_a_batch_whatever_their_lengths():
    lengths = [10, 300, 20, 200, 30, 100]
    kin = [Kin(name, slice_name) for name in "abc" for slice_name in ("CWE-89", "safe/CWE-89")]
    batches = epoch_order(lengths, batch_size=2, seed=3, epoch=0, kin=kin)
    assert sorted(map(sorted, batches)) == [[0, 1], [2, 3], [4, 5]]
    assert sorted(map(sorted, epoch_order(lengths, batch_size=2, seed=3, epoch=0))) != sorted(
        map(sorted, batches)
    )


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
