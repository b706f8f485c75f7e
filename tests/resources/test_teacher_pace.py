import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.teacher_pace import MINUTE, Bucket, Pace, Window

gaps = st.lists(st.floats(0, 5, allow_nan=False), min_size=1, max_size=200)


@given(per_minute=st.integers(1, 2000), gaps=gaps)
def test_in_no_minute_are_more_requests_begun_than_allowed(per_minute, gaps):
    bucket, now, begun = Bucket(per_minute, 0.0), 0.0, []
    for gap in gaps:
        now += gap
        while not bucket.wait(1, now):
            bucket.take(1, now)
            begun.append(now)
    for start in begun:
        assert sum(start <= moment < start + MINUTE - 1e-6 for moment in begun) <= per_minute


def test_who_waits_as_long_as_it_says_may_go():
    bucket = Bucket(30, 0.0)
    bucket.take(1, 0.0)
    wait = bucket.wait(1, 0.0)
    assert wait == pytest.approx(2.0)
    assert bucket.wait(1, wait - 0.01) > 0
    assert bucket.wait(1, wait) == 0.0


def test_a_request_larger_than_a_second_s_worth_leaves_a_debt():
    bucket = Bucket(6000, 0.0)
    assert bucket.wait(1000, 0.0) == 0.0
    bucket.take(1000, 0.0)
    assert bucket.wait(1, 0.0) == pytest.approx(9.2, abs=0.2)
    bucket.give_back(900)
    assert bucket.wait(1, 0.0) <= 0.1


def test_the_window_doubles_in_a_round_trip_until_something_is_refused():
    window = Window(1000)
    for _ in range(window.START):
        window.answered(0.2, full=True)
    assert window.size == 2 * window.START
    window.refused(10.0)
    assert window.size == window.START


def test_refusals_of_one_round_trip_count_once():
    window = Window(1000)
    window.answered(0.2, full=False)
    for moment in (1.0, 1.01, 1.19):
        window.refused(moment)
    once = window.size
    window.refused(1.21)
    assert once == window.START // 2
    assert window.size == round(0.9 * once)


def test_the_window_grows_faster_the_longer_nothing_is_refused():
    window = Window(1000)
    window.refused(0.0)
    sizes = [window.size]
    for _ in range(5):
        for _ in range(window.size):
            window.answered(0.2, full=True)
        sizes.append(window.size)
    growth = [after - before for before, after in itertools.pairwise(sizes)]
    assert growth[0] == 1
    assert growth[-1] >= 4
    assert window.spacing == pytest.approx(0.2 / sizes[-1], rel=0.05)
    assert growth == sorted(growth)


@given(st.integers(1, 64), st.lists(st.booleans(), max_size=300))
def test_the_window_stays_between_one_and_what_is_allowed(most, refusals):
    window = Window(most)
    for second, refused in enumerate(refusals):
        if refused:
            window.refused(float(second))
        else:
            window.answered(0.2, full=True)
        assert 1 <= window.size <= most


def test_a_window_that_is_not_used_up_does_not_grow():
    window = Window(1000)
    for _ in range(100):
        window.answered(0.2, full=False)
    assert window.size == window.START


def test_no_more_is_allowed_than_there_are_places_and_tokens():
    pace = Pace(8, None, 60 * 100, 0.0)
    assert pace.allowed([10] * 20, 6, 0.0) == (2, 0.0)
    assert pace.allowed([10] * 20, 8, 0.0) == (0, 0.0)
    count, wait = pace.allowed([50] * 20, 0, 0.0)
    assert count == 1
    assert wait > 0
    pace.not_sent([50])
    assert pace.allowed([50], 0, 0.0) == (1, 0.0)


def test_after_a_refusal_requests_are_spread_over_the_round_trip():
    pace = Pace(64, None, None, 0.0)
    assert pace.allowed([1] * 64, 0, 0.0) == (16, 0.0)
    pace.window.answered(1.0, full=False)
    pace.window.refused(1.0)
    gone, now = [], 1.0
    while now < 3.0:
        count, wait = pace.allowed([1] * 64, 0, now)
        gone += [now] * count
        assert wait > 0
        now += wait
    spread = [after - before for before, after in itertools.pairwise(gone[-12:])]
    assert spread == pytest.approx([1.0 / 8] * 11)
