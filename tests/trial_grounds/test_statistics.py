"""Statistics against scipy, against published figures, and by their defining properties."""

import itertools
import math
import random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest, fisher_exact, truncnorm
from scipy.stats import t as student

from forgemind_assets.trial_grounds.binomial import at_least, student_quantile
from forgemind_assets.trial_grounds.statistics import (
    Counted,
    Paired,
    best_after_selection,
    bootstrap_interval,
    cases_for_power,
    clopper_pearson_interval,
    clopper_pearson_lower,
    design_effect,
    detectable_gain,
    family_design_effect,
    gain_after_selection,
    holm,
    loop_confidence,
    lower_rate_p_value,
    mcnemar_exact,
    mcnemar_mid_p,
    mcnemar_one_sided,
    needed_net,
    next_level,
    over_seeds,
    pair,
    paired_cases_for_power,
    paired_p_value,
    passes_needed,
    typical_family,
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
        assert 0 <= found.low <= passed / total <= found.high <= 1


@pytest.mark.parametrize("interval", [wilson_interval, clopper_pearson_interval])
def test_a_bound_at_an_end_is_the_end_itself_and_not_a_rounding_error_beside_it(interval):
    for total in range(1, 400):
        assert interval(0, total).low == 0
        assert interval(total, total).high == 1


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


def test_five_points_on_paired_cases_need_626_by_connor_and_40_more_by_the_exact_test():
    assert paired_cases_for_power(0.05, discordant=0.2, alpha=0.025) == 665


@pytest.mark.parametrize("difference", [0.0, -0.1, 0.3])
def test_a_difference_outside_the_disagreement_is_refused(difference: float):
    with pytest.raises(ValueError, match="difference"):
        paired_cases_for_power(difference, discordant=0.2, alpha=0.025)


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


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemars_forms_agree_with_each_other(first: int, second: int):
    one, two = mcnemar_one_sided(first, second), mcnemar_exact(first, second)
    assert one == pytest.approx(binom.sf(first - 1, first + second, 0.5))
    assert mcnemar_mid_p(first, second) == mcnemar_mid_p(second, first)
    assert mcnemar_mid_p(first, second) <= two + 1e-12
    if first > second:
        assert two == pytest.approx(2 * one)
        half = binom.pmf(first, first + second, 0.5)
        assert mcnemar_mid_p(first, second) == pytest.approx(two - half)
    if first == second:
        assert mcnemar_mid_p(first, second) == pytest.approx(1.0)


@given(st.lists(st.sampled_from([-1, 0, 1]), max_size=60))
def test_with_one_case_a_family_the_paired_test_is_mcnemars(net: list[int]):
    gained, lost = net.count(1), net.count(-1)
    assert paired_p_value(net) == pytest.approx(mcnemar_one_sided(gained, lost))


nets = st.lists(st.integers(-4, 4), max_size=9)


@given(nets)
def test_the_paired_test_counts_all_signs(net: list[int]):
    totals = [
        sum(s * abs(d) for s, d in zip(signs, net, strict=True))
        for signs in itertools.product((-1, 1), repeat=len(net))
    ]
    expected = sum(total >= sum(net) for total in totals) / len(totals)
    assert paired_p_value(net) == pytest.approx(expected)


@given(nets, st.floats(0.001, 0.4))
def test_the_needed_gain_is_the_one_that_the_p_value_calls_better(net: list[int], alpha: float):
    needed = needed_net(net, alpha)
    better = needed is not None and sum(net) >= needed
    assert better == (paired_p_value(net) <= alpha and sum(net) > 0)
    assert needed is None or needed > 0


@given(nets)
def test_swapping_the_models_mirrors_the_p_value(net: list[int]):
    there, back = paired_p_value(net), paired_p_value([-d for d in net])
    assert there + back >= 1 - 1e-9
    assert (there < 0.5) <= (sum(net) > 0)


def test_the_paired_test_keeps_its_level_where_cases_of_a_family_are_alike():
    """Families of four that gain or lose together: by case the level is missed, by family not."""
    source, runs = random.Random(1), 2000
    by_family = by_case = 0
    for _ in range(runs):
        net = [source.choice((-4, 0, 4)) for _ in range(30)]
        gained = sum(d for d in net if d > 0)
        lost = -sum(d for d in net if d < 0)
        by_family += paired_p_value(net) <= 0.05
        by_case += mcnemar_one_sided(gained, lost) <= 0.05
    assert by_family / runs <= 0.06
    assert by_case / runs > 0.12


def test_pairs_are_the_cases_that_both_were_asked():
    before = {"a": True, "b": False, "c": False, "d": True, "only": True}
    after = {"a": False, "b": True, "c": True, "d": True, "new": True}
    families = {"a": "x", "b": "x", "c": "y", "d": "y", "new": "z"}
    found = pair(before, after, families)
    assert found == Paired(net=(0, 1), cases=(2, 2), gained=2, lost=1)
    assert (found.total, found.gain) == (4, 0.25)


def test_nothing_in_common_is_no_gain():
    found = pair({"a": True}, {"b": True}, {"b": "x"})
    assert (found.gain, found.standard_error, found.total) == (0.0, 1.0, 0)
    assert needed_net(found.net, 0.05) is None
    assert paired_p_value(found.net) == 1.0
    assert bootstrap_interval(found).half_width == 1


def clustered(source: random.Random, families: int, gain: float) -> Paired:
    """Families of three cases whose changes are alike, with this true gain."""
    net = []
    for _ in range(families):
        lean = source.choice((-0.2, 0.2))
        rates = (0.15 + max(0.0, lean) + gain, 0.15 + max(0.0, -lean))
        draws = [source.random() for _ in range(3)]
        net.append(sum((d < rates[0]) - (d > 1 - rates[1]) for d in draws))
    return Paired(tuple(net), (3,) * families)


def test_the_bootstrap_interval_covers_the_true_gain():
    source, runs = random.Random(2), 300
    hits = 0
    for seed in range(runs):
        found = bootstrap_interval(clustered(source, 60, 0.1), 0.9, draws=400, seed=seed)
        hits += found.low <= 0.1 <= found.high
    assert 0.84 <= hits / runs <= 0.95


def test_the_bootstrap_is_the_same_every_time():
    found = clustered(random.Random(3), 40, 0.0)
    assert bootstrap_interval(found) == bootstrap_interval(found)


@pytest.mark.parametrize("interval", [wilson_interval, clopper_pearson_interval])
def test_the_intervals_cover_the_true_rate(interval):
    source, runs, hits = random.Random(4), 2000, 0
    for _ in range(runs):
        passed = sum(source.random() < 0.8 for _ in range(60))
        found = interval(passed, 60, 0.9)
        hits += found.low <= 0.8 <= found.high
    assert hits / runs >= (0.88 if interval is wilson_interval else 0.895)


def test_the_lower_bound_with_a_design_effect_covers_where_families_are_alike():
    source, runs, covered, naive = random.Random(5), 1500, 0, 0
    for _ in range(runs):
        families = []
        for _ in range(60):
            rate = source.choice((0.5, 0.9))
            families.append((sum(source.random() < rate for _ in range(6)), 6))
        passed = sum(p for p, _ in families)
        covered += clopper_pearson_lower(passed, 360, 0.95, design_effect(families)) <= 0.7
        naive += clopper_pearson_lower(passed, 360, 0.95) <= 0.7
    assert covered / runs >= 0.935
    assert naive / runs < 0.92


@pytest.mark.parametrize(("families", "size"), [(5, 20), (10, 10), (20, 10), (84, 4)])
@pytest.mark.parametrize("rate", [0.8, 0.9, 0.95])
def test_families_that_pass_or_fail_whole_prove_no_more_than_so_many_cases(families, size, rate):
    """Nearly all pass, so often all do: nothing is seen then of how alike the families are."""
    source, runs, wrong = random.Random(6), 2000, 0
    for _ in range(runs):
        passed = [size * (source.random() < rate) for _ in range(families)]
        effect = design_effect([(p, size) for p in passed])
        found = clopper_pearson_lower(sum(passed), families * size, 0.95, effect)
        wrong += found > rate
    assert wrong / runs <= 0.06


def test_a_full_score_counts_each_family_once_and_large_ones_no_more_than_that():
    assert design_effect([(4, 4)] * 10) == 4
    assert design_effect([(1, 1)] * 10) == 1
    assert design_effect([(0, 4)] * 10) == 4
    assert design_effect([(9, 9), (1, 1)]) == pytest.approx(8.2)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(5, 9)), min_size=1, max_size=30))
