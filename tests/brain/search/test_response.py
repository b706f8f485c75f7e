import numpy as np
import pytest
from brain.search.search_spaces import SPACE, histories, trial
from hypothesis import given
from hypothesis import settings as limits

from forgemind_assets.brain.search.response import NOISE, Point, Response, points_of


def at(**turned):
    return SPACE.centre | turned


def expected(points, *asked):
    return Response(SPACE, points).expect(list(asked))[0]


def test_before_any_trial_too_small_a_step_and_too_large_a_one_promise_less():
    small, centre, large = expected(
        [], at(learning_rate=2e-4), at(), at(learning_rate=0.04, alpha_ratio=4.0)
    )
    assert small < centre > large


def test_before_any_trial_more_steps_promise_more():
    few, more = expected([], at(batch_size=32.0), at(batch_size=4.0))
    assert few < more


def test_rate_alpha_and_rank_are_one_step_first():
    """Half the rate with twice the alpha is told more of than half the rate alone."""
    points = [Point(at(learning_rate=0.002, alpha_ratio=2.0), 0.9)]
    same, other = expected(
        points, at(learning_rate=0.004, alpha_ratio=1.0), at(learning_rate=0.016, alpha_ratio=2.0)
    )
    unknown = expected([], at(learning_rate=0.004, alpha_ratio=1.0))[0]
    assert same > other
    assert same > unknown + 0.1


def test_what_was_measured_is_expected_there_again_and_is_surer_than_elsewhere():
    points = [Point(at(), 0.1), Point(at(learning_rate=0.008), 0.7), Point(at(rank=4.0), 0.15)]
    response = Response(SPACE, points)
    mean, deviation = response.expect([at(), at(learning_rate=0.008), at(learning_rate=3e-4)])
    assert mean[0] == pytest.approx(0.12, abs=0.08)
    assert mean[1] == pytest.approx(0.7, abs=0.08)
    assert deviation[0] < NOISE < deviation[2]


def test_an_earlier_goals_level_says_nothing_and_its_differences_do():
    earlier = [
        Point(at(learning_rate=0.001), 0.05, "hard"),
        Point(at(), 0.1, "hard"),
        Point(at(learning_rate=0.012), 0.3, "hard"),
    ]
    easy = [Point(p.values, p.score + 0.5, "easy") for p in earlier]
    hard_low, hard_high = expected(earlier, at(learning_rate=0.001), at(learning_rate=0.012))
    easy_low, easy_high = expected(easy, at(learning_rate=0.001), at(learning_rate=0.012))
    assert hard_high > hard_low + 0.1
    assert easy_high - easy_low == pytest.approx(hard_high - hard_low, rel=0.02)
    assert abs(easy_low - hard_low) < 0.15


def test_a_failed_trial_passes_nothing_and_a_stopped_one_is_as_good_as_the_worst():
    past = [
        trial("a", 0.6),
        trial("b", 0.4),
        trial("c", None),
        trial("d", 0.9, share=0.25),
        trial("e", 0.2, goal="other"),
    ]
    failed, stopped = points_of(past)[2:4]
    assert failed.score == 0
    assert stopped.score == 0.4
    assert stopped.noise > failed.noise


def test_to_suppose_a_trial_makes_its_neighbourhood_less_tempting_and_moves_nothing_else():
    response = Response(SPACE, [Point(at(), 0.5)])
    near, far = at(learning_rate=0.009), at(learning_rate=2e-4)
    before = response.expect([near, far])
    response.suppose(near)
    after = response.expect([near, far])
    assert after[1][0] < before[1][0] - 0.02
    assert np.allclose(after[0], before[0], atol=0.02)


@limits(max_examples=40, deadline=None)
@given(histories())
def test_whatever_the_history_what_is_expected_is_a_number_and_no_surer_than_certain(past):
    response = Response(SPACE, points_of(past))
    mean, deviation = response.expect([SPACE.centre, at(rank=64.0), *(t.values for t in past)])
    assert np.isfinite(mean).all()
    assert (deviation > 0).all()
    assert (mean > -1).all()
    assert (mean < 2).all()
