import pytest
from fakes.goal_spec import spec_of
from hypothesis import given
from hypothesis import strategies as st

from forgemind_assets.brain import planner, slice_plan
from forgemind_assets.brain.decide import (
    MAX_FAILURES,
    AwaitReview,
    Conclude,
    Prepare,
    Promote,
    Stop,
    Test,
    Train,
    Wait,
    decide,
    judge,
)
from forgemind_assets.brain.search.history import known_trials
from forgemind_assets.brain.state import IterationState, Score, State, TrialState, Work
from forgemind_assets.trial_grounds.report import Rate
from forgemind_assets.trial_grounds.statistics import passes_needed

SPEC = spec_of()
DONE = Work(status="succeeded", attempts=1)


def score(passed, total=100):
    half = total // 2
    slices = {
        "x": Rate(passed=min(passed, half), total=half),
        "y": Rate(passed=max(0, passed - half), total=total - half),
    }
    return Score(overall=Rate(passed=passed, total=total), slices=slices)


def concluded(key, full, dev=None, leader=None, hours=0.1):
    state = State(iterations=(baseline(),)) if key != "0000" else State()
    plan = planner.baseline_plan(SPEC) if key == "0000" else planner.propose(SPEC, state, key)
    trial = TrialState(work=DONE, dev=score(dev or full), full=score(full), adversarial=score(full))
    return IterationState(
        key=key,
        plan=plan,
        prepare=DONE,
        trials={t.name: trial for t in plan.trials},
        conclude=DONE,
        champion=f"{key}-a",
        champion_full=score(full),
        leader=leader or f"{key}-a",
        hours=hours,
    )


def baseline():
    return concluded("0000", 20)


def test_the_champion_is_attacked_only_where_the_goal_asks_and_a_trained_model_was_tested():
    asking = spec_of(attack={"cases": 60})
    trained = State(iterations=(baseline(), concluded("0001", 40)))
    assert planner.propose(asking, trained, "0002").data.attack_cases == 60
    assert planner.propose(SPEC, trained, "0002").data.attack_cases == 0
    assert planner.propose(asking, State(iterations=(baseline(),)), "0001").data.attack_cases == 0


def test_nothing_yet_prepares_the_baselines():
    decision = decide(SPEC, State())
    assert isinstance(decision, Prepare)
    assert decision.plan.iteration == "0000"
    assert [t.prompt_variant for t in decision.plan.trials] == ["zero_shot", "few_shot"]


def test_prepared_iteration_trains_each_trial_once():
    it = IterationState(key="0000", plan=planner.baseline_plan(SPEC), prepare=DONE)
    assert decide(SPEC, State(iterations=(it,))) == Train("0000", (("a", 1), ("b", 1)))


def test_a_trial_that_runs_is_waited_for_and_the_other_is_started():
    running = TrialState(work=Work(status="running", attempts=1))
    it = IterationState(
        key="0000", plan=planner.baseline_plan(SPEC), prepare=DONE, trials={"a": running}
    )
    assert decide(SPEC, State(iterations=(it,))) == Train("0000", (("b", 1),))
    both = it.model_copy(update={"trials": {"a": running, "b": running}})
    assert isinstance(decide(SPEC, State(iterations=(both,))), Wait)


def test_an_interrupted_trial_is_tried_again_without_counting_as_a_failure():
    killed = TrialState(work=Work(status="failed", attempts=7, failures=0))
    it = IterationState(
        key="0000",
        plan=planner.baseline_plan(SPEC),
        prepare=DONE,
        trials={"a": killed, "b": TrialState(work=DONE)},
    )
    assert decide(SPEC, State(iterations=(it,))) == Train("0000", (("a", 8),))


def test_three_failures_of_every_trial_stop_the_loop():
    dead = TrialState(work=Work(status="failed", attempts=3, failures=MAX_FAILURES))
    it = IterationState(
        key="0000", plan=planner.baseline_plan(SPEC), prepare=DONE, trials={"a": dead, "b": dead}
    )
    decision = decide(SPEC, State(iterations=(it,)))
    assert isinstance(decision, Stop)
    assert not decision.goal_met


