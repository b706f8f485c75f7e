"""Both drivers on a tiny real model: same history, nothing twice, nothing lost."""

import dagster as dg
import pytest
from fakes.installation import install
from fakes.sensor_loop import sensor_loop

from forgemind_assets.brain.decide import Stop
from forgemind_assets.cli.headless import drive
from resources.history import read_state
from resources.registry import Registry
from resources.run_tags import GOAL_TAG, INTERRUPTED_TAG
from sensors.brain import tick

# Warnings of mlflow and great_expectations are not ours to mend.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]


@pytest.fixture
def instance(tmp_path):
    with dg.instance_for_test(temp_dir=str(tmp_path / "dagster_home_parent")) as instance:
        yield instance


def history(place):
    """What a run leaves behind, without times and ids."""
    runs = place.instance.get_runs(dg.RunsFilter(tags={GOAL_TAG: place.goal.name}))
    return {
        "runs": [
            (
                run.job_name,
                run.status,
                run.tags["dagster/run_key"],
                run.tags["dagster/partition"],
                sorted((k, v) for k, v in run.tags.items() if k.startswith("forgemind/")),
                run.run_config,
            )
            for run in reversed(runs)
        ],
        "partitions": {
            asset.name: place.workshop.store.partitions(place.goal.name, asset.name)
            for asset in (place.workshop.store.root / place.goal.name).iterdir()
        },
        "iterations": place.instance.get_dynamic_partitions("small_goal__iteration"),
        "trials": place.instance.get_dynamic_partitions("small_goal__trial"),
        "versions": {
            partition: place.workshop.store.manifest(
                place.goal.name, "filtered_dataset", partition
            ).version
            for partition in place.workshop.store.partitions(place.goal.name, "filtered_dataset")
        },
    }


def test_both_drivers_leave_the_same_history(tmp_path, monkeypatch):
    with dg.instance_for_test() as instance:
        place = install(tmp_path / "a", instance, monkeypatch)
        stop = drive(place.goal, place.definitions, instance, place.workshop)
        headless = history(place)
    with dg.instance_for_test() as instance:
        place = install(tmp_path / "b", instance, monkeypatch)
        reason = sensor_loop(place)
        sensed = history(place)
    assert headless == sensed
    assert isinstance(stop, Stop)
    assert stop.reason == reason
    assert "2 of 2 iterations" in stop.reason
    assert headless["iterations"] == ["0000", "0001", "0002"]
    assert headless["trials"] == ["0000-a", "0000-b", "0001-a", "0002-a"]
    assert all(status == dg.DagsterRunStatus.SUCCESS for _, status, *_ in headless["runs"])


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """A loop that ended, and its first run: one that began and was killed before the loop."""
    folder = tmp_path_factory.mktemp("ended")
    with pytest.MonkeyPatch.context() as environment, dg.instance_for_test() as instance:
        place = install(folder, instance, environment, {"limits.max_iterations": 1})
        first = tick(place.goal, instance, place.workshop).run_requests[0]
        job = place.definitions.resolve_job_def(first.job_name)
        dead = instance.create_run_for_job(
            job, tags=first.tags | {"dagster/run_key": first.run_key}, run_config=first.run_config
        )
        assert not tick(place.goal, instance, place.workshop).run_requests, "it is waited for"
        drive(place.goal, place.definitions, instance, place.workshop)
        yield place, dead


def test_a_run_that_was_killed_is_closed_and_tried_again_once(ended):
    place, dead = ended
    closed = place.instance.get_run_by_id(dead.run_id)
    assert closed.status == dg.DagsterRunStatus.FAILURE
    assert INTERRUPTED_TAG in closed.tags
    prepared = place.instance.get_runs(
        dg.RunsFilter(tags={"forgemind/phase": "prepare", "forgemind/iteration": "0000"})
    )
    assert [run.tags["forgemind/attempt"] for run in prepared] == ["2", "1"]


def test_the_champion_is_registered_once_however_often_it_is_concluded(ended):
    place, _ = ended
    client = Registry(place.workshop.home).client()
    before = client.search_model_versions("name = 'small_goal'")
    job = place.definitions.resolve_job_def("small_goal__conclude")
    job.execute_in_process(instance=place.instance, partition_key="0001")
    assert client.search_model_versions("name = 'small_goal'") == before


def test_any_asset_of_any_partition_can_be_made_by_hand(tmp_path, monkeypatch):
    with dg.instance_for_test() as instance:
        place = install(tmp_path, instance, monkeypatch, {"limits.max_iterations": 1})
        instance.add_dynamic_partitions("small_goal__iteration", ["0000"])
        job = place.definitions.resolve_job_def("small_goal__prepare")
        made = job.execute_in_process(
            instance=instance,
            partition_key="0000",
            asset_selection=[dg.AssetKey(["small_goal", "plan"])],
        )
        assert made.success
        assert place.workshop.store.exists("small_goal", "plan", "0000")
        state = read_state(place.goal, instance, place.workshop)
        assert state.iterations == ()
