"""A registered version of the tiny model is rebuilt from its manifest, bit by bit."""

import json
import os
import shutil
import subprocess
import sys

import dagster as dg
import pytest
from fakes.installation import install
from fakes.trials import conclude, publish_plan, publish_trial, train_trial
from typer.testing import CliRunner

from forgemind_assets.cli.main import app
from forgemind_assets.errors import AlteredArtefact
from forgemind_assets.forge import hardware
from forgemind_assets.forge.manifest import read_manifest
from forgemind_assets.home import REPOSITORY
from forgemind_assets.lorekeeper.reproduction import differing_inputs, differing_machine
from forgemind_assets.records import Plan
from resources.reproduction import first_tensor, reproduce

# Warnings of mlflow and great_expectations are not ours to mend.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("built")
    with pytest.MonkeyPatch.context() as environment, dg.instance_for_test() as instance:
        place = install(folder, instance, environment)
        publish_plan(place, "0000")
        publish_trial(place, "0000-a", 2)
        conclude(place, "0000")
        publish_plan(place, "0001")
        train_trial(place, "0001-a", 20)
        conclude(place, "0001")
    return folder


@pytest.fixture
def place(built, tmp_path, monkeypatch):
    shutil.copytree(built, tmp_path / "copy", symlinks=True)
    with dg.instance_for_test() as instance:
        yield install(tmp_path / "copy", instance, monkeypatch)


def manifest_of(place):
    return read_manifest(place.workshop.store.folder("small_goal", "adapter", "0001-a"))


def replan(place, **changes):
    """Publishes the iteration's plan with other training settings."""
    store = place.workshop.store
    text = store.read_json("small_goal", "plan", "0001", "plan.json")
    plan = Plan.model_validate(text)
    trial = plan.trials[0]
    training = trial.training.model_copy(update=changes)
    plan = plan.model_copy(update={"trials": (trial.model_copy(update={"training": training}),)})
    with store.publish("small_goal", "plan", "0001", {}) as folder:
        (folder / "plan.json").write_text(plan.model_dump_json())


def test_the_same_machine_gives_the_same_hash_and_says_in_which_precision(place, tmp_path):
    arguments = ["reproduce", str(place.goal.folder), "1", "--work", str(tmp_path / "w"), "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "forgemind_assets.cli.main", *arguments],
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONHASHSEED": "7", "OMP_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    said, original = json.loads(done.stdout), manifest_of(place)
    assert said["same"]
    assert said["found"] == said["expected"] == original["adapter_sha256"]
    assert (said["precision"], said["engine"]) == (original["precision"], original["engine"])
    assert said["threads"] == original["threads"] >= 1
    assert said["differences"] == said["not_recorded"] == []
    rebuilt = tmp_path / "w" / "reproduce-small_goal-1" / "adapter" / "adapter_model.safetensors"
    assert rebuilt.is_file()
    before = hardware.threads()
    assert reproduce(place.goal, place.workshop, "1").same, "a second time, from nothing again"
    assert hardware.threads() == before


def test_a_changed_setting_is_named_and_nothing_is_trained(place):
    replan(place, learning_rate=0.123)
    outcome = reproduce(place.goal, place.workshop, "1")
    assert (outcome.same, outcome.found) == (False, None)
    first = outcome.differences[0]
    assert (first.what, first.found) == ("settings.learning_rate", "0.123")
    done = CliRunner().invoke(app, ["reproduce", str(place.goal.folder), "1"])
    assert done.exit_code == 1
    assert "settings.learning_rate: expected 0.001, found 0.123" in done.output.replace("\n", " ")
    assert manifest_of(place)["precision"] in done.output


def test_changed_seeds_prompts_or_rows_are_named(place):
    prompt = place.goal.folder / "prompts" / "task" / "short.yaml"
    prompt.write_text("{system: Look closely., user: '{{input}}'}")
    assert differences(place)[0] == "provenance.rows_sha256"


def differences(place):
    return [d.what for d in reproduce(place.goal, place.workshop, "1").differences]


def test_another_base_model_is_named_first(place):
    config = place.workshop.models.clean("tiny") / "generation_config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"top_k": 7}))
    assert differences(place)[0] == "base.sha256"


def test_an_altered_dataset_is_refused(place):
    folder = place.workshop.store.folder("small_goal", "filtered_dataset", "0001")
    with (folder / "kept.parquet").open("ab") as stream:
        stream.write(b"x")
    with pytest.raises(AlteredArtefact, match=r"kept\.parquet"):
        reproduce(place.goal, place.workshop, "1")


def test_a_run_that_the_clock_shortened_is_rebuilt_with_its_own_plan(place, tmp_path):
    """The plan of steps comes from the manifest, so a slower or faster day changes nothing."""
    from forgemind_assets.forge.training import Replay, tensors_hash, train
    from resources.training_room import planned_trial, training_inputs

    plan, chosen = planned_trial(place.goal, place.workshop, "0001-a")
    settings = chosen.training.model_copy(update={"epochs": 4.0, "precision": "fp32"})
    inputs = training_inputs(place.goal, place.workshop, "0001-a", plan, settings, "short")

    def run(name, replay, **limits):
        result = train(
            inputs.rows,
            settings.model_copy(update=limits),
            inputs.base,
            tmp_path / name / "out",
            tmp_path / name / "work",
            kin=inputs.kin,
            replay=replay,
        )
        return tensors_hash(result.adapter), result

    shortened = Replay(totals={4: 10, 8: 9}, steps=9)
    first, result = run("one", shortened)
    assert (result.steps, result.stopped) == (9, "max_seconds")
    again, _ = run("two", shortened, max_seconds=1e-9)
    other, _ = run("three", Replay(totals={4: 12}, steps=9))
    assert first == again != other


def test_the_order_of_differences_and_the_machine_that_is_named():
    original = {
        "base": {"sha256": "a"},
        "settings": {"rank": 2},
        "packages": {"torch": "1", "peft": "2"},
        "hardware": {"processor": "x", "memory_gib": 1.0},
        "threads": 2,
    }
    now = {
        "base": {"sha256": "b"},
        "settings": {"rank": 4},
        "packages": {"torch": "1", "peft": "3"},
        "hardware": {"processor": "y", "memory_gib": 2.0},
        "threads": 4,
    }
    assert [d.what for d in differing_inputs(original, now)] == ["base.sha256", "settings.rank"]
    machine = differing_machine(original, now)
    assert [d.what for d in machine] == ["packages.peft", "hardware.processor", "threads"]
    assert machine[-1].sentence == "threads: expected 2, found 4"
    assert differing_inputs(original, original) == differing_machine(original, original) == []


def test_the_first_tensor_that_differs_is_named(place, tmp_path):
    from safetensors.torch import load_file, save_file

    folder = place.workshop.store.folder("small_goal", "adapter", "0001-a")
    tensors = load_file(folder / "adapter_model.safetensors")
    names = sorted(tensors)
    for name in names[3:]:
        tensors[name] = tensors[name] + 0.5
    save_file(tensors, tmp_path / "adapter_model.safetensors")
    (found,) = first_tensor(folder, tmp_path)
    assert found.what == names[3]
    assert found.found == "up to 0.5 off"
    assert first_tensor(folder, folder) == []
