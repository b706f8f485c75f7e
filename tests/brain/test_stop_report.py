"""What a loop that ended says of itself: every figure from the figures that went in."""

import pytest
from fakes.goal_spec import spec_of
from hypothesis import given
from hypothesis import strategies as st

from forgemind_assets.brain import planner
from forgemind_assets.brain.decide import Stop, decide, judge
from forgemind_assets.brain.state import (
    IterationState,
    Score,
    State,
    TrialState,
    Work,
    Yield,
)
from forgemind_assets.brain.stop_advice import advise, cases_to_prove
from forgemind_assets.brain.stop_report import StopReport, erlang_quantile, measure
from forgemind_assets.brain.stop_words import lines, markdown
from forgemind_assets.partitions import iteration_key
from forgemind_assets.trial_grounds.report import Rate
from forgemind_assets.trial_grounds.statistics import clopper_pearson_lower, loop_confidence

DONE = Work(status="succeeded", attempts=1)
BASES = {"smollm2-135m-instruct": 135_000_000, "bigger": 360_000_000, "huge": 8_000_000_000}
STOP = Stop("limit reached: 3 of 3 iterations", goal_met=False, kind="limit")


def spec(success=None, teachers=(), strategies=None, **limits):
    entry = spec_of().limits.model_dump() | {"hours": 4} | limits
    changes = {"limits": entry, "success": success or {"pass_rate": 0.9}, "teachers": teachers}
    return spec_of(**changes, **({"strategies": strategies} if strategies else {}))


def score(weak, strong, total=100, unscored=0):
    """Two slices of half the cases each."""
    half = total // 2
    slices = {
        "weak": Rate(passed=weak, total=half, unscored=unscored),
        "strong": Rate(passed=strong, total=half),
    }
    return Score(overall=Rate(passed=weak + strong, total=total, unscored=unscored), slices=slices)


def loop(goal, *rates, **changes):
    """Iterations whose dev and gate results are these (weak, strong) of 50 each."""
    its, path = [], []
    for number, (weak, strong) in enumerate(rates, start=1):
        key = iteration_key(number)
        base = IterationState(
            key="0000", plan=planner.baseline_plan(goal),
            trials={"a": TrialState(dev=score(5, 5))},
        )  # fmt: skip
        plan = planner.propose(goal, State(iterations=(base,)), key)
        seen = score(weak, strong)
        path.append(max([*path, seen.rate]))
        facts = {
            "key": key, "plan": plan, "prepare": DONE, "conclude": DONE, "hours": 0.5,
            "rows_kept": 1500, "champion": f"{key}-a", "champion_full": seen,
            "trials": {"a": TrialState(work=DONE, dev=seen, full=seen)},
        }  # fmt: skip
        its.append(IterationState(**(facts | (changes if number == len(rates) else {}))))
    return State(iterations=tuple(its[-4:]), path=tuple(path), hours_used=0.5 * len(rates))


def report(goal, state, stop=STOP, bases=BASES):
    return advise(goal, state, measure(goal, state, stop), bases)


def advice(found):
    return {one.key: one for one in found.advice}


def test_the_best_lower_bound_is_the_judges_with_its_level_and_looks():
    goal = spec()
    found = report(goal, loop(goal, (20, 40), (25, 45), (22, 44)))
    best = found.best
    assert (best.trial, best.passed, best.total, best.looks) == ("0002-a", 70, 100, 5)
    assert best.level == loop_confidence(0.95, 5)
    assert best.lower == clopper_pearson_lower(70, 100, best.level)
    assert best.lower == judge(goal, score(25, 45)).lower
    assert (best.passes_needed, best.missing) == (90, 20)
    assert "20 more of the 100 cases must pass" in "\n".join(lines(found))


def test_slices_say_what_they_cost_and_what_bringing_them_to_the_goal_would_give():
    goal = spec()
    found = report(goal, loop(goal, (20, 48)))
    (weak, strong) = found.slices
    assert (weak.slice, weak.lost_points, weak.missing_points) == ("weak", 30, 25)
    assert (strong.slice, strong.lost_points, strong.missing_points) == ("strong", 2, 0)
    assert weak.low < 0.4 < weak.high
    told = "\n".join(lines(found))
    assert "weak 40% (28-54%), 25.0 points" in told
    assert "strong" not in told, "it is at the goal's rate"
    assert "| strong |" in markdown(found)


