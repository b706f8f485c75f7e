"""An advisor over the wire: what it is told and paid, and what a plan makes of its answer."""

import io
import json
import os
import signal
import subprocess
import sys

import pytest
from fakes.advising import KEY, Place, advised_goal, candidate, says
from fakes.goal_folder import records
from fakes.openai_server import Fails, FakeOpenAI, Says
from fakes.trials import publish_plan, publish_report
from rich.console import Console

from forgemind_assets.cli.story import Story
from forgemind_assets.home import REPOSITORY
from forgemind_assets.records import Plan

PLANS = """
import sys
from pathlib import Path
sys.path.insert(0, "tests")
from fakes.advising import Place
Place.at(Path(sys.argv[1])).plan()
"""


@pytest.fixture
def advising(tmp_path, monkeypatch):
    """Makes a place whose advisor answers as a script says."""
    monkeypatch.setenv(KEY, "fake-key")
    servers = []

    def make(script, **search):
        server = FakeOpenAI(script)
        servers.append(server)
        server.__enter__()
        advised_goal(tmp_path / "goal", server, **search)
        return Place.at(tmp_path), server

    yield make
    for server in servers:
        server.__exit__()


def willing(number, body):
    """Two candidates that may be tried."""
    return says(candidate(body, 0.3), candidate(body, 0.6))


def test_the_plan_holds_one_of_the_advisors_candidates_and_says_whose_it_is(advising):
    place, server = advising(willing)
    plan, shown = place.plan()
    assert len(server.requests) == 1
    assert [t.source for t in plan.trials].count("advisor paid") == 1
    (tried,) = [t for t in plan.trials if t.source == "advisor paid"]
    assert tried.why.startswith("paid suggests: ")
    assert tried.why.endswith('("fewer steps, larger ones").')
    assert plan.advice.settled
    assert (
        "paid suggested 2 candidates for less than $0.0001 for 1 place beside the first."
        in shown["advice"]
    )
    assert shown["advice"] in plan.hypothesis
    paid = (10 * 1.0 + 5 * 2.0) / 1e6
    assert shown["advice_cost_usd"] == plan.advice.dollars == pytest.approx(paid)
    ledger = place.workshop.ledger()
    assert ledger.spent("small_goal", "api", "0001") == pytest.approx(paid)
    assert ledger.usage("small_goal", "0001", "paid").responses == 1


def test_the_plan_of_a_tick_is_filled_in_and_a_finished_one_is_left_as_it_is(advising):
    place, server = advising(willing)
    alone, _ = place.plan()
    again, _ = place.plan(given=place.given())
    assert again == alone
    published, _ = place.plan(given=alone.model_dump_json())
    assert published == alone
    assert len(server.requests) == 1


def test_killed_between_the_answer_and_the_plan_nothing_is_asked_or_paid_twice(advising, tmp_path):
    place, server = advising(willing)
    killed = subprocess.run(
        [sys.executable, "-c", PLANS, str(tmp_path)],
        cwd=REPOSITORY,
        env=os.environ | {"FORGEMIND_FAULT": "publish.begun:1"},
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert not place.workshop.store.exists("small_goal", "plan", "0001")
    assert len(server.requests) == 1
    spent = place.workshop.ledger().spent("small_goal", "api")
    assert spent > 0
    plan, shown = place.plan()
    assert len(server.requests) == 1
    assert "advisor paid" in [t.source for t in plan.trials]
    assert shown["advice_cost_usd"] == pytest.approx(spent)
    assert place.workshop.ledger().spent("small_goal", "api") == pytest.approx(spent)


def test_what_is_outside_the_bounds_is_refused_with_the_reason_and_the_rest_is_used(advising):
    def half(number, body):
        return says(candidate(body, learning_rate=0.9), candidate(body, 0.6))

    plan, _ = advising(half)[0].plan()
    (tried,) = [t for t in plan.trials if t.source == "advisor paid"]
    assert tried.training.learning_rate < 0.9
    assert len(plan.advice.refused) == 1
    assert "learning_rate 0.9 is not a number from" in plan.hypothesis


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (lambda n, body: Says("I would raise the rate."), "the answer: "),
        (lambda n, body: says(candidate(body, rank=10_000)), "rank 10000 is not a whole number"),
        (lambda n, body: Says('{"candidates": []}'), "its answer names none"),
        (lambda n, body: Fails(404, "no such model"), "no such model"),
        (lambda n, body: says(candidate(body, reason="key AKIAIOSFODNN7EXAMPL3")), "secret"),
    ],
)
def test_a_teacher_of_no_use_leaves_the_plan_as_the_search_made_it(advising, script, told):
    place, _ = advising(script)
    plan, shown = place.plan()
    alone = Plan.model_validate_json(place.given())
    assert plan.trials == alone.trials
    assert plan.advice.settled
    assert "Without a suggestion of paid: " in shown["hypothesis"]
    assert told in plan.advice.note


