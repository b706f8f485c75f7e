"""When a loop ends since its goal is out of reach under what its limits still allow."""

import random

import pytest
from fakes.goal_spec import spec_of
from hypothesis import given
from hypothesis import strategies as st

from forgemind_assets.brain import planner
from forgemind_assets.brain.decide import Prepare, Stop, decide
from forgemind_assets.brain.fork import Fork
from forgemind_assets.brain.futility import (
    HOPED_GAIN,
    WINDOW,
    chance_of,
    gains_of,
    iterations_for,
    prospect,
    tack_is_open,
    wanted_rate,
)
from forgemind_assets.brain.limits import limits_of, tightest
from forgemind_assets.brain.search.memory import PastTrial
from forgemind_assets.brain.state import IterationState, Score, State, TrialState, Work
from forgemind_assets.partitions import iteration_key
from forgemind_assets.trial_grounds.report import Rate

DONE = Work(status="succeeded", attempts=1)


def spec(**limits):
    entry = spec_of().limits.model_dump() | {"max_iterations": 20, "hours": 1000} | limits
    return spec_of(limits=entry)


def score(rate, total=400):
    whole = Rate(passed=round(rate * total), total=total)
    return Score(overall=whole, slices={"x": whole})


def past(*dev, goal=None, gate=None, fork=None, first=1):
    """A loop with these dev rates, one an iteration, and the gate's rates as given or alike."""
    goal = goal or spec()
    gate = gate or dev
    its = []
    for number, (seen, full) in enumerate(zip(dev, gate, strict=True), start=first):
        key = iteration_key(number)
        base = planner.baseline_plan(goal)
        known = IterationState(key="0000", plan=base, trials={"a": TrialState(dev=score(0.2))})
        plan = planner.propose(goal, State(iterations=(known,)), key)
        its.append(
            IterationState(
                key=key, plan=plan, prepare=DONE, conclude=DONE, hours=0.5,
                trials={"a": TrialState(work=DONE, dev=score(seen), full=score(full))},
                champion=f"{key}-a", champion_full=score(max(gate[: number - first + 1])),
                leader=f"{key}-a",
            )
        )  # fmt: skip
    path = tuple(max(dev[: n + 1]) for n in range(len(dev)))
    hours = 0.5 * len(dev)
    return State(iterations=tuple(its[-4:]), path=path[-WINDOW - 1 :], hours_used=hours, fork=fork)


FLAT = (0.50,) * 12


def test_a_loop_far_from_its_goal_that_stopped_gaining_ends_and_says_why():
    decision = decide(spec(), past(*FLAT))
    assert isinstance(decision, Stop)
    assert (decision.kind, decision.goal_met) == ("futility", False)
    for told in ("50.0% (0012-a)", "90.0% are asked for", "8 iterations that",
                 "limits.max_iterations", "limits.futility.below is 5.0%"):  # fmt: skip
        assert told in decision.reason


def test_it_goes_on_where_the_limits_still_allow_it_to_get_there():
    assert isinstance(decide(spec(max_iterations=200), past(*FLAT)), Prepare)
    rising = tuple(0.30 + 0.05 * n for n in range(12))
    assert isinstance(decide(spec(), past(*rising)), Prepare)


def test_it_can_be_turned_off_and_begins_only_after_the_iterations_that_the_goal_names():
    off = spec(futility={"below": 0})
    assert isinstance(decide(off, past(*FLAT, goal=off)), Prepare)
    late = spec(futility={"below": 0.5, "after": 13})
    assert isinstance(decide(late, past(*FLAT, goal=late)), Prepare)
    assert isinstance(decide(late, past(*FLAT, 0.5, goal=late)), Stop)


def test_a_result_within_luck_of_the_goal_never_ends_the_loop():
    near = (0.88,) * 12
    assert prospect(spec(), past(*near), past(*near).last).chance == 1.0
    assert isinstance(decide(spec(), past(*near)), Prepare)


def test_the_change_of_tack_on_a_plateau_is_tried_first():
    hasty = spec(max_iterations=7, futility={"below": 0.5, "after": 3})
    pending = past(0.30, 0.35, 0.40, 0.45, 0.45, goal=hasty)
    assert tack_is_open(hasty, pending)
    assert isinstance(decide(hasty, pending), Prepare)
    tried = past(0.30, 0.35, 0.40, 0.45, 0.45, 0.45, goal=hasty)
    assert not tack_is_open(hasty, tried)
    assert isinstance(decide(hasty, tried), Stop)


