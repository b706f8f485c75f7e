"""`forgemind goal check`, run as people run it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fakes.goal_folder import write_goal

from forgemind_assets.home import REPOSITORY


def forgemind(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "forgemind_assets.cli.main", *map(str, arguments)]
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1"}
    return subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=60
    )


def test_a_goal_that_compiles_is_explained(tmp_path: Path):
    done = forgemind("goal", "check", write_goal(tmp_path), "--hardware", "cpu")
    assert (done.returncode, done.stderr) == (0, "")
    for words in (
        "small_goal: Review of Python snippets",
        "smollm2-135m-instruct (135 M weights), LoRA",
        "18 of 24 cases must pass",
        "GPU dollars a try",
        "Estimates for cpu",
    ):
        assert words in done.stdout


def test_json_is_one_object_with_the_report(tmp_path: Path):
    done = forgemind("goal", "check", write_goal(tmp_path), "--json")
    answer = json.loads(done.stdout)
    assert done.returncode == 0
    assert answer["ok"] is True
    assert answer["report"]["claim"]["passes_needed"] == 18
    assert answer["report"]["per_try"]["hours"] > 0


def test_problems_are_printed_without_a_traceback_and_exit_2(tmp_path: Path):
    folder = write_goal(tmp_path, {"limits.hour": 3, "success.pass_rate": 2})
    done = forgemind("goal", "check", folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: 2 problems in the goal:\n")
    assert "did you mean hours?" in done.stderr
    assert "Traceback" not in done.stderr


def test_problems_as_json_exit_2_too(tmp_path: Path):
    done = forgemind("goal", "check", write_goal(tmp_path, {"limits.hour": 3}), "--json")
    answer = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (2, "")
    assert answer["ok"] is False
    assert [problem["key"] for problem in answer["problems"]] == ["limits.hour"]
    assert answer["problems"][0]["line"] > 1


def test_a_goal_that_is_not_there_is_an_error_of_the_person(tmp_path: Path):
    done = forgemind("goal", "check", tmp_path / "nowhere")
    assert done.returncode == 2
    assert "expected a goal.yaml, its folder or the name of a goal" in done.stderr


def test_help_shows_an_example():
    done = forgemind("goal", "check", "--help")
    assert done.returncode == 0
    assert "forgemind goal check benchmarks/python_security" in done.stdout


@pytest.mark.parametrize("file", ["goal.yaml", "goal.llama3-8b.yaml", "goal.two_teachers.yaml"])
def test_the_shipped_goals_compile(file: str):
    done = forgemind("goal", "check", f"benchmarks/python_security/{file}")
    assert (done.returncode, done.stderr) == (0, "")
    assert "fails" not in done.stdout


def test_several_trials_and_exact_shares_are_told_as_they_were_written(tmp_path: Path):
    success = {"suite": "full", "pass_rate": 0.925, "confidence": 0.999, "alpha": 0.001}
    folder = write_goal(tmp_path, {"search.trials": 3, "success": success})
    told = forgemind("goal", "check", folder).stdout
    assert "3 trials each" in told
    for words in ("92.5% of full", "errs in 0.1% at most"):
        assert words in told


def test_status_lists_a_goal_that_the_environment_names(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("FORGEMIND_GOALS", str(write_goal(tmp_path / "goal")))
    monkeypatch.setenv("FORGEMIND_HOME", str(tmp_path / "home"))
    assert "small_goal" in json.loads(forgemind("status", "--json").stdout)
    assert "small_goal" in forgemind("status", "small_goal").stdout
