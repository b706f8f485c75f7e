"""A champion is registered in a real MLflow on SQLite, once, and the aliases move."""

import os

import dagster as dg
import pytest
from fakes.installation import install
from fakes.reviews import ADA, BOB
from fakes.trials import conclude, promote_by_run, publish_plan, publish_report, publish_trial

from resources.approvals import GoalApprovals
from resources.history import champion_of
from resources.registry import CANDIDATE, STABLE, TRIAL_TAG, Registry
from resources.reviews import open_reviews

# Warnings of mlflow and great_expectations are not ours to mend.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]


def test_champions_are_registered_once_and_the_goal_moves_stable(tmp_path, monkeypatch):
    with dg.instance_for_test() as instance:
        place = install(tmp_path, instance, monkeypatch)
        registry = Registry(place.workshop.home)
        publish_plan(place, "0000")
        publish_trial(place, "0000-a", passed=2)
        assert conclude(place, "0000")["version"] is None, "a baseline is not registered"
        publish_plan(place, "0001")
        publish_trial(place, "0001-a", passed=10)
        assert conclude(place, "0001")["version"] == "1"
        assert conclude(place, "0001")["version"] == "1"
        assert registry.version_of("small_goal", CANDIDATE).trial == "0001-a"
        assert registry.version_of("small_goal", STABLE) is None
        publish_plan(place, "0002")
        publish_trial(place, "0002-a", passed=19)
        entry = conclude(place, "0002")
        reason = entry.pop("reason")
        assert entry == {
            "trial": "0002-a",
            "version": "2",
            "promoted": True,
            "consent_missing": False,
            "held_back": "",
        }
        assert reason.startswith("19 of 24 cases passed (79.2%); the goal asks for 75%: met; on ")
        assert "12 of 12 cases (100.0%) of the sealed suite passed" in reason
        assert registry.version_of("small_goal", STABLE).trial == "0002-a"
        winner = champion_of(place.workshop.store, "small_goal", "0002")
        assert winner.gain >= winner.gain_needed
        assert "+37.5 points on 24 cases in 24 families" in winner.reason
        versions = registry.client().search_model_versions("name = 'small_goal'")
        assert sorted(v.tags[TRIAL_TAG] for v in versions) == ["0001-a", "0002-a"]
        run = registry.client().get_run(versions[0].run_id)
        assert run.data.params["rank"] == "2"
        assert run.data.tags["dagster_run_id"]
        files = registry.client().list_artifacts(run.info.run_id, "adapter")
        assert "adapter/adapter_model.safetensors" in [f.path for f in files]
        # else the registry of another home, and of every process started later, would be this one
        assert {"MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_ID"}.isdisjoint(os.environ)


def test_a_tracker_that_cannot_show_a_version_fails_nothing_and_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("FORGEMIND_WANDB", "maybe")
    with dg.instance_for_test() as instance:
        place = install(tmp_path, instance, monkeypatch)
        publish_plan(place, "0001")
        publish_trial(place, "0001-a", passed=10)
        assert conclude(place, "0001")["version"] == "1"
        found = instance.get_latest_materialization_event(
            dg.AssetKey(["small_goal", "registry_entry"])
        )
        said = found.asset_materialization.metadata["wandb"].value
    assert said == "not shown: FORGEMIND_WANDB: expected on or off, found 'maybe'"


def stable_after_a_run(place, key="0001"):
    assert promote_by_run(place, key).success
    return Registry(place.workshop.home).version_of("small_goal", STABLE)


