"""Killed at every line of a tick that leaves something behind, the history has each trial once."""

import random
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest
from fakes.killed_loops import ITERATIONS, TRIALS
from fakes.paper_trials import paper_goal, prepare_environment

from forgemind_assets.cli.summary import history
from forgemind_assets.faults import POINTS, arm, fault
from forgemind_assets.home import REPOSITORY, Home
from forgemind_assets.lorekeeper.store import Store
from resources.gate_looks import looks_of
from resources.instance import open_instance
from resources.registrations import open_registrations
from resources.run_tags import GOAL_TAG, INTERRUPTED_TAG, PHASE_TAG, UNFINISHED

# What this loop comes to: its runs are one after the other, in the driver's own process.
REACHED = sorted(
    (point for point in POINTS if not point.startswith("trial.")),
    key=lambda point: point == "outcome.written",  # the end of a loop comes last
)


@contextmanager
def driver(folder: Path):
    """Drives once, with a fault, and returns the status of the process."""
    with subprocess.Popen(
        [sys.executable, "-m", "fakes.killed_loops", str(folder)],
        cwd=REPOSITORY / "tests",
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'tests'}"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:

        def drive(home: Path, setting: str) -> int:
            process.stdin.write(f"{home} {setting}\n")
            process.stdin.flush()
            return int(process.stdout.readline())

        yield drive
        process.stdin.close()


def check_history(folder: Path, home: Path, monkeypatch) -> None:
    """Each trial once, each piece of work done once, nothing left under way."""
    prepare_environment(folder, monkeypatch.setenv)
    goal = paper_goal(folder, trials=TRIALS, iterations=ITERATIONS)
    store, letters = Store(home / "store"), "abc"
    raced = [f"{n:04d}-{name}" for n in range(1, ITERATIONS + 1) for name in letters]
    everyone = ["0000-a", "0000-b", *raced]
    assert [entry["trial"] for entry in history(goal, store)] == everyone
    assert store.partitions(goal.name, "adapter") == everyone
    assert store.partitions(goal.name, "canary_report") == everyone
    gate = ["0000-a", "0000-b", *(f"{n:04d}-b" for n in range(1, ITERATIONS + 1))]
    assert store.partitions(goal.name, "adversarial_report") == gate
    iterations = [f"{n:04d}" for n in range(ITERATIONS + 1)]
    assert store.partitions(goal.name, "registry_entry") == iterations
    with open_instance(Home(root=home, models=folder / "models")) as instance:
        assert instance.get_dynamic_partitions("small_goal__trial") == everyone
        runs = list(reversed(instance.get_runs(dg.RunsFilter(tags={GOAL_TAG: goal.name}))))
    assert not [run for run in runs if run.status in UNFINISHED]
    keys = Counter(run.tags["dagster/run_key"] for run in runs)
    assert set(keys.values()) == {1}, "no run key was used twice"
    work: dict[tuple[str, str], list[dg.DagsterRun]] = {}
    for run in runs:
        place = (run.tags[PHASE_TAG], run.tags["dagster/partition"])
        work.setdefault(place, []).append(run)
    for place, attempts in work.items():
        numbers = [int(run.tags["forgemind/attempt"]) for run in attempts]
        assert numbers == list(range(1, len(attempts) + 1)), place
        for run in attempts[:-1]:
            assert run.status == dg.DagsterRunStatus.FAILURE, (place, "done twice")
            assert INTERRUPTED_TAG in run.tags, place
    assert {trial for phase, trial in work if phase == "train"} == set(everyone)
    looked = looks_of(
        open_registrations(Home(root=home, models=folder / "models")).events(goal.name)
    )
    assert [look.iteration for look in looked] == iterations, "each look is taken and paid once"


def kill_again_and_again(tmp_path: Path, monkeypatch, kills: list[str]) -> Counter:
    """Goes through the faults, with a new loop where one has ended; how often each point killed."""
    killed, loops, left = Counter(), 0, list(kills)
    with driver(tmp_path) as drive:
        while left:
            home = tmp_path / f"home{loops}"
            print(
                f"loop {loops}: {sum(killed.values())} kills, {len(left)} faults left", flush=True
            )
            while left:
                setting = left.pop(0)
                status = drive(home, setting)
                assert status in (0, -9), f"the driver failed with {status} at {setting}"
                if status == 0:
                    break
                killed[setting.split(":")[0]] += 1
            assert drive(home, "-") == 0
            check_history(tmp_path, home, monkeypatch)
            loops += 1
    return killed


@pytest.mark.slow
def test_killed_once_at_each_point_of_a_tick(tmp_path, monkeypatch):
    kills = []
    for point in REACHED:
        # only a run that was under way is closed by the next driver
        kills += ["publish.filled:1"] if point.startswith("recover.") else []
        kills.append(f"{point}:1")
    killed = kill_again_and_again(tmp_path, monkeypatch, kills)
    assert killed.keys() == set(REACHED)


@pytest.mark.e2e
@pytest.mark.timeout(3600)
def test_killed_two_hundred_times_at_points_drawn_by_lot(tmp_path, monkeypatch):
    rng, kills = random.Random(5), []
    once = {point for point in REACHED if point.startswith(("recover.", "outcome."))}
    while len(kills) < 240:  # a few faults are never come to, as a loop ends before
        for point in rng.sample(REACHED, len(REACHED)):
            if point.startswith("recover."):  # only what was under way is closed
                kills.append(f"publish.filled:{rng.randint(1, 2)}")
            kills.append(f"{point}:{1 if point in once else rng.randint(1, 2)}")
    killed = kill_again_and_again(tmp_path, monkeypatch, kills)
    print(f"{sum(killed.values())} kills: {dict(killed)}")
    assert sum(killed.values()) >= 200
    assert killed.keys() == set(REACHED)


def test_a_fault_that_is_not_set_does_nothing_and_a_wrong_name_is_refused():
    fault("decided")
    with pytest.raises(ValueError, match=r"expected one of decided, .*found nowhere"):
        arm("nowhere:2")
    arm("")
