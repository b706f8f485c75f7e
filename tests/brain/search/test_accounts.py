import pytest
from brain.search.search_spaces import trial
from hypothesis import given
from hypothesis import strategies as st

from forgemind_assets.brain.search import accounts
from forgemind_assets.brain.search.accounts import advised_by, places, standing

ADVISED = advised_by("smollm")


def tried(iteration, source, score, expected=0.6, name="b", **more):
    one = trial(f"{iteration:04d}-{name}", score, **more)
    return one.model_copy(update={"source": source, "expected": expected})


def pairs(leads, level=0.0):
    """Iterations of an advised trial and another, which differ by so much."""
    past = []
    for number, lead in enumerate(leads):
        past.append(tried(number, ADVISED, 0.6 + level + lead))
        past.append(tried(number, "belief", 0.6 + level, name="c"))
    return past


def test_each_source_has_a_line_with_what_became_of_its_candidates():
    past = [
        tried(1, "planner", 0.7, 0.6, name="a"),
        tried(1, "belief", None, 0.5),
        tried(1, ADVISED, 0.5, 0.6, name="c"),
        tried(2, ADVISED, 0.2, 0.6, share=0.25),
        trial("0002-c", 0.9),
        trial("0003-a", 0.9, goal="another"),
    ]
    found = [(one.source, one.tried, one.failed, one.gain) for one in accounts.accounts(past)]
    # The stopped one counts as half of the worst that came to its end: what it had is none.
    assert found == [
        ("planner", 1, 0, 0.1),
        ("belief", 1, 1, -0.5),
        (ADVISED, 2, 1, -0.225),
    ]
    told = accounts.sources_line(accounts.accounts(past))
    assert told.startswith("the planner's own: 1 tried, +10.0 points")
    assert "from recipes: 1 tried, 1 of them broke off, -50.0 points" in told


def test_an_advisor_keeps_its_share_until_something_speaks_against_it():
    assert standing([], "smollm").kept == 1
    assert standing(pairs([0.0, 0.0]), "smollm").kept == 1
    assert standing(pairs([0.2] * 5), "smollm").kept == 1


def test_an_advisor_that_does_worse_loses_its_share_and_keeps_a_tenth_of_it():
    kept = [standing(pairs([-0.2] * n), "smollm").kept for n in range(1, 9)]
    assert kept == sorted(kept, reverse=True)
    assert kept[0] < 0.6
    assert kept[3] == accounts.FLOOR
    assert kept[-1] == accounts.FLOOR


def test_one_bad_trial_costs_less_than_three():
    once = standing(pairs([-0.2]), "smollm").kept
    assert 0.4 < once < 0.7
    assert standing(pairs([-0.2, 0.2, 0.2]), "smollm").kept == 1


@pytest.mark.parametrize("level", [-0.3, 0.0, 0.3])
def test_what_a_whole_iteration_fell_short_of_is_nobodys_fault(level):
    found = standing(pairs([0.0] * 6, level), "smollm")
    assert found.lead == pytest.approx(0)
    assert found.kept == pytest.approx(1)


def test_trials_of_another_advisor_are_compared_as_everybody_elses():
    past = [tried(1, ADVISED, 0.3), tried(1, advised_by("other"), 0.6, name="c")]
    assert standing(past, "smollm").lead == pytest.approx(-0.3)
    assert standing(past, "other").lead == pytest.approx(0.3)
    assert standing(past, "third").trials == 0


def test_what_earlier_goals_tried_says_nothing_of_this_ones_advisor():
    past = [one.model_copy(update={"goal": "another"}) for one in pairs([-0.5] * 9)]
    assert standing(past, "smollm") == accounts.Standing(0, None, 1.0)


@given(st.lists(st.floats(-1, 1), max_size=12))
def test_what_is_kept_lies_between_the_floor_and_all(leads):
    found = standing(pairs(leads), "smollm")
    assert accounts.FLOOR <= found.kept <= 1
    line = accounts.standing_line("smollm", found, 0.5)
    assert ("falls" in line) == (found.kept < 1)


@given(st.floats(0, 1), st.integers(1, 25), st.integers(0, 99))
def test_places_are_the_share_up_to_one_drawn_by_lot(share, others, seed):
    found = places(share, others, [], seed)
    assert 0 <= found <= others
    assert abs(found - share * others) < 1
    assert found == places(share, others, [], seed)


def test_over_many_plans_the_lot_gives_the_share():
    found = [places(0.05, 2, [], seed) for seed in range(2000)]
    assert 0.08 < sum(found) / len(found) < 0.12
    assert {places(0.5, 2, [], seed) for seed in range(50)} == {1}
