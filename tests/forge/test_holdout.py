from hypothesis import given
from hypothesis import strategies as st

from forgemind_assets.forge.holdout import hold_out
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
