"""The bench of the futility rule: what it counts, and that the rule keeps what it promises."""

import futility
import numpy as np
import pytest


def loops(kind, count=60, seed=11):
    rng = np.random.default_rng(seed)
    return [futility.loop_of(kind, rng) for _ in range(count)]


def test_a_rule_that_always_ends_loses_every_loop_and_one_that_never_does_loses_none():
    some = loops("exponential")
    always = futility.measured(some, lambda loop, done: True)
    never = futility.measured(some, lambda loop, done: False)
    later = [loop for loop in some if loop.met_at and loop.met_at > 1]
    assert always["ended_wrongly"] == pytest.approx(
        len(later) / always["loops_that_meet_it"], abs=1e-4
    )
    assert never["ended_wrongly"] == never["iterations_saved"] == 0


def test_the_rule_seldom_ends_a_loop_that_meets_its_goal_and_saves_where_it_is_missed():
    kinds = ("power law", "exponential", "rare jumps", "late start", "ceiling")
    found = futility.measured([one for kind in kinds for one in loops(kind)], futility.futility)
    hasty = futility.measured([one for kind in kinds for one in loops(kind)], futility.patience(3))
    assert found["ended_wrongly"] <= 0.03 < hasty["ended_wrongly"]
    assert found["iterations_saved"] >= 0.08
