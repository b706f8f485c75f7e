"""Pictures of a loop's past: within their frame, for any past, and the same in words."""

import base64
import re

import pytest
from fakes.pages import read
from hypothesis import given
from hypothesis import strategies as st

from forgemind_assets.brain.turns import Attempt, Turn, outcome_of
from forgemind_assets.dashboard.goal_past import costs, past
from forgemind_assets.dashboard.history_charts import (
    MOST_COLUMNS,
    MOST_LINES,
    MOST_SLICES,
    cost_against_gain,
    heat_map,
    parallel_coordinates,
)
from forgemind_assets.pictures import pictures_of_past
from forgemind_assets.records import Plan
from forgemind_assets.trial_grounds.report import Rate

rates = st.none() | st.floats(0, 1)
attempts = st.builds(
    Attempt,
    trial=st.just("0001-a"),
    learning_rate=st.floats(1e-6, 1),
    rank=st.integers(1, 512),
    alpha=st.integers(1, 1024),
    epochs=st.floats(0.1, 100),
    rows=st.none() | st.integers(0, 10**6),
    dev=rates,
    stopped=st.sampled_from(["", "cannot win"]),
)
slices = st.dictionaries(
    st.sampled_from([f"CWE-{n}" for n in range(30)]),
    st.integers(0, 8).map(lambda passed: Rate(passed=passed, total=8)),
    max_size=30,
)
turns = st.lists(
    st.builds(
        Turn,
        iteration=st.integers(0, 9999).map("{:04d}".format),
        hypothesis=st.just("h"),
        expected=st.just("e"),
        dev=rates,
        best_dev=rates,
        slices=slices,
        hours=st.floats(0, 100),
        dollars=st.floats(0, 100),
        attempts=st.lists(attempts, max_size=4).map(tuple),
    ),
    max_size=35,
)


def turn(number, dev=0.5, **changes):
    values = {
        "iteration": f"{number:04d}", "hypothesis": "More rows.", "expected": "60 %.", "dev": dev,
        "best_dev": dev, "hours": 0.5, "slices": {"CWE-22": Rate(passed=4, total=8)},
    }  # fmt: skip
    return Turn(**(values | changes))


@given(turns)
def test_every_past_can_be_drawn_within_its_frame(found):
    for draw in (heat_map, parallel_coordinates, cost_against_gain):
        picture = draw(found)
        if picture is None:
            continue
        reader = read(picture.svg)
        assert "nan" not in picture.svg
        assert picture.title in picture.svg or "&" in picture.svg
        width, height = map(int, re.search(r' viewBox="0 0 (\d+) (\d+)"', picture.svg).groups())
        for name, limit in (("x", width), ("cx", width), ("y", height), ("cy", height)):
            for value in re.findall(rf' {name}="([\d.-]+)"', picture.svg):
                assert 0 <= float(value) <= limit
        for points in re.findall(r' points="([^"]*)"', picture.svg):
            assert all(0 <= float(n) <= width for n in re.split("[ ,]", points) if n)
        assert reader.shape[0][0] == "svg"


def test_nothing_is_drawn_of_no_past():
    assert heat_map([]) is parallel_coordinates([]) is cost_against_gain([]) is None
    assert all("Nothing yet." in one for one in past([]))
    assert set(pictures_of_past([])) == {"why"}
    assert cost_against_gain([turn(1)]) is None, "one point is no course"


def test_a_cell_has_its_figure_and_what_is_left_out_is_said():
    many = {f"s{n:02d}": Rate(passed=n % 9, total=8) for n in range(MOST_SLICES + 3)}
    picture = heat_map([turn(n, slices=many) for n in range(MOST_COLUMNS + 2)])
    assert picture.svg.count('class="heat"') == MOST_COLUMNS * MOST_SLICES
    assert "3 slices not shown" in picture.title
    assert "2 earlier iterations not shown" in picture.title
    assert read(picture.svg).text[-MOST_COLUMNS:] == [read(picture.svg).text[-1]] * MOST_COLUMNS


def one(trial, dev, **changes):
    values = {"trial": trial, "learning_rate": 1e-3, "rank": 8, "alpha": 16, "epochs": 1.0,
              "rows": 100, "dev": dev}  # fmt: skip
    return Attempt(**(values | changes))


def test_stopped_trials_are_dashed_and_crossed_and_the_best_is_the_strongest():
    tried = (one("0001-a", 0.4), one("0001-b", 0.8), one("0001-c", None, stopped="cannot win"))
    picture = parallel_coordinates([turn(1, attempts=tried)])
    assert picture.svg.count("trial stopped") == picture.svg.count('class="cross"') == 1
    assert "<title>0001-b: 80.0%</title></polyline>" in picture.svg
    assert re.search(r'class="trial step4"><title>0001-b', picture.svg)
    assert re.search(r'class="trial step0"><title>0001-a', picture.svg)
    assert "0001-c: cannot win" in picture.svg
    assert "1 stopped or failed" in picture.title
    assert "all 1.0e-03" in picture.svg, "an axis on which all are alike says so"


def test_more_trials_than_fit_are_counted():
    tried = tuple(one("0001-a", 0.5) for _ in range(MOST_LINES + 4))
    assert "4 earlier trials not shown" in parallel_coordinates([turn(1, attempts=tried)]).title


def test_hours_that_brought_no_result_count():
    picture = cost_against_gain([turn(1, 0.4), turn(2, None, best_dev=0.4), turn(3, 0.6)])
    assert "60.0% after 1.50 hours" in picture.title
    table = costs([turn(1, 0.4), turn(2, None, best_dev=0.4), turn(3, 0.6)])
    assert "+20.0" in table
    assert ">0.03<" in table, "half an hour for twenty points"


def test_dagster_shows_the_same_pictures_with_their_words():
    tried = (one("0001-a", 0.4),)
    shown = pictures_of_past([turn(0, 0.1), turn(1, 0.4, attempts=tried, outcome="Came true.")])
    assert set(shown) == {"slices_over_iterations", "trials", "cost_against_gain", "why"}
    text = shown["trials"].value
    alt, data = re.fullmatch(r"!\[(.*)\]\(data:image/svg\+xml;base64,(.*)\)", text).groups()
    svg = base64.b64decode(data).decode()
    assert alt.startswith("1 trials by their settings")
    assert svg.startswith("<svg ")
    assert 'xmlns="http://www.w3.org/2000/svg"' in svg
    assert "prefers-color-scheme: dark" in svg
    assert "**Iteration 0001.** More rows. Expected: 60 %. Came true." in shown["why"].value


CONFIRMS = "where +20.0 or more would confirm it."


@pytest.mark.parametrize(
    ("dev", "before", "told"),
    [
        (0.62, 0.02, "Came true: 62.0% on dev, +60.0 points where +20.0 or more would confirm it."),
        (
            0.10,
            0.02,
            "Did not come true: 10.0% on dev, +8.0 points where +20.0 or more would confirm it.",
        ),
        (None, 0.02, "No trial came through dev, so the hypothesis was not put to the test."),
        (0.10, None, "Measured: 10.0% on dev."),
    ],
)
def test_the_outcome_is_measured_from_what_the_plan_set_out_from(dev, before, told):
    plan = Plan(
        iteration="0001", hypothesis="h", expected_effect="e", expected_dev_gain=0.2, trials=()
    )
    assert outcome_of(plan, dev, before) == told
