"""A person's wish ends the loop under either driver, and what was under way is not lost."""

import json
from collections import Counter

import dagster as dg
import pytest
from fakes.installation import forgemind
from fakes.meddler import meddling
from fakes.paper_trials import install_paper

from forgemind_assets.cli.headless import drive
from resources.outcome import read_outcome
from resources.run_tags import GOAL_TAG
from resources.stop_reports import read_stop_report
from resources.stop_wishes import StopWishes
from sensors.brain import tick

pytestmark = pytest.mark.slow
WORD = "a person asked: ada (flag): the suite needs more families"
STOP = ("stop", "GOAL", "--reason", "the suite needs more families", "--reviewer", "ada")


@pytest.fixture
def place(tmp_path, monkeypatch):
    with dg.instance_for_test() as instance:
        yield install_paper(tmp_path, instance, monkeypatch, trials=1, iterations=1)


def headless(place):
    return drive(place.goal, place.definitions, place.instance, place.workshop)


def runs_made(place):
    runs = place.instance.get_runs(dg.RunsFilter(tags={GOAL_TAG: "small_goal"}))
    return Counter(run.tags["dagster/run_key"] for run in runs)


def test_what_is_under_way_is_finished_and_the_next_trial_is_not_begun(place):
    """The wish comes while the first of two baselines is tested."""
    store = place.workshop.store

    def first_report(path):
        return "adversarial_report" in path and "0000-a" in path

    with meddling(first_report, lambda: forgemind(place, *STOP)):
        stop = headless(place)
    assert (stop.reason, stop.kind, stop.goal_met) == (WORD, "person", False)
    assert store.partitions("small_goal", "adversarial_report") == ["0000-a"]
    assert store.partitions("small_goal", "canary_report") == ["0000-a"]
    report = read_stop_report(store, "small_goal")
    assert (report.kind, report.reason) == ("person", WORD)
    assert "the suite needs more families" in forgemind(place, "report", "GOAL").stdout
    assert headless(place) == stop, "the wish stands until somebody takes it back"

    assert forgemind(place, "stop", "GOAL", "--withdraw").exit_code == 0
    assert read_outcome(place.workshop.home, "small_goal") is None
    assert headless(place).kind == "limit"
    assert set(runs_made(place).values()) == {1}
    assert store.partitions("small_goal", "champion") == ["0000", "0001"]


def test_the_daemons_tick_obeys_a_wish_made_elsewhere(place):
    assert tick(place.goal, place.instance, place.workshop).run_requests
    done = forgemind(place, *STOP, "--json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)["stop_requested"]
    assert (said["by"]["name"], said["reason"]) == ("ada", "the suite needs more families")
    for _ in range(2):
        result = tick(place.goal, place.instance, place.workshop)
        assert not result.run_requests
        assert result.skip_reason.skip_message == WORD
    assert read_stop_report(place.workshop.store, "small_goal").kind == "person"
    assert "asked to stop by ada" in forgemind(place, "status", "GOAL").stdout
    told = json.loads(forgemind(place, "stop", "GOAL", "--withdraw", "--json").stdout)
    assert told == {"goal": "small_goal", "stop_requested": None}
    assert StopWishes(place.workshop.home).wished("small_goal") is None
    assert tick(place.goal, place.instance, place.workshop).run_requests
    assert "nobody has asked" in forgemind(place, "stop", "GOAL", "--withdraw").stdout


def test_a_wish_about_no_goal_is_refused(place):
    done = forgemind(place, "stop", "smal_goal")
    assert done.exit_code == 2
    assert "expected a goal.yaml" in done.output
