import subprocess
import sys

import pytest
from brain.search.search_spaces import SETTINGS, SPACE, histories, trial
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from forgemind_assets.brain.search import memory, propose, sampler, sources
from forgemind_assets.brain.search.dials import settings_with
from forgemind_assets.brain.search.propose import propose_trials
from forgemind_assets.brain.search.space import Space


@limits(max_examples=25, deadline=None)
@given(histories(), st.integers(1, 5), st.integers(0, 3))
def test_proposals_are_valid_settings_within_the_ends_the_same_each_time(past, count, seed):
    found = propose_trials(SPACE, past, count, seed)
    assert len(found) == count
    assert propose_trials(SPACE, past, count, seed) == found
    for proposal in found:
        settings_with(SETTINGS, proposal.values)
        assert proposal.reason
        for dial in SPACE.dials:
            value = proposal.values[dial.name]
            if hasattr(dial, "low"):
                assert dial.low <= value <= dial.high
            else:
                assert value in dial.values


def test_the_first_of_all_is_what_the_goal_says():
    first = propose_trials(SPACE, [], 1, seed=0)[0]
    assert first.values == SPACE.centre
    assert first.reason == "What recipes suggest: the goal's own settings."


def test_beside_a_taken_configuration_others_are_tried():
    found = propose_trials(SPACE, [], 4, seed=0, taken=[SPACE.centre])
    places = [p.values for p in found] + [SPACE.centre]
    for i, one in enumerate(places):
        for other in places[i + 1 :]:
            assert SPACE.distance(one, other) > propose.SAME


def test_what_failed_is_not_tried_again():
    past = [trial(f"{n}", None, learning_rate=0.004 * 1.1**n) for n in range(-4, 5)]
    for seed in range(5):
        for proposal in propose_trials(SPACE, past, 3, seed):
            ideas = memory.ideas_that_failed(past)
            assert memory.nearest_idea(SPACE, proposal.values, ideas) is None


def test_a_reason_names_the_failed_idea_that_was_left_out():
    rates = Space(dials=tuple(d for d in SPACE.dials if d.name == "learning_rate"))
    past = [trial(f"0002-{n}", None, learning_rate=0.004 * 1.4**n) for n in range(5)]
    found = [propose_trials(rates, past, 1, seed)[0] for seed in range(8)]
    assert all(p.values["learning_rate"] < 0.004 for p in found)
    assert any("Nothing like 0002-" in p.reason for p in found)


def test_a_plateau_changes_the_tack_and_says_so():
    past = [trial("0001-a", 0.6)] + [
        trial(f"{n}", 0.55, learning_rate=0.004 * 1.05**n) for n in range(memory.PATIENCE)
    ]
    found = propose_trials(SPACE, past, 3, seed=0)
    assert all("the tack changes" in p.reason for p in found)
    better = [*past, trial("better", 0.7)]
    calm = propose_trials(SPACE, better, 3, seed=0)
    assert all("tack" not in p.reason for p in calm)

    def away(proposals):
        return min(sources.nearest(SPACE, p.values, [t.values for t in past]) for p in proposals)

    assert away(found) > away(calm)


def test_an_earlier_goal_is_heard_before_this_one_has_trials():
    led = SPACE.centre | {"learning_rate": 0.009, "batch_size": 4.0}
    past = [
        memory.PastTrial(name="0003-b", values=led, score=0.8, goal="sql_review"),
        trial("0002-a", 0.3, goal="sql_review", learning_rate=0.001),
        trial("0002-b", 0.3, goal="sql_review"),
    ]
    found = propose_trials(SPACE, past, 8, seed=0)
    assert SPACE.distance(found[0].values, led) < SPACE.distance(found[0].values, SPACE.centre)
    heard = [p for p in found if p.source == "earlier"]
    assert heard
    assert all("0003-b of sql_review" in p.reason for p in heard)


def test_where_only_some_configurations_can_be_had_one_of_these_is_taken_each_once():
    had = [SPACE.centre | {"learning_rate": 0.001 * n} for n in range(1, 9)]
    found = propose_trials(SPACE, [trial("a", 0.5)], 5, seed=0, among=had)
    taken = [p.values for p in found]
    assert all(values in had for values in taken)
    assert len({values["learning_rate"] for values in taken}) == 5


def test_good_trials_draw_the_next_ones_towards_them():
    # Rates around 0.012 pass most cases, and nothing else matters.
    rates = [0.0005, 0.001, 0.002, 0.004, 0.008, 0.011, 0.012, 0.013, 0.02, 0.03] * 3
    past = [
        trial(f"{n}", 0.8 if 0.01 < rate < 0.015 else 0.3, learning_rate=rate, rank=4.0 + n)
        for n, rate in enumerate(rates)
    ]
    past.append(trial("newest", 0.9, learning_rate=0.0121))
    found = [p for s in range(10) for p in propose_trials(SPACE, past, 2, s)]
    near = [p for p in found if 0.006 < p.values["learning_rate"] < 0.02]
    assert len(near) >= 0.6 * len(found)


def scored(count):
    return [
        trial(f"{n}", (n * 37 % 101) / 101, learning_rate=0.001 + n % 50 / 5000)
        for n in range(count)
    ]


def test_a_step_after_10000_trials_thinks_with_no_more_of_them_than_one_after_100():
    assert len(memory.window(scored(10_000))) == len(memory.window(scored(100))) == memory.WINDOW


def test_the_distances_that_a_step_takes_do_not_grow_with_the_history():
    class Counting(type(SPACE)):
        def distance(self, one, other):
            counts[-1] += 1
            return super().distance(one, other)

    counts = []
    space = Counting(dials=SPACE.dials)
    for past in (scored(100), scored(10_000)):
        counts.append(0)
        propose_trials(space, past, 3, seed=1)
    assert 0 < counts[1] <= 2 * counts[0]


def test_optuna_is_not_imported_with_the_planner():
    code = "import sys, forgemind_assets.brain.planner; print('optuna' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("count", [1, 3])
def test_the_sampler_ranks_each_goal_and_share_apart(count):
    past = [trial("a", 0.2), trial("b", 0.4), trial("c", 0.9, goal="easy")] * count
    ranks = sampler.ranks_in_goal([*past, trial("d", None), trial("e", 0.1, share=0.5)])
    assert ranks == [0.5, 1.0, 1.0] * count + [None, 1.0]