ASKED = {"stop_requested": "ada (flag): enough"}
RUNNING = TrialState(work=Work(status="running", attempts=1))


@pytest.mark.parametrize(
    "trials",
    [{}, {"a": TrialState(work=DONE)}, {"a": TrialState(work=Work(status="failed", attempts=1))}],
)
def test_a_person_ends_the_loop_before_anything_else_is_begun(trials):
    it = IterationState(key="0000", plan=planner.baseline_plan(SPEC), prepare=DONE, trials=trials)
    for state in (State(iterations=(it,)), State(), State(iterations=(baseline(),))):
        assert not isinstance(decide(SPEC, state), Stop)
        stop = decide(SPEC, state.model_copy(update=ASKED))
        assert stop == Stop("a person asked: ada (flag): enough", goal_met=False, kind="person")


def test_what_is_under_way_when_a_person_asks_for_the_end_is_waited_for_and_compared():
    plan = planner.baseline_plan(SPEC)
    beside = IterationState(key="0000", plan=plan, prepare=DONE, trials={"a": RUNNING})
    waiting = decide(SPEC, State(iterations=(beside,), **ASKED))
    assert isinstance(waiting, Wait)
    assert "ada (flag): enough" in waiting.reason
    preparing = IterationState(key="0000", prepare=Work(status="running", attempts=1))
    assert isinstance(decide(SPEC, State(iterations=(preparing,), **ASKED)), Wait)
    done = baseline().model_copy(update={"conclude": Work(), "champion": None})
    assert decide(SPEC, State(iterations=(done,), **ASKED)) == Conclude("0000", 1)
    met = State(iterations=(baseline(), concluded("0001", 90)), **ASKED)
    assert decide(SPEC, met).goal_met


def test_finished_trials_are_concluded():
    it = baseline().model_copy(update={"conclude": Work(), "champion": None})
    assert decide(SPEC, State(iterations=(it,))) == Conclude("0000", 1)


def test_goal_is_met_exactly_at_the_threshold():
    met = State(iterations=(baseline(), concluded("0001", 90)))
    missed = State(iterations=(baseline(), concluded("0001", 89)))
    assert decide(SPEC, met).goal_met
    assert isinstance(decide(SPEC, missed), Prepare)


def met(**changes):
    it = concluded("0001", 95)
    return State(iterations=(baseline(), it.model_copy(update=changes)))


def test_a_met_goal_waits_for_people_and_names_the_review():
    decision = decide(SPEC, met(consent="open", review="abc123"))
    assert isinstance(decision, AwaitReview)
    assert "forgemind review show abc123" in decision.reason


def test_what_people_approved_is_promoted_once():
    assert decide(SPEC, met(consent="approved")) == Promote("0001", 1)
    running = Work(status="running", attempts=1)
    assert isinstance(decide(SPEC, met(consent="approved", promote=running)), Wait)
    assert decide(SPEC, met(consent="none", promote=DONE)).goal_met


def test_a_promotion_that_fails_again_and_again_is_given_up():
    failed = Work(status="failed", attempts=3, failures=3)
    decision = decide(SPEC, met(consent="approved", promote=failed))
    assert isinstance(decision, Stop)
    assert "promoting 0001-a failed 3 times" in decision.reason


@pytest.mark.parametrize("refuted", [True, False])
def test_a_goal_that_is_met_on_the_gate_alone_is_not_called_met(refuted):
    decision = decide(SPEC, met(held_back="3 of 90 sealed cases", refuted=refuted))
    assert decision.goal_met is not refuted
    assert decision.reason.endswith("not promoted: 3 of 90 sealed cases")


def test_a_rejected_promotion_ends_the_loop_and_is_said():
    decision = decide(SPEC, met(consent="rejected"))
    assert decision.goal_met
    assert "rejected" in decision.reason


