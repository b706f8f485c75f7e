"""Several teachers at once: all are asked together, one may fail, and the better one gets more."""

import json
import threading
from collections import Counter

import pytest
from fakes.openai_server import Fails, FakeOpenAI, Says
from fakes.taught_goal import pair, taught_goal
from typer.testing import CliRunner

from forgemind_assets.brain import planner
from forgemind_assets.brain.state import IterationState, Score, State, TrialState
from forgemind_assets.cli.main import app
from forgemind_assets.dashboard.goal_page import teachers as teachers_section
from forgemind_assets.errors import TeacherError
from forgemind_assets.foundry.generate import generate
from forgemind_assets.goal_loading import load_goal, load_seeds
from forgemind_assets.records import DataSettings
from forgemind_assets.trial_grounds.report import Rate
from resources.dashboard_data import Source
from resources.data_room import make_filtered, make_raw
from resources.history import read_sources
from resources.inquiries import teachers_of
from resources.preview import look, prospects
from resources.workshop import Workshop


def good(number, body):
    return Says(pair(number))


def unrepaired(number, body):
    """Pairs of which the second half is as vulnerable as the first."""
    lines = json.loads(pair(number))
    worse = [line.replace("query", "text") for line in lines["vulnerable_code"]]
    return Says(
        json.dumps({"vulnerable_code": ["x = 1", "y = 2", "z = 3"], "repaired_code": worse})
    )


def garbage(number, body):
    return Says("I would rather not.")


def teacher(name, model, server):
    return {
        "name": name,
        "kind": "openai",
        "model": model,
        "base_url": server.base_url,
        "api_key_env": "PAID_TEACHER_KEY",
        "prices": {"input": 1.0, "output": 2.0},
        "terms": "own_model",
        "concurrency": 1,
    }


class TwoTeachers:
    """A small goal whose pairs are written by two teachers behind two servers."""

    def __init__(self, folder, monkeypatch, big, small):
        monkeypatch.setenv("PAID_TEACHER_KEY", big.key)
        both = [teacher("big", "writer", big), teacher("small", "other", small)]
        changes = {
            "limits.base_model": "smollm2-135m-instruct",
            "teachers": both,
            "strategies": [
                {"name": "seed_expansion"},
                {"name": "teacher_pairs", "teachers": ["big", "small"]},
            ],
        }
        self.folder = taught_goal(folder / "goal", big, changes, teacher_requests=12)
        self.goal = load_goal(self.folder)
        self.home = folder / "home"
        self.workshop = Workshop(home_root=str(self.home), models_root=str(folder / "models"))

    def generated(self, requests=12, **data):
        settings = DataSettings(rows=40, teacher_requests=requests, seed=3, **data)
        ask = teachers_of(self.goal, self.workshop, "0001")
        return generate(self.goal, settings, load_seeds(self.goal), ask)

    def iteration(self, key, state):
        """Plans and makes the data of an iteration; what the Brain knows after it."""
        plan = planner.propose(self.goal.spec, state, key)
        store, name = self.workshop.store, self.goal.name
        with store.publish(name, "plan", key, {}) as folder:
            (folder / "plan.json").write_text(plan.model_dump_json())
        make_raw(self.goal, self.workshop, key)
        make_filtered(self.goal, self.workshop, key)
        rate = Rate(passed=5, total=8)
        done = IterationState(
            key=key,
            plan=plan,
            trials={"a": TrialState(dev=Score(overall=rate, slices={"CWE-89": rate}))},
            sources=read_sources(name, store, key),
        )
        return State(iterations=(*state.iterations, done))


@pytest.fixture
def place(tmp_path, monkeypatch):
    return lambda big, small: TwoTeachers(tmp_path, monkeypatch, big, small)


def test_the_teachers_work_at_the_same_time(place):
    both = threading.Barrier(2)

    def together(number, body):
        if number == 0:
            both.wait(timeout=60)
        return good(number, body)

    with FakeOpenAI(together) as big, FakeOpenAI(together) as small:
        made = place(big, small).generated()
        assert (len(big.requests), len(small.requests)) == (6, 6)
        assert set(big.questions).isdisjoint(small.questions)
    assert not both.broken
    accounts = {one.teacher: one for one in made.accounts if one.teacher}
    assert [(name, one.asked, one.rows) for name, one in accounts.items()] == [
        ("big", 6, 12),
        ("small", 6, 12),
    ]
    assert Counter(row.teacher for row in made.rows if row.teacher) == {"big": 12, "small": 12}