def test_a_design_effect_is_at_least_one(families: list[tuple[int, int]]):
    assert design_effect(families) >= 1
    merged = [(sum(p for p, _ in families), sum(n for _, n in families))]
    assert design_effect(merged) == merged[0][1]


@given(totals, rates, st.floats(1, 4))
def test_alike_cases_prove_less(total: int, rate: float, effect: float):
    alone, alike = passes_needed(total, rate, 0.95), passes_needed(total, rate, 0.95, effect)
    assert alike is None or (alone is not None and alike >= alone)


@given(
    st.floats(0.001, 0.5),
    st.lists(st.booleans(), max_size=60),
    st.integers(1, 40),
    st.integers(0, 40),
)
def test_no_course_of_a_loop_spends_more_than_alpha(
    alpha: float, promoted: list[bool], limit: int, raised: int
):
    """Whatever is promoted, and also where a person raises the limit in the middle."""
    spent = 0.0
    for look, better in enumerate(promoted[: limit + raised], 1):
        allowed = limit if look <= limit // 2 else limit + raised
        if look > allowed:
            break
        level = next_level(alpha, spent, allowed + 1 - look)
        assert level > 0
        spent += 0.0 if better else level
    assert spent < alpha


@given(st.floats(0.001, 0.5), st.integers(1, 60))
def test_with_a_fixed_limit_every_look_has_the_same_level(alpha: float, limit: int):
    spent = 0.0
    for look in range(1, limit + 1):
        level = next_level(alpha, spent, limit + 1 - look)
        assert level == pytest.approx(alpha / (limit + 1))
        spent += level