@pytest.mark.parametrize(("spent", "stops"), [(0.8, True), (0.7, False)])
def test_dollars_for_apis_stop_the_loop_when_another_iteration_would_not_fit(spent, stops):
    spec = spec_of(
        limits=SPEC.limits.model_dump() | {"api_dollars_per_goal": 1.0},
        teachers=[
            {"name": "t", "kind": "openai", "model": "m", "base_url": "http://h/v1",
             "api_key_env": "K", "prices": {"input": 1, "output": 1}}
        ],
    )  # fmt: skip
    it = concluded("0001", 50).model_copy(update={"api_dollars": 0.25})
    state = State(iterations=(baseline(), it), api_dollars=spent)
    assert isinstance(decide(spec, state), Stop) == stops


def test_a_baseline_never_meets_the_goal():
    assert isinstance(decide(SPEC, State(iterations=(concluded("0000", 100),))), Prepare)


def test_the_last_allowed_iteration_ends_the_loop():
    last = concluded(f"{SPEC.limits.max_iterations:04d}", 50)
    decision = decide(SPEC, State(iterations=(baseline(), last)))
    assert isinstance(decision, Stop)
    assert "iterations" in decision.reason
    assert "50.0%" in decision.reason


@pytest.mark.parametrize(("used", "stops"), [(1.95, True), (1.85, False)])
def test_hours_stop_the_loop_when_another_iteration_would_not_fit(used, stops):
    state = State(iterations=(baseline(), concluded("0001", 50, hours=0.1)), hours_used=used)
    assert isinstance(decide(SPEC, state), Stop) == stops


def test_confidence_asks_for_the_lower_bound():
    strict = spec_of(success={"pass_rate": 0.9, "confidence": 0.95})
    needed = passes_needed(200, 0.9, 1 - 0.05 / (strict.limits.max_iterations + 2))
    assert passes_needed(200, 0.9, 0.95) < needed < 200
    assert not judge(strict, score(needed - 1, 200)).met
    assert judge(strict, score(needed, 200)).met
    assert "at 95% confidence over 5 looks" in judge(strict, score(needed, 200)).sentence


def test_a_result_keeps_the_looks_that_were_settled_when_it_was_looked_at():
    sure = {"success": {"pass_rate": 0.9, "confidence": 0.95}}
    short = spec_of(**sure)
    enough = score(passes_needed(200, 0.9, 1 - 0.05 / 5), 200)
    assert judge(short, enough).met
    assert not judge(short, enough.model_copy(update={"looks": 200})).met
    assert judge(short, enough.model_copy(update={"looks": 1})).met, "never fewer than the limit"


def test_cases_that_are_alike_prove_less():
    strict = spec_of(success={"pass_rate": 0.9, "confidence": 0.95})
    alike = score(193, 200).model_copy(update={"design_effect": 3.0})
    assert judge(strict, score(193, 200)).met
    assert not judge(strict, alike).met


def without_the_gate(state):
    hidden = {"full": None, "adversarial": None}
    return state.model_copy(
        update={
            "iterations": tuple(
                it.model_copy(
                    update={
                        "champion": None,
                        "champion_full": None,
                        "trials": {n: t.model_copy(update=hidden) for n, t in it.trials.items()},
                    }
                )
                for it in state.iterations
            )
        }
    )


def test_next_plan_favours_weak_slices_and_goes_on_from_the_best_on_dev():
    it = concluded("0001", 60)
    decision = decide(SPEC, State(iterations=(baseline(), it)))
    assert isinstance(decision, Prepare)
    plan = decision.plan
    assert plan.data.slice_weights["y"] > plan.data.slice_weights["x"]
    assert plan.trials[0].training.start_from == "0001-a"
    assert plan.data.reuse_iterations == ()
    assert plan.data.seed != it.plan.data.seed
    assert "Came true: 60.0% on dev, +40.0 points" in plan.last_outcome


