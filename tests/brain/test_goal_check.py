"""The goal check as Dagster runs it: the Brain's own verdict, with the figures it rests on."""

import json

import dagster as dg
import pytest
from fakes.goal_folder import write_goal
from fakes.goal_spec import spec_of
from hypothesis import given
from hypothesis import strategies as st

from forgemind_assets.brain.checks import build_checks
from forgemind_assets.brain.decide import judge
from forgemind_assets.brain.state import Score
from forgemind_assets.goal_loading import load_goal
from forgemind_assets.keys import GoalKeys
from forgemind_assets.records import TestResult
from forgemind_assets.trial_grounds.report import Rate, read_report, summarise, write_report
from forgemind_assets.trial_grounds.statistics import clopper_pearson_lower, passes_needed
from resources.workshop import Workshop

TRIAL = "0001-a"


def publish(workshop, goal, passed, total):
    results = [
        TestResult(
            case_id=f"c{i}", family=f"f{i // 2}", slice="CWE-89", prompt="p", answer="a",
            passed=i < passed, reason="right_label",
        )
        for i in range(total)
    ]  # fmt: skip
    report = summarise(
        results, goal=goal.name, suite="full", suite_hash="h", model=TRIAL, model_hash="m",
        prompt_variant="short",
    )  # fmt: skip
    with workshop.store.publish(goal.name, "benchmark_report", TRIAL, {}) as folder:
        write_report(report, results, folder)
    return read_report(workshop.store.folder(goal.name, "benchmark_report", TRIAL))


def evaluation(goal, workshop):
    """The check `goal_met` as a run evaluates it, on the report that lies there."""
    keys = GoalKeys(goal.name)

    @dg.asset(key=keys.key("benchmark_report"), partitions_def=keys.trials)
    def benchmark_report() -> None:
        """Published already."""

    with dg.instance_for_test() as instance:
        instance.add_dynamic_partitions(keys.trials.name, [TRIAL])
        done = dg.materialize(
            [benchmark_report, *build_checks(goal, keys)],
            instance=instance,
            partition_key=TRIAL,
            resources={"workshop": workshop},
        )
        (found,) = done.get_asset_check_evaluations()
    return found


@pytest.mark.parametrize(
    ("success", "passed"),
    [
        ({"pass_rate": 0.75}, 150),
        ({"pass_rate": 0.75}, 149),
        ({"pass_rate": 0.75, "confidence": 0.95}, 185),
        ({"pass_rate": 0.75, "confidence": 0.95}, 160),
    ],
)
def test_the_asset_check_says_what_the_brain_says(tmp_path, success, passed):
    goal = load_goal(write_goal(tmp_path / "goal", {"success": success}))
    workshop = Workshop(home_root=str(tmp_path / "home"), models_root=str(tmp_path / "models"))
    report = publish(workshop, goal, passed, 200)
    verdict = judge(goal.spec, Score.of(report))
    found = evaluation(goal, workshop)
    assert (found.passed, found.description) == (verdict.met, verdict.sentence)
    assert found.severity == dg.AssetCheckSeverity.WARN, "a miss blocks nothing"
    facts = {name: value.value for name, value in found.metadata.items()}
    assert facts["lower_bound"] == pytest.approx(verdict.lower)
    assert facts["lower_bound_level"] == pytest.approx(verdict.level)
    assert facts["looks"] == goal.spec.looks
    assert facts["pass_rate"] == passed / 200
    assert facts["design_effect"] == pytest.approx(report.design_effect)
    json.dumps(facts)


@given(
    total=st.integers(1, 400),
    share=st.floats(0, 1),
    need=st.floats(0.05, 0.95),
    confidence=st.none() | st.floats(0.6, 0.99),
    effect=st.floats(1, 4),
    looks=st.integers(1, 50),
)
def test_a_goal_is_met_by_the_rate_and_where_asked_by_the_bound(
    total, share, need, confidence, effect, looks
):
    spec = spec_of(success={"pass_rate": need, "confidence": confidence}).model_copy(deep=True)
    limits = spec.limits.model_copy(update={"max_iterations": looks})
    spec = spec.model_copy(update={"limits": limits})
    passed = int(share * total)
    score = Score(overall=Rate(passed=passed, total=total), design_effect=effect)
    verdict = judge(spec, score)
    level = 1 - (1 - (confidence or 0.95)) / (looks + 2)
    assert verdict.lower == pytest.approx(clopper_pearson_lower(passed, total, level, effect))
    enough = passed / total >= need
    if confidence is not None:
        needed = passes_needed(total, need, level, effect)
        enough = enough and needed is not None and passed >= needed
    assert verdict.met == enough
    assert f"{passed} of {total} cases" in verdict.sentence
    assert verdict.sentence.endswith(": met" if verdict.met else ": missed")


@pytest.mark.parametrize(("need", "told"), [(0.9, "90%"), (0.925, "92.5%")])
def test_the_sentence_names_the_goal_as_it_was_written(need, told):
    spec = spec_of(success={"pass_rate": need, "confidence": 0.995})
    sentence = judge(spec, Score(overall=Rate(passed=180, total=200))).sentence
    assert f"a lower bound of {told}" in sentence
    assert "at 99.5% confidence over 5 looks" in sentence


def test_a_bound_just_below_the_goal_does_not_read_as_if_it_reached_it():
    spec = spec_of(success={"pass_rate": 0.9, "confidence": 0.95})
    for total in range(100, 1500, 7):
        for passed in range(total * 9 // 10, total + 1):
            verdict = judge(spec, Score(overall=Rate(passed=passed, total=total)))
            if 0.8995 <= verdict.lower < 0.9:
                assert "lower bound 89.9%" in verdict.sentence
                return
    raise AssertionError("no such suite was found: choose others")
