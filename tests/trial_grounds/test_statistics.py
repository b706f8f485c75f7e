"""Statistics against scipy, against published figures, and by their defining properties."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from forgemind_assets.trial_grounds.statistics import (
    at_least,
    cases_for_power,
    clopper_pearson_interval,
    clopper_pearson_lower,
    mcnemar_exact,
    paired_cases_for_power,
    passes_needed,
    wilson_half_width,
    wilson_interval,
)

totals = st.integers(1, 3000)
shares = st.floats(0, 1)
rates = st.floats(0.001, 0.999)
confidences = st.sampled_from([0.8, 0.9, 0.95, 0.99])


@given(totals, shares, rates)
def test_the_binomial_tail_is_scipys(total: int, share: float, rate: float):
    passed = round(share * total)
    assert at_least(passed, total, rate) == pytest.approx(
        binom.sf(passed - 1, total, rate), abs=1e-10
    )


@given(totals, shares, confidences)
def test_the_intervals_are_scipys(total: int, share: float, confidence: float):
    passed = round(share * total)
    test = binomtest(passed, total)
    for ours, method in ((wilson_interval, "wilson"), (clopper_pearson_interval, "exact")):
        theirs = test.proportion_ci(confidence, method=method)
        found = ours(passed, total, confidence)
        assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-8)


@given(totals, shares, confidences)
def test_intervals_hold_the_observed_rate(total: int, share: float, confidence: float):
    passed = round(share * total)
    for interval in (wilson_interval, clopper_pearson_interval):
        found = interval(passed, total, confidence)
        assert 0 <= found.low <= passed / total + 1e-12
        assert passed / total - 1e-12 <= found.high <= 1


@given(totals, shares, confidences)
def test_the_lower_bound_rises_with_passes_and_falls_with_confidence(
    total: int, share: float, confidence: float
):
    passed = round(share * (total - 1))
    lower = clopper_pearson_lower(passed, total, confidence)
    assert lower <= clopper_pearson_lower(passed + 1, total, confidence)
    assert clopper_pearson_lower(passed, total, 0.995) <= lower


@given(totals, rates, confidences)
def test_passes_needed_is_the_first_count_whose_bound_reaches_the_rate(
    total: int, rate: float, confidence: float
):
    needed = passes_needed(total, rate, confidence)
    if needed is None:
        assert clopper_pearson_lower(total, total, confidence) < rate
        return
    assert clopper_pearson_lower(needed, total, confidence) >= rate - 1e-9
    assert clopper_pearson_lower(needed - 1, total, confidence) < rate


@pytest.mark.parametrize(("total", "needed"), [(200, 188), (400, 371), (1000, 916), (28, None)])
def test_how_many_passes_prove_ninety_percent(total: int, needed: int | None):
    assert passes_needed(total, 0.9, 0.95) == needed


@settings(max_examples=40, deadline=None)
@given(
    st.floats(0.3, 0.97),
    st.floats(0.04, 0.2),
    st.sampled_from([0.9, 0.95]),
)
def test_cases_for_power_is_the_smallest_suite_with_that_power(
    rate: float, better: float, confidence: float
):
    assume(rate + better <= 1)

    def power(total: int) -> float:
        needed = passes_needed(total, rate, confidence)
        return 0.0 if needed is None else float(binom.sf(needed - 1, total, rate + better))

    found = cases_for_power(rate, rate + better, confidence)
    assert found is not None
    assert power(found) >= 0.8 - 1e-9
    assert all(power(total) < 0.8 for total in range(1, found))


def test_a_model_no_better_than_the_claim_never_proves_it():
    assert cases_for_power(0.9, 0.9, 0.95) is None
    assert cases_for_power(0.5, 0.501, 0.95) is None


def test_five_points_on_paired_cases_need_about_620():
    assert paired_cases_for_power(0.05, discordant=0.2) == 626


@pytest.mark.parametrize("difference", [0.0, -0.1, 0.3])
def test_a_difference_outside_the_disagreement_is_refused(difference: float):
    with pytest.raises(ValueError, match="difference"):
        paired_cases_for_power(difference, discordant=0.2)


@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemar_is_the_exact_binomial_test(first: int, second: int):
    found = mcnemar_exact(first, second)
    assert found == mcnemar_exact(second, first)
    if first + second:
        expected = binomtest(first, first + second).pvalue
        assert found == pytest.approx(expected, abs=1e-9)
    else:
        assert found == 1.0


def test_without_cases_nothing_is_known():
    assert (wilson_interval(0, 0).low, wilson_interval(0, 0).high) == (0, 1)
    assert wilson_half_width(0.9, 0) == 0.5
    assert clopper_pearson_lower(0, 0) == 0
    assert passes_needed(0, 0.9, 0.95) is None


@pytest.mark.parametrize(("passed", "total"), [(-1, 3), (4, 3)])
def test_impossible_counts_are_refused(passed: int, total: int):
    for function in (wilson_interval, clopper_pearson_lower):
        with pytest.raises(ValueError, match="passed"):
            function(passed, total)
