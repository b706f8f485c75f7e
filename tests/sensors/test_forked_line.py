"""A forked line, driven on a tiny real model: it trains on from what it inherited."""

import pytest
from fakes.forks import contents
from fakes.installation import forgemind, install

from forgemind_assets.cli.headless import drive
from forgemind_assets.factory import build_definitions
from forgemind_assets.forge.manifest import read_manifest
from forgemind_assets.goal_loading import load_goal
from forgemind_assets.home import Home
from resources.history import champion_of
from resources.instance import open_instance

# Warnings of mlflow and great_expectations are not ours to mend.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]


def test_it_goes_on_from_the_inherited_leader_and_leaves_the_original_alone(tmp_path, monkeypatch):
    home = Home(tmp_path / "home", tmp_path / "models")
    monkeypatch.setenv("DAGSTER_HOME", str(home.dagster))
    with open_instance(home) as instance:
        place = install(tmp_path, instance, monkeypatch, {"limits.max_iterations": 1})
        drive(place.goal, place.definitions, instance, place.workshop)
        store = place.workshop.store
        before = contents(store.root / "small_goal")
        done = forgemind(
            place, "fork", "GOAL", "--from", "1", "--set", "search.learning_rate=0.0123",
            "--set", "limits.max_iterations=2", "--name", "other",
        )  # fmt: skip
        assert done.exit_code == 0, done.output
        line = load_goal(place.goal.folder / "goal.other.yaml")
        drive(line, build_definitions([line], place.workshop), instance, place.workshop)

        assert contents(store.root / "small_goal") == before
        assert store.partitions("other", "plan") == ["0000", "0001", "0002"]
        assert store.partitions("other", "adapter") == ["0000-a", "0000-b", "0001-a", "0002-a"]
        settings = read_manifest(store.folder("other", "adapter", "0002-a"))["settings"]
        assert settings["learning_rate"] == 0.0123
        leader = champion_of(store, "small_goal", "0001").leader
        assert settings["start_from"] == ("base" if leader.startswith("0000") else leader)
        assert (
            champion_of(store, "other", "0002").hours_used
            > champion_of(store, "small_goal", "0001").hours_used
        )
        runs = [run.tags["forgemind/iteration"] for run in instance.get_runs()
                if run.tags.get("forgemind/goal") == "other"]  # fmt: skip
        assert set(runs) == {"0002"}, "nothing that was inherited is run again"
