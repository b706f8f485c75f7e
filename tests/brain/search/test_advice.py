import json
import math

import pytest
from brain.search.search_spaces import SPACE, histories, settings, trial
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from forgemind_assets.brain.search.advice import REACH, Brief, Reach, asked_for, question
from forgemind_assets.brain.search.advice_answer import (
    LONGEST_WORDS,
    answer_schema,
    bounds,
    read_answer,
)
from forgemind_assets.brain.search.beliefs import space_around
from forgemind_assets.brain.search.dials import settings_with
from forgemind_assets.brain.search.space import Range
from forgemind_assets.foundry.answer_shape import fault_of

BRIEF = Brief("smollm2", 3000, SPACE.centre, count=2, trials=12, seed=7)


def candidate(**turned):
    return SPACE.centre | {"reason": "why not"} | turned


def answer(*candidates):
    return json.dumps({"candidates": list(candidates)})


def read(*candidates, count=9):
    return read_answer(answer(*candidates), SPACE, count)


def test_the_advisor_is_told_bounds_trials_and_what_came_of_each():
    past = [
        trial("0001-a", 0.62),
        trial("0001-b", None, learning_rate=0.03),
        trial("0002-a", 0.4, share=0.25, learning_rate=0.02),
        trial("0002-b", 0.1, learning_rate=0.0005),
        trial("0009-c", 0.7, goal="payroll_review", learning_rate=0.005),
    ]
    asked = question(SPACE, past, BRIEF)
    told = asked.messages[1]["content"]
    assert "learning_rate: a number from 0.0001 to 0.04" in told
    assert "batch_size: one of 2, 4, 8, 16, 32" in told
    assert "contrast_batches: one of false, true" in told
    lines = dict(line.split(": ", 1) for line in told.splitlines() if line.startswith("0."))
    found = {line.split(",")[0]: result for line, result in lines.items()}
    assert found["0.03"] == "broke off; keep away"
    assert found["0.02"] == "stopped early, others were far ahead"
    assert found["0.0005"] == "10%; keep away"
    assert found["0.005"] == "70% (not quite comparable)"
    assert "0.004, 1, 8, 0.05, true, 16, 2, 10: 62%" in told
    assert "0.004, 1, 8, 0.05, true, 16, 2, 10: tried next anyway" in told
    assert "payroll_review" not in told
    assert "0001-a" not in told


@limits(max_examples=25, deadline=None)
@given(histories(), st.integers(1, 48))
def test_the_question_is_the_same_each_time_and_bounded(past, most):
    brief = Brief("m", 9, SPACE.centre, count=2, trials=most, seed=1)
    asked = question(SPACE, past, brief)
    assert asked == question(SPACE, past, brief)
    lines = asked.messages[1]["content"].splitlines()
    assert len(lines) <= 5 + len(SPACE.dials) + min(most, max(1, len(past)))


def test_twice_as_many_as_there_are_places_are_asked_for_within_reach():
    assert [asked_for(Reach(9, 3), places) for places in (1, 2, 9)] == [2, 3, 3]
    longest = question(SPACE, [trial(f"{n}", 0.5) for n in range(96)], BRIEF)
    assert len(longest.messages[1]["content"]) < 2000
    assert set(REACH) == {"embedded", "openai"}


@limits(max_examples=50, deadline=None)
@given(settings, st.data())
def test_what_is_told_as_a_bound_is_within_the_dials_and_is_taken(given_settings, data):
    space = space_around(given_settings)
    values = dict(space.centre)
    for dial in space.dials:
        if isinstance(dial, Range):
            low, high = bounds(dial)
            assert dial.low <= low <= high <= dial.high
            values[dial.name] = data.draw(st.sampled_from([low, high]))
        else:
            values[dial.name] = data.draw(st.sampled_from(dial.values))
    text = json.dumps({"candidates": [values | {"reason": ""}]})
    assert fault_of(json.loads(text), answer_schema(space, 1)) == ""
    found, refused = read_answer(text, space, 1)
    assert refused == []
    assert found[0].values == values
    settings_with(given_settings, found[0].values)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@limits(max_examples=200, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={dial.name: anything | st.floats(0, 40) for dial in SPACE.dials}
            | {"reason": anything, "more": anything},
        )
        | st.just(candidate())
        | anything,
        max_size=4,
    )
)
def test_whatever_is_answered_only_what_lies_within_the_bounds_is_taken(candidates):
    found, refused = read(*candidates)
    assert len(found) + len(refused) == len(candidates)
    for one in found:
        assert set(one.values) == {dial.name for dial in SPACE.dials}
        for dial in SPACE.dials:
            value = one.values[dial.name]
            if isinstance(dial, Range):
                assert math.isfinite(value)
                assert dial.low <= value <= dial.high
                assert not dial.whole or value == round(value)
            else:
                assert value in dial.values
        assert len(one.words) <= LONGEST_WORDS


