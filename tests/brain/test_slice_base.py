"""The base model's dev result: where the first rows go, and what it may not make one believe."""

import pytest
from fakes.goal_spec import spec_of
from hypothesis import given, settings
from hypothesis import strategies as st

from forgemind_assets.brain import planner
from forgemind_assets.brain.slice_base import shifts
from forgemind_assets.brain.slice_budget import FLOOR, MOST
from forgemind_assets.brain.slice_curves import learned
from forgemind_assets.brain.slice_effects import NEWEST, baseline, effects, extended, points_of
from forgemind_assets.brain.slice_plan import first_targets, known_slices, slice_weights, targets
from forgemind_assets.brain.slice_points import Point
from forgemind_assets.brain.state import IterationState, Score, State, TrialState
from forgemind_assets.trial_grounds.report import Rate

SPEC = spec_of()
VULNERABLE, SAFE = [f"c{n:02d}" for n in range(12)], [f"safe/c{n:02d}" for n in range(12)]
FIRST = [4, 6, 6, 6, 6, 5, 7, 6, 6, 7, 4, 6], [3, 2, 1, 2, 1, 3, 2, 2, 4, 3, 3, 3]


def rates(vulnerable, safe):
    """Cases passed of twelve slices of 7 and of twelve safe ones of 5."""
    found = {n: Rate(passed=k, total=7) for n, k in zip(VULNERABLE, vulnerable, strict=True)}
    return found | {n: Rate(passed=k, total=5) for n, k in zip(SAFE, safe, strict=True)}


def score(slices):
    passed = sum(rate.passed for rate in slices.values())
    whole = Rate(passed=passed, total=sum(rate.total for rate in slices.values()))
    return Score(overall=whole, slices=slices)


def believed(base, trained, *, rows=125):
    """What is believed of each slice as it is after one training, and what as many rows bring."""
    points = {name: [Point(rows, of.passed, of.total)] for name, of in trained.items()}
    for name, of in (base or {}).items():
        points[name].insert(0, Point(0, of.passed, of.total, base=True))
    curves = learned(points)
    return {name: (curves.now(n), curves.gain(n, rows)[0]) for n, name in enumerate(curves.names)}


def first_plan_after(slices):
    base = IterationState(key="0000", trials={"a": TrialState(dev=score(slices))})
    return planner.propose(SPEC, State(iterations=(base,)), "0001")


def test_a_base_that_passes_nothing_leaves_the_first_rows_as_dev_is():
    slices = rates([0] * 12, [0] * 12)
    plan = first_plan_after(slices)
    assert plan.data.slice_weights == slice_weights(score(slices), error_weight=0.0)
    assert plan.hypothesis.startswith(
        f"Trained on {SPEC.search.rows} rows spread over the slices as dev is, the model beats "
        "the base model's 0% on dev."
    )


def test_a_base_that_passes_nothing_says_nothing_of_how_alike_cases_are():
    """Its design effect is the size of the families, and would make later results count less."""
    trained = score(rates(*FIRST))
    rows = dict.fromkeys(trained.slices, 125)

    def weights(effect):
        none = baseline(rates([0] * 12, [0] * 12), effect)
        ledger = extended((none,), "0001", rows, "base", (), trained.slices)
        return targets(trained, ledger, 3000).weights

    assert weights(2.6) == weights(1.0)


def test_the_first_rows_go_where_the_base_fails_and_the_plan_says_so():
    slices = rates([1, *[7] * 11], [0, *[5] * 11])
    plan = first_plan_after(slices)
    weights = plan.data.slice_weights
    assert weights["c00"] > 2 * weights["c05"]
    assert weights["safe/c00"] > 2 * weights["safe/c05"]
    assert "rows, more of them for the slices where they are expected" in plan.hypothesis
    assert "c00 " in plan.hypothesis


