"""`forgemind why` walks from a prompt to a decision, and back, on what a small run has left."""

import json

import pytest
from fakes.goal_folder import write_goal
from fakes.installation import Installation, forgemind
from fakes.reviews import ADA, promotion, subject
from fakes.trials import publish_plan, publish_trial

from forgemind_assets.foundry.pipeline import Rejected
from forgemind_assets.foundry.tables import write_rejected, write_rows
from forgemind_assets.goal_loading import load_goal
from forgemind_assets.records import Plan, Row
from resources.registrations import open_registrations
from resources.reviews import open_reviews
from resources.workshop import Workshop

KEY = "ab" * 32


def row(text, **more):
    expected = {"cwe": "CWE-89", "line": 1, "fix": None}
    return Row.make(family="f", slice="CWE-89", input=text, expected=expected, **more)


TAUGHT = row("db.execute(q)", strategy="teacher_pairs", teacher="paid", parent=f"request:{KEY}")
GROWN = row("cur.execute(q)", strategy="seed_expansion", parent="seeds-bank-cwe-89")
LOST = row("x", strategy="teacher_pairs", teacher="paid", parent=f"request:{'cd' * 32}")


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("FORGEMIND_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("FORGEMIND_LEDGER_URL", raising=False)
    goal = load_goal(write_goal(tmp_path / "goal"))
    workshop = Workshop(home_root=str(tmp_path / "home"), models_root=str(tmp_path / "models"))
    place = Installation(goal, workshop, None, None)
    publish_plan(place, "0001")
    meta = {"rows_kept": 2, "rows_rejected": 1}
    with workshop.store.publish(goal.name, "filtered_dataset", "0001", meta) as folder:
        write_rows([TAUGHT, GROWN], folder / "kept.parquet")
        write_rejected([Rejected(LOST, "length", "too_short")], folder / "rejected.parquet")
    publish_trial(place, "0001-a", passed=22)
    workshop.ledger().store_response(
        KEY, goal=goal.name, teacher="paid", iteration="0001", text="an answer", dollars=0.5,
        request={"messages": [{"role": "user", "content": "Write a\x1b[2J vulnerable function"}]},
        input_tokens=10, output_tokens=5, seconds=1.0,
    )  # fmt: skip
    adapter = workshop.store.manifest(goal.name, "adapter", "0001-a").version
    open_registrations(workshop.home).record(
        "registered", goal=goal.name, version="1", trial="0001-a", adapter_version=adapter,
        reason="champion 0001-a", by="registry_entry",
    )  # fmt: skip
    asked = promotion(subject=subject(version="1", partition="0001-a", adapter=adapter))
    queue = open_reviews(workshop.home)
    queue.decide(queue.ask(asked).id, "approve", ADA, "read the samples")
    return place


def why(place, what):
    done = forgemind(place, "why", "GOAL", what, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def below(step):
    """All steps under a step, by what they are."""
    found = {}
    for one in step["steps"]:
        found |= {one["what"]: one["facts"]} | below(one)
    return found


def test_a_row_leads_to_its_prompt_and_to_what_was_trained_on_it(place):
    found = why(place, TAUGHT.row_id)
    assert found["facts"]["teacher"] == "paid"
    steps = below(found)
    request = steps[f"request {KEY}"]
    assert (request["teacher"], request["dollars"]) == ("paid", 0.5)
    assert "vulnerable function" in request["prompt"][0]["content"]
    assert steps["dataset 0001"] == {"verdict": "kept"}
    assert steps["report on full"]["passed"] == 22
    assert steps["report on full"]["failed"] == ["c22", "c23"]
    assert steps["version 1"]["trial"] == "0001-a"
    assert below(why(place, GROWN.row_id[:8]))["seed seeds-bank-cwe-89"] == {}


def test_a_rejected_row_names_the_filter_and_was_trained_on_by_nobody(place):
    steps = below(why(place, LOST.row_id))
    assert steps["dataset 0001"] == {"verdict": "rejected by length: too_short"}
    assert not any(what.startswith("adapter") for what in steps)
    assert "not in the ledger" in steps[f"request {'cd' * 32}"]["note"]


@pytest.mark.parametrize("what", ["0001-a", "1", "v1", "0001"])
def test_adapter_version_and_iteration_lead_to_data_cases_and_decisions(place, what):
    found = why(place, what)
    steps = below(found) | {found["what"]: found["facts"]}
    assert steps["dataset 0001"]["sources"] == {
        "seed_expansion of -": "1 of 1",
        "teacher_pairs of paid": "1 of 2",
    }
    assert steps["adapter 0001-a"]["settings"] == {"rank": 2}
    assert steps["report on full"]["of"] == 24
    assert steps["registered"] == {"by": "registry_entry", "why": "champion 0001-a"}
    (review,) = [facts for name, facts in steps.items() if name.startswith("review ")]
    assert review["last"] == "approve by ada: read the samples"


def test_it_is_shown_as_a_tree_without_control_characters(place):
    done = forgemind(place, "why", "GOAL", TAUGHT.row_id)
    assert done.exit_code == 0
    assert done.output.startswith(f"row {TAUGHT.row_id}\n    slice: CWE-89\n")
    assert "\n  dataset 0001\n      verdict: kept\n    adapter 0001-a\n" in done.output
    assert "\x1b" not in done.output


@pytest.mark.parametrize("what", ["0009", "v9", "ffffffff", "..", "", "ab"])
def test_what_is_not_there_names_what_is(place, what):
    done = forgemind(place, "why", "GOAL", what)
    assert done.exit_code == 2
    assert "0001, 0001-a, v1" in done.output


def test_what_the_brain_says_is_told_whole(place):
    store, name = place.workshop.store, place.goal.name
    plan = Plan.model_validate(store.read_json(name, "plan", "0001", "plan.json"))
    long = "More rows for " + ", ".join(f"slice {n}" for n in range(100)) + " to the last word."
    with store.publish(name, "plan", "0002", {}) as folder:
        text = plan.model_copy(update={"iteration": "0002", "hypothesis": long}).model_dump_json()
        (folder / "plan.json").write_text(text)
    assert f"hypothesis: {long}\n" in forgemind(place, "why", "GOAL", "0002").output