def test_without_a_look_left_there_is_no_level():
    with pytest.raises(ValueError, match="one look"):
        next_level(0.05, 0.0, 0)


def test_all_bounds_of_a_loop_hold_at_once():
    assert loop_confidence(0.95, 1) == pytest.approx(0.95)
    assert loop_confidence(0.95, 30) == pytest.approx(1 - 0.05 / 30)
    assert loop_confidence(0.95, 0) == pytest.approx(0.95)


@given(st.floats(0.6, 0.9999), st.integers(1, 200))
def test_students_quantile_is_scipys(probability: float, freedom: int):
    expected = student.ppf(probability, freedom)
    assert student_quantile(probability, freedom) == pytest.approx(expected, rel=1e-6, abs=1e-6)


def seeds(*gains: int, families: int = 40) -> list[Paired]:
    return [
        Paired(tuple(int(f < gain) for f in range(families)), (2,) * families) for gain in gains
    ]


def test_seeds_that_agree_have_the_uncertainty_of_their_cases():
    found = over_seeds(seeds(10, 10, 10))
    assert found.gain == pytest.approx(10 / 80)
    assert found.between_seeds == 0
    assert found.standard_error == pytest.approx(seeds(10)[0].standard_error)


def test_seeds_that_differ_make_the_interval_wider():
    apart = over_seeds(seeds(2, 10, 18))
    assert apart.gain == pytest.approx(10 / 80)
    assert apart.between_seeds == pytest.approx(0.1)
    assert apart.standard_error >= apart.between_seeds / math.sqrt(3) - 1e-12
    assert apart.interval.half_width > over_seeds(seeds(10, 10, 10)).interval.half_width


def test_one_seed_and_seeds_on_other_cases_are_refused():
    for wrong in ([], seeds(3), [*seeds(3), *seeds(3, families=20)]):
        with pytest.raises(ValueError, match="two seeds"):
            over_seeds(wrong)


@given(st.floats(0.01, 0.1), st.floats(0.005, 0.05), st.floats(0, 0.2))
def test_the_gain_after_selection_is_between_nothing_and_what_was_seen(
    needed: float, error: float, more: float
):
    gain = needed + more
    found = gain_after_selection(gain, error, needed)
    assert 0 < found <= gain
    assert gain_after_selection(gain + error, error, needed) >= found
    if gain > needed + 6 * error:
        assert found == pytest.approx(gain, rel=0.02)


@pytest.mark.parametrize("true", [0.005, 0.02, 0.05])
def test_the_correction_for_selection_is_nearer_to_the_truth_than_what_was_seen(true: float):
    """A suite that finds gains of 12 points: what passes 9.4 was mostly lucky."""
    error, needed = 0.032, 0.094
    shown = truncnorm((needed - true) / error, math.inf, loc=true, scale=error)
    seen = shown.rvs(200, random_state=7)
    corrected = [gain_after_selection(gain, error, needed) for gain in seen]
    assert sum((c - true) ** 2 for c in corrected) < 0.6 * sum((s - true) ** 2 for s in seen)


def test_a_gain_that_would_not_have_been_shown_is_refused():
    with pytest.raises(ValueError, match="at least"):
        gain_after_selection(0.02, 0.01, 0.03)


def test_the_best_of_equal_candidates_is_expected_at_their_mean():
    source, naive, shrunk, runs = random.Random(6), 0.0, 0.0, 500
    for _ in range(runs):
        rates = [source.gauss(0.7, 0.03) for _ in range(8)]
        naive += max(rates) - 0.7
        shrunk += best_after_selection(rates, 0.03) - 0.7
    assert naive / runs > 0.035
    assert shrunk / runs < naive / runs / 2


