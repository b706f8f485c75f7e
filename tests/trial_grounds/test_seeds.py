"""Several trainings of one configuration: what is told of them is what went in."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forgemind_assets.trial_grounds.seeds import SeedsReport, compare_seeds, fresh_seeds

FAMILIES = {f"c{n}": f"f{n // 3}" for n in range(60)}


def report(fixed, *trained, own=None):
    return compare_seeds(
        dict(enumerate(trained, start=1)), fixed, FAMILIES, goal="g", trial="0002-a",
        against="0001-a", suite="dev", own=(0, own),
    )  # fmt: skip


def first(count):
    return {case: number < count for number, case in enumerate(FAMILIES)}


def test_mean_spread_and_gain_are_those_of_the_results():
    found = report(first(20), first(30), first(36), first(42), own=first(45))
    assert found.rates == (0.5, 0.6, 0.7)
    assert found.mean == pytest.approx(0.6)
    assert found.between_seeds == pytest.approx(0.1)
    assert found.gain == pytest.approx(0.6 - 20 / 60)
    assert (found.cases, found.families) == (60, 20)
    for told in ("3 fresh seeds passes 60.0%", "(50.0%, 60.0%, 70.0%", "10.0 points",
                 "it has 75.0%", "Against 0001-a (33.3%) that is +26.7 points"):  # fmt: skip
        assert told in found.sentence


def test_equal_models_are_put_down_to_luck_at_about_the_stated_rate():
    """500 draws of three seeds and a rival that are all equally good."""
    source, sure = random.Random(8), 0
    for _ in range(500):
        made = [{case: source.random() < 0.6 for case in FAMILIES} for _ in range(4)]
        found = report(made[0], *made[1:])
        sure += "luck explains it" not in found.sentence
    assert sure <= 500 * 0.05 + 3 * (500 * 0.05 * 0.95) ** 0.5


def test_results_on_other_cases_or_of_one_seed_are_refused():
    short = dict.fromkeys(list(FAMILIES)[:-1], True)
    with pytest.raises(ValueError, match="expected the 60 cases of 0001-a"):
        report(first(20), first(30), short)
    with pytest.raises(ValueError, match="at least two seeds"):
        report(first(20), first(30))


@given(st.lists(st.sets(st.sampled_from(sorted(FAMILIES))), min_size=2, max_size=5))
def test_the_gain_lies_in_its_interval_and_the_report_is_kept_whole(passed):
    trained = [{case: case in some for case in FAMILIES} for some in passed]
    found = report(first(20), *trained)
    assert found.low <= found.gain <= found.high
    assert SeedsReport.model_validate_json(found.model_dump_json()) == found


@given(st.integers(0, 10**6), st.integers(2, 20))
def test_fresh_seeds_are_none_of_them_the_trials_own(own, count):
    found = fresh_seeds(own, count)
    assert len({own, *found}) == count + 1
