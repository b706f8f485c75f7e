"""A promotion that opens a sealed suite for a real model: SmolLM2 with a LoRA adapter answers."""

from collections import Counter

import polars as pl
import pytest
from fakes.goal_folder import records, write_goal, write_records
from fakes.installation import Installation
from fakes.trials import publish_plan, publish_report, register_by_hand

from forgemind_assets.goal_loading import load_cases, load_goal
from forgemind_assets.home import Home
from forgemind_assets.records import TrainSettings
from resources import promotions
from resources.examiner import examine_subject, subject_of
from resources.openings import ASSET, openings_of
from resources.registrations import open_registrations
from resources.registry import STABLE, Registry
from resources.workshop import Workshop

# Warnings of mlflow are not ours to mend.
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800), pytest.mark.filterwarnings("default")]
GOAL, BASE = "small_goal", "smollm2-135m-instruct"
CASES = 8


@pytest.fixture(scope="module")
def clean():
    """The real base model's folder."""
    return Home.from_environment().models / BASE / "clean"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The small goal on the real base; next to nothing is asked of the gate."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    changes = {
        "limits.base_model": BASE,
        "success.pass_rate": 0.04,
        "success.canary_pass_rate": 0.0,
        "task.max_answer_tokens": 16,
    }
    folder = write_goal(tmp_path / "goal", changes)
    write_records(folder, "sealed", records("sealed")[:CASES])
    models = str(Home.from_environment().models)
    workshop = Workshop(home_root=str(tmp_path / "home"), models_root=models)
    return Installation(load_goal(folder), workshop, None, None)


def add_version(place, clean, trial, passed):
    """Registers small random deltas, with a report of the gate that is of paper."""
    publish_plan(place, trial.split("-")[0])
    store = place.workshop.store
    with store.publish(GOAL, "adapter", trial, {}) as folder:
        write_deltas(clean, folder, seed=passed)
    publish_report(place, "benchmark_report", trial, passed)
    return register_by_hand(place, trial)


def write_deltas(clean, folder, seed):
    """A LoRA adapter whose random deltas hardly change what the base says."""
    import torch

    from forgemind_assets.forge.adapter import attach, export, trainable
    from forgemind_assets.forge.manifest import write_manifest
    from forgemind_assets.forge.weights import load_base

    model, _ = load_base(clean)
    tuned = attach(model, TrainSettings(rank=4, seed=seed))
    for name, weight in trainable(tuned).items():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=1e-3)
    export(tuned, folder, BASE)
    write_manifest(folder, {"kind": "lora", "base_model": BASE})


def promote(place, version):
    return promotions.promote(place.goal, place.workshop, version, reason="to see", by="ada")


def test_the_sealed_suite_is_put_to_a_real_model_and_decides(place, clean):
    fair = add_version(place, clean, "0001-a", passed=1)
    first = promote(place, fair)
    assert first.promote, first.reason
    flattered = add_version(place, clean, "0002-a", passed=24)
    second = promote(place, flattered)

    known, store = open_registrations(place.workshop.home), place.workshop.store
    actions = [(e.action, e.version) for e in known.events(GOAL)]
    assert actions == [
        ("registered", fair), ("sealed_opened", fair), ("sealed_read", fair), ("promoted", fair),
        ("registered", flattered), ("sealed_opened", flattered), ("sealed_read", flattered),
    ]  # fmt: skip
    assert (second.promote, second.held_back) == (False, "sealed")
    assert "significantly less of the sealed suite than of the gate" in second.reason
    assert Registry(place.workshop.home).version_of(GOAL, STABLE).version == fair

    for opening, trial in zip(openings_of(known.events(GOAL)), ("0001-a", "0002-a"), strict=True):
        assert opening.verdict.score.overall.total == CASES
        asked_again = in_the_open(place, trial)
        assert opening.verdict.score.overall == asked_again.report.overall
        folder = store.folder(GOAL, ASSET, trial)
        frame = pl.read_parquet(folder / "cases.parquet")
        assert Counter(frame["answer"]) == {"": CASES}
        assert list(frame["passed"]) == [one.passed for one in asked_again.results]
        assert all(one.answer.strip() for one in asked_again.results), "the model did speak"
        text = (folder / "report.json").read_text() + str(frame.rows())
        assert not any(case.id in text for case in load_cases(place.goal, "sealed"))
        assert list((place.workshop.home.work / GOAL / trial).glob("sealed-*")) == []


def in_the_open(place, trial):
    """The same model's answers to the same cases, asked as if they were any suite."""
    subject = subject_of(place.goal, place.workshop, trial)
    cases = load_cases(place.goal, "sealed")
    return examine_subject(place.goal, place.workshop, subject, "copy", cases, stage="copy")
