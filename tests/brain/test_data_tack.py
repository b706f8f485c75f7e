"""A change of tack for the rows: when, how, and which ideas are not tried again."""

import pytest
from fakes.goal_spec import spec_of
from hypothesis import given
from hypothesis import strategies as st

from forgemind_assets.brain import planner
from forgemind_assets.brain.data_budget import EXPLORED, divided
from forgemind_assets.brain.data_tack import EVEN, KEPT_TACK, Idea, Tack, spread, tack
from forgemind_assets.brain.slice_effects import SliceRecord, baseline
from forgemind_assets.brain.slice_plan import targets
from forgemind_assets.brain.state import (
    IterationState,
    Score,
    SourceRecord,
    State,
    TrialState,
    Work,
)
from forgemind_assets.records import DataSettings, Plan, TrainSettings, TrialSettings
from forgemind_assets.trial_grounds.report import Rate

SPEC = spec_of()


def record(number, passed, own=None, expected=0.05):
    """An iteration that passed so many of 100 cases of each slice."""
    return SliceRecord(
        iteration=f"{number:04d}",
        own=own or dict.fromkeys(passed, 100),
        rows=dict.fromkeys(passed, 100 * number),
        dev={name: Rate(passed=n, total=100) for name, n in passed.items()},
        expected=expected,
    )


def history(*rates, **given):
    return [record(n, {"x": rate, "y": rate}, **given) for n, rate in enumerate(rates, 1)]


def test_rising_or_one_bad_turn_keeps_the_tack():
    assert tack([]) == KEPT_TACK
    assert tack([baseline({"x": Rate(passed=0, total=10)})]) == KEPT_TACK
    assert tack(history(50, 60, 70)) == KEPT_TACK
    assert tack(history(50, 60, 70, 70, 70)) == KEPT_TACK
    assert tack(history(50, 48, 47, 70)) == KEPT_TACK


def test_three_turns_without_more_than_chance_change_it():
    found = tack(history(50, 70, 71, 70, 69))
    assert (found.even, found.explored, found.since) == (EVEN, EVEN, "0002")
    assert found.told.startswith(
        "No iteration since 0002 passed more of dev by more than chance, where +15.0 points were "
        "expected of their rows: 50% of the rows go as dev is"
    )
    # a standard error is 3.2 points here: what is just above one is more than chance
    assert tack(history(50, 70, 74, 73, 73)) == KEPT_TACK


def test_slow_but_steady_gains_add_up_and_keep_the_tack():
    assert tack(history(*range(50, 70, 2), expected=0.02)) == KEPT_TACK


def test_a_slice_that_had_many_rows_and_passes_no_more_is_named_and_not_tried_again():
    own = {"much": 300, "some": 150, "rest": 75, "other": 75}
    before = {"much": 40, "some": 60, "rest": 80, "other": 60}
    ledger = [record(1, before), record(2, before, own), record(3, before, own)]
    assert tack(ledger) == KEPT_TACK
    ledger.append(record(4, before | {"much": 37}, own))
    found = tack(ledger)
    assert found.ideas == (Idea("much", pytest.approx(2.0), pytest.approx(-0.01)),)
    assert "more rows for much (2.0 times an even share, -1 points) are not tried again" in (
        found.told
    )
    risen = [ledger[0], *(record(n, before | {"much": 45, "some": 58}, own) for n in (2, 3, 4))]
    assert tack(risen).since == "0001"
    assert tack(risen).ideas == ()


names = st.sampled_from(["a", "b", "c", "safe/a", "safe/b"])


@given(
    st.dictionaries(names, st.tuples(st.floats(0, 900), st.integers(1, 9)), min_size=1),
    st.sets(names),
    st.floats(0, 1),
)
def test_however_rows_are_spread_each_group_keeps_as_many(wanted, vain, even):
    cases = sum(total for _, total in wanted.values())
    parts = {name: total / cases for name, (_, total) in wanted.items()}
    rows = {name: asked for name, (asked, _) in wanted.items()}
    how = Tack(even, 0.5, tuple(Idea(name, 2.0, 0.0) for name in sorted(vain)), "0001")
    found = spread(rows, parts, how)
    for safe in (False, True):
        own = [name for name in rows if name.startswith("safe/") == safe]
        whole = sum(rows[name] for name in own)
        assert sum(found[name] for name in own) == pytest.approx(whole)
        for name in set(own) & vain:
            assert found[name] <= whole * parts[name] / sum(parts[n] for n in own) + 1e-6


def test_the_tack_that_is_kept_changes_nothing():
    rows = {"a": 10.0, "b": 30.0}
    assert spread(rows, {"a": 0.5, "b": 0.5}, KEPT_TACK) == rows


def test_the_weights_go_halfway_to_even_and_the_gain_is_that_of_the_rows_as_spread():
    ledger = [record(1, {"x": 30, "y": 95, "z": 90}), record(2, {"x": 45, "y": 95, "z": 91})]
    dev = Score(overall=Rate(passed=231, total=300), slices=ledger[-1].dev)
    kept = targets(dev, ledger, 300)
    changed = targets(dev, ledger, 300, how=Tack(EVEN, EVEN, (), "0001"))
    for name, weight in kept.weights.items():
        assert changed.weights[name] == pytest.approx((weight + 1) / 2, abs=0.01)
    assert changed.gain.mean < kept.gain.mean
    assert changed.change


def iteration(key, passed):
    slices = {name: Rate(passed=n, total=100) for name, n in passed.items()}
    whole = Rate(passed=sum(passed.values()), total=100 * len(passed))
    plan = Plan(
        iteration=key,
        hypothesis="h",
        expected_effect="e",
        rows_gain=(0.06, 0.0, 0.1),
        data=DataSettings(rows=300, teacher_requests=20, slice_weights=dict.fromkeys(passed, 1.0)),
        trials=(TrialSettings(name="a", training=TrainSettings()),),
    )
    return IterationState(
        key=key,
        plan=plan,
        trials={
            "a": TrialState(work=Work(status="succeeded"), dev=Score(overall=whole, slices=slices))
        },
        leader="0001-a",
        slice_rows=dict.fromkeys(passed, 100),
    )


def test_a_plan_on_a_plateau_says_that_its_rows_go_otherwise_and_why():
    turns = [iteration(f"{n:04d}", {"x": 50, "y": 95, "z": 60}) for n in (1, 2, 3, 4)]
    plan = planner.propose(SPEC, State(iterations=tuple(turns)), "0005")
    assert "No iteration since 0001 passed more of dev" in plan.hypothesis
    assert "+18.0 points were expected" in plan.hypothesis
    rising = [iteration(f"{n:04d}", {"x": 30 + 15 * n, "y": 95, "z": 60}) for n in (1, 2, 3, 4)]
    assert (
        "No iteration since"
        not in planner.propose(SPEC, State(iterations=tuple(rising)), "0005").hypothesis
    )


def test_requests_are_shared_more_evenly_on_a_change_of_tack():
    good, bad = (
        SourceRecord(strategy="s", teacher=name, asked=20, kept=kept, seconds=20)
        for name, kept in (("good", 40), ("bad", 2))
    )
    usual, changed = (divided([good, bad], 40, 1.0, part) for part in (EXPLORED, EVEN))
    assert sum(usual) == sum(changed) == 40
    assert usual[1] < changed[1] < changed[0]