def test_a_group_that_tells_nothing_stays_as_dev_is_beside_one_that_does():
    slices = rates([1, *[7] * 11], [0] * 12)
    weights = first_targets(score(slices), 300).weights
    even = slice_weights(score(slices), error_weight=0.0)
    assert {name: weights[name] for name in SAFE} == {name: even[name] for name in SAFE}
    assert weights["c00"] > 2 * weights["c05"]


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.integers(0, 7), min_size=12, max_size=12),
    st.lists(st.integers(0, 5), min_size=12, max_size=12),
    st.integers(24, 5000),
)
def test_whatever_the_base_passes_groups_keep_their_rows_and_slices_their_floor(
    vulnerable, safe, rows
):
    slices = rates(vulnerable, safe)
    found = first_targets(score(slices), rows)
    even = slice_weights(score(slices), error_weight=0.0)
    for group in (VULNERABLE, SAFE):
        whole = sum(even[name] for name in group)
        assert sum(found.weights[name] for name in group) == pytest.approx(whole, abs=0.02)
        for name in group:
            assert FLOOR * 0.8 <= found.weights[name] / even[name] <= MOST * 1.3


def test_failing_for_the_form_alone_says_nothing_of_what_rows_bring():
    trained = rates(*FIRST)
    assert believed(rates([0] * 12, [0] * 12), trained) == believed(None, trained)
    few = believed(rates([1, 1, 2, 0, 0, 1, *[0] * 6], [1, *[0] * 11]), trained)
    none = believed(None, trained)
    for name, (now, gain) in few.items():
        assert now == pytest.approx(none[name][0], abs=0.05)
        assert gain == pytest.approx(none[name][1], abs=0.05)


def test_a_base_that_leans_to_one_verdict_does_not_hide_what_training_measured():
    trained = rates(*FIRST)
    found = believed(rates([*[0] * 11, 1], [5, 5, 5, 4, 5, 5, 5, 5, 4, 5, 5, 5]), trained)
    none = believed(None, trained)
    for name in SAFE:
        assert found[name][0] == pytest.approx(none[name][0], abs=0.1)


def test_one_slice_that_the_base_knows_for_a_reason_of_its_own_is_believed_as_trained():
    trained = rates([3, 4, 5, 6, 5, 4, 5, 4, 5, 6, 5, 4], FIRST[1])
    found = believed(rates([7, *[0] * 11], [0] * 12), trained)
    assert found["c00"][0] == pytest.approx(believed(None, trained)["c00"][0], abs=0.1)


def test_a_slice_that_the_base_passed_has_less_to_win_than_one_that_it_failed():
    trained = rates([5] * 12, FIRST[1])
    found = believed(rates([5] * 6 + [0] * 6, [3] * 6 + [0] * 6), trained)
    assert found["c11"][1] > found["c00"][1]


def test_a_leaning_needs_two_groups_and_a_form_does_not():
    assert shifts(1).max() == 0
    both = shifts(2)
    assert both[0].tolist() == [0, 0]
    assert not ((both > 0).all(axis=1)).any()


def test_the_ledger_begins_with_the_base_keeps_it_and_tells_no_effect_against_it():
    dev = {"x": Rate(passed=1, total=10)}
    ledger = (baseline(dev),)
    for number in range(1, NEWEST + 20):
        ledger = extended(ledger, f"{number:04d}", {"x": 1}, "base", (), dev)
    assert [ledger[0].iteration, len(ledger)] == ["0000", NEWEST + 1]
    first, second = points_of(ledger)["x"][:2]
    assert (first.base, first.rows, second.base) == (True, 0, False)
    assert all("0000" not in (one.iteration, one.before) for one in effects(ledger))
    assert effects(ledger[:2]) == ()


def test_a_history_from_before_the_base_was_kept_gets_it_in_front():
    handed = extended((), "0001", {"x": 5}, "base", (), {"x": Rate(passed=3, total=10)})
    base = IterationState(
        key="0000",
        trials={
            "a": TrialState(dev=score({"x": Rate(passed=0, total=10)})),
            "b": TrialState(dev=score({"x": Rate(passed=2, total=10)})),
        },
    )
    ledger = known_slices(State(iterations=(base,), slices=handed))
    assert [one.iteration for one in ledger] == ["0000", "0001"]
    assert ledger[0].dev["x"].passed == 2