def test_errors_move_rows_within_a_group_of_slices_and_never_between_groups():
    slices = {
        "a": Rate(passed=7, total=7),
        "b": Rate(passed=1, total=7),
        "safe/a": Rate(passed=0, total=5),
        "safe/b": Rate(passed=1, total=5),
    }
    dev = Score(overall=Rate(passed=9, total=24), slices=slices)
    weights = slice_plan.slice_weights(dev, error_weight=2.0)
    assert weights["b"] > weights["a"]
    assert weights["safe/a"] > weights["safe/b"]
    assert weights["a"] + weights["b"] == pytest.approx(14 / 6, abs=0.01)
    assert weights["safe/a"] + weights["safe/b"] == pytest.approx(10 / 6, abs=0.01)


def test_a_worse_iteration_goes_back_to_the_best_on_dev_with_a_smaller_step():
    first = concluded("0001", 60)
    second = concluded("0002", 50, leader="0001-a")
    plan = decide(SPEC, State(iterations=(baseline(), first, second))).plan
    assert plan.trials[0].training.start_from == "0001-a"
    past, now = second.plan.trials[0].training, plan.trials[0].training
    assert now.learning_rate < past.learning_rate
    assert now.epochs == past.epochs * 0.5
    assert "Did not come true: 50.0% on dev, -10.0 points" in plan.last_outcome


def test_a_plateau_brings_more_rows_and_more_epochs():
    first, second = concluded("0001", 60), concluded("0002", 61)
    plan = decide(SPEC, State(iterations=(baseline(), first, second))).plan
    past, now = second.plan.trials[0].training, plan.trials[0].training
    assert now.epochs == past.epochs * 1.5
    assert plan.data.rows > second.plan.data.rows
    assert f"for {now.epochs:g} instead of {past.epochs:g} epochs" in plan.hypothesis


works = st.builds(
    Work,
    status=st.sampled_from(["none", "running", "succeeded", "failed"]),
    attempts=st.integers(0, 5),
    failures=st.integers(0, 5),
)
scores = st.none() | st.integers(0, 100).map(score)
trials = st.builds(TrialState, work=works, stopped_by_canary=st.booleans(), dev=scores, full=scores)


@st.composite
def states(draw):
    count = draw(st.integers(0, 4))
    iterations = []
    for number in range(count):
        finished = concluded(f"{number:04d}", draw(st.integers(0, 100)))
        if number == count - 1:
            changes = {
                "prepare": draw(works),
                "conclude": draw(works),
                "trials": {name: draw(trials) for name in draw(st.sets(st.sampled_from("ab")))},
                "plan": draw(st.sampled_from([None, finished.plan])),
            }
            finished = finished.model_copy(update=changes)
        iterations.append(finished)
    return State(iterations=tuple(iterations), hours_used=draw(st.floats(0, 3)))


@given(states())
def test_every_state_has_one_answer_and_the_same_one_each_time(state):
    decision = decide(SPEC, state)
    assert decision == decide(SPEC, state)
    assert isinstance(decision, Prepare | Train | Conclude | Wait | Stop)


@given(states())
def test_work_that_runs_or_is_done_is_never_started_again(state):
    last = state.last
    match decide(SPEC, state):
        case Train(_, chosen):
            for name, attempt in chosen:
                work = last.trials[name].work if name in last.trials else Work()
                assert work.status in ("none", "failed")
                assert attempt == work.attempts + 1
        case Prepare(plan, _) if last is not None and plan.iteration == last.key:
            assert last.prepare.status != "running"
        case Conclude():
            assert last.conclude.status in ("none", "failed")
        case _:
            pass


@given(states(), st.integers(0, 100))
def test_no_plan_depends_on_the_gate(state, dev):
    """What the error budget rests on: candidates are what they would be without a gate."""
    state = state.model_copy(
        update={"iterations": (*state.iterations[:-1], concluded("0004", dev))}
    )
    plan = planner.propose(SPEC, state, "0005")
    assert plan == planner.propose(SPEC, without_the_gate(state), "0005")
    assert known_trials(state) == known_trials(without_the_gate(state)), "what an advisor is told"


# --- Several trials an iteration ----------------------------------------------------------------

SEVERAL = spec_of(search={"trials": 3})


