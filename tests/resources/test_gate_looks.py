"""Nobody comes to a fresh look at the gate by making anew, deleting, forking or editing."""

import shutil
from dataclasses import replace

import pytest
from fakes.forks import CHANGES, at, conclude_and_register
from fakes.goal_folder import write_goal
from fakes.trials import publish_plan, publish_report, publish_trial
from hypothesis import given
from hypothesis import strategies as st

from forgemind_assets.brain.assets import conclude
from forgemind_assets.brain.decide import judge
from forgemind_assets.goal_loading import load_goal
from forgemind_assets.trial_grounds.report import read_report
from resources.forks import write_fork
from resources.gate_looks import Look, looks_of, next_looks, score_of_gate
from resources.history import champion_of
from resources.registrations import open_registrations

ALPHA, LIMIT = 0.05, 4
FIRST = ALPHA / (LIMIT + 1)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The baselines and one iteration whose trial was not found better."""
    with at(tmp_path, monkeypatch) as found:
        concluded(found, "0000", 2)
        concluded(found, "0001", 4)
        yield found


def concluded(place, key, passed):
    publish_plan(place, key)
    publish_trial(place, f"{key}-a", passed)
    conclude_and_register(place, key)
    return champion_of(place.workshop.store, place.goal.name, key)


def made_again(place, key, passed):
    publish_trial(place, f"{key}-a", passed)
    conclude_and_register(place, key)
    return champion_of(place.workshop.store, place.goal.name, key)


def looks(place):
    return looks_of(open_registrations(place.workshop.home).events("small_goal"))


def edited(place, **changes):
    """The installation with the contract edited in its file."""
    dotted = {name.replace("__", "."): value for name, value in changes.items()}
    return replace(place, goal=load_goal(write_goal(place.goal.folder, CHANGES | dotted)))


def test_a_look_is_recorded_with_what_it_took(place):
    first, second = looks(place)
    assert (first.line, first.iteration, first.level, first.spent) == (
        "small_goal",
        "0000",
        None,
        0,
    )
    assert (second.iteration, second.level) == ("0001", pytest.approx(FIRST))
    assert second.spent == pytest.approx(FIRST)
    assert first.looks == second.looks == LIMIT + 2
    (event,) = [e for e in open_registrations(place.workshop.home).events("small_goal")
                if e.action == "gate_looked" and e.trial == "0001-a"]  # fmt: skip
    assert event.reason == champion_of(place.workshop.store, "small_goal", "0001").reason


def test_the_same_results_are_one_look_however_often_they_are_concluded(place):
    before = champion_of(place.workshop.store, "small_goal", "0001")
    for _ in range(3):
        again = conclude(place.goal, place.workshop, "0001")
        assert (again.level, again.alpha_spent) == (before.level, before.alpha_spent)
    assert len(looks(place)) == 2


def test_a_trial_that_is_made_again_pays_for_another_look(place):
    second = made_again(place, "0001", 5)
    assert second.level == pytest.approx((ALPHA - FIRST) / (LIMIT + 1))
    assert "other lines or trials made again" in second.reason
    third = made_again(place, "0001", 6)
    assert third.level < second.level
    left = ALPHA - FIRST - second.level - third.level
    assert concluded(place, "0002", 3).level == pytest.approx(left / LIMIT)


def test_a_line_on_its_own_is_told_of_no_other_looks(place):
    told = [concluded(place, f"{number:04d}", 3).reason for number in range(2, 8)]
    assert not [reason for reason in told if "made again" in reason]


def test_many_tries_at_one_iteration_never_spend_more_than_alpha(place):
    levels = [made_again(place, "0001", passed).level for passed in range(5, 13)]
    assert sum(levels) + FIRST <= ALPHA
    assert levels == sorted(levels, reverse=True)
    bounds = [1 / one.looks for one in looks(place)]
    assert sum(bounds) <= 1


def test_an_evaluation_that_comes_out_otherwise_is_another_look(place):
    publish_report(place, "benchmark_report", "0001-a", 5)
    assert conclude(place.goal, place.workshop, "0001").level < FIRST
    assert len(looks(place)) == 3


@pytest.mark.parametrize("asset", ["champion", "benchmark_report", "registry_entry"])
def test_what_is_deleted_gives_nothing_back(place, asset):
    store = place.workshop.store
    shutil.rmtree(store.root / "small_goal" / asset / ("0001-a" if "report" in asset else "0001"))
    assert made_again(place, "0001", 7).level == pytest.approx((ALPHA - FIRST) / (LIMIT + 1))


def test_a_deleted_iteration_that_comes_out_as_it_was_is_the_same_look(place):
    shutil.rmtree(place.workshop.store.root / "small_goal" / "champion" / "0001")
    assert made_again(place, "0001", 4).level == pytest.approx(FIRST)
    assert len(looks(place)) == 2


def test_alpha_that_is_raised_afterwards_does_not_change_what_was_found(place):
    publish_trial(place, "0001-a", 8)
    strict = conclude(place.goal, place.workshop, "0001")
    generous = edited(place, success__alpha=0.5)
    again = conclude(generous.goal, place.workshop, "0001")
    assert (again.trial, again.level) == (strict.trial, strict.level)


def test_a_deleted_line_gives_nothing_back(place):
    store = place.workshop.store
    line = replace(place, goal=place.goal.model_copy(
        update={"spec": place.goal.spec.model_copy(update={"name": "line"})}
    ))  # fmt: skip
    shutil.copytree(store.root / "small_goal", store.root / "line")
    fork = {"goal": "small_goal", "goal_version": "v", "iteration": "0000", "changed": {},
            "max_iterations": LIMIT, "file": "goal.line.yaml"}  # fmt: skip
    write_fork(store, "line", _fork(fork))
    publish_plan(line, "0001")
    publish_trial(line, "0001-a", 5)
    found = conclude(line.goal, line.workshop, "0001")
    assert found.level == pytest.approx((ALPHA - FIRST) / (LIMIT + 1))
    shutil.rmtree(store.root / "line")
    left = ALPHA - FIRST - found.level
    assert concluded(place, "0002", 3).level == pytest.approx(left / LIMIT)


def _fork(fields):
    from forgemind_assets.brain.fork import Fork

    return Fork(**fields)


def test_a_limit_that_is_lowered_afterwards_proves_nothing(place):
    sure = {"success__pass_rate": 0.7, "success__confidence": 0.9}
    loop = edited(place, **sure, limits__max_iterations=30)
    publish_plan(loop, "0002")
    publish_trial(loop, "0002-a", 21)
    conclude_and_register(loop, "0002")
    short = edited(place, **sure, limits__max_iterations=1)
    report = read_report(place.workshop.store.folder("small_goal", "benchmark_report", "0002-a"))
    score = score_of_gate(short.goal, place.workshop, "0002-a", report)
    champion = champion_of(place.workshop.store, "small_goal", "0002")
    assert champion.trial == "0002-a"
    assert score.looks == champion.full.looks >= 32
    assert judge(short.goal.spec, score).lower == judge(loop.goal.spec, score).lower
    assert (
        judge(short.goal.spec, score.model_copy(update={"looks": 0})).lower
        > judge(short.goal.spec, score).lower
    )


steps = st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), max_size=30)


@given(steps)
def test_all_bounds_that_are_ever_given_hold_at_once(course):
    """Whatever the limit is, line by line and look by look: (least looks, looks planned)."""
    known = []
    for least, planned in course:
        found = next_looks(least, known, planned)
        assert found >= least
        known.append(
            Look(line="x", iteration="0001", content="c", level=None, spent=0, looks=found)
        )
    assert sum(1 / one.looks for one in known) <= 1 + 1e-6


@pytest.mark.parametrize("limit", [1, 3, 30])
def test_with_a_fixed_limit_every_bound_allows_for_as_many_looks(limit):
    known = []
    for number in range(limit + 1):
        found = next_looks(limit + 2, known, limit + 1 - number)
        assert found == limit + 2
        known.append(
            Look(line="x", iteration="0001", content="c", level=None, spent=0, looks=found)
        )
