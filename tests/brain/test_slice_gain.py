"""What the rows of an iteration are expected to bring, in all and for a dollar."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forgemind_assets.brain.data_budget import expected_dollars
from forgemind_assets.brain.slice_curves import learned
from forgemind_assets.brain.slice_gain import OFF, OFF_BY, Gain, overall, shares_of
from forgemind_assets.brain.slice_points import Point
from forgemind_assets.brain.state import SourceRecord


def curves_of(*passed):
    return learned({f"s{n}": [Point(50, k, 7)] for n, k in enumerate(passed)})


def gain_of(curves, rows, kept=1.0):
    parts = dict.fromkeys(curves.names, 1 / len(curves.names))
    asked = np.full(len(curves.names), float(rows))
    found = shares_of(curves, asked, parts, dict.fromkeys(curves.names, kept))
    return overall(found, parts), found


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 7), min_size=1, max_size=6), st.integers(1, 500))
def test_the_whole_gain_is_the_mean_of_the_slices_and_lies_within_its_bounds(passed, rows):
    found, shares = gain_of(curves_of(*passed), rows)
    assert found.mean == pytest.approx(sum(one.gain for one in shares) / len(shares))
    assert -1e-9 <= found.low <= found.mean + 1e-9
    assert found.low <= found.high
    assert min(one.low for one in shares) - 1e-9 <= found.low
    assert found.high <= max(one.high for one in shares) + 1e-9


def test_the_bounds_of_the_whole_are_wider_than_those_of_slices_that_know_nothing_of_each_other():
    curves = curves_of(1, 3, 5, 6)
    found, _ = gain_of(curves, 60)
    rng = np.random.default_rng(3)
    drawn = np.zeros(20_000)
    for n in range(4):
        values = curves.gains(n, 60).ravel()
        each = rng.choice(values, len(drawn), p=curves.weights[n].ravel())
        off = OFF * OFF_BY ** (rng.normal(size=len(drawn)) / 1.2816)
        drawn += np.minimum(off * each, 1 - curves.now(n)) / 4
    low, high = np.quantile(drawn, (0.1, 0.9))
    assert found.low < low < found.mean < high < found.high
    assert found.mean == pytest.approx(drawn.mean(), abs=0.004)


def test_more_is_told_than_the_curves_say_and_never_more_than_a_slice_fails():
    curves = curves_of(0, 3, 7)
    _, shares = gain_of(curves, 60)
    for n, one in enumerate(shares):
        mean, low, high = curves.gain(n, 60)
        assert mean < one.gain
        assert low <= one.low
        assert min(high, 1 - one.now) <= one.high <= 1 - one.now
    _, endless = gain_of(curves, 1e9)
    assert all(one.gain < 1 - one.now for one in endless)


def test_rows_that_the_filters_refuse_bring_less_for_the_same_price():
    curves = curves_of(1, 3)
    assert gain_of(curves, 60, kept=0.3)[0].mean < gain_of(curves, 60)[0].mean


def test_it_is_told_with_its_interval_and_for_a_dollar_only_where_something_is_paid():
    free = Gain(0.031, 0.009, 0.058)
    assert free.told == (
        "The rows are expected to bring +3.1 points of dev (80 % interval 0.9 to 5.8)."
    )
    paid = Gain(0.03, 0.01, 0.06, dollars=0.4)
    assert paid.told.endswith(" for $0.40 of teachers, 7.5 points a dollar.")
    assert Gain(0.0, -1e-9, 0.0).told.count("-0") == 0


def test_the_price_of_requests_is_what_they_cost_so_far_and_none_where_nothing_was_paid():
    dear = SourceRecord(strategy="s", teacher="dear", asked=10, dollars=2.0)
    free = SourceRecord(strategy="s", teacher="free", asked=30)
    new = SourceRecord(strategy="s", teacher="new")
    assert expected_dollars([dear, free], [5, 5]) == pytest.approx(1.0)
    assert expected_dollars([dear, free, new], [5, 5, 4]) == pytest.approx(1.2)
    assert expected_dollars([free, new], [5, 5]) is None
    assert expected_dollars([new], [5]) is None