def test_where_several_trials_are_run_the_search_looks_elsewhere_first():
    several = spec_of(search={"trials": 3})

    def trials(*scores):
        return tuple(PastTrial(name=f"t{n}", values={"rank": 8.0}, score=s)
                     for n, s in enumerate(scores))  # fmt: skip

    flat = State(past=trials(0.5, 0.4, 0.4, 0.4))
    assert tack_is_open(several, flat), "a drought whose change of tack is not seen yet"
    assert not tack_is_open(several, State(past=trials(0.5, *[0.4] * 9)))
    assert not tack_is_open(several, State(past=trials(0.4, 0.5, 0.4))), "still gaining"


def test_a_forked_line_is_judged_by_its_own_iterations():
    fork = Fork(goal="small", goal_version="v", iteration="0012", changed={},
                max_iterations=20, file="f")  # fmt: skip
    hasty = spec(max_iterations=16, futility={"below": 0.5, "after": 3})
    state = past(0.5, 0.5, goal=hasty, fork=fork, first=13)
    assert isinstance(decide(hasty, state), Prepare)
    assert isinstance(decide(hasty, past(0.5, 0.5, 0.5, goal=hasty, fork=fork, first=13)), Stop)


def test_a_confidence_that_no_score_on_so_few_cases_proves_is_out_of_reach():
    strict = spec_of(success={"pass_rate": 0.9, "confidence": 0.95})
    assert wanted_rate(strict, score(0.5, 20)) == 1.0
    assert 0.9 < wanted_rate(strict, score(0.5, 400)) < 0.95
    assert wanted_rate(spec_of(), score(0.5, 20)) == 0.9


gains = st.lists(st.floats(0, 2), max_size=WINDOW)
needs = st.floats(0.01, 5)


@given(gains, needs, needs, st.integers(1, 60), st.integers(1, 60))
def test_the_chance_falls_with_what_is_needed_and_grows_with_what_is_left(g, a, b, m, n):
    (near, far), (few, many) = sorted((a, b)), sorted((m, n))
    assert 0 <= chance_of(near, g, few) <= 1
    assert chance_of(far, g, few) <= chance_of(near, g, few) + 1e-12
    assert chance_of(near, g, few) <= chance_of(near, g, many) + 1e-12
    assert chance_of(0.0, g, few) == 1
    assert chance_of(near, g, 0) == 0


@given(gains, needs, st.floats(0, 2))
def test_a_larger_gain_in_the_past_never_makes_the_goal_less_probable(g, need, more):
    larger = [*g, 0.0], [*g, more]
    assert chance_of(need, larger[0], 5) <= chance_of(need, larger[1], 5) + 1e-12


@given(gains, needs, st.floats(0.05, 0.95))
def test_so_many_iterations_are_needed_and_one_fewer_is_not_enough(g, need, chance):
    count = iterations_for(need, g, chance)
    if count < 1000:
        assert chance_of(need, g, count) >= chance
    if count > 1:
        assert chance_of(need, g, count - 1) < chance


def test_the_chance_is_that_of_the_gains_it_supposes():
    """20,000 draws: a rate from the prior, gains seen, then those to come; told against counted."""
    source, bins = random.Random(3), {}
    for _ in range(20_000):
        mean = HOPED_GAIN / source.expovariate(1.0)
        seen = [source.expovariate(1 / mean) for _ in range(4)]
        coming = sum(source.expovariate(1 / mean) for _ in range(5))
        chance = chance_of(0.6, seen, 5)
        bins.setdefault(min(9, int(chance * 10)), []).append((chance, coming > 0.6))
    assert len(bins) >= 9, "the chances cover the scale"
    for found in bins.values():
        told = sum(chance for chance, _ in found) / len(found)
        counted = sum(came for _, came in found) / len(found)
        assert counted == pytest.approx(told, abs=4 * (0.25 / len(found)) ** 0.5)


@given(st.lists(st.floats(0, 1), max_size=40), st.integers(1, 2000))
def test_gains_are_never_negative_and_only_the_newest_count(path, cases):
    found = gains_of(path, cases)
    assert len(found) == min(WINDOW, max(0, len(path) - 1))
    assert all(gain >= 0 for gain in found)


def test_the_limit_that_leaves_the_fewest_iterations_is_the_one_that_binds():
    state = past(*FLAT)
    found = {one.key: one for one in limits_of(spec(hours=8), state, state.last)}
    assert found["limits.hours"].left == 4
    assert found["limits.max_iterations"].left == 8
    assert tightest(tuple(found.values())).key == "limits.hours"
    assert tightest(limits_of(spec(hours=6.4), state, state.last)).binds
    assert not tightest(limits_of(spec(hours=6.5), state, state.last)).binds
