"""Tripwires: impossible cases, general ability, slices, seals; each from both sides."""

import random

import pytest

from forgemind_assets.goal_loading import load_cases, load_goal
from forgemind_assets.records import Case
from forgemind_assets.trial_grounds.graders.plain_answer import PlainAnswer
from forgemind_assets.trial_grounds.report import Rate, Report
from forgemind_assets.trial_grounds.tripwires import (
    IMPOSSIBLE_ALPHA,
    general_cases,
    general_verdict,
    impossible_verdict,
    seal_verdict,
    slice_verdict,
)


def report(passed, total=26, constant=2 / 26):
    return Report(
        goal="g", suite="impossible", suite_hash="h", model="m", model_hash="h",
        prompt_variant="short", overall=Rate(passed=passed, total=total), interval=(0, 1),
        slices={}, constant_rate=constant,
    )  # fmt: skip


def test_luck_passes_a_few_impossible_cases_and_not_many():
    verdicts = [impossible_verdict(report(n), 13) for n in range(27)]
    assert [v.holds for v in verdicts] == [True] * 7 + [False] * 20
    assert verdicts[6].facts["p_value"] > IMPOSSIBLE_ALPHA >= verdicts[7].facts["p_value"]
    assert "7 of 26 impossible cases passed, which chance does not explain" in verdicts[7].sentence


def test_a_goal_without_labels_leaves_nothing_to_luck():
    assert impossible_verdict(report(0, constant=0.0), 0).holds
    assert not impossible_verdict(report(1, constant=0.0), 0).holds


def test_a_suite_with_one_label_too_often_does_not_accuse_who_always_says_it():
    assert impossible_verdict(report(10, constant=10 / 26), 13).holds


def test_honest_models_are_hardly_ever_asked_about():
    """Whatever a model answers, by habit or at random, to cases that it knows nothing about."""
    goal = load_goal("python_security")
    cases, labels = load_cases(goal, "impossible"), goal.spec.task.labels
    expected = [case.expected["cwe"] for case in cases]
    for label in labels:
        passed = sum(one == label for one in expected)
        assert impossible_verdict(report(passed), len(labels)).holds, label
    draw = random.Random(7)
    asked = sum(
        not impossible_verdict(
            report(sum(draw.choice(labels) == one for one in expected)), len(labels)
        ).holds
        for _ in range(2000)
    )
    assert asked <= 20, "1 %"


def test_the_shipped_impossible_cases_are_balanced_and_truly_cannot_be_decided():
    goal = load_goal("python_security")
    cases = load_cases(goal, "impossible")
    expected = [case.expected["cwe"] for case in cases]
    assert sorted(expected) == sorted(goal.spec.task.labels * 2)
    plain = [case for case in cases if case.slice == "contradicted"]
    assert len(plain) == 12
    assert all(case.expected["cwe"] != "none" for case in plain), "whose code is harmless"
    assert len({case.family for case in cases}) == len(cases)


def test_the_general_prompts_are_few_and_can_be_graded():
    cases = general_cases()
    assert len({case.id for case in cases}) == 24
    grader = PlainAnswer()
    for case in cases:
        assert grader.grade(case, "").passed is False
        assert grader.grade(case, '{"risk": "x", "fix": null, "line": null}').passed is False, (
            case.id
        )
        words = case.expected.get("any") or [{"say-hello": "Hello!", "yes-or-no": "Yes."}[case.id]]
        assert all(grader.grade(case, f"It is {w}." if case.expected.get("any") else w).passed
                   for w in words), case.id  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "passed"),
    [("The capital is Paris.", True), ("PARIS", True), ("Parisian life", False), ("Lyon", False)],
)
def test_a_word_counts_as_a_whole_and_in_any_case(answer, passed):
    case = Case(id="c", family="f", slice="s", input="i", expected={"any": ["Paris"]})
    assert PlainAnswer().grade(case, answer).passed is passed


def test_a_plain_case_without_an_expectation_is_unscored():
    case = Case(id="c", family="f", slice="s", input="i", expected={"cwe": "none"})
    assert PlainAnswer().grade(case, "x").passed is None


@pytest.mark.parametrize(("lost", "holds"), [(4, True), (5, False), (20, False)])
def test_general_ability_is_lost_when_more_goes_than_chance_takes(lost, holds):
    base = {f"p{i}": i < 20 for i in range(24)}
    now = {f"p{i}": lost <= i < 20 for i in range(24)}
    verdict = general_verdict(base, now)
    assert verdict.holds is holds
    assert verdict.sentence.startswith(
        f"{20 - lost} of 24 general prompts passed, the base model 20"
    )
    assert len(verdict.facts["lost"]) == lost


def gate(fails):
    """Six slices of ten families; in each, so many fail."""
    return {f"s{s}-{i}": i >= fails[s] for s in range(6) for i in range(10)}


@pytest.mark.parametrize(("now", "worse"), [(6, False), (7, True)])
def test_one_bad_slice_among_six_is_found_at_holms_level(now, worse):
    before, after = gate([0] * 6), gate([now, 0, 0, 0, 0, 1])
    names = {case: case for case in before}
    slices = {case: case.split("-")[0] for case in before}
    verdict = slice_verdict(before, after, names, slices, "0001-a")
    assert verdict.holds is not worse
    worst = verdict.facts["slices"][0]
    assert (worst["slice"], worst["before"], worst["now"], worst["of"]) == ("s0", 10, 10 - now, 10)
    assert worst["p_value"] == round(0.5**now, 4)
    assert ("worse than 0001-a on s0 from 10 to 3 of 10" in verdict.sentence) == worse


def test_base_weights_are_those_of_the_baselines_and_suites_may_grow():
    first = {"suite full": "a", "base weights": "b"}
    grown = {"suite full": "more", "base weights": "b"}
    assert seal_verdict([], grown, grown, first).holds
    swapped = grown | {"base weights": "other"}
    verdict = seal_verdict([], swapped, swapped, first)
    assert not verdict.holds
    assert "base weights are not those that the goal began with" in verdict.sentence
    assert seal_verdict([], swapped, swapped, None).holds
    assert seal_verdict([], {}, None, first).holds, "a report from before seals were noted"


def test_what_changed_is_named_and_what_held_is_counted():
    trained = {"suite full": "a", "graders": "b"}
    assert seal_verdict([], trained, trained).holds
    assert seal_verdict([], trained, None).holds
    during = seal_verdict(["graders"], trained, trained)
    assert not during.holds
    assert "graders changed while this step ran" in during.sentence
    since = seal_verdict([], trained | {"suite full": "other"}, trained)
    assert not since.holds
    assert "suite full is not what it was when the trial was made" in since.sentence