@given(st.integers(0, 50), st.integers(0, 50))
def test_the_points_lost_add_up_to_what_the_rate_lacks_to_all(weak, strong):
    goal = spec()
    found = report(goal, loop(goal, (weak, strong)))
    assert sum(gap.lost_points for gap in found.slices) == pytest.approx(100 - weak - strong)
    assert all(0 <= gap.missing_points <= gap.lost_points for gap in found.slices)


def test_the_limit_that_leaves_least_is_named_with_what_is_used():
    goal = spec(max_iterations=9, hours=2.1)
    found = report(goal, loop(goal, (20, 40), (25, 45), (30, 45)))
    assert found.binds == "limits.hours"
    by_key = {one.key: one for one in found.limits}
    assert (by_key["limits.hours"].used, by_key["limits.hours"].left) == (1.5, 1)
    assert (by_key["limits.max_iterations"].used, by_key["limits.max_iterations"].left) == (3, 6)
    assert "limits.hours 1.5 of 2.1 h used, 1 iteration left" in "\n".join(lines(found))


def test_the_next_point_has_a_cost_with_an_interval_once_there_were_gains():
    goal = spec()
    point = report(goal, loop(goal, (20, 40), (25, 45), (30, 45))).next_point
    assert point.measured
    assert point.gains == 2
    assert 0 < point.low < point.iterations < point.high
    assert point.hours_each == 0.5
    slower = report(goal, loop(goal, (20, 40), (21, 40), (22, 40))).next_point
    assert slower.iterations > point.iterations


def test_what_is_not_known_of_the_next_point_is_said():
    goal = spec()
    once = report(goal, loop(goal, (20, 40)))
    assert once.next_point is None
    assert "not known (it takes two trained iterations to tell)" in "\n".join(lines(once))
    flat = report(goal, loop(goal, (20, 40), (20, 40), (20, 40)))
    assert not flat.next_point.measured
    assert "the last 2 iterations gained nothing" in "\n".join(lines(flat))


@pytest.mark.parametrize("shape", [1, 2, 7, 13])
def test_the_quantiles_are_those_of_the_gamma_distribution(shape):
    import random

    source = random.Random(1)
    drawn = sorted(source.gammavariate(shape, 1) for _ in range(20_000))
    for probability in (0.05, 0.5, 0.95):
        found = erlang_quantile(shape, probability)
        counted = sum(d < found for d in drawn) / len(drawn)
        assert counted == pytest.approx(probability, abs=0.01)


def test_a_loop_that_gains_is_told_the_limits_that_would_do():
    goal = spec(max_iterations=3, hours=1.6)
    found = advice(report(goal, loop(goal, (20, 40), (25, 45), (32, 48))))
    more = int(found["limits.max_iterations"].suggested) - 3
    assert more > 0
    assert float(found["limits.hours"].suggested) == pytest.approx(1.5 + 0.5 * more, abs=0.1)


def test_no_limit_is_advised_where_nothing_is_gained():
    goal = spec()
    found = advice(report(goal, loop(goal, *[(20, 40)] * 8)))
    assert not {key for key in found if key.startswith(("limits.max", "limits.hours"))}
    assert found["limits.base_model"].suggested == "bigger (360 M weights)"
    assert found["success.pass_rate"].suggested == "0.6"
    none = advice(report(goal, loop(goal, (20, 40)), bases={"smollm2-135m-instruct": 1}))
    assert "to be added to the catalogue" in none["limits.base_model"].suggested


def test_a_rate_that_only_lacks_its_proof_is_told_how_many_cases_prove_it():
    goal = spec(success={"pass_rate": 0.9, "confidence": 0.95})
    found = report(goal, loop(goal, (47, 47)))
    assert found.best.lower < 0.9 <= found.best.rate
    cases = cases_to_prove(found.best, 0.9)
    one = advice(found)["suites.full"]
    assert (one.now, one.suggested) == ("100 cases", f"about {cases:,} cases")
    level = found.best.level
    assert clopper_pearson_lower(int(0.94 * cases), cases, level) >= 0.9
    assert clopper_pearson_lower(int(0.94 * (cases - 20)), cases - 20, level) < 0.9
    assert "limits.base_model" not in advice(found)
    assert "for the bound to reach the goal" in "\n".join(lines(found))


