"""The table of bands: answers like a dict of sets, at any load, after anything that may happen."""

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forgemind_assets.foundry.filters.near_index import NearIndex, Shape
from resources import band_table
from resources.band_table import LEAST_SLOTS, BandTable, write_table
from resources.near_shelf import open_shelf

LAST = LEAST_SLOTS - 1
# Bands that meet: few homes, some of them the last slots, from which probing goes on at the start.
BANDS = st.builds(
    lambda home, high: home + LEAST_SLOTS * high,
    st.sampled_from([0, 1, 2, LAST - 1, LAST]),
    st.integers(-3, 3),
)
ENTRIES = st.lists(st.tuples(BANDS, st.integers(1, 9)), max_size=60, unique=True)


def written(file, entries):
    write_table(
        file,
        np.array([band for band, _ in entries], dtype=np.int64),
        np.array([number for _, number in entries], dtype=np.int64),
    )
    return BandTable(file)


@given(written_first=ENTRIES, entered=ENTRIES, asked=BANDS)
def test_it_finds_what_was_entered_one_by_one_and_all_at_once(
    tmp_path_factory, written_first, entered, asked
):
    truth = defaultdict(set)
    for band, number in [*written_first, *entered]:
        truth[band].add(number)
    table = written(tmp_path_factory.mktemp("table") / "bands", written_first)
    for band, number in entered:
        table.enter([band], number)
    assert table.find([asked]) == truth.get(asked, set())
    for band, numbers in truth.items():
        assert table.find([band]) == numbers
    table.close()


def test_it_is_full_at_one_half_and_never_after_it_was_made_anew(tmp_path):
    table = written(tmp_path / "bands", [])
    for number in range(1, LEAST_SLOTS // 2 + 1):
        assert not table.full
        table.enter([number * 7919], number)
    assert table.full
    table.close()
    many = [(n * 7919, n) for n in range(1, LEAST_SLOTS // 2 + 1)]
    larger = written(tmp_path / "bands", many)
    assert not larger.full
    assert larger.find([7919 * 12]) == {12}
    larger.close()


def test_a_file_that_was_cut_short_is_not_taken(tmp_path):
    written(tmp_path / "bands", [(5, 1)]).close()
    whole = (tmp_path / "bands").read_bytes()
    for size in (8, 40, len(whole) - 8):
        (tmp_path / "bands").write_bytes(whole[:size])
        with pytest.raises(ValueError, match="not a whole table"):
            BandTable(tmp_path / "bands")


def texts(count, start=0):
    return [" ".join(f"w{start + 31 * n + k}" for k in range(12)) for n in range(count)]


def added(file, owner, rows):
    with open_shelf(file, owner) as shelf:
        index = NearIndex(Shape(0.9), shelf)
        return index.add(index.prints(rows, [""] * len(rows)))


def test_texts_are_found_again_when_the_table_is_gone_broken_or_from_before_a_restart(
    tmp_path,
):
    file, table = tmp_path / "near.sqlite", tmp_path / "near.bands"
    assert not any(added(file, "0001", texts(50)))
    table.unlink()
    assert all(added(file, "0002", texts(50)))
    table.write_bytes(table.read_bytes()[:1000])
    assert all(added(file, "0002", texts(50)))
    empty = tmp_path / "empty"
    written(empty, []).close()
    empty.replace(table)  # as it would be if the texts were put back from another copy
    assert all(added(file, "0002", texts(50)))
    damaged = bytearray(table.read_bytes())
    damaged[8 * band_table.HEADER :] = bytes(len(damaged) - 8 * band_table.HEADER)
    damaged[24:32] = (7).to_bytes(8, "little")
    table.write_bytes(damaged)  # the machine went down before these pages were on the disk
    assert all(added(file, "0002", texts(50)))


def test_it_grows_with_its_texts_and_loses_none(tmp_path):
    file = tmp_path / "near.sqlite"
    rows = texts(LEAST_SLOTS // 2 // Shape(0.9).bands + 200)
    assert not any(added(file, "0001", rows))
    assert (tmp_path / "near.bands").stat().st_size > 16 * LEAST_SLOTS * 2
    assert all(added(file, "0002", rows))


def test_what_a_failed_block_left_in_the_table_proposes_nothing_wrong(tmp_path):
    file, other = tmp_path / "near.sqlite", texts(20, start=10_000)
    with pytest.raises(ZeroDivisionError), open_shelf(file, "0001") as shelf:
        index = NearIndex(Shape(0.9), shelf)
        index.add(index.prints(texts(20), [""] * 20))
        raise ZeroDivisionError
    assert not any(added(file, "0001", other))  # these have the numbers of the lost ones now
    assert not any(added(file, "0002", texts(20)))
    assert all(added(file, "0003", [*texts(20), *other]))
