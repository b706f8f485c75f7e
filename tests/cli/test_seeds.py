"""`forgemind seeds` on the tiny model: real trainings, real answers on dev, nothing on the gate."""

import json

import dagster as dg
import pytest
from fakes.installation import forgemind, install
from fakes.trials import publish_plan, train_trial

from forgemind_assets.forge.assets import make_adapter
from forgemind_assets.forge.manifest import read_manifest
from forgemind_assets.goal_loading import load_cases
from forgemind_assets.trial_grounds.assets import fast_tier
from resources.training_seeds import ASSET

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]
GOAL = "small_goal"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A baseline and a trained trial, both put to dev."""
    with dg.instance_for_test() as instance:
        place = install(tmp_path, instance, monkeypatch)
        publish_plan(place, "0000")
        with place.workshop.store.publish(GOAL, "adapter", "0000-a", {}) as folder:
            make_adapter(place.goal, place.workshop, "0000-a", folder)
        publish_plan(place, "0001")
        train_trial(place, "0001-a", 20)
        for trial in ("0000-a", "0001-a"):
            fast_tier(place.goal, place.workshop, trial, load_cases(place.goal, "dev"))
        yield place


def test_each_seed_is_trained_once_as_long_as_the_first_and_put_to_dev(place):
    ask = ("seeds", "GOAL", "0001-a", "--against", "0000-a", "--seeds", "2", "--json")
    done = forgemind(place, *ask)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert len(found["seeds"]) == len(found["rates"]) == 2
    assert found["own_seed"] not in found["seeds"]
    assert found["cases"] == len(load_cases(place.goal, "dev"))
    store, work = place.workshop.store, place.workshop.home.work / GOAL / "seeds"
    first = read_manifest(store.folder(GOAL, "adapter", "0001-a"))
    adapters = sorted(work.glob("*/adapter"))
    assert len(adapters) == 2
    for folder in adapters:
        again = read_manifest(folder)
        assert again["steps"] == first["steps"]
        assert again["settings"] == first["settings"] | {"seed": again["settings"]["seed"]}
    assert {read_manifest(one)["settings"]["seed"] for one in adapters} == set(found["seeds"])
    assert store.partitions(GOAL, ASSET) == ["0001-a"]
    written = [(one / "adapter_model.safetensors").stat().st_mtime_ns for one in adapters]

    told = forgemind(place, *ask[:-1])
    assert "trained with 2 fresh seeds" in told.output
    assert written == [
        (one / "adapter_model.safetensors").stat().st_mtime_ns for one in adapters
    ], "what was trained is not trained again"


def test_what_has_no_seed_or_no_result_is_refused(place):
    baseline = forgemind(place, "seeds", "GOAL", "0000-a", "--against", "0001-a")
    assert baseline.exit_code != 0
    assert "is a baseline: nothing was trained" in baseline.output
    missing = forgemind(place, "seeds", "GOAL", "0009-a", "--against", "0000-a")
    assert missing.exit_code != 0
    assert "expected a trial with a result on all of dev, found '0009-a'" in missing.output
    assert "0000-a, 0001-a" in missing.output
