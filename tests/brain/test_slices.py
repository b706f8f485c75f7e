"""Rows over slices: learning curves, their budget, the ledger of effects, and the plan."""

import numpy as np
import pytest
from fakes.goal_spec import spec_of
from hypothesis import given, settings
from hypothesis import strategies as st

from forgemind_assets.brain import planner
from forgemind_assets.brain.slice_budget import FLOOR, MOST, divided
from forgemind_assets.brain.slice_curves import learned
from forgemind_assets.brain.slice_effects import (
    NEWEST,
    SliceEffect,
    change_of,
    effects,
    extended,
    points_of,
    told,
)
from forgemind_assets.brain.slice_gain import shares_of
from forgemind_assets.brain.slice_plan import in_vain, known_slices, slice_weights, targets, yields
from forgemind_assets.brain.slice_points import Point
from forgemind_assets.brain.state import IterationState, Score, State, TrialState, Work
from forgemind_assets.records import DataSettings, Plan
from forgemind_assets.trial_grounds.report import Rate

SPEC = spec_of()
LONG = tuple(range(40, 401, 40))


def straight(start, ceiling, pace, counts, total):
    """Points of a slice that answers exponentially, with no chance in them."""
    rates = [ceiling - (ceiling - start) * np.exp(-n / pace) for n in counts]
    return [Point(n, float(total * p), total) for n, p in zip(counts, rates, strict=True)]


names = st.lists(
    st.sampled_from(["a", "b", "c", "d", "safe/a", "safe/b", "safe/c"]),
    min_size=1,
    unique=True,
)


@st.composite
def histories(draw):
    found = {}
    for name in draw(names):
        total = draw(st.integers(1, 9))
        steps = draw(st.lists(st.integers(1, 200), min_size=1, max_size=4))
        passes = st.integers(0, total)
        found[name] = [
            Point(float(rows), float(draw(passes)), float(total)) for rows in np.cumsum(steps)
        ]
    return found


def parts_of(points):
    whole = sum(of[-1].total for of in points.values())
    return {name: of[-1].total / whole for name, of in points.items()}


def divide(points, budget, parts, kept=None):
    """The shares of a budget over slices with these points."""
    curves = learned(points)
    return shares_of(curves, divided(curves, budget, parts, kept), parts, kept or {})


@settings(max_examples=30, deadline=None)
@given(histories(), st.integers(20, 5000))
def test_the_rows_add_up_in_every_group_and_nobody_is_below_the_floor_or_above_the_most(
    points, budget
):
    shares = parts_of(points)
    found = divide(points, budget, shares)
    for group in ("", "safe"):
        own = [one for one in found if one.slice.startswith("safe/") == (group == "safe")]
        whole = budget * sum(shares[one.slice] for one in own)
        assert sum(one.rows for one in own) == pytest.approx(whole)
        for one in own:
            assert FLOOR * 0.8 <= one.times <= MOST * 1.3
            assert one.low <= one.gain + 1e-9
            assert one.gain >= -1e-9


def test_a_long_history_finds_the_curve_and_its_interval_holds_it():
    points = {
        "quick": straight(0.2, 0.95, 40, LONG, 2000),
        "slow": straight(0.2, 0.95, 400, LONG, 2000),
        "low": straight(0.2, 0.5, 40, LONG, 2000),
    }
    curves = learned(points)
    truth = {"quick": 0.0, "slow": 0.75 * (np.exp(-1) - np.exp(-2)), "low": 0.0}
    for n, name in enumerate(curves.names):
        gain, low, high = curves.gain(n, 400)
        assert gain == pytest.approx(truth[name], abs=0.06)
        assert low - 0.02 <= truth[name] <= high + 0.06


def test_rows_go_to_the_slow_slice_and_neither_to_the_finished_nor_to_the_hopeless_one():
    points = {
        "quick": straight(0.2, 0.95, 40, LONG, 300),
        "slow": straight(0.2, 0.95, 400, LONG, 300),
        "low": straight(0.2, 0.5, 40, LONG, 300),
    }
    found = {one.slice: one for one in divide(points, 600, dict.fromkeys(points, 1 / 3))}
    assert found["slow"].times > 2
    assert found["quick"].times < 0.5
    assert found["low"].times < 0.5


def test_of_two_alike_the_one_whose_rows_are_mostly_refused_gets_less():
    points = {name: straight(0.2, 0.9, 200, (100, 200), 50) for name in ("kept", "refused")}
    found = divide(points, 400, dict.fromkeys(points, 0.5), {"kept": 1.0, "refused": 0.25})
    rows = {one.slice: one.rows for one in found}
    assert rows["kept"] > rows["refused"]


def test_a_slice_that_was_never_asked_is_believed_to_be_like_its_group():
    points = {f"s{n}": straight(0.1, 0.9, 100, (100, 200), 40) for n in range(8)}
    points["new"] = [Point(200, 0, 0)]
    curves = learned(points)
    rates = dict(zip(curves.names, map(curves.now, range(len(curves.names))), strict=True))
    assert rates["new"] == pytest.approx(rates["s0"], abs=0.2)
    alone = learned({"new": points["new"]})
    assert abs(rates["new"] - rates["s0"]) < abs(alone.now(0) - rates["s0"])


