"""Several trials an iteration: one look at the gate, places on the machine, none overlooked."""

import dagster as dg
import pytest
from fakes.paper_trials import (
    install_paper,
    paper_definitions,
    paper_goal,
    prepare_environment,
    publish,
)
from fakes.sensor_loop import sensor_loop

from forgemind_assets.brain.champion import Champion
from forgemind_assets.brain.decide import Test, Train, decide
from forgemind_assets.cli.headless import drive
from forgemind_assets.cli.summary import history
from resources.history import read_state
from resources.places import fitted
from resources.run_tags import AT_ONCE_TAG, GOAL_TAG, PHASE_TAG
from resources.runs import runs_for
from resources.workshop import Workshop
from sensors.brain import tick

pytestmark = pytest.mark.slow


@pytest.fixture
def instance():
    with dg.instance_for_test() as instance:
        yield instance


def one_at_a_time(place):
    place.workshop.home.root.mkdir(parents=True, exist_ok=True)
    place.workshop.home.settings.write_text("trials_at_once: 1\n")


def test_of_several_trials_only_the_one_that_leads_on_dev_is_put_to_the_gate(
    tmp_path, instance, monkeypatch
):
    place = install_paper(tmp_path, instance, monkeypatch, trials=3, iterations=2)
    one_at_a_time(place)
    stop = drive(place.goal, place.definitions, instance, place.workshop)
    assert "2 of 2 iterations" in stop.reason
    store = place.workshop.store
    assert store.partitions("small_goal", "canary_report") == [
        "0000-a", "0000-b", "0001-a", "0001-b", "0001-c", "0002-a", "0002-b", "0002-c",
    ]  # fmt: skip
    for asset in ("benchmark_report", "adversarial_report"):
        assert store.partitions("small_goal", asset) == ["0000-a", "0000-b", "0001-b", "0002-b"]
    text = store.read_json("small_goal", "champion", "0002", "champion.json")
    winner = Champion.model_validate(text)
    assert winner.leader == "0002-b"
    assert winner.leader_dev_expected is not None, "picked as the best of three"
    looks = [run.tags[PHASE_TAG] for run in instance.get_runs(dg.RunsFilter(tags={}))]
    assert looks.count("test") == 2
    plan = read_state(place.goal, instance, place.workshop).last.plan
    assert plan.trials[0].training.start_from == "0001-b", "training goes on from the leader"


def test_a_trial_that_broke_off_for_good_keeps_nobody_out_of_its_race(
    tmp_path, instance, monkeypatch
):
    """Its disk was full, so it never left the race by itself; c was put out by it."""
    place = install_paper(tmp_path, instance, monkeypatch, trials=3, doomed="0001-b")
    one_at_a_time(place)
    stop = drive(place.goal, place.definitions, instance, place.workshop)
    assert "1 of 1 iterations" in stop.reason
    trials = read_state(place.goal, instance, place.workshop).last.trials
    assert (trials["b"].work.status, trials["b"].work.failures) == ("failed", 3)
    assert [trials[name].cannot_win for name in "ac"] == ["", ""]
    assert trials["c"].work.attempts == 2, "once put out, once more without the one that failed"
    assert trials["a"].full is not None
    runs = instance.get_runs(dg.RunsFilter(tags={GOAL_TAG: "small_goal", PHASE_TAG: "conclude"}))
    assert len(runs) == 2, "one of each iteration"


def test_the_sensor_asks_for_all_trials_at_once_and_for_the_gate_once(
    tmp_path, instance, monkeypatch
):
    place = install_paper(tmp_path, instance, monkeypatch, trials=3)
    one_at_a_time(place)
    assert "1 of 1 iterations" in sensor_loop(place)
    runs = instance.get_runs(dg.RunsFilter(tags={GOAL_TAG: "small_goal", PHASE_TAG: "train"}))
    assert len(runs) == 5
    assert not any(AT_ONCE_TAG in run.tags for run in runs), "one at a time has all of the machine"
    tested = place.workshop.store.partitions("small_goal", "benchmark_report")
    assert tested == ["0000-a", "0000-b", "0001-b"]