@pytest.mark.parametrize(
    ("turned", "wanted"),
    [
        ({"learning_rate": 0.5}, "learning_rate 0.5 is not a number from 0.0001 to 0.04"),
        ({"learning_rate": float("nan")}, "learning_rate NaN is not a number"),
        ({"learning_rate": 10**400}, "is not a number from"),
        ({"learning_rate": "0.004"}, 'learning_rate "0.004" is not a number'),
        ({"learning_rate": True}, "learning_rate true is not a number"),
        ({"rank": 12.5}, "rank 12.5 is not a whole number from 4 to 64"),
        ({"batch_size": 9}, "batch_size 9 is not one of 2, 4, 8, 16, 32"),
        ({"contrast_batches": 1}, "contrast_batches 1 is not one of false, true"),
        ({"alpha_ratio": True}, "alpha_ratio true is not one of"),
        ({"alpha_ratio": [2]}, "alpha_ratio [2] is not one of"),
        ({"reason": 5}, "reason is no text"),
        ({"os.system\n": 5}, "unknown key 'os.system'"),
    ],
)
def test_what_is_refused_says_why_and_the_others_are_taken(turned, wanted):
    found, refused = read(candidate(**turned), candidate())
    assert len(found) == 1
    assert len(refused) == 1
    assert refused[0].startswith("candidate 1: ")
    assert wanted in refused[0]


def test_a_candidate_that_is_not_whole_or_not_asked_for_is_refused():
    part = candidate()
    del part["rank"], part["reason"]
    found, refused = read(part, 5, candidate(), candidate(), count=3)
    assert len(found) == 1
    assert refused == [
        "candidate 1: no rank; no reason",
        "candidate 2: it is no object",
        "candidate 4: one more than was asked for",
    ]


@pytest.mark.parametrize("text", ["", "I would try a higher rate.", "[1]", '{"other": 1}', "null"])
def test_rubbish_is_refused_as_a_whole(text):
    found, refused = read_answer(text, SPACE, 2)
    assert found == []
    assert len(refused) == 1
    assert refused[0].startswith("the answer: ")


@pytest.mark.parametrize("depth", [700, 900, 960, 980, 20_000])
def test_an_answer_as_deep_as_a_well_is_refused(depth):
    deep = "[" * depth + "]" * depth
    for text in (deep, f'{{"candidates": [{{"rank": {deep}}}]}}'):
        assert read_answer(text, SPACE, 2)[0] == []


def test_a_fence_around_the_answer_is_no_fault_and_one_cut_off_loses_its_last_candidate():
    whole = answer(candidate(), candidate(rank=32))
    assert len(read_answer(f"```json\n{whole}\n```", SPACE, 2)[0]) == 2
    cut = whole[: whole.rindex('"answer_weight"') + len('"answer_weight": 1')]
    found, refused = read_answer(cut + "}]}", SPACE, 2)
    assert (len(found), len(refused)) == (1, 1)
    assert "no reason" in refused[0]


def test_the_advisors_words_are_one_line_without_anything_that_moves_a_terminal():
    (found,), _ = read(candidate(reason="more\x1b[31m\n\u202esteps " + "x" * 500))
    assert found.words.startswith("more [31m steps xxx")
    assert len(found.words) == LONGEST_WORDS
    assert found.words.isprintable()
