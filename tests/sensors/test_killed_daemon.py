"""Dagster's daemon killed within a tick of the Brain's sensor that asks for three trials."""

import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import dagster as dg
import pytest
from fakes.killed_daemon import POINTS
from fakes.paper_trials import paper_definitions, paper_goal, prepare_environment

from forgemind_assets.brain.decide import decide
from forgemind_assets.cli.headless import execute
from forgemind_assets.home import REPOSITORY, Home
from resources.history import read_state
from resources.instance import open_instance
from resources.run_tags import PHASE_TAG
from resources.runs import runs_for
from resources.workshop import Workshop

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]
LOOKS = 12


@pytest.fixture
def ready(tmp_path, monkeypatch):
    """A home in which the trials of the first iteration are the next that is to be run."""
    prepare_environment(tmp_path, monkeypatch.setenv)
    monkeypatch.setenv("DAGSTER_HOME", "set by prepare_dagster_home")
    home = Home(root=tmp_path / "home", models=tmp_path / "models")
    goal = paper_goal(tmp_path, trials=3, iterations=2)
    workshop = Workshop(home_root=str(home.root), models_root=str(home.models))
    definitions = paper_definitions(goal, workshop)
    with open_instance(home) as instance:
        while True:
            specs = runs_for(goal.name, decide(goal.spec, read_state(goal, instance, workshop)))
            if specs[0].partition == "0001-a":
                return tmp_path
            for spec in specs:
                assert execute(definitions, instance, spec).success


def look(folder: Path, home: Path, point: str) -> int:
    """The status of a daemon's process that looked once."""
    return subprocess.run(
        [sys.executable, "-m", "fakes.killed_daemon", str(folder), str(home), point],
        cwd=REPOSITORY / "tests",
        env=os.environ | {"PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'tests'}"},
        check=False,
        capture_output=True,
    ).returncode


def trial_runs(home: Path) -> list[dg.DagsterRun]:
    with open_instance(Home(root=home, models=home / "models")) as instance:
        found = instance.get_runs(dg.RunsFilter(tags={PHASE_TAG: "train"}))
    return [run for run in found if run.tags["forgemind/iteration"] == "0001"]


@pytest.mark.parametrize("point", POINTS)
def test_no_trial_is_lost_and_none_is_run_twice(ready, point):
    home = ready / f"home-{point}"
    shutil.copytree(ready / "home", home)
    assert look(ready, home, point) == -9
    for _ in range(LOOKS):
        assert look(ready, home, "-") == 0
        if len(trial_runs(home)) >= 3:
            break
        time.sleep(1)
    assert look(ready, home, "-") == 0
    keys = Counter(run.tags["dagster/run_key"] for run in trial_runs(home))
    assert keys == {f"small_goal:0001:train:{name}:1": 1 for name in "abc"}
