from hypothesis import given
from hypothesis import strategies as st

from forgemind_assets.forge.holdout import hold_out, set_aside
from forgemind_assets.records import Row


def row(family, number):
    return Row.make(
        family=family, slice="x", input=f"{family} {number}", expected={}, strategy="test"
    )


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 3)), max_size=80), st.integers())
def test_every_row_is_on_one_side_and_every_family_too(numbers, seed):
    rows = [row(f"family-{family}", number) for family, number in numbers]
    train, held = hold_out(rows, seed)
    assert sorted(r.row_id for r in train + held) == sorted(r.row_id for r in rows)
    assert {r.family for r in train} & {r.family for r in held} == set()
    assert hold_out(rows, seed) == (train, held)


def test_about_one_family_in_twenty_is_held_out_and_the_seed_decides_which():
    rows = [row(f"family-{number}", 0) for number in range(2000)]
    first, second = hold_out(rows, 1)[1], hold_out(rows, 2)[1]
    assert 60 <= len(first) <= 140
    assert first != second


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 3)), max_size=80), st.integers())
def test_few_rows_are_set_aside_whole_families_of_them(numbers, seed):
    rows = [row(f"family-{family}", number) for family, number in numbers]
    train, aside = set_aside(rows, seed, 5)
    assert sorted(r.row_id for r in train + aside) == sorted(r.row_id for r in rows)
    assert {r.family for r in train} & {r.family for r in aside} == set()
    assert len(aside) <= min(5, len(rows) // 10)


def test_the_same_rows_are_set_aside_for_every_trial_of_an_iteration():
    rows = [row(f"family-{number}", 0) for number in range(600)]
    assert len(set_aside(rows, 3, 48)[1]) == 48
    assert set_aside(rows, 3, 48) == set_aside(rows, 3, 48) != set_aside(rows, 4, 48)
