import math

from brain.search.search_spaces import SETTINGS, trial
from fakes.goal_spec import spec_of

from forgemind_assets.brain import planner
from forgemind_assets.brain.search.beside import side_by_side
from forgemind_assets.brain.search.history import (
    ANOTHER_START,
    as_earlier,
    for_training,
    known_trials,
    trials_of,
)
from forgemind_assets.brain.state import IterationState, Score, State, TrialState, Work
from forgemind_assets.records import Plan, TrialSettings
from forgemind_assets.trial_grounds.report import Rate

DONE, BROKEN, GOING = Work(status="succeeded"), Work(status="failed"), Work(status="running")


def dev(passed):
    return Score(
        overall=Rate(passed=passed, total=100), slices={"x": Rate(passed=passed, total=100)}
    )


def iteration(key, **trials):
    plan = Plan(
        iteration=key,
        hypothesis="",
        expected_effect="",
        trials=tuple(TrialSettings(name=name, training=SETTINGS) for name in trials),
    )
    return IterationState(key=key, plan=plan, trials=trials)


def test_every_trial_that_is_over_is_seen_failed_and_stopped_ones_too():
    it = iteration(
        "0003",
        a=TrialState(work=DONE, dev=dev(62)),
        b=TrialState(work=BROKEN),
        c=TrialState(work=DONE, cannot_win="behind", rungs=((0.25, 1.5),)),
        d=TrialState(work=GOING),
        e=TrialState(work=DONE, cannot_win="behind on dev", rungs=((0.25, 1.5), (0.5, 1.0))),
    )
    found = {t.name: (t.score, t.share) for t in trials_of(it)}
    assert found == {
        "0003-a": (0.62, 1.0),
        "0003-b": (None, 1.0),
        "0003-c": (math.exp(-1.5), 0.25),
        "0003-e": (math.exp(-1.0), 0.5),
    }


def test_the_base_model_as_it_is_teaches_nothing_about_training():
    plan = planner.baseline_plan(spec_of())
    trials = {t.name: TrialState(work=DONE, dev=dev(20)) for t in plan.trials}
    assert trials_of(IterationState(key="0000", plan=plan, trials=trials)) == []


def test_what_was_handed_on_and_what_the_tail_shows_are_each_there_once():
    tail = iteration("0003", a=TrialState(work=DONE, dev=dev(62)))
    past = (trial("0002-a", 0.5), trial("0003-a", 0.6), trial("0003-a", 0.9, goal="another"))
    known = known_trials(State(iterations=(tail,), past=past))
    assert [(t.name, t.goal, t.score) for t in known] == [
        ("0002-a", "", 0.5),
        ("0003-a", "another", 0.9),
        ("0003-a", "", 0.62),
    ]


def test_fifty_trials_that_finish_at_once_are_all_known():
    trials = {chr(97 + n): TrialState(work=DONE, dev=dev(n)) for n in range(25)}
    state = State(iterations=(iteration("0001", **trials), iteration("0002", **trials)))
    assert len(known_trials(state)) == 50


def test_trials_from_another_kind_of_start_stand_apart():
    going_on = SETTINGS.model_copy(update={"start_from": "0001-a"})
    past = (trial("0001-a", 0.5), trial("0009-b", 0.4, goal="another"))
    assert [t.goal for t in for_training(past, SETTINGS)] == ["", "another"]
    assert [t.goal for t in for_training(past, going_on)] == [ANOTHER_START, "another"]


def test_a_goal_hands_its_own_trials_to_others_and_not_what_it_was_handed():
    past = (trial("0001-a", 0.5), trial("0009-b", 0.4, goal="another"))
    assert [(t.name, t.goal) for t in as_earlier(past, "sql")] == [("0001-a", "sql")]


def test_one_trial_a_plan_is_the_first_alone():
    first = TrialSettings(name="a", training=SETTINGS)
    assert side_by_side(1, first, ()) == (first,)


def test_trials_beside_the_first_differ_in_dials_only_and_say_why():
    first = TrialSettings(name="a", training=SETTINGS, prompt_variant="short")
    trials = side_by_side(4, first, ())
    assert [t.name for t in trials] == ["a", "b", "c", "d"]
    assert trials[0].model_copy(update={"source": "", "expected": None}) == first
    assert trials[0].source == "planner"
    assert all(t.expected is not None for t in trials)
    assert len({t.training.model_dump_json() for t in trials}) == 4
    for other in trials[1:]:
        assert other.why
        assert other.prompt_variant == "short"
        for kept in ("seed", "start_from", "max_length", "quantisation", "max_seconds"):
            assert getattr(other.training, kept) == getattr(SETTINGS, kept)


def test_a_goal_that_asks_for_three_trials_gets_them_in_first_and_next_plans():
    spec = spec_of(search={"trials": 3})
    first = planner.propose(spec, State(), "0001")
    assert len(first.trials) == 3
    it = IterationState(
        key="0001",
        plan=first,
        leader="0001-b",
        trials={t.name: TrialState(work=DONE, dev=dev(30 + n)) for n, t in enumerate(first.trials)},
    )
    following = planner.propose(spec, State(iterations=(it,)), "0002")
    assert len(following.trials) == 3
    assert {t.training.start_from for t in following.trials} == {"0001-b"}
    assert len({t.training.rank for t in following.trials}) == 1
