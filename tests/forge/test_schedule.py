import pytest
from hypothesis import given
from hypothesis import strategies as st

from forgemind_assets.forge.schedule import fitted, learning_rate, warmup_steps


@given(st.integers(1, 500), st.floats(0, 0.5))
def test_the_rate_rises_to_the_peak_and_falls_to_about_zero(total, ratio):
    warmup = warmup_steps(total, ratio)
    rates = [learning_rate(s, peak=1.0, total=total, warmup=warmup) for s in range(total)]
    assert all(0 < rate <= 1 for rate in rates)
    assert rates[warmup] == pytest.approx(1.0)
    assert rates == sorted(rates[: warmup + 1]) + sorted(rates[warmup + 1 :], reverse=True)
    if total >= 100:
        assert rates[-1] < 0.01


def plan(**changes):
    facts = {"step": 10, "total": 100, "planned": 100, "seconds": 10.0, "pace": 1.0}
    return fitted(**{**facts, "limit": 1000.0, **changes})


def test_a_plan_that_fits_stays():
    assert plan() == 100


def test_a_plan_that_does_not_fit_is_shortened_to_what_does():
    assert plan(limit=50.0) == 10 + 38  # 48.5 s less the 10 s spent, at 1 s a step


def test_a_shortened_plan_grows_again_when_the_pace_does_but_not_beyond_what_was_wanted():
    assert plan(total=48, limit=80.0) == 77
    assert plan(total=48, limit=1000.0) == 100


def test_a_difference_of_three_percent_changes_nothing():
    assert plan(limit=(10 + 87) / 0.97) == 100
    assert plan(limit=(10 + 86.1) / 0.97) == 96


def test_a_run_past_its_limit_plans_one_more_step():
    assert plan(seconds=2000.0) == 11