def race_of(**trials):
    """Iteration 0001 of three trials, as far as they are given."""
    plan = planner.propose(SEVERAL, State(iterations=(baseline(),)), "0001")
    return IterationState(key="0001", plan=plan, prepare=DONE, trials=trials)


def ended(passed, **changes):
    return TrialState(work=DONE, dev=score(passed), **changes)


def step(it):
    return decide(SEVERAL, State(iterations=(baseline(), it)))


def test_a_plan_has_as_many_trials_as_the_goal_asks_for_and_no_two_are_alike():
    plan = race_of().plan
    assert [t.name for t in plan.trials] == ["a", "b", "c"]
    assert len({t.training.learning_rate for t in plan.trials}) == 3
    alone = planner.propose(SPEC, State(iterations=(baseline(),)), "0001").trials[0]
    assert plan.trials[0].training == alone.training


def test_trials_that_race_are_not_put_to_the_gate_and_may_share_the_machine():
    wanted = Train("0001", (("a", 1), ("b", 1), ("c", 1)), gate=False, at_once=3)
    assert step(race_of()) == wanted
    assert decide(SPEC, State(iterations=(baseline(), race_of())[:1])).attempt == 1


def test_baselines_do_not_race_however_many_trials_an_iteration_has():
    it = IterationState(key="0000", plan=planner.baseline_plan(SEVERAL), prepare=DONE)
    decision = decide(SEVERAL, State(iterations=(it,)))
    assert decision == Train("0000", (("a", 1), ("b", 1)), gate=True, at_once=2)


def test_the_one_that_leads_on_dev_is_tested_once_and_then_the_iteration_is_concluded():
    done = race_of(a=ended(50), b=ended(60), c=ended(60))
    assert step(done) == Test("0001", "b", 1)
    running = ended(60, test=Work(status="running", attempts=1))
    assert isinstance(step(race_of(a=ended(50), b=running, c=ended(60))), Wait)
    killed = ended(60, test=Work(status="failed", attempts=2, failures=1))
    assert step(race_of(a=ended(50), b=killed, c=ended(60))) == Test("0001", "b", 3)
    tested = ended(60, test=DONE)
    assert step(race_of(a=ended(50), b=tested, c=ended(60))) == Conclude("0001", 1)


def test_one_that_was_stopped_early_neither_wins_nor_counts_as_failed():
    partial = TrialState(work=DONE, cannot_win="cannot win: behind", beaten_by="a")
    hopeless = TrialState(work=DONE, dev=score(99), stopped_by_canary=True)
    assert step(race_of(a=ended(50), b=partial, c=hopeless)) == Test("0001", "a", 1)
    assert step(race_of(a=hopeless, b=hopeless, c=hopeless)) == Conclude("0001", 1)


@pytest.mark.parametrize(
    "rival",
    [
        TrialState(work=DONE, stopped_by_canary=True),
        TrialState(work=Work(status="failed", attempts=3, failures=MAX_FAILURES)),
    ],
)
def test_one_that_was_put_out_by_a_trial_that_broke_off_goes_on(rival):
    out = TrialState(work=DONE, cannot_win="cannot win: behind", beaten_by="a")
    assert step(race_of(a=rival, b=out, c=ended(40))).trials == (("b", 2),)
    tried = out.model_copy(update={"work": Work(status="succeeded", attempts=6)})
    assert step(race_of(a=rival, b=tried, c=ended(40))) == Test("0001", "c", 1)


def test_the_next_plan_follows_the_trial_that_led():
    done = race_of(a=ended(50), b=ended(60, test=DONE, full=score(55)), c=ended(40)).model_copy(
        update={
            "conclude": DONE, "champion": "0001-b", "champion_full": score(55), "leader": "0001-b"
        }
    )  # fmt: skip
    plan = step(done).plan
    led = done.plan.trials[1].training
    assert plan.trials[0].training.start_from == "0001-b"
    assert plan.trials[0].training.learning_rate == pytest.approx(led.learning_rate * 0.8)
    assert "60.0% on dev" in plan.last_outcome
