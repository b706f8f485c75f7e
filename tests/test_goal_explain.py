"""The report on a goal: sizes, claim, estimates and verdicts."""

import math
from pathlib import Path
from typing import Any

import pytest
from fakes.goal_folder import write_goal
from fakes.programs import NoRoom

from forgemind_assets.goal_claims import Verdict, explain_claim, explain_comparison, gain_verdict
from forgemind_assets.goal_costs import Estimate, detect_hardware, estimate_tests, estimate_try
from forgemind_assets.goal_explain import GoalReport, explain
from forgemind_assets.goal_loading import SuiteSize, find_goal, load_goal
from forgemind_assets.trial_grounds.statistics import next_level, paired_cases_for_power

PAID: dict[str, Any] = {
    "teachers.0": {
        "name": "embedded",
        "kind": "openai",
        "model": "gpt-4o-mini",
        "api_key_env": "SOME_KEY",
        "prices": {"input": 1.0, "output": 10.0},
        "terms": "training_allowed",
        "max_tokens": 300,
    },
    "limits.api_dollars_per_goal": 1,
    "search.teacher_requests": 100,
}


def report_on(tmp_path: Path, changes: dict[str, Any] | None = None, **options: Any) -> GoalReport:
    return explain(load_goal(write_goal(tmp_path, changes)), **{"hardware": "cpu", **options})


def unrelated(cases: int) -> SuiteSize:
    return SuiteSize(cases=cases, families=cases)


def states(report: GoalReport, *, but: str) -> set[str]:
    return {v.state for v in report.verdicts if v.subject != but}


def verdict(report: GoalReport, subject: str) -> Verdict:
    return next(v for v in report.verdicts if v.subject == subject)


def test_the_report_says_what_will_run(tmp_path: Path):
    report = report_on(tmp_path)
    assert report.base_model == "smollm2-135m-instruct"
    assert report.base_weights == 134_515_008
    assert report.strategies == ("seed_expansion", "teacher_pairs (teacher embedded)")
    assert report.teachers == (
        "embedded: qwen2.5-coder-1.5b-instruct (embedded, training_allowed)",
    )
    assert report.suites["full"].cases == 24
    assert states(report, but="better than before") == {"holds"}
    assert verdict(report, "better than before").state == "doubtful"


PROGRAMS = {
    "filters.verifiers": [
        {"name": "python_tests", "options": {"function": "f", "cases": [{"expected": 1}]}},
        {"name": "parser", "options": {"syntax": "json", "of": "answer"}},
    ]
}


def test_the_report_says_what_the_verifiers_check(tmp_path: Path):
    report = report_on(tmp_path, PROGRAMS, programs=NoRoom(None))
    assert report.verifiers == (
        "python_tests: answer.code passes 1 cases, in the sandbox",
        "parser: answer parses as json",
    )
    assert verdict(report, "sandbox for python_tests").state == "holds"


def test_a_machine_that_holds_no_program_fails_a_goal_that_runs_some(tmp_path: Path):
    told = verdict(
        report_on(tmp_path / "a", PROGRAMS, programs=NoRoom()), "sandbox for python_tests"
    )
    assert (told.state, told.reason) == ("fails", "no namespaces here")
    assert verdict(report_on(tmp_path / "b", PROGRAMS), "sandbox for python_tests").state == "fails"
    others = report_on(tmp_path / "c", programs=NoRoom()).verdicts
    assert not any("sandbox" in one.subject for one in others)


def test_without_confidence_the_claim_is_a_count_and_its_interval(tmp_path: Path):
    claim = report_on(tmp_path).claim
    assert (claim.passes_needed, claim.cases, claim.confidence) == (18, 24, None)
    assert claim.half_width == pytest.approx(0.165, abs=0.001)


def test_a_rate_that_is_no_exact_binary_number_is_not_rounded_up(tmp_path: Path):
    spec = load_goal(write_goal(tmp_path, {"success.pass_rate": 0.9})).spec
    needed = [explain_claim(spec, unrelated(n)).passes_needed for n in (300, 310, 348)]
    assert needed == [270, 279, 314]


