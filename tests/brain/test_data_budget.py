"""The budget of teacher requests over the sources of rows."""

import math

import pytest
from fakes.goal_spec import spec_of
from hypothesis import example, given
from hypothesis import strategies as st

from forgemind_assets.brain import planner
from forgemind_assets.brain.data_budget import (
    EXPLORED,
    LEAST_WORTH,
    MOST_WORTH,
    budget,
    divided,
    effect_factor,
    machine_price,
)
from forgemind_assets.brain.state import IterationState, Score, SourceRecord, State, TrialState
from forgemind_assets.records import DataSettings, Plan, TrainSettings, TrialSettings
from forgemind_assets.trial_grounds.report import Rate

SECOND = 0.1 / 3600
TWO = [
    {"name": "embedded", "kind": "embedded", "model": "qwen2.5-coder-1.5b-instruct"},
    {"name": "small", "kind": "embedded", "model": "smollm2-135m-instruct"},
]
SPEC = spec_of(
    teachers=TWO,
    strategies=[
        {"name": "seed_expansion"},
        {"name": "teacher_pairs", "teachers": ["embedded", "small"]},
    ],
    search={"teacher_requests": 24},
)

asked = st.integers(0, 10_000)
bound = st.floats(-1, 1)


@st.composite
def records(draw):
    count = draw(asked)
    low, high = sorted([draw(bound), draw(bound)]) if draw(st.booleans()) else (None, None)
    return SourceRecord(
        strategy="teacher_pairs",
        teacher="t",
        asked=count,
        kept=draw(st.integers(0, 2 * count)),
        dollars=count * draw(st.floats(0, 0.1)),
        seconds=count * draw(st.floats(0, 100)),
        effect_low=low,
        effect_high=high,
    )


def known(teacher, count=0, kept=0, **more):
    return SourceRecord(strategy="teacher_pairs", teacher=teacher, asked=count, kept=kept, **more)


many = st.lists(records(), min_size=1, max_size=12)
requests = st.integers(0, 5000)