def test_without_a_key_or_a_budget_nobody_is_asked_and_the_plan_says_why(advising, monkeypatch):
    place, server = advising(willing)
    spec = place.goal.spec
    limits = spec.limits.model_copy(update={"api_dollars_per_goal": 1e-6})
    poor = Place(
        place.goal.model_copy(update={"spec": spec.model_copy(update={"limits": limits})}),
        place.workshop,
    )
    plan, _ = poor.plan()
    assert "Without a suggestion of paid: " in plan.hypothesis
    assert "$" in plan.advice.note
    monkeypatch.delenv(KEY)
    plan, _ = place.plan()
    assert f"set {KEY}" in plan.advice.note
    assert server.requests == []
    assert place.workshop.ledger().spent("small_goal", "api") == 0


def test_the_advisor_is_told_dev_totals_and_no_case_and_nothing_of_the_gate(advising):
    place, server = advising(willing)
    store = place.workshop.store
    for key in ("0000", "0001"):
        publish_plan(place, key)
    for name, passed in (("a", 12), ("b", 15), ("c", 9)):
        trial = f"0001-{name}"
        with store.publish("small_goal", "adapter", trial, {}) as folder:
            (folder / "x").write_text(name)
        publish_report(place, "canary_report", trial, passed)
        publish_report(place, "benchmark_report", trial, 23)
        publish_report(place, "adversarial_report", trial, 1)
    place.plan("0002")
    (body,) = server.requests
    told = body["messages"][-1]["content"]
    assert told.count(": 50%") == told.count(": 62%") == told.count(": 38%") == 1
    for rate in ("96%", " 4%", "23 of", "CWE"):
        assert rate not in told
    whole = json.dumps(body)
    for suite in ("dev", "full", "adversarial", "sealed", "seeds"):
        for case in records(suite):
            assert case["id"] not in whole
            for line in case["input"].splitlines():
                assert len(line) < 12 or json.dumps(line)[1:-1] not in whole
    assert place.goal.spec.task.description not in whole


def test_the_terminal_shows_the_advisors_words_and_heeds_none(advising):
    place, _ = advising(lambda n, body: says(candidate(body, reason="[/red][link=x]more\x1b[2J")))
    plan, _ = place.plan()
    shown = io.StringIO()
    Story(place.goal, place.workshop.home, Console(file=shown, width=500)).tell()
    assert '("[/red][link=x]more [2J")' in shown.getvalue()
    assert "\x1b" not in plan.model_dump_json()


def test_a_failed_and_a_poor_suggestion_count_in_the_next_plans_account(advising):
    place, _ = advising(willing, advisor_share=1.0)
    plan, _ = place.plan()
    assert [t.source for t in plan.trials] == ["planner", "advisor paid", "advisor paid"]
    publish_plan(place, "0000")
    for name, passed in (("a", 14), ("b", 2), ("c", 1)):
        trial = f"0001-{name}"
        with place.workshop.store.publish("small_goal", "adapter", trial, {}) as folder:
            (folder / "x").write_text(name)
        publish_report(place, "canary_report", trial, passed)
    following, shown = place.plan("0002")
    assert [one.source for one in following.search_sources] == ["planner", "advisor paid"]
    assert "| advisor paid | 2 | 0 | -" in shown["search_sources"]
    assert "The 2 candidates of paid so far came to" in following.hypothesis
    assert "so its share falls from 100% to" in following.hypothesis
    assert following.search_sources[1].gain < following.search_sources[0].gain