TEACHER = {"name": "t", "kind": "embedded", "model": "qwen2.5-coder-1.5b-instruct"}


def test_few_rows_kept_point_at_the_teacher_and_at_more_requests():
    goal = spec(teachers=[TEACHER], strategies=[{"name": "teacher_pairs", "teacher": "t"}])
    goal = goal.model_copy(
        update={"search": goal.search.model_copy(update={"teacher_requests": 100})}
    )
    yields = {"teacher_pairs": Yield(asked=100, made=1000, kept=200)}
    found = advice(report(goal, loop(goal, (20, 40), yields=yields, rows_kept=300)))
    assert "kept 200 (20%)" in found["teachers"].why
    assert found["search.teacher_requests"].now == "100"
    # 1,500 wanted, 300 there: the 1,200 that lack take six times the 200 that 100 gave
    assert found["search.teacher_requests"].suggested == "700"


def test_answers_that_cannot_be_read_and_a_canary_that_stops_all_are_named():
    goal = spec()
    unread = score(20, 40, unscored=10)
    trial = TrialState(work=DONE, dev=unread, full=unread)
    found = advice(report(goal, loop(goal, (20, 40), trials={"a": trial}, champion_full=unread)))
    assert "10 of 100 answers could not be read" in found["task.max_answer_tokens"].why
    stopped = TrialState(work=DONE, dev=score(10, 12), stopped_by_canary=True)
    found = advice(report(goal, loop(goal, (20, 40), trials={"a": stopped})))
    assert found["success.canary_pass_rate"].suggested == "0.22"


def test_a_goal_that_is_met_is_given_no_advice():
    goal = spec()
    state = loop(goal, (46, 47))
    found = report(goal, state, decide(goal, state))
    assert (found.kind, found.goal_met, found.advice) == ("goal_met", True, ())
    assert "the goal is met by it" in "\n".join(lines(found))


@pytest.mark.parametrize("stop", [None, STOP, Stop("preparing iteration 0000 failed 3 times",
                                                   goal_met=False, kind="gave_up")])  # fmt: skip
def test_every_end_has_a_report_even_before_anything_was_tested(stop):
    goal = spec()
    for state in (State(), State(iterations=(IterationState(key="0000"),))):
        found = report(goal, state, stop)
        assert (found.best, found.slices, found.advice) == (None, (), ())
        assert found.kind == (stop.kind if stop else None)
        assert StopReport.model_validate_json(found.model_dump_json()) == found
        assert lines(found)[0].endswith(".")
        assert markdown(found)


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=14),
    st.none() | st.floats(0.6, 0.99),
    st.floats(0.2, 0.99),
)
def test_every_state_has_a_report_that_can_be_read(rates, confidence, need):
    goal = spec(success={"pass_rate": need, "confidence": confidence, "canary_pass_rate": 0})
    found = report(goal, loop(goal, *rates))
    told = "\n".join(lines(found)) + markdown(found)
    assert "nan" not in told
    assert "inf" not in told.replace("information", "")
    assert found.best.missing == 0 or not judge(goal, score(*rates[-1])).met or len(rates) > 1
    assert StopReport.model_validate_json(found.model_dump_json()) == found


def test_of_equal_results_the_champions_is_the_best():
    goal = spec()
    state = loop(goal, (25, 45), (20, 40), (25, 45), champion="0001-a")
    assert report(goal, state).best.trial == "0001-a"


def test_no_larger_suite_is_advised_where_the_bound_is_there_and_the_sealed_suite_refuses():
    goal = spec(success={"pass_rate": 0.5, "confidence": 0.8})
    found = report(goal, loop(goal, (47, 47)), Stop("not promoted", goal_met=False))
    assert (found.best.missing, found.goal_met) == (0, False)
    assert "suites.full" not in advice(found)


@pytest.mark.parametrize(("iterations", "word"), [(3, "binds"), (9, "would bind first")])
def test_a_limit_binds_only_where_it_leaves_nothing(iterations, word):
    goal = spec(max_iterations=iterations, hours=100)
    told = "\n".join(lines(report(goal, loop(goal, (20, 40), (25, 45), (30, 45)))))
    assert f"limits.max_iterations {word}." in told