@example([known("t", 1, seconds=2.2250738585e-313)], 2)
@given(many, requests)
def test_the_parts_add_up_and_nobody_is_below_the_floor(found, total):
    parts = divided(found, total, SECOND)
    assert sum(parts) == total
    floor = math.ceil(EXPLORED * total / len(found))
    assert min(parts) >= min(floor, total // len(found))


@given(many, requests, st.data())
def test_a_better_source_never_gets_less_than_a_worse_one_asked_as_often(found, total, data):
    one = data.draw(st.sampled_from(found))
    worse_kept = data.draw(st.integers(0, one.kept))
    worse = one.model_copy(update={"kept": worse_kept})
    better, less, *_ = divided([one, worse, *found], total, SECOND)
    assert better >= less or worse_kept == one.kept


@given(many, requests, st.data())
def test_a_dearer_source_never_gets_more_than_one_that_gives_as_much(found, total, data):
    one = data.draw(st.sampled_from(found))
    dearer = one.model_copy(update={"dollars": one.dollars + data.draw(st.floats(0.01, 1))})
    cheap, dear, *_ = divided([one, dearer, *found], total, SECOND)
    assert cheap >= dear


@given(many, requests, st.integers(1, 500), st.data())
def test_more_kept_rows_never_bring_a_source_fewer_requests(found, total, more, data):
    index = data.draw(st.integers(0, len(found) - 1))
    one = found[index]
    grown = list(found)
    grown[index] = one.model_copy(update={"kept": one.kept + more})
    assert divided(grown, total, SECOND)[index] >= divided(found, total, SECOND)[index]


@given(many, requests, st.floats(0.01, 10))
def test_where_all_are_free_the_price_of_a_second_does_not_matter(found, total, price):
    free = [one.model_copy(update={"dollars": 0.0, "seconds": one.asked * 7.0}) for one in found]
    parts, others = divided(free, total, SECOND), divided(free, total, price)
    assert all(abs(a - b) <= 1 for a, b in zip(parts, others, strict=True))


def test_the_more_is_known_the_further_the_parts_move():
    def part(times):
        found = [known("a", times, times), known("b", times, 0)]
        return divided(found, 100, SECOND)[0]

    parts = [part(times) for times in (0, 1, 4, 16, 1000)]
    assert parts[0] == 50
    assert parts == sorted(parts)
    assert 50 < parts[1] < parts[-1] == 90


def test_a_new_source_is_tried_and_an_unlucky_one_keeps_its_floor():
    new = divided([known("a", 24, 24, seconds=240.0), known("new")], 24, SECOND)
    assert new == [17, 7]
    unlucky = divided([known("a", 500, 500), known("b", 500, 0)], 24, SECOND)
    assert unlucky == [21, 3]


def test_a_cheap_api_and_a_free_teacher_that_gives_next_to_nothing_are_compared():
    paid = known("paid", 100, 90, dollars=0.02, seconds=100.0)
    idle = known("free", 100, 1, seconds=2000.0)
    assert divided([paid, idle], 20, SECOND) == [18, 2]
    useful = known("free", 100, 90, seconds=200.0)
    assert divided([paid, useful], 20, SECOND) == [3, 17]


@pytest.mark.parametrize(
    ("low", "high", "factor"),
    [(None, None, 1.0), (-0.2, 0.4, 1.0), (0.3, 0.9, 1.3), (-0.9, -0.4, 0.6),
     (3.0, 4.0, MOST_WORTH), (-9.0, -8.0, LEAST_WORTH)],
)  # fmt: skip
def test_an_effect_on_dev_counts_only_where_its_interval_leaves_out_zero(low, high, factor):
    assert effect_factor(known("a", effect_low=low, effect_high=high)) == pytest.approx(factor)
    pair = [known("a", 50, 50, effect_low=low, effect_high=high), known("b", 50, 50)]
    first, second = divided(pair, 1000, SECOND)
    assert (first > second) == (factor > 1)


def test_the_price_of_a_machine_hour_is_the_goals_where_it_states_one():
    limits = SPEC.limits.model_copy(update={"gpu_dollars_per_hour": 3.6})
    assert machine_price(SPEC.model_copy(update={"limits": limits})) == pytest.approx(0.001)
    assert machine_price(SPEC) == pytest.approx(SECOND)


def test_the_sentence_gives_the_figures():
    found = [
        known("embedded", 100, 62, seconds=1500.0),
        known("small", 100, 5, seconds=600.0),
    ]
    made = budget(SPEC, found, 24)
    assert made.sentence == (
        "Kept rows a request: embedded 0.62 (62 from 100, 15.0 s each), small 0.05 (5 from 100, "
        "6.0 s each); the next 24 requests: 20 and 4."
    )
    assert made.shares == {"teacher_pairs": {"embedded": 20.0, "small": 4.0}}
    assert budget(SPEC, (), 24).sentence == ""
    assert budget(SPEC, (), 24).shares == {"teacher_pairs": {"embedded": 12.0, "small": 12.0}}
    assert "small not asked yet" in budget(SPEC, found[:1], 24).sentence


def test_sources_are_named_by_what_tells_them_apart():
    one = known("paid", 10, 5, dollars=0.1)
    other = SourceRecord(strategy="paraphrase", teacher="paid")
    strategies = [{"name": name, "teacher": "paid"} for name in ("teacher_pairs", "paraphrase")]
    spec = SPEC.model_copy(update={"strategies": spec_of(strategies=strategies).strategies})
    assert "teacher_pairs 0.50 (5 from 10, $0.010000 each), paraphrase not" in (
        budget(spec, [one, other], 4).sentence
    )
    both = [{"name": "teacher_pairs", "teachers": ["paid", "own"]}, strategies[1]]
    spec = SPEC.model_copy(update={"strategies": spec_of(strategies=both).strategies})
    assert "teacher_pairs by own not asked yet, paraphrase by paid" in (
        budget(spec, [one], 4).sentence
    )


def trained(sources):
    rate = Rate(passed=4, total=8)
    score = Score(overall=rate, slices={"x": rate})
    plan = Plan(
        iteration="0001",
        hypothesis="h",
        expected_effect="e",
        data=DataSettings(rows=10, teacher_requests=24),
        trials=(TrialSettings(name="a", training=TrainSettings()),),
    )
    return IterationState(
        key="0001", plan=plan, trials={"a": TrialState(dev=score)}, sources=tuple(sources)
    )


def test_the_next_plan_moves_the_requests_and_says_so():
    found = [known("embedded", 12, 16, seconds=240.0), known("small", 12, 0, seconds=60.0)]
    plan = planner.propose(SPEC, State(iterations=(trained(found),)), "0002")
    assert plan.data.request_shares == {"teacher_pairs": {"embedded": 21.0, "small": 3.0}}
    assert plan.hypothesis.endswith(
        "Kept rows a request: embedded 1.33 (16 from 12, 20.0 s each), small 0.00 (0 from 12, "
        "5.0 s each); the next 24 requests: 21 and 3."
    )


def test_the_first_plan_shares_evenly_unless_earlier_data_says_more():
    even = {"teacher_pairs": {"embedded": 12.0, "small": 12.0}}
    assert planner.propose(SPEC, State(), "0001").data.request_shares == even
    failed = IterationState(key="0001", sources=(known("embedded", 9, 9), known("small", 9, 0)))
    moved = planner.propose(SPEC, State(iterations=(failed,)), "0002")
    assert moved.data.request_shares["teacher_pairs"]["embedded"] > 12
    assert "Kept rows a request: embedded 1.00" in moved.hypothesis
