"""An advisor's candidates among those of the search, and the plans that hold them."""

import pytest
from brain.search.search_spaces import SETTINGS, SPACE, histories, trial
from brain.search.test_accounts import ADVISED, pairs
from fakes.goal_spec import spec_of
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from forgemind_assets.brain import planner
from forgemind_assets.brain.search import memory, propose, sources
from forgemind_assets.brain.search.advice_answer import Advised, Suggestions
from forgemind_assets.brain.search.beside import advised, side_by_side
from forgemind_assets.brain.search.propose import propose_trials
from forgemind_assets.brain.state import State
from forgemind_assets.records import TrialSettings

PAST = [trial("0001-a", 0.6), trial("0001-b", 0.5, learning_rate=0.008)]
POOR = SPACE.centre | {"learning_rate": 0.0002}
FIRST = TrialSettings(name="a", training=SETTINGS)


def suggestions(*candidates, places=1):
    return Suggestions(
        advisor="smollm",
        places=places,
        candidates=tuple(Advised(values=values, words="more steps") for values in candidates),
    )


def sources_of(found):
    return [one.source for one in found]


def test_a_place_that_is_kept_goes_to_the_advisor_however_little_it_promises():
    found = propose_trials(SPACE, PAST, 3, 0, suggested=suggestions(POOR))
    assert sources_of(found).count("advisor") == 1
    assert found[0].values == POOR
    assert found[0].reason.startswith("smollm suggests: learning_rate 0.0002 for 0.004")
    assert found[0].reason.endswith('("more steps").')


def test_of_its_place_the_best_other_candidate_is_expected_and_not_its_own():
    alone = propose_trials(SPACE, PAST, 1, 0)[0]
    found = propose_trials(SPACE, PAST, 1, 0, suggested=suggestions(POOR))[0]
    assert found.expected == alone.expected
    assert found.expected > propose.expected_of(SPACE, PAST, POOR) + 0.1


def test_without_a_place_it_is_tried_only_where_it_promises_most():
    assert "advisor" not in sources_of(
        propose_trials(SPACE, PAST, 3, 0, suggested=suggestions(POOR, places=0))
    )
    best = propose_trials(SPACE, PAST, 1, 0)[0]
    rate = best.values["learning_rate"]
    better = suggestions(  # on one side of the search's own best it goes up further
        *(best.values | {"learning_rate": rate * factor} for factor in (0.95, 1.05)), places=0
    )
    assert "advisor" in sources_of(propose_trials(SPACE, PAST, 3, 0, suggested=better))


@limits(max_examples=15, deadline=None)
@given(histories(), st.integers(0, 3), st.data())
def test_nobody_repeats_what_failed_or_was_tried(past, seed, data):
    tried = [one.values for one in past] or [SPACE.centre]
    suggested = suggestions(
        *data.draw(st.lists(st.sampled_from(tried), min_size=1, max_size=4)), places=2
    )
    found = propose_trials(SPACE, past, 3, seed, taken=[SPACE.centre], suggested=suggested)
    assert found == propose_trials(SPACE, past, 3, seed, taken=[SPACE.centre], suggested=suggested)
    ideas = memory.ideas_that_failed(past)
    for one in found:
        if one.source == "advisor":
            own = [t.values for t in past if not t.goal]
            assert sources.nearest(SPACE, one.values, own) > propose.SAME
            assert memory.nearest_idea(SPACE, one.values, ideas) is None


def test_two_of_its_places_go_to_two_candidates_that_differ():
    again = [POOR, POOR, POOR | {"learning_rate": 0.0009}]
    found = propose_trials(SPACE, PAST, 3, 0, suggested=suggestions(*again, places=2))
    rates = [one.values["learning_rate"] for one in found if one.source == "advisor"]
    assert sorted(rates) == [0.0002, 0.0009]


def test_where_only_some_configurations_can_be_had_others_are_not_suggested():
    had = [SPACE.centre | {"learning_rate": 0.001 * n} for n in range(1, 6)]
    found = propose_trials(SPACE, PAST, 2, 0, among=had, suggested=suggestions(POOR, had[4]))
    assert POOR not in [one.values for one in found]
    assert had[4] in [one.values for one in found]


def test_the_trial_says_who_suggested_it():
    trials = side_by_side(3, FIRST, PAST, suggestions(POOR))
    assert [t.source for t in trials].count(ADVISED) == 1
    assert trials[1].training.learning_rate == 0.0002


ASKING = {"trials": 3, "advisor": "embedded"}


def test_a_plan_without_an_advisor_wants_none():
    plan = planner.propose(spec_of(search={"trials": 3}), State(), "0001")
    assert plan.advice is None
    assert planner.propose(spec_of(), State(), "0001").advice is None


def test_a_plan_of_the_tick_holds_as_it_stands_and_says_who_is_to_be_asked():
    plan = planner.propose(spec_of(search=ASKING), State(), "0001")
    alone = planner.propose(spec_of(search={"trials": 3}), State(), "0001")
    assert plan.trials == alone.trials
    assert (plan.advice.advisor, plan.advice.places, plan.advice.settled) == ("embedded", 1, False)
    told = advised(plan, (), plan.advice.model_copy(update={"note": "Nobody answered."}))
    assert told.trials == plan.trials
    assert told.advice.settled
    assert told.hypothesis == f"{plan.hypothesis} Nobody answered."


@pytest.mark.parametrize("count", [4, 8])
def test_an_advisor_that_did_worse_is_asked_seldom_and_the_plan_says_why(count):
    past = tuple(
        one.model_copy(update={"source": one.source.replace("smollm", "embedded")})
        for one in pairs([-0.2] * count)
    )
    plans = [
        planner.propose(spec_of(search=ASKING | {"seed": seed}), State(past=past), "0001")
        for seed in range(20)
    ]
    asked = [plan for plan in plans if not plan.advice.settled]
    assert len(asked) < 8, "a tenth of one of two places"
    idle = next(plan for plan in plans if plan.advice.settled)
    told = f"The {count} candidates of embedded so far came to 20.0 points less than the trials"
    assert told in idle.hypothesis
    assert "so its share falls from 50% to 5%. embedded is not asked" in idle.hypothesis
    assert [one.source for one in idle.search_sources] == ["advisor embedded", "belief"]
