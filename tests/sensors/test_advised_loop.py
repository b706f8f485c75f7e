"""A whole loop whose plans ask an advisor: what a tick plans, the run completes, once."""

import json

import dagster as dg
import pytest
from fakes.advising import KEY, candidate, says
from fakes.goal_folder import write_goal
from fakes.openai_server import FakeOpenAI
from fakes.paper_trials import paper_definitions, prepare_environment
from fakes.taught_goal import teacher_of

from forgemind_assets.cli.headless import drive
from forgemind_assets.goal_loading import load_goal
from forgemind_assets.records import Plan
from resources.workshop import Workshop

pytestmark = pytest.mark.slow


def advised_paper_goal(folder, server):
    """The paper goal, three trials an iteration, with a paid teacher that advises only."""
    changes = {
        "limits.base_model": "tiny",
        "limits.max_iterations": 2,
        "limits.api_dollars_per_goal": 1,
        "strategies": [{"name": "seed_expansion"}],
        "teachers": [teacher_of(server)],
        "search": {"rows": 24, "trials": 3, "advisor": "paid"},
    }
    return load_goal(write_goal(folder / "goal", changes))


def test_each_iteration_asks_once_and_tries_what_was_suggested(tmp_path, monkeypatch):
    monkeypatch.setenv(KEY, "fake-key")
    prepare_environment(tmp_path, monkeypatch.setenv)
    workshop = Workshop(home_root=str(tmp_path / "home"), models_root=str(tmp_path / "models"))
    workshop.home.root.mkdir(parents=True)
    workshop.home.settings.write_text("trials_at_once: 1\n")

    def advisor(number, body):
        return says(candidate(body, 0.2 + 0.1 * number), candidate(body, 0.7))

    with FakeOpenAI(advisor) as server, dg.instance_for_test() as instance:
        goal = advised_paper_goal(tmp_path, server)
        stop = drive(goal, paper_definitions(goal, workshop), instance, workshop)
    assert "2 of 2 iterations" in stop.reason
    assert len(server.requests) == 2
    plans = [
        Plan.model_validate(workshop.store.read_json("small_goal", "plan", key, "plan.json"))
        for key in ("0001", "0002")
    ]
    for plan in plans:
        assert plan.advice.settled
        assert [t.source for t in plan.trials].count("advisor paid") == 1
    tried = [t for t in plans[0].trials if t.source == "advisor paid"]
    told = server.requests[1]["messages"][-1]["content"]
    assert f"{tried[0].training.learning_rate:.4g}, " in told
    # What each trial came to is what was published of it on dev.
    account = {one.source: one.tried for one in plans[1].search_sources}
    assert account["advisor paid"] == 1
    assert sum(account.values()) == 3
    assert "of paid so far came to" in plans[1].hypothesis
    memory = workshop.store.read_json("small_goal", "champion", "0002", "trials.json")
    assert [t["source"] for t in memory["trials"]].count("advisor paid") == 2
    assert json.dumps(plans[1].model_dump(mode="json")).count("fewer steps") >= 1
    assert workshop.ledger().usage("small_goal", teacher="paid").responses == 2
