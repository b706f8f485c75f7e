"""The real command, asked from another terminal to stop, and run again."""

import json
import subprocess
import time

import pytest
from fakes.command import COMMAND, PATIENCE_SECONDS, environment, start
from fakes.goal_folder import write_goal
from fakes.tiny_model import write_catalogue, write_tiny_model

from forgemind_assets.home import REPOSITORY

pytestmark = pytest.mark.slow
SMALL = {
    "limits.base_model": "tiny",
    "success.canary_pass_rate": 0.0,
    "tripwires": {"general_ability": False},
    "search": {"rows": 24, "epochs": 1, "rank": 2, "batch_size": 4, "teacher_requests": 0},
    "strategies": [{"name": "seed_expansion"}],
    "teachers": [],
}


def said(place, *arguments):
    """What another terminal prints."""
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=REPOSITORY,
        env=environment(place, FORGEMIND_REVIEWER="ada"),
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def wait_for(process, happened):
    end = time.monotonic() + PATIENCE_SECONDS
    while not happened():
        assert process.poll() is None, "the command ended too early"
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_loop_ends_when_another_terminal_asks_and_goes_on_when_it_is_run_again(tmp_path):
    write_catalogue(tmp_path / "catalogue.yaml", "tiny", write_tiny_model(tmp_path / "tiny"))
    goal, out = str(write_goal(tmp_path / "goal", SMALL)), tmp_path / "out.txt"
    plan = tmp_path / "home" / "store" / "small_goal" / "plan" / "0000"
    first = start(tmp_path, "run", goal, "--headless")
    wait_for(first, plan.exists)
    told = said(tmp_path, "stop", goal, "--reason", "[dinner] is ready")
    assert "ends after the work under way" in told
    assert first.wait(PATIENCE_SECONDS) == 3, out.read_text()
    shown = " ".join(out.read_text().split())
    assert "Stopped: a person asked: ada (environment): [dinner] is ready" in shown
    status = json.loads(said(tmp_path, "status", goal, "--json"))["small_goal"]
    assert status["outcome"]["kind"] == "person"

    again = start(tmp_path, "run", goal, "--headless")
    wait_for(again, lambda: "this wish is taken back" in out.read_text())
    again.terminate()
    assert again.wait(PATIENCE_SECONDS) == 130, out.read_text()
    status = json.loads(said(tmp_path, "status", goal, "--json"))["small_goal"]
    assert (status["outcome"], status["stop_requested"]) == (None, None)