def test_the_best_that_stands_out_keeps_its_rate():
    assert best_after_selection([0.5, 0.6, 0.9], 0.001) == pytest.approx(0.9, abs=1e-4)
    assert best_after_selection([0.7], 0.03) == 0.7
    assert best_after_selection([0.7, 0.7], 0.03) == 0.7


@given(st.floats(0.02, 0.2), st.floats(0.0005, 0.2), st.floats(1, 3))
def test_the_detectable_gain_is_the_one_that_asks_for_these_cases(
    gain: float, alpha: float, size: float
):
    cases = paired_cases_for_power(gain, alpha=alpha, family_size=size)
    found = detectable_gain(cases, alpha=alpha, family_size=size)
    assert found == pytest.approx(gain, rel=0.02)
    assert detectable_gain(4 * cases, alpha=alpha, family_size=size) < found


@pytest.mark.parametrize("alpha", [0.025, 0.05 / 31])
def test_the_cases_asked_for_have_the_power_that_is_said(alpha: float):
    """Unrelated cases, by the exact test on every count of cases that the two differ on."""
    gain, discordant = 0.05, 0.28
    cases = paired_cases_for_power(gain, alpha=alpha, discordant=discordant)
    power = 0.0
    for differ in range(cases + 1):
        weight = binom.pmf(differ, cases, discordant)
        if weight > 1e-9:
            needed = binom.isf(alpha, differ, 0.5) + 1
            power += weight * binom.sf(needed - 1, differ, (1 + gain / discordant) / 2)
    assert power == pytest.approx(0.8, abs=0.005)


def test_families_ask_for_more_cases_only_where_they_have_several():
    assert typical_family([1, 1, 1]) == 1
    assert typical_family([1, 3]) == 2.5
    assert typical_family([]) == 1
    assert family_design_effect(1) == 1
    assert family_design_effect(4, icc=0.1) == pytest.approx(1.3)


def test_fishers_lady_who_tastes_tea():
    """Fisher 1935: three of four cups of each kind told rightly, p = 17 / 70."""
    assert lower_rate_p_value(Counted(1, 4), Counted(3, 4)) == pytest.approx(17 / 70)
    assert lower_rate_p_value(Counted(0, 4), Counted(4, 4)) == pytest.approx(1 / 70)
    assert lower_rate_p_value(Counted(4, 4), Counted(0, 4)) == 1.0
    assert lower_rate_p_value(Counted(0, 0), Counted(3, 4)) == 1.0


@pytest.mark.parametrize("rate", [0.5, 0.9])
def test_two_suites_of_one_rate_are_called_different_no_more_often_than_alpha(rate):
    small, large, wrong = 20, 30, 0.0
    for low in range(small + 1):
        for high in range(large + 1):
            if lower_rate_p_value(Counted(low, small), Counted(high, large)) <= 0.05:
                wrong += (
                    math.comb(small, low) * rate**low * (1 - rate) ** (small - low)
                    * math.comb(large, high) * rate**high * (1 - rate) ** (large - high)
                )  # fmt: skip
    assert 0 < wrong <= 0.05


@given(
    st.integers(1, 60), st.integers(1, 60), st.floats(0, 1), st.floats(0, 1), st.floats(1, 8)
)  # fmt: skip
def test_alike_cases_never_make_two_suites_more_unlike(small, large, low, high, effect):
    first, second = round(low * small), round(high * large)
    plain = lower_rate_p_value(Counted(first, small), Counted(second, large))
    table = [[first, small - first], [second, large - second]]
    assert plain == pytest.approx(fisher_exact(table, alternative="less").pvalue)
    counted = Counted(first, small, effect), Counted(second, large, effect)
    assert 0 <= lower_rate_p_value(*counted) <= 1
    if first == 0 and second == large:
        assert lower_rate_p_value(*counted) >= plain


def test_holms_own_order():
    found = holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005})
    assert found == pytest.approx({"d": 0.02, "a": 0.03, "c": 0.06, "b": 0.06})
    assert holm({}) == {}
    assert holm({"a": 0.9, "b": 0.8}) == {"b": 1.0, "a": 1.0}


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_lies_between_the_p_values_and_bonferroni(values):
    given_values = {str(i): value for i, value in enumerate(values)}
    for name, adjusted in holm(given_values).items():
        assert given_values[name] <= adjusted <= min(1.0, max(values) * len(values)) + 1e-12
