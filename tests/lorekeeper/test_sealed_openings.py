"""The sealed suite is opened by promotions only: recorded first, counted, resumed, not repeated."""

import json
import shutil

import dagster as dg
import polars as pl
import pytest
from fakes.goal_folder import records, set_path, write_goal
from fakes.installation import forgemind, install
from fakes.trials import (
    answer_sealed,
    conclude,
    publish_plan,
    publish_trial,
    register_by_hand,
)

from forgemind_assets.brain.state import Score
from forgemind_assets.errors import PromotionRefused
from forgemind_assets.goal_loading import load_goal
from forgemind_assets.trial_grounds.report import Rate
from resources import promotions
from resources.history import read_consent
from resources.openings import ASSET, openings_of, sealed_facts
from resources.registrations import Word, open_registrations
from resources.registry import STABLE, Registry, Version
from resources.sealed import OpeningsSpent, SealedSuite

# Warnings of mlflow are not ours to mend.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]
GOAL = "small_goal"
TWICE = {"limits.sealed_openings": 2}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Version 1 is stable; version 2 is better on the gate and fails every sealed case."""
    folder = tmp_path_factory.mktemp("built")
    with pytest.MonkeyPatch.context() as environment, dg.instance_for_test() as instance:
        place = install(folder, instance, environment, TWICE)
        for key, passed, wrong in (("0000", 2, 0), ("0001", 18, 0), ("0002", 24, 12)):
            publish_plan(place, key)
            publish_trial(place, f"{key}-a", passed, wrong_on_sealed=wrong)
            conclude(place, key)
    return folder


@pytest.fixture
def place(built, tmp_path, monkeypatch):
    """A copy of it that a test may use up."""
    shutil.copytree(built, tmp_path / "copy", symlinks=True)
    with dg.instance_for_test() as instance:
        yield install(tmp_path / "copy", instance, monkeypatch, TWICE)


def events(place):
    return open_registrations(place.workshop.home).events(GOAL)


def promote(place, version):
    return promotions.promote(place.goal, place.workshop, version, reason="asked again", by="ada")


def stable(place):
    return Registry(place.workshop.home).version_of(GOAL, STABLE).version


def with_version_3(place):
    """A third version, registered without becoming champion."""
    publish_plan(place, "0003")
    publish_trial(place, "0003-a", 23)
    return register_by_hand(place, "0003-a")


def test_an_opening_is_recorded_before_its_result_and_both_before_the_move(place):
    found = [(e.action, e.version) for e in events(place) if e.action != "gate_looked"]
    assert found == [
        ("registered", "1"), ("sealed_opened", "1"), ("sealed_read", "1"), ("promoted", "1"),
        ("registered", "2"), ("sealed_opened", "2"), ("sealed_read", "2"),
    ]  # fmt: skip
    first, second = openings_of(events(place))
    assert first.event.by.startswith("registry_entry, run ")
    assert (first.verdict.score.overall.passed, first.verdict.score.overall.total) == (12, 12)
    assert (second.verdict.holds, second.verdict.against) == (False, "1")
    assert second.verdict.stable_score.overall.passed == 12


def test_a_version_that_fails_on_sealed_is_refused_and_the_brain_is_told_totals(place):
    entry = place.workshop.store.read_json(GOAL, "registry_entry", "0002", "entry.json")
    assert (entry["promoted"], entry["held_back"]) == (False, "sealed")
    assert "0 of 12 cases (0.0%) of the sealed suite passed" in entry["reason"]
    assert stable(place) == "1"
    told = read_consent(place.goal, place.workshop, "0002")
    assert told == {"held_back": entry["reason"], "refuted": True}


def test_nothing_of_a_sealed_case_is_left_behind(place):
    secret = [case["id"] for case in records("sealed")] + ["monastery", "planetarium"]
    for trial in ("0001-a", "0002-a"):
        folder = place.workshop.store.folder(GOAL, ASSET, trial)
        text = (folder / "report.json").read_text() + str(
            pl.read_parquet(folder / "cases.parquet").rows()
        )
        assert not any(word in text for word in secret)
        assert list((place.workshop.home.work / GOAL / trial).glob("sealed-*")) == []
    said = json.dumps([event.model_dump(mode="json") for event in events(place)])
    assert not any(word in said for word in secret)


def test_the_same_adapter_is_not_opened_for_again(place):
    before = len(events(place))
    assert promote(place, "1").promote
    again = promote(place, "2")
    assert (again.promote, again.held_back) == (False, "sealed")
    assert len(events(place)) == before


def test_going_back_opens_nothing(place):
    with pytest.raises(PromotionRefused, match="already"):
        promotions.roll_back(place.goal, place.workshop, "1", reason="x", by="ada")
    assert [e.action for e in events(place)].count("sealed_opened") == 2


def test_when_the_openings_are_used_up_the_refusal_says_what_to_do(place):
    version = with_version_3(place)
    before = len(events(place))
    decision = promote(place, version)
    assert (decision.promote, decision.held_back) == (False, "spent")
    assert "opened 2 of 2 times" in decision.reason
    assert "limits.sealed_openings in goal.yaml" in decision.reason
    assert (len(events(place)), stable(place)) == (before, "1")


def test_a_goal_of_another_name_with_the_same_sealed_suite_has_no_fresh_openings(place, tmp_path):
    changes = {"name": "renamed", "limits.base_model": "tiny"} | TWICE
    other = load_goal(write_goal(tmp_path / "other", changes))
    known, version = open_registrations(place.workshop.home), Version(
        model="renamed", version="1", trial="0001-a", adapter_version="ab" * 32, aliases=(),
        created=0.0, run_id="",
    )  # fmt: skip
    full = Score(overall=Rate(passed=24, total=24))
    opening = SealedSuite(other, place.workshop, known, version, full, Word("fresh", "ada"))
    with pytest.raises(OpeningsSpent, match="opened 2 of 2 times"):
        opening.verdict()
    assert known.events("renamed") == []
    assert sealed_facts(other, place.workshop.home)["openings_used"] == 2
    suite = set_path(other.folder, "sealed")
    suite.write_text(suite.read_text().replace("monastery", "lighthouse"))
    assert sealed_facts(other, place.workshop.home)["openings_used"] == 0, "another suite"


def test_an_opening_that_was_cut_off_goes_on_as_the_same_one(place):
    """The first attempt finds no answers, and the model of paper cannot be loaded."""
    limits = place.goal.spec.limits.model_copy(update={"sealed_openings": 3})
    spec = place.goal.spec.model_copy(update={"limits": limits})
    place.goal = place.goal.model_copy(update={"spec": spec})
    version = with_version_3(place)
    shutil.rmtree(place.workshop.home.work / GOAL / "0003-a")
    for _ in range(2):
        with pytest.raises(Exception, match=r"(?i)tensor|weight|adapter|module|shape|size"):
            promote(place, version)
        last = events(place)[-1]
        assert (last.action, last.version) == ("sealed_opened", version)
        assert stable(place) == "1"
    answer_sealed(place, "0003-a")
    assert promote(place, version).promote
    assert [e.action for e in events(place)][-3:] == ["sealed_opened", "sealed_read", "promoted"]
    assert len(openings_of(events(place))) == 3
    assert stable(place) == version


def test_people_and_scripts_see_the_openings(place):
    found = json.loads(forgemind(place, "registry", "list", "GOAL", "--json").stdout)["sealed"]
    assert (found["openings_used"], found["openings_allowed"]) == (2, 2)
    assert [one["holds"] for one in found["openings"]] == [True, False]
    assert found["openings"][0]["slices"] == {
        "CWE-78": "3 of 3", "CWE-89": "3 of 3", "safe/CWE-78": "3 of 3", "safe/CWE-89": "3 of 3",
    }  # fmt: skip
    assert "opened 2 of 2 times" in forgemind(place, "registry", "list", "GOAL").stdout
    shown = json.loads(forgemind(place, "registry", "show", "GOAL", "2", "--json").stdout)
    assert [one["passed"] for one in shown["sealed"]] == [0]
    assert "of the sealed suite passed" in forgemind(place, "registry", "show", "GOAL", "2").stdout
    status = json.loads(forgemind(place, "status", "GOAL", "--json").stdout)
    assert status[GOAL]["sealed"]["openings_used"] == 2


def test_no_command_reads_the_sealed_suite_outside_an_opening(place):
    suite = set_path(place.goal.folder, "sealed")
    done = forgemind(place, "evaluate", str(place.goal.folder), "--suite", str(suite))
    assert done.exit_code == 2
    assert "which only a promotion opens" in done.output
