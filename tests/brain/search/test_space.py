import pytest
from brain.search.search_spaces import SETTINGS, SPACE, settings
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from forgemind_assets.brain.search.beliefs import batch_size, space_around
from forgemind_assets.brain.search.dials import settings_with, values_of
from forgemind_assets.brain.search.space import Choice, Range
from forgemind_assets.records import TrainSettings


@given(settings)
def test_any_settings_have_a_space_whose_centre_is_within_its_ends(given_settings):
    space = space_around(given_settings)
    for dial in space.dials:
        assert 0 <= dial.place(dial.centre) <= 1
        assert dial.width > 0
    settings_with(given_settings, space.centre)


@given(st.floats(0, 1))
def test_a_place_and_its_value_are_one_for_dials_that_take_any_number(place):
    for dial in SPACE.dials:
        if isinstance(dial, Range) and not dial.whole:
            assert dial.place(dial.value(place)) == pytest.approx(place, abs=1e-9)


def test_a_value_beyond_the_ends_stands_at_the_end():
    dial = Range(name="x", low=1, high=10, centre=2, spread=1)
    assert dial.place(100) == 1
    assert dial.place(-1) == 0


def test_a_small_step_of_the_learning_rate_is_farther_than_a_small_step_of_the_rank():
    faster = SPACE.centre | {"learning_rate": 2 * SPACE.centre["learning_rate"]}
    wider = SPACE.centre | {"rank": 2 * SPACE.centre["rank"]}
    assert SPACE.distance(SPACE.centre, faster) > SPACE.distance(SPACE.centre, wider) > 0


@given(settings, settings)
def test_distance_is_symmetric_and_zero_only_to_itself(one, other):
    a, b = values_of(one, SPACE), values_of(other, SPACE)
    assert SPACE.distance(a, b) == SPACE.distance(b, a) >= 0
    assert SPACE.distance(a, a) == 0


@pytest.mark.parametrize("size", [1, 2, 3, 8, 1024])
def test_batch_sizes_are_whole_distinct_and_lean_to_the_goals(size):
    dial = batch_size(size)
    assert all(value == int(value) >= 1 for value in dial.values)
    assert len(set(dial.values)) == len(dial.values) >= 2
    assert dial.centre == size


def test_a_training_that_goes_on_keeps_its_rank_and_alpha():
    going_on = SETTINGS.model_copy(update={"start_from": "0002-a"})
    assert {"rank", "alpha_ratio"}.isdisjoint(d.name for d in space_around(going_on).dials)


def test_the_answer_weight_is_a_dial_only_where_a_key_counts_more_than_once():
    names = {d.name for d in space_around(TrainSettings(answer_weights={"line": 0.3})).dials}
    assert "answer_weight" not in names


def test_a_turned_answer_weight_keeps_proportions_and_leaves_light_keys():
    heavy = TrainSettings(answer_weights={"fix": 10, "cwe": 5, "line": 0.3})
    turned = settings_with(heavy, {"answer_weight": 20.0})
    assert turned.answer_weights == {"fix": 20, "cwe": 10, "line": 0.3}


def test_alpha_follows_the_rank():
    turned = settings_with(SETTINGS, {"rank": 32.0, "alpha_ratio": 2.0})
    assert (turned.rank, turned.alpha) == (32, 64)


def test_ends_in_the_wrong_order_are_refused_with_the_numbers():
    with pytest.raises(ValidationError, match="expected low <= centre <= high"):
        Range(name="x", low=3, high=1, centre=2, spread=1)


def test_weights_must_fit_the_values():
    with pytest.raises(ValidationError, match="expected a weight above 0 for each of 2"):
        Choice(name="x", values=(1, 2), weights=(1.0,))
