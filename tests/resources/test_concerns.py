"""People are asked once about what an iteration's artefacts give reason to ask."""

import json

import pytest
from fakes.datasets import publish_raw
from fakes.reviews import ADA

from forgemind_assets.errors import EmptyStage
from forgemind_assets.foundry.tables import read_rows, write_rows
from forgemind_assets.goal_terms import origins_of
from forgemind_assets.records import Row
from forgemind_assets.warden.policy import LayerPolicy, Policy
from forgemind_assets.warden.scan_report import LayerSummary
from forgemind_assets.warden.screening import write_stages
from forgemind_assets.warden.terms import stated
from resources.concerns import ask_about_iteration
from resources.data_room import make_filtered
from resources.reviews import open_reviews

PASSWORD = "Kiosk!Lamp44"
DOUBTFUL = f'def link(db):\n    return db.connect(host="kiosk", password="{PASSWORD}")\n'


def with_row(workshop, goal, code):
    """One more row in the raw dataset."""
    folder = workshop.store.folder(goal.name, "raw_dataset", "0001")
    rows = read_rows(folder / "rows.parquet")
    expected = {"cwe": "none", "line": None, "fix": None}
    made = Row.make(family="k", slice="safe/CWE-89", input=code, expected=expected, strategy="s")
    rows += stated([made], origins_of(goal.spec))
    meta = workshop.store.manifest(goal.name, "raw_dataset", "0001").meta
    with workshop.store.publish(goal.name, "raw_dataset", "0001", meta) as place:
        write_rows(rows, place / "rows.parquet")


def with_policy(goal, **policy):
    spec = goal.spec.model_copy(update={"policy": Policy.model_validate(policy)})
    return goal.model_copy(update={"spec": spec})


def asked(goal, workshop):
    return open_reviews(workshop.home).state(goal.name)


def test_rows_in_quarantine_are_asked_about_once_and_without_their_text(tmp_path):
    goal, workshop = publish_raw(tmp_path)
    with_row(workshop, goal, DOUBTFUL)
    make_filtered(goal, workshop, "0001")
    (review,) = asked(goal, workshop)
    version = workshop.store.manifest(goal.name, "filtered_dataset", "0001").version
    assert review.question.kind == "quarantined_rows"
    assert (review.question.subject.partition, review.question.subject.version) == (
        "0001",
        version,
    )
    assert review.question.evidence["path"].endswith("rejected.parquet")
    assert len(review.question.evidence["rows"]) == 1
    assert PASSWORD not in json.dumps(review.model_dump())

    open_reviews(workshop.home).decide(review.id, "approve", ADA, "an invented password")
    make_filtered(goal, workshop, "0001")
    ask_about_iteration(goal, workshop, "0001")
    assert [one.status for one in asked(goal, workshop)] == ["approved"]


def test_nobody_is_asked_about_clean_rows_or_where_the_policy_does_not_ask(tmp_path):
    goal, workshop = publish_raw(tmp_path)
    make_filtered(goal, workshop, "0001")
    assert asked(goal, workshop) == []
    with_row(workshop, goal, DOUBTFUL)
    make_filtered(with_policy(goal, approval={"quarantine": False}), workshop, "0001")
    assert asked(goal, workshop) == []


def test_an_optional_layer_that_did_not_run_is_asked_about_once(tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    goal, workshop = publish_raw(tmp_path)
    layer = LayerPolicy(training_rows="optional", quarantine_at=0.5)
    goal = with_policy(goal, layers={"openai_moderation": layer})
    make_filtered(goal, workshop, "0001")
    ask_about_iteration(goal, workshop, "0001")
    (review,) = asked(goal, workshop)
    assert review.question.kind == "layer_not_run"
    assert "openai_moderation (optional) at training_rows" in review.question.reason


def test_a_required_layer_that_held_every_row_back_is_asked_about(tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    goal, workshop = publish_raw(tmp_path)
    layer = LayerPolicy(training_rows="required", quarantine_at=0.5)
    goal = with_policy(goal, layers={"openai_moderation": layer})
    for _ in range(2):
        with pytest.raises(EmptyStage):
            make_filtered(goal, workshop, "0001")
    (review,) = asked(goal, workshop)
    assert review.question.kind == "layer_not_run"


def test_what_a_crash_lost_between_publishing_and_asking_is_asked_with_the_conclusion(tmp_path):
    goal, workshop = publish_raw(tmp_path)
    silent = LayerSummary("detoxify", "1", "optional", 4, 0, {"model_missing": 4})
    ran = LayerSummary("secrets", "1", "required", 4, 4)
    for trial in ("0001-a", "0002-a"):
        with workshop.store.publish(goal.name, "adapter", trial, {}) as place:
            (place / "weights").write_text(trial)
        with workshop.store.publish(goal.name, "benchmark_report", trial, {}) as place:
            write_stages(place, {"model_outputs": (silent, ran)})
    assert asked(goal, workshop) == []
    for _ in range(2):
        ask_about_iteration(goal, workshop, "0001")
    (review,) = asked(goal, workshop)
    assert review.question.subject.partition == "0001-a"
    adapter = workshop.store.manifest(goal.name, "adapter", "0001-a").version
    assert review.question.subject.version == adapter