def test_with_confidence_the_claim_names_the_passes_and_the_cases(tmp_path: Path):
    success = {"success.pass_rate": 0.9, "success.confidence": 0.95}
    once = load_goal(write_goal(tmp_path / "a", success | {"limits.max_iterations": 1})).spec
    claim = explain_claim(once, unrelated(400))
    assert claim.passes_needed == 373
    assert (claim.cases_if_3_points_better, claim.cases_if_5_points_better) == (779, 252)
    often = load_goal(write_goal(tmp_path / "b", success | {"limits.max_iterations": 30})).spec
    dearer = explain_claim(often, unrelated(400))
    assert dearer.passes_needed > claim.passes_needed
    assert dearer.cases_if_5_points_better > claim.cases_if_5_points_better
    alike = explain_claim(once, SuiteSize(cases=400, families=80, family_size=5))
    assert alike.passes_needed > claim.passes_needed
    assert alike.cases_if_5_points_better == math.ceil(1.4 * 252)


def test_without_confidence_the_chance_of_meeting_the_goal_by_luck_is_told(tmp_path: Path):
    changes = {"success.pass_rate": 0.9, "limits.max_iterations": 20}
    spec = load_goal(write_goal(tmp_path, changes)).spec
    claim = explain_claim(spec, unrelated(100))
    assert claim.met_by_luck == pytest.approx(0.87, abs=0.01)


@pytest.mark.parametrize(("fewer", "state"), [(0, "holds"), (1, "doubtful")])
def test_a_suite_too_small_for_five_points_is_said_with_the_cases_it_takes(
    tmp_path: Path, fewer: int, state: str
):
    spec = load_goal(write_goal(tmp_path, {"limits.max_iterations": 30})).spec
    needed = paired_cases_for_power(0.05, alpha=next_level(0.05, 0.0, 30))
    found = explain_comparison(spec, unrelated(needed - fewer))
    assert found.cases_for_5_points == found.families_for_5_points == needed
    assert found.detectable_gain == pytest.approx(0.05, abs=1e-4)
    assert gain_verdict(found).state == state
    assert (f"{needed:,} cases in" in gain_verdict(found).reason) == (
        state == "doubtful" or fewer == 0
    )


@pytest.mark.parametrize(
    ("rate", "state", "words"),
    [
        (0.5, "doubtful", "19 of 24 cases must pass"),
        (0.9, "fails", "no score on 24 cases has a lower bound of 90%"),
    ],
)
def test_a_suite_too_small_for_the_claim_is_said(
    tmp_path: Path, rate: float, state: str, words: str
):
    changes = {"success.pass_rate": rate, "success.confidence": 0.95}
    found = verdict(report_on(tmp_path, changes), f"{rate:.0%} of full")
    assert found.state == state
    assert words in found.reason


def test_training_tokens_and_seconds_follow_rows_and_epochs(tmp_path: Path):
    report = report_on(tmp_path, {"search.rows": 2000, "search.epochs": 2})
    assert report.per_try.training_tokens == 2000 * 123 * 2
    assert report.per_try.training_seconds == pytest.approx(763, rel=0.01)


def test_a_limit_on_training_time_caps_the_estimate(tmp_path: Path):
    changes = {"search.rows": 2000, "search.train_seconds": 60}
    assert report_on(tmp_path, changes).per_try.training_seconds == 60


def test_four_bits_on_a_processor_are_slow_and_said_to_be(tmp_path: Path):
    plain = report_on(tmp_path / "a")
    four = report_on(tmp_path / "b", {"limits.quantisation": "4bit"})
    assert four.per_try.training_seconds > 10 * plain.per_try.training_seconds
    assert verdict(four, "4-bit training").state == "doubtful"


def test_the_whole_goal_is_all_iterations_and_two_baselines(tmp_path: Path):
    goal = load_goal(write_goal(tmp_path, {"limits.max_iterations": 3}))
    report = explain(goal, "cpu")
    one = report.per_try
    assert report.whole_goal.testing_seconds == pytest.approx(5 * one.testing_seconds)
    assert report.whole_goal.training_seconds == pytest.approx(3 * one.training_seconds)
    assert report.whole_goal.teacher_requests == 6


