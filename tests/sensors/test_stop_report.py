"""The end of a loop leaves a report: published once, shown in Dagster and on the command line."""

import json

import dagster as dg
import pytest
from fakes.installation import forgemind
from fakes.paper_trials import install_paper
from fakes.sensor_loop import sensor_loop

from forgemind_assets.brain.stop_report import StopReport
from forgemind_assets.cli.headless import drive
from forgemind_assets.home import Home
from resources.instance import open_instance
from resources.outcome import read_outcome
from resources.stop_reports import ASSET, read_stop_report
from sensors.brain import tick

pytestmark = pytest.mark.slow
CHAMPION = dg.AssetKey(["small_goal", "champion"])


@pytest.fixture
def instance(tmp_path, monkeypatch):
    """That of the home itself, which the command line opens too."""
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home" / "dagster"))
    home = Home(root=tmp_path / "home", models=tmp_path / "models")
    with open_instance(home) as instance:
        yield instance


def observations(instance):
    return instance.fetch_observations(CHAMPION, limit=50).records


def test_a_loop_that_a_limit_ended_leaves_its_report_once(tmp_path, instance, monkeypatch):
    place = install_paper(tmp_path, instance, monkeypatch, trials=1, iterations=2)
    stop = drive(place.goal, place.definitions, instance, place.workshop)
    assert stop.kind == "limit"
    assert read_outcome(place.workshop.home, "small_goal") == stop
    found = read_stop_report(place.workshop.store, "small_goal")
    assert (found.kind, found.reason, found.goal_met) == ("limit", stop.reason, False)
    assert (found.iteration, found.binds) == ("0002", "limits.max_iterations")
    assert (found.best.trial, found.best.passed, found.best.total) == ("0002-a", 16, 40)
    assert [gap.slice for gap in found.slices] == ["CWE-89"]
    (record,) = observations(instance)
    metadata = record.asset_observation.metadata
    assert metadata["best_trial"].value == "0002-a"
    assert "What a person could change" in metadata["stop_report"].value
    assert drive(place.goal, place.definitions, instance, place.workshop) == stop
    assert len(observations(instance)) == 1, "the same end is told once"
    assert place.workshop.store.partitions("small_goal", ASSET) == ["0002"]

    done = forgemind(place, "report", "GOAL", "--json")
    assert StopReport.model_validate(json.loads(done.stdout)) == found
    told = forgemind(place, "report", "GOAL").stdout
    assert "Best: 0002-a with 40.0% (16 of 40)" in told
    assert "limits.max_iterations 2 of 2 used, 0 iterations left" in told
    assert "forgemind report" in forgemind(place, "status", "GOAL").stdout


def test_the_sensor_leaves_the_same_report_and_ticks_on_without_another(
    tmp_path, instance, monkeypatch
):
    place = install_paper(tmp_path, instance, monkeypatch, trials=1, iterations=1)
    reason = sensor_loop(place)
    for _ in range(3):
        assert tick(place.goal, instance, place.workshop).skip_reason.skip_message == reason
    found = read_stop_report(place.workshop.store, "small_goal")
    assert (found.kind, found.reason) == ("limit", reason)
    assert len(observations(instance)) == 1


def test_before_its_end_a_goal_is_reported_as_it_stands(tmp_path, instance, monkeypatch):
    place = install_paper(tmp_path, instance, monkeypatch, trials=1, iterations=1)
    done = forgemind(place, "report", "GOAL")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("The loop has not ended.")
    assert read_stop_report(place.workshop.store, "small_goal") is None
