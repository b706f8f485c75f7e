"""Hashes of suites, graders and weights: a change is seen, and a big file is read once."""

import json
import os
import shutil

import dagster as dg
import pytest
from fakes.goal_folder import set_path
from fakes.installation import forgemind, install
from fakes.meddler import meddling
from fakes.trials import conclude, publish_plan, publish_trial

from forgemind_assets.brain.decide import decide
from forgemind_assets.cli.headless import execute, failures
from forgemind_assets.trial_grounds.report import Rate, Report
from resources.alert_watch import watch
from resources.history import read_state
from resources.reviews import open_reviews
from resources.runs import runs_for
from resources.tripwires import IMPOSSIBLE, folder_digest, kept_seals, seals

pytestmark = pytest.mark.filterwarnings("default")  # warnings of mlflow are not ours to mend


@pytest.fixture
def place(tmp_path, monkeypatch):
    with dg.instance_for_test() as instance:
        yield install(tmp_path, instance, monkeypatch)


def test_a_suite_that_changes_under_way_is_named(place):
    before = seals(place.goal, place.workshop)
    assert set(before) == {
        "suite dev", "suite full", "suite adversarial", "suite sealed", "graders", "base weights",
    }  # fmt: skip
    assert kept_seals(place.goal, place.workshop, before)["changed_seals"] == []
    path = set_path(place.goal.folder, "adversarial")
    path.write_text(path.read_text() + "\n")
    assert kept_seals(place.goal, place.workshop, before)["changed_seals"] == ["suite adversarial"]
    path.unlink()
    assert seals(place.goal, place.workshop)["suite adversarial"] == "missing"


def test_weights_that_change_keep_neither_hash_nor_place_in_the_cache(place, tmp_path):
    before = seals(place.goal, place.workshop)
    file = tmp_path / "tiny" / "model.safetensors"
    stat, data = file.stat(), bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # as a careful hand would
    assert file.stat().st_mtime_ns == stat.st_mtime_ns
    assert kept_seals(place.goal, place.workshop, before)["changed_seals"] == ["base weights"]


def test_weights_are_read_once_as_long_as_they_are_the_same_file(place, tmp_path):
    home, folder = place.workshop.home, tmp_path / "tiny"
    digest = folder_digest(home, folder)
    known = json.loads((home.run / "weights.json").read_text())
    # what stands in the cache is what counts while the file's identity is the same
    name = str(folder / "model.safetensors")
    known[name]["sha256"] = "0" * 64
    (home.run / "weights.json").write_text(json.dumps(known))
    assert folder_digest(home, folder) != digest
    os.utime(folder / "model.safetensors")
    assert folder_digest(home, folder) == digest


@pytest.mark.slow
@pytest.mark.parametrize(("passed", "asked"), [(2, 0), (12, 1)])
def test_people_are_asked_about_a_version_that_solves_the_impossible(place, passed, asked):
    publish_plan(place, "0001")
    publish_trial(place, "0001-a", passed=12)
    store = place.workshop.store
    before = store.folder("small_goal", "benchmark_report", "0001-a")
    report = Report(
        goal="small_goal", suite="impossible", suite_hash="h", model="m", model_hash="h",
        prompt_variant="short", overall=Rate(passed=passed, total=12), interval=(0, 1), slices={},
    )  # fmt: skip
    with store.publish("small_goal", "benchmark_report", "0001-a", {"seconds": 1.0}) as folder:
        shutil.copytree(before, folder, dirs_exist_ok=True)
        (folder / IMPOSSIBLE).write_text(report.model_dump_json())
    for _ in range(2):
        conclude(place, "0001")
    reviews = open_reviews(place.workshop.home).state("small_goal")
    assert len(reviews) == asked
    for review in reviews:
        assert review.question.kind == "too_good_to_be_true"
        assert "12 of 12 impossible cases passed" in review.question.reason


def add_line(path):
    """As somebody might who has the file open."""
    with path.open("a") as stream:
        stream.write("\n")


def next_run(place):
    """Carries out the first run that the Brain decides on."""
    decision = decide(place.goal.spec, read_state(place.goal, place.instance, place.workshop))
    return execute(place.definitions, place.instance, runs_for("small_goal", decision)[0])


@pytest.mark.slow
def test_a_run_is_stopped_where_a_suite_changes_while_it_is_examined(place):
    """The gate gets another line when the first answer is noted, between the two hashes."""
    suite, store = set_path(place.goal.folder, "full"), place.workshop.store
    assert next_run(place).success
    with meddling(lambda path: "answers-" in path, lambda: add_line(suite)):
        result = next_run(place)
    assert not result.success
    (message,) = failures(result)
    assert message.startswith(
        "check seals_hold of canary_report: suite full changed while this step ran: find out"
    )
    assert store.exists("small_goal", "canary_report", "0000-a")
    assert store.partitions("small_goal", "benchmark_report") == []
    watch([place.goal], place.instance, place.workshop.home)
    inbox = forgemind(place, "inbox").stdout
    assert "Check seals_hold of canary_report failed" in inbox
    assert "suite full changed while this step ran: find out who changed it" in inbox
    again = next_run(place)
    assert not again.success, "another attempt does not take the changed suite for the true one"
    (message,) = failures(again)
    assert message.startswith("check seals_hold of adapter: suite full ")
    assert store.partitions("small_goal", "benchmark_report") == []


@pytest.mark.slow
def test_a_run_is_stopped_whose_base_weights_were_swapped_since_the_baselines(place, tmp_path):
    for _ in range(5):  # the plan, two baselines, their conclusion; then the first data
        assert next_run(place).success
    file = tmp_path / "tiny" / "model.safetensors"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    before = place.workshop.store.partitions("small_goal", "benchmark_report")
    (message,) = failures(next_run(place))
    assert message.startswith("check seals_hold of adapter: base weights are not those")
    assert place.workshop.store.partitions("small_goal", "benchmark_report") == before