def test_api_dollars_are_an_upper_bound_from_the_prices(tmp_path: Path):
    report = report_on(tmp_path, PAID, environment={"SOME_KEY": "x"})
    assert report.per_try.api_dollars == pytest.approx(100 * (400 * 1 + 300 * 10) / 1e6)
    assert verdict(report, "API dollars").state == "holds"
    assert not [v for v in report.verdicts if v.subject == "teacher embedded"]


@pytest.mark.parametrize(
    ("limit", "state"), [(0.68, "holds"), (0.67, "doubtful"), (0.34, "doubtful"), (0.33, "fails")]
)
def test_a_limit_is_judged_from_both_sides(tmp_path: Path, limit: float, state: str):
    report = report_on(tmp_path, PAID | {"limits.api_dollars_per_goal": limit})
    assert report.whole_goal.api_dollars == pytest.approx(0.68)
    assert verdict(report, "API dollars").state == state


def test_a_rented_gpu_costs_by_the_hour_and_is_assumed(tmp_path: Path):
    changes = {"limits.gpu_dollars_per_hour": 3600}
    report = explain(load_goal(write_goal(tmp_path, changes)))
    work = report.per_try.training_seconds + report.per_try.testing_seconds
    assert report.hardware == "gpu"
    assert report.per_try.gpu_dollars == pytest.approx(work)


def test_absent_keys_and_idle_teachers_are_said(tmp_path: Path):
    report = report_on(tmp_path, PAID | {"search.teacher_requests": 0}, environment={})
    reasons = [v.reason for v in report.verdicts if v.subject == "teacher embedded"]
    assert reasons == [
        "is never asked: search.teacher_requests is 0",
        "SOME_KEY is not set in the environment",
    ]


def test_every_request_to_a_teacher_is_counted(tmp_path: Path):
    spec = load_goal(write_goal(tmp_path, {"search.teacher_requests": 7})).spec
    assert estimate_try(spec, 10**8, 5, 5, "cpu").teacher_requests == 7


def test_each_trial_is_trained_and_put_to_dev_and_one_of_them_to_the_gate(tmp_path: Path):
    one, three = (
        load_goal(write_goal(tmp_path / str(n), {"search.trials": n})).spec for n in (1, 3)
    )
    alone, beside = (estimate_try(spec, 10**8, 100, 300, "cpu") for spec in (one, three))
    dev = estimate_tests(one, 10**8, 100, "cpu").testing_seconds
    assert beside.training_tokens == 3 * alone.training_tokens
    assert beside.testing_seconds == pytest.approx(alone.testing_seconds + 2 * dev)
    assert beside.teacher_requests == alone.teacher_requests


def test_a_larger_model_takes_longer_and_more_cases_too(tmp_path: Path):
    spec = load_goal(write_goal(tmp_path)).spec
    small = estimate_tests(spec, 10**8, 100, "cpu").testing_seconds
    assert estimate_tests(spec, 10**9, 100, "cpu").testing_seconds == pytest.approx(10 * small)
    assert estimate_tests(spec, 10**8, 300, "cpu").testing_seconds == pytest.approx(3 * small)


def test_estimates_add_and_multiply():
    one = Estimate(teacher_requests=2, teacher_seconds=1800, training_seconds=1800)
    assert one.hours == 1
    assert one.plus(one) == one.times(2)


def test_the_hardware_is_found_without_torch():
    assert detect_hardware() in ("cpu", "gpu")


def test_the_seed_example_holds_within_its_limits():
    path = find_goal("python_security").with_name("goal.llama3-8b.yaml")
    report = explain(load_goal(path), environment={"OPENAI_API_KEY": "set"})
    assert report.hardware == "gpu"
    assert report.base_weights > 8e9
    assert 0 < report.per_try.gpu_dollars < 50
    doubtful = {v.subject for v in report.verdicts if v.state != "holds"}
    assert doubtful == {"90% of full", "better than before"}
    assert (
        "434 cases if its true rate is 5 points above the goal"
        in verdict(report, "90% of full").reason
    )


def test_the_default_goal_holds_within_its_limits_on_two_cores():
    report = explain(load_goal("python_security"), "cpu", environment={})
    assert states(report, but="better than before") == {"holds"}
