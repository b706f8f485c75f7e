"""A champion is registered in a real MLflow on SQLite, once, and the aliases move."""

import dagster as dg
import pytest
from fakes.artefacts import write_adapter
from fakes.installation import install

from forgemind_assets.brain import planner
from forgemind_assets.brain.state import IterationState, Score, State, TrialState, Work
from forgemind_assets.records import TestResult
from forgemind_assets.trial_grounds.report import Rate, summarise, write_report
from resources.registry import CANDIDATE, STABLE, TRIAL_TAG, Registry

# Warnings of mlflow and great_expectations are not ours to mend.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]


def publish_report(place, asset, trial, passed, total=24):
    results = [
        TestResult(
            case_id=f"c{i}",
            family="f",
            slice="CWE-89",
            prompt="p",
            answer="a",
            passed=i < passed,
            reason="right_label" if i < passed else "wrong_label",
        )
        for i in range(total)
    ]
    report = summarise(
        results,
        goal=place.goal.name,
        suite="full",
        suite_hash="h",
        model=trial,
        model_hash=place.workshop.store.manifest(place.goal.name, "adapter", trial).version,
        prompt_variant="short",
    )
    with place.workshop.store.publish(place.goal.name, asset, trial, {"seconds": 1.0}) as folder:
        write_report(report, results, folder)


def publish_trial(place, trial, passed):
    store, name = place.workshop.store, place.goal.name
    with store.publish(name, "adapter", trial, {}) as folder:
        write_adapter(folder, passed)
    for asset in ("canary_report", "benchmark_report"):
        publish_report(place, asset, trial, passed)


def publish_plan(place, key):
    spec = place.goal.spec
    state = State()
    if key != "0000":
        dev = Score(overall=Rate(passed=1, total=24), slices={"CWE-89": Rate(passed=1, total=24)})
        trial = TrialState(work=Work(status="succeeded", attempts=1), dev=dev, full=dev)
        state = State(iterations=(IterationState(key="0000", trials={"a": trial}),))
    plan = planner.baseline_plan(spec) if key == "0000" else planner.propose(spec, state, key)
    with place.workshop.store.publish(place.goal.name, "plan", key, {}) as folder:
        (folder / "plan.json").write_text(plan.model_dump_json())


def conclude(place, key):
    place.instance.add_dynamic_partitions("small_goal__iteration", [key])
    job = place.definitions.resolve_job_def("small_goal__conclude")
    assert job.execute_in_process(instance=place.instance, partition_key=key).success
    return place.workshop.store.read_json(place.goal.name, "registry_entry", key, "entry.json")


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
        publish_trial(place, "0002-a", passed=23)
        assert conclude(place, "0002") == {
            "trial": "0002-a",
            "version": "2",
            "promoted": True,
            "reason": "23 of 24 cases passed (95.8%); the goal asks for 75%: met",
        }
        assert registry.version_of("small_goal", STABLE).trial == "0002-a"
        versions = registry.client().search_model_versions("name = 'small_goal'")
        assert sorted(v.tags[TRIAL_TAG] for v in versions) == ["0001-a", "0002-a"]
        run = registry.client().get_run(versions[0].run_id)
        assert run.data.params["rank"] == "2"
        assert run.data.tags["dagster_run_id"]
        files = registry.client().list_artifacts(run.info.run_id, "adapter")
        assert "adapter/adapter_model.safetensors" in [f.path for f in files]


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