def test_the_interval_of_a_change_is_the_published_one():
    """Newcombe 1998, table II, example (a): 56 of 70 less 48 of 80."""
    found = change_of(Rate(passed=48, total=80), Rate(passed=56, total=70))
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_what_rounds_to_no_points_is_never_told_as_minus_none():
    effect = SliceEffect(
        iteration="0002", before="0001", slice="x", rows=5, change=-0.004, low=-0.003, high=0.001
    )
    assert told(effect) == "+0 (+0 to +0) points with 5 more rows"


def test_rows_of_the_adapter_that_is_continued_count_and_those_of_others_do_not():
    dev = {"x": Rate(passed=1, total=10)}
    ledger = extended((), "0001", {"x": 10}, "base", (), dev)
    ledger = extended(ledger, "0002", {"x": 20}, "0001", (), dev)
    ledger = extended(ledger, "0003", {"x": 5}, "0001", (), dev)
    ledger = extended(ledger, "0004", {"x": 1}, "base", ("0001", "0002"), dev)
    assert [one.rows["x"] for one in ledger] == [10, 30, 15, 31]
    assert [e.rows for e in effects(ledger)] == [20, 5, 16]
    assert [e.before for e in effects(ledger)] == ["0001", "0001", "0003"]


def test_the_ledger_does_not_grow_without_end():
    ledger = ()
    for number in range(1, NEWEST + 20):
        ledger = extended(ledger, f"{number:04d}", {"x": 1}, "base", (), {})
    assert len(ledger) == NEWEST


def test_what_rows_do_not_help_is_named_and_what_grows_or_passes_is_not():
    points = {
        "quick": straight(0.2, 0.95, 40, LONG, 100),
        "slow": straight(0.2, 0.95, 400, LONG, 100),
        "low": straight(0.3, 0.4, 20, (*LONG, 600, 900, 1200, 1800, 2500), 100),
    }
    assert in_vain(learned(points)) == ["low"]
    assert in_vain(learned({name: of[:1] for name, of in points.items()})) == []


def test_yields_are_relative_and_few_rows_say_little():
    last = DataSettings(rows=200, slice_weights={"x": 1.0, "y": 1.0})
    assert yields({"x": 50, "y": 50}, last) == pytest.approx({"x": 1.0, "y": 1.0})
    found = yields({"x": 90, "y": 10}, last)
    assert found["x"] > 1 > found["y"] >= 0.25
    few = yields({"x": 9, "y": 1}, last.model_copy(update={"rows": 20}))
    assert found["y"] < few["y"] < 1


def iteration(key, passed, rows, leader=None, start="base"):
    slices = {name: Rate(passed=n, total=20) for name, n in passed.items()}
    whole = Rate(passed=sum(passed.values()), total=20 * len(passed))
    first = planner.first_plan(SPEC, State(), key)
    trial = first.trials[0]
    training = trial.training.model_copy(update={"start_from": start})
    plan = first.model_copy(update={"trials": (trial.model_copy(update={"training": training}),)})
    return IterationState(
        key=key,
        plan=Plan.model_validate(plan.model_dump()),
        trials={
            "a": TrialState(work=Work(status="succeeded"), dev=Score(overall=whole, slices=slices))
        },
        leader=leader or f"{key}-a",
        slice_rows=dict.fromkeys(passed, rows),
    )


def test_the_next_plan_sends_rows_where_they_help_and_says_so():
    state = State(
        iterations=(
            iteration("0001", {"done": 19, "grows": 4, "still": 8}, 100),
            iteration("0002", {"done": 20, "grows": 8, "still": 8}, 100, start="0001-a"),
            iteration("0003", {"done": 19, "grows": 12, "still": 8}, 100, start="0002-a"),
        )
    )
    plan = planner.propose(SPEC, state, "0004")
    weights = plan.data.slice_weights
    assert weights["grows"] > weights["still"]
    assert weights["grows"] > weights["done"]
    assert sum(weights.values()) == pytest.approx(3, abs=0.01)
    assert "grows" in plan.hypothesis


def test_a_history_without_counted_rows_goes_by_the_errors():
    bare = iteration("0001", {"x": 18, "y": 2}, 100).model_copy(update={"slice_rows": {}})
    plan = planner.propose(SPEC, State(iterations=(bare,)), "0002")
    assert plan.data.slice_weights == slice_weights(bare.dev)
    assert "the weakest slices (y 10%" in plan.hypothesis


def test_what_was_handed_on_and_the_tail_make_one_ledger():
    its = [iteration(f"{n:04d}", {"x": n}, 10, start=f"{n - 1:04d}-a") for n in range(2, 6)]
    whole = known_slices(State(iterations=tuple(its)))
    handed = known_slices(State(iterations=tuple(its[:2])))
    joined = known_slices(State(iterations=tuple(its[1:]), slices=handed))
    assert joined == whole
    assert points_of(whole)["x"][-1].rows == 40


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 20), min_size=3, max_size=3), st.integers(1, 400))
def test_weights_are_one_on_average_and_the_plan_is_the_same_each_time(passed, rows):
    it = iteration("0001", dict(zip(("x", "y", "safe/x"), passed, strict=True)), rows)
    ledger = known_slices(State(iterations=(it,)))
    first, again = (targets(it.dev, ledger, 300, it.plan.data, "0001-a") for _ in range(2))
    assert first == again
    assert sum(first.weights.values()) == pytest.approx(3, abs=0.01)
    assert first.weights["safe/x"] == pytest.approx(1, abs=0.01)
