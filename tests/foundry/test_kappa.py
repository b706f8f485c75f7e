"""Cohen's kappa against published figures, another implementation, and its own laws."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forgemind_assets.foundry.judging.kappa import Kappa, kappa_of
from forgemind_assets.trial_grounds.binomial import student_quantile


def pairs_of(table):
    return [
        (str(i), str(j)) for i, row in enumerate(table) for j, n in enumerate(row) for _ in range(n)
    ]


def alone(count):
    return [str(n) for n in range(count)]


def error_of(found: Kappa) -> float:
    """The standard error without the factor for few families."""
    groups = found.families
    reach = (found.high - found.value) / student_quantile(0.975, groups - 1)
    return reach * ((groups - 1) / groups) ** 0.5


@pytest.mark.parametrize(
    ("table", "value", "error"),
    [
        # Fleiss, Cohen and Everitt 1969: two psychiatrists, 200 patients
        ([[106, 10, 4], [22, 28, 10], [2, 12, 6]], 0.429, 0.0537),
        # Fleiss, Statistical Methods for Rates and Proportions: 100 diagnoses
        ([[75, 1, 4], [5, 4, 1], [0, 0, 10]], 0.676, 0.088),
    ],
)
def test_the_figures_of_the_textbooks(table, value, error):
    pairs = pairs_of(table)
    found = kappa_of(pairs, alone(len(pairs)))
    assert found.value == pytest.approx(value, abs=5e-4)
    assert error_of(found) == pytest.approx(error, abs=5e-4)


WORDS = st.sampled_from(["none", "a", "b"])
PAIRS = st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=40)


@given(PAIRS, st.integers(1, 12))
def test_it_stays_in_its_bounds_and_does_not_depend_on_who_is_first(pairs, groups):
    families = [str(n % groups) for n in range(len(pairs))]
    found = kappa_of(pairs, families)
    turned = kappa_of([(b, a) for a, b in pairs], families)
    assert (found.items, found.families) == (len(pairs), len(set(families)))
    if found.value is None:
        assert turned.value is None
        assert len({word for pair in pairs for word in pair}) == 1
        return
    assert turned.value == pytest.approx(found.value)
    assert -1 <= found.value <= 1
    assert (found.value == 1) == all(a == b for a, b in pairs)
    if found.low is not None:
        assert -1 <= found.low <= found.value <= found.high <= 1


@given(st.lists(WORDS, min_size=2, max_size=30).filter(lambda words: len(set(words)) > 1))
def test_a_rater_that_always_says_the_same_has_no_kappa_above_0(words):
    found = kappa_of([(word, "none") for word in words], alone(len(words)))
    assert found.value == pytest.approx(0, abs=1e-12)
    assert found.low == pytest.approx(0, abs=1e-9)


@given(PAIRS.filter(lambda pairs: len(pairs) > 2), st.integers(2, 4))
def test_copies_of_an_item_in_its_family_tell_nothing_more(pairs, copies):
    once = kappa_of(pairs, alone(len(pairs)))
    often = kappa_of(pairs * copies, alone(len(pairs)) * copies)
    assert often.value == pytest.approx(once.value)
    assert often.low == pytest.approx(once.low, abs=1e-9)
    assert often.high == pytest.approx(once.high, abs=1e-9)


@settings(max_examples=60)
@given(PAIRS)
def test_scikit_learn_says_the_same_where_it_is_installed(pairs):
    metrics = pytest.importorskip("sklearn.metrics")
    found = kappa_of(pairs, alone(len(pairs)))
    if found.value is not None:
        theirs = metrics.cohen_kappa_score(*zip(*pairs, strict=True))
        assert found.value == pytest.approx(theirs)


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    # half of the items agree by skill, the others by chance: kappa is 0.5 of equally frequent words
    rng, holding, runs = random.Random(3), 0, 600
    for _ in range(runs):
        pairs = []
        for _ in range(60):
            truth, skilled = rng.choice("ab"), rng.random() < 0.5
            pairs.append((truth, truth if skilled else rng.choice("ab")))
        found = kappa_of(pairs, [str(n // 2) for n in range(60)])
        holding += found.low <= 0.5 <= found.high
    assert 0.92 <= holding / runs <= 0.98


def test_nothing_and_one_family_have_no_interval():
    assert kappa_of([], []).told == "-"
    assert kappa_of([("a", "a")], ["f"]).told == "undefined, 1 items"
    found = kappa_of([("a", "a"), ("b", "b")], ["f", "f"])
    assert (found.value, found.low, found.told) == (1.0, None, "1.00, 2 items")