def test_the_plan_says_who_gets_how_many_requests(place):
    with FakeOpenAI(good) as big, FakeOpenAI(good) as small:
        here = place(big, small)
        here.generated(request_shares={"teacher_pairs": {"big": 5, "small": 1}})
        assert (len(big.requests), len(small.requests)) == (10, 2)
        here.generated(request_shares={"teacher_pairs": {"big": 1}}, requests=10)
        assert (len(big.requests), len(small.requests)) == (10, 2)


@pytest.mark.parametrize("bad", [garbage, lambda number, body: Fails(401)])
def test_a_teacher_that_is_given_up_leaves_the_rows_of_the_other(place, bad):
    with FakeOpenAI(good) as big, FakeOpenAI(bad) as small:
        here = place(big, small)
        made = here.generated(requests=40)
        first, second, _ = made.accounts
        assert (first.asked, first.valid, first.trouble) == (20, 20, "")
        assert "teacher small (other at" in second.trouble
        assert second.rows == 0
        assert second.asked < 20
        with pytest.raises(TeacherError, match="teacher small"):
            here.generated(requests=40, request_shares={"teacher_pairs": {"small": 1}})


def test_the_better_teacher_gets_more_in_the_next_iteration_without_being_told(place, monkeypatch):
    with FakeOpenAI(good) as big, FakeOpenAI(unrepaired) as small:
        here = place(big, small)
        first = here.iteration("0001", State())
        assert (len(big.requests), len(small.requests)) == (6, 6)
        second = here.iteration("0002", first)
        assert (len(big.requests), len(small.requests)) == (6 + 10, 6 + 2)
        third = planner.propose(here.goal.spec, second, "0003")
    plan = second.iterations[-1].plan
    assert plan.data.request_shares == {"teacher_pairs": {"big": 10.0, "small": 2.0}}
    known = {one.teacher: one for one in second.iterations[-1].sources}
    assert (known["big"].asked, known["small"].asked) == (16, 8)
    assert known["big"].kept > known["small"].kept == 0
    assert "Kept rows a request: big " in plan.hypothesis
    assert (
        "small 0.00 (0 from 6, $0.000020 each); the next 12 requests: 10 and 2." in plan.hypothesis
    )
    assert "(0 from 8, $0.000020 each)" in third.hypothesis
    monkeypatch.setenv("FORGEMIND_HOME", str(here.home))
    told = CliRunner().invoke(app, ["teachers", "report", str(here.folder), "--json"])
    found = json.loads(told.output)["small_goal"]
    asked = {line["teacher"]: line["asked"] for line in found["sources"] if line["teacher"]}
    assert asked == {"big": 16, "small": 8}
    page = Source(here.workshop.home, [here.goal]).goal("small_goal")
    shown = str(teachers_section(page))
    assert ">big</td>" in shown
    assert ">small</td>" in shown


def test_a_teacher_that_was_given_up_is_told_in_the_report(place, monkeypatch):
    with FakeOpenAI(good) as big, FakeOpenAI(garbage) as small:
        here = place(big, small)
        here.iteration("0001", State())
    monkeypatch.setenv("FORGEMIND_HOME", str(here.home))
    monkeypatch.setenv("COLUMNS", "200")
    told = CliRunner().invoke(app, ["teachers", "report", str(here.folder)]).output
    wanted = "Iteration 0001: teacher_pairs by small was given up after 6 answers: teacher small"
    assert wanted in told
    page = Source(here.workshop.home, [here.goal]).goal("small_goal")
    assert wanted in str(teachers_section(page))


def test_a_preview_shows_rows_of_both_and_the_run_asks_them_nothing_again(place):
    with FakeOpenAI(good) as big, FakeOpenAI(good) as small:
        here = place(big, small)
        wanted = prospects(here.goal, here.workshop, 2, "teacher_pairs")
        assert [(one.order.teacher, one.unasked) for one in wanted] == [("big", 2), ("small", 2)]
        seen = look(here.goal, here.workshop, wanted, 2)
        assert [(one.account.teacher, len(one.rows)) for one in seen] == [("big", 2), ("small", 2)]
        here.iteration("0001", State())
        assert (len(big.requests), len(small.requests)) == (6, 6)
