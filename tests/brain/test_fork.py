"""What a forked line wants goes before what would follow from the past, once; its budget is one."""

import pytest
from fakes.goal_spec import spec_of
from hypothesis import given
from hypothesis import strategies as st

from forgemind_assets.brain import planner
from forgemind_assets.brain.champion import Candidate, crown
from forgemind_assets.brain.decide import judge
from forgemind_assets.brain.fork import Fork
from forgemind_assets.brain.state import IterationState, Score, State, TrialState
from forgemind_assets.records import DataSettings, Plan, TrainSettings, TrialSettings
from forgemind_assets.trial_grounds.report import Rate

PAST = TrainSettings(learning_rate=0.001, epochs=2.0, rank=16, alpha=32, seed=7)


def score(passed, total=30):
    rate = Rate(passed=passed, total=total)
    return Score(overall=rate, slices={"x": rate})


def past(key, passed, leader):
    plan = Plan(
        iteration=key,
        hypothesis="h",
        expected_effect="e",
        data=DataSettings(rows=100, teacher_requests=8, seed=4, slice_weights={"x": 1.0}),
        trials=(TrialSettings(name="a", training=PAST),),
    )
    trials = {"a": TrialState(dev=score(passed))}
    return IterationState(key=key, plan=plan, trials=trials, leader=leader)


def fork_of(**search):
    changed = {f"search.{name}": value for name, value in search.items()}
    return Fork(
        goal="small", goal_version="v", iteration="0002", changed=changed, max_iterations=3,
        file="goal.b.yaml",
    )  # fmt: skip


def planned(key="0003", leader="0002-a", **search):
    iterations = [past("0001", 10, "0001-a"), past("0002", 20, leader)]
    if key == "0004":
        iterations.append(past("0003", 25, "0003-a"))
    state = State(iterations=tuple(iterations), fork=fork_of(**search))
    return planner.propose(spec_of(search=search), state, key)


@given(
    rate=st.floats(1e-5, 1), epochs=st.floats(0.5, 9), rows=st.integers(1, 9999),
    requests=st.integers(0, 50), seed=st.integers(0, 99),
)  # fmt: skip
def test_what_is_set_takes_effect_to_the_letter(rate, epochs, rows, requests, seed):
    plan = planned(
        learning_rate=rate, epochs=epochs, rows=rows, teacher_requests=requests, seed=seed
    )
    training, data = plan.trials[0].training, plan.data
    assert (training.learning_rate, training.epochs, training.seed) == (rate, epochs, seed)
    assert (data.rows, data.teacher_requests, data.seed) == (rows, requests, seed)
    assert training.start_from == "0002-a"
    assert plan.hypothesis.startswith("Forked from small 0002 with search.learning_rate ")


def test_what_is_not_set_follows_from_the_past():
    plan = planned(train_seconds=30)
    training = plan.trials[0].training
    assert training.max_seconds == 30
    assert (training.learning_rate, training.epochs, training.seed) == (0.0008, 2.0, 8)
    assert (plan.data.rows, plan.data.seed, training.rank) == (100, 5, 16)


def test_another_rank_begins_at_the_base_model_with_all_rows():
    plan = planned(rank=4)
    training = plan.trials[0].training
    assert (training.rank, training.alpha, training.start_from) == (4, 8, "base")
    assert plan.data.reuse_iterations == ("0001", "0002")
    assert planned(rank=16).trials[0].training.start_from == "0002-a"


def test_the_second_plan_of_the_line_follows_from_its_first():
    plan = planned("0004", learning_rate=0.5, rows=7)
    assert "Forked" not in plan.hypothesis
    assert plan.data.rows == 100
    assert plan.trials[0].training.learning_rate == pytest.approx(0.05), "a tenth of the goal's"


def test_a_fork_from_the_baselines_says_so_in_its_first_plan():
    fork = fork_of(rows=9).model_copy(update={"iteration": "0000"})
    state = State(iterations=(IterationState(key="0000"),), fork=fork)
    plan = planner.propose(spec_of(search={"rows": 9}), state, "0001")
    assert plan.hypothesis.startswith("Forked from small 0000 with search.rows 9. Trained on 9")


def candidate(name, gained):
    passed = {f"c{i}": i < 10 + gained for i in range(60)}
    families = {case: case for case in passed}
    full = Score(overall=Rate(passed=10 + gained, total=60))
    return Candidate(trial=name, dev=score(gained), full=full, passed=passed, families=families)


def test_what_other_lines_spent_is_not_there_to_be_spent_again():
    spec = spec_of()  # three iterations, alpha 0.05
    old = candidate("0000-a", 0)
    first = crown(spec, "0000", [old], None, {})
    alone = crown(spec, "0001", [candidate("0001-a", 7)], first, old.passed)
    assert (alone.trial, alone.level) == ("0001-a", 0.0125)
    shared = crown(spec, "0001", [candidate("0001-a", 7)], first, old.passed, 0.025)
    assert shared.trial == "0000-a"
    assert shared.level == 0.00625
    assert "0.025 of which other lines or trials made again spent" in shared.reason
    assert shared.alpha_spent == 0.00625, "its own"
    spent = crown(spec, "0001", [candidate("0001-a", 30)], first, old.passed, 0.05)
    assert (spent.trial, spent.level) == ("0000-a", 0.0)
    assert "0.05, 0.05 of which other lines or trials made again spent, is spent" in spent.reason


def test_a_lower_bound_allows_for_the_looks_of_other_lines():
    sure = {"pass_rate": 0.9, "confidence": 0.95}
    result = Score(overall=Rate(passed=468, total=500))
    assert judge(spec_of(success=sure), result).met
    assert not judge(spec_of(success=sure | {"other_looks": 50}), result).met