def test_stable_moves_when_people_agreed_and_not_before(tmp_path, monkeypatch):
    asks = {"policy": {"approval": {"promotion_to_stable": True, "approvers": 2}}}
    with dg.instance_for_test() as instance:
        place = install(tmp_path, instance, monkeypatch, asks)
        publish_plan(place, "0000")
        publish_trial(place, "0000-a", passed=2)
        conclude(place, "0000")
        publish_plan(place, "0001")
        publish_trial(place, "0001-a", passed=23)
        entry = conclude(place, "0001")
        assert (entry["promoted"], entry["consent_missing"]) == (False, True)
        people, queue = GoalApprovals(place.goal, place.workshop), open_reviews(place.workshop.home)
        assert conclude(place, "0001") == entry
        (review,) = queue.state("small_goal")
        against = review.question.evidence["slices_against_it"]
        assert against == {"CWE-89": "2 of 24 -> 23 of 24 (+87.5 points)"}
        assert people.standing("1") == ("open", review.id)
        assert stable_after_a_run(place) is None

        queue.decide(review.id, "approve", ADA, "read the samples")
        assert people.standing("1") == ("open", review.id)
        queue.decide(review.id, "approve", BOB, "read them too")
        assert people.standing("1") == ("approved", review.id)
        weights = review.question.subject.adapter
        assert people.approved("small_goal", "1", weights).reviewers == ("ada", "bob")
        assert people.approved("small_goal", "1", "0" * 64) is None
        assert stable_after_a_run(place).trial == "0001-a"


def test_a_consent_does_not_hold_for_other_reports(tmp_path, monkeypatch):
    asks = {"policy": {"approval": {"promotion_to_stable": True}}}
    with dg.instance_for_test() as instance:
        place = install(tmp_path, instance, monkeypatch, asks)
        publish_plan(place, "0001")
        publish_trial(place, "0001-a", passed=23)
        conclude(place, "0001")
        queue = open_reviews(place.workshop.home)
        (review,) = queue.state("small_goal")
        queue.decide(review.id, "approve", ADA, "read the samples")
        publish_report(place, "benchmark_report", "0001-a", passed=22)
        assert GoalApprovals(place.goal, place.workshop).standing("1") == ("open", "")
        assert stable_after_a_run(place) is None


@pytest.mark.parametrize("verdict", ["approve", "reject"])
def test_a_result_too_good_to_be_true_is_promoted_when_people_cleared_it(
    tmp_path, monkeypatch, verdict
):
    with dg.instance_for_test() as instance:
        place = install(tmp_path, instance, monkeypatch)
        queue = open_reviews(place.workshop.home)
        for key, passed in (("0000", 2), ("0001", 10)):
            publish_plan(place, key)
            publish_trial(place, f"{key}-a", passed)
            conclude(place, key)
        assert queue.state("small_goal") == [], "the base could not do the task"
        publish_plan(place, "0002")
        publish_trial(place, "0002-a", passed=23)
        entry = conclude(place, "0002")
        assert conclude(place, "0002") == entry
        (review,) = queue.state("small_goal")
        assert review.question.kind == "too_good_to_be_true"
        assert (entry["promoted"], entry["consent_missing"]) == (False, True)
        assert review.id in entry["reason"]
        people = GoalApprovals(place.goal, place.workshop)
        assert people.standing("2") == ("open", review.id)
        assert people.standing("1") == ("approved", "")

        queue.decide(review.id, verdict, ADA, "looked for gate cases among the rows")
        stable = stable_after_a_run(place, "0002")
        if verdict == "approve":
            assert people.standing("2") == ("approved", "")
            assert stable.version == "2"
        else:
            assert stable is None
            # A new report of the same weights does not take the doubt away.
            publish_report(place, "benchmark_report", "0002-a", passed=22)
            assert people.standing("2") == ("rejected", review.id)
            assert "rejected" in people.doubt("small_goal", "2", review.question.subject.adapter)


def test_an_altered_adapter_is_not_registered(tmp_path, monkeypatch):
    with dg.instance_for_test() as instance:
        place = install(tmp_path, instance, monkeypatch)
        for key, trial, passed in (("0000", "0000-a", 2), ("0001", "0001-a", 10)):
            publish_plan(place, key)
            publish_trial(place, trial, passed)
        conclude(place, "0000")
        folder = place.workshop.store.folder("small_goal", "adapter", "0001-a")
        (folder / "adapter_model.safetensors").write_bytes(b"other weights")
        instance.add_dynamic_partitions("small_goal__iteration", ["0001"])
        job = place.definitions.resolve_job_def("small_goal__conclude")
        made = job.execute_in_process(instance=instance, partition_key="0001", raise_on_error=False)
        assert not made.success
        assert Registry(place.workshop.home).find("small_goal", "0001-a", "any") is None