def test_runs_that_share_the_machine_say_how_many_there_are(tmp_path, instance, monkeypatch):
    place = install_paper(tmp_path, instance, monkeypatch, trials=3)
    train = Train("0001", (("a", 1), ("b", 1), ("c", 2)), gate=False, at_once=3)
    place.workshop.home.root.mkdir(parents=True, exist_ok=True)
    place.workshop.home.settings.write_text("trials_at_once: 2\n")
    specs = runs_for("small_goal", fitted(place.goal, place.workshop.home, train))
    assert [spec.tags[AT_ONCE_TAG] for spec in specs] == ["2", "2", "2"]
    assert [spec.run_key.rsplit(":", 2)[1:] for spec in specs] == [
        ["a", "1"],
        ["b", "1"],
        ["c", "2"],
    ]
    assert {spec.assets for spec in specs} == {("adapter", "canary_report")}


def test_fifty_trials_that_end_between_two_ticks_are_all_seen(tmp_path, instance, monkeypatch):
    """Twenty-five of each of two goals: nothing is read by the time at which something ended."""
    prepare_environment(tmp_path, monkeypatch.setenv)
    workshop = Workshop(home_root=str(tmp_path / "home"), models_root=str(tmp_path / "models"))
    goals = [paper_goal(tmp_path, name, trials=25, iterations=1) for name in ("one", "two")]
    requested = {}
    for goal in goals:
        definitions = paper_definitions(goal, workshop)
        requested[goal.name] = start_all(goal, definitions, instance, workshop)
        assert tick(goal, instance, workshop).skip_reason.skip_message.endswith("trials under way")
    for goal in goals:
        for run, trial in requested[goal.name]:
            finish(goal, workshop, instance, run, trial)
    for goal in goals:
        state = read_state(goal, instance, workshop)
        seen = {n: t for n, t in state.last.trials.items() if t.work.status == "succeeded"}
        assert len(seen) == 25
        assert all(trial.work.attempts == 1 for trial in seen.values())
        assert len([e for e in history(goal, workshop.store) if e["iteration"] == "0001"]) == 25
        assert decide(goal.spec, state) == Test("0001", "b", 1)
        (request,) = tick(goal, instance, workshop).run_requests
        assert request.run_key == f"{goal.name}:0001:test:b:1"


def start_all(goal, definitions, instance, workshop):
    """Up to the moment when all trials of the first iteration run; (run, trial) of each."""
    while True:
        specs = runs_for(goal.name, decide(goal.spec, read_state(goal, instance, workshop)))
        if specs[0].phase == "train" and len(specs) == 25:
            break
        for spec in specs:
            instance.add_dynamic_partitions(spec.partitions_name, [spec.partition])
            job = definitions.resolve_job_def(spec.job)
            assert job.execute_in_process(
                instance=instance, partition_key=spec.partition, tags=spec.tags,
                run_config=spec.run_config,
                asset_selection=[dg.AssetKey([goal.name, a]) for a in spec.assets],
            ).success  # fmt: skip
    runs = []
    for spec in specs:
        job = definitions.resolve_job_def(spec.job)
        run = instance.create_run_for_job(job, tags=spec.tags, status=dg.DagsterRunStatus.STARTED)
        runs.append((run, spec.partition))
    return runs


def finish(goal, workshop, instance, run, trial):
    with workshop.store.publish(goal.name, "adapter", trial, {}) as folder:
        (folder / "weights").write_text(trial)
    publish(goal, workshop, "canary_report", trial, "dev")
    event = dg.DagsterEvent(
        event_type_value=dg.DagsterEventType.RUN_SUCCESS.value, job_name=run.job_name
    )
    instance.report_dagster_event(event, run_id=run.run_id)
