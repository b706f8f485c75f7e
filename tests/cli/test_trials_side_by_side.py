"""Trials of one iteration in processes of their own: real training of a tiny model."""

import os
import signal
import threading

import dagster as dg
import psutil
import pytest
from fakes.installation import install

from forgemind_assets.brain.decide import Train
from forgemind_assets.cli.headless import drive
from forgemind_assets.cli.trials import side_by_side
from forgemind_assets.forge.manifest import read_manifest
from resources.history import read_state
from resources.recovery import recover
from resources.run_tags import TRIAL_TAG
from resources.runs import runs_for

# Warnings of mlflow and great_expectations are not ours to mend.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]


@pytest.fixture
def epochs():
    """How long a trial trains."""
    return 1


@pytest.fixture
def place(tmp_path, monkeypatch, epochs):
    search = {"rows": 24, "epochs": epochs, "rank": 2, "batch_size": 4, "trials": 2}
    changes = {"limits.max_iterations": 1, "search": search}
    with dg.instance_for_test() as instance:
        place = install(tmp_path, instance, monkeypatch, changes)
        place.workshop.home.root.mkdir(parents=True, exist_ok=True)
        place.workshop.home.settings.write_text("trials_at_once: 2\n", encoding="utf-8")
        yield place


def test_a_loop_whose_trials_run_side_by_side(place):
    stop = drive(place.goal, place.definitions, place.instance, place.workshop)
    assert "1 of 1 iterations" in stop.reason
    store, home = place.workshop.store, place.workshop.home
    assert store.partitions("small_goal", "canary_report") == [
        "0000-a",
        "0000-b",
        "0001-a",
        "0001-b",
    ]
    assert len(store.partitions("small_goal", "adversarial_report")) == 3
    for trial in ("0001-a", "0001-b"):
        manifest = read_manifest(store.folder("small_goal", "adapter", trial))
        assert manifest["threads"] == max(1, manifest["hardware"]["cores"] // 2)
        assert (home.logs / f"small_goal.{trial}.log").exists()
    race = home.work / "small_goal" / "0001" / "race"
    assert sorted(path.name for path in race.iterdir()) == ["a.json", "b.json"]
    runs = place.instance.get_runs()
    assert all(run.status == dg.DagsterRunStatus.SUCCESS for run in runs)


def prepared(place, iteration="0001"):
    """The runs of an iteration's trials, once its data is there."""
    from forgemind_assets.brain.decide import decide
    from forgemind_assets.cli.headless import execute

    while True:
        state = read_state(place.goal, place.instance, place.workshop)
        decision = decide(place.goal.spec, state)
        specs = runs_for(place.goal.name, decision)
        if isinstance(decision, Train) and decision.iteration == iteration:
            return specs
        for spec in specs:
            assert execute(place.definitions, place.instance, spec).success


def trial_processes() -> list[psutil.Process]:
    return [
        process
        for process in psutil.Process(os.getpid()).children(recursive=True)
        if "forgemind_assets.cli.trial_process" in process.cmdline()
    ]


def test_no_other_trial_is_begun_where_a_person_has_asked_for_the_end(place):
    specs = prepared(place, "0000")
    assert len(specs) == 2
    ended = side_by_side(place.goal, place.instance, place.workshop, specs, 1, lambda: False)
    assert [(spec.partition, failed) for spec, failed in ended] == [("0000-a", [])]
    assert place.workshop.store.partitions("small_goal", "adapter") == ["0000-a"]


# On a busy machine a short one would end before what is to meet it in the middle.
@pytest.mark.parametrize("epochs", [100])
def test_a_trial_whose_process_dies_has_failed_and_one_that_is_told_to_stop_has_not(place):
    specs = prepared(place)
    killed, done = [], threading.Event()

    def kill_the_first() -> None:
        """SIGKILL once its run has begun."""
        while not done.wait(0.02):
            begun = place.instance.get_runs(dg.RunsFilter(tags={TRIAL_TAG: "a"}))
            mine = [run for run in begun if run.status == dg.DagsterRunStatus.STARTED]
            marks = [place.workshop.home.run / "runs" / f"{run.run_id}.json" for run in mine]
            if mine and mine[0].tags["forgemind/iteration"] == "0001" and marks[0].exists():
                killed.append(trial_processes()[0].send_signal(signal.SIGKILL))
                return

    killer = threading.Thread(target=kill_the_first)
    killer.start()
    try:
        ended = side_by_side(place.goal, place.instance, place.workshop, specs[:1], 1)
        ((spec, messages),) = list(ended)
    finally:
        done.set()
        killer.join()
    assert killed
    assert spec.partition == "0001-a"
    assert "its process ended with status -9" in messages[0]
    work = read_state(place.goal, place.instance, place.workshop).last.trials["a"].work
    assert (work.status, work.attempts, work.failures) == ("failed", 1, 1)

    ended = side_by_side(place.goal, place.instance, place.workshop, specs, 2)
    with pytest.raises(KeyboardInterrupt):
        interrupt_when_both_run(place, ended)
    assert trial_processes() == []
    # what was too busy to end by itself is closed as `drive` closes it
    recover(place.instance, place.workshop.home, place.goal.name, queued=True)
    trials = read_state(place.goal, place.instance, place.workshop).last.trials
    told = {name: (t.work.status, t.work.attempts, t.work.failures) for name, t in trials.items()}
    # what a person stopped is to be done again, and counts as no failure
    assert told == {"a": ("failed", 2, 1), "b": ("failed", 1, 0)}


def interrupt_when_both_run(place, ended):
    """Ctrl-C in this process while both trials train."""

    def both_run() -> bool:
        started = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])
        return len(place.instance.get_runs(started)) == 2

    main, done = threading.main_thread(), threading.Event()

    def interrupt() -> None:
        while not both_run() and not done.wait(0.05):
            pass
        signal.pthread_kill(main.ident, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    thread.start()
    try:
        list(ended)
    finally:
        done.set()
        thread.join()
        signal.signal(signal.SIGINT, before)
