"""The line that shows what a run is doing."""

import io

import dagster as dg
import pytest
from fakes.installation import install
from fakes.tiny_model import write_tiny_model
from fakes.trials import conclude, publish_plan, publish_trial
from rich.console import Console

from forgemind_assets.cli.live import Ticker, describe
from forgemind_assets.home import Home
from resources.predictor import LocalModel
from resources.progress import Progress, read_progress


def entry(**changes):
    known = {"stage": "testing (dev)", "where": "0001-a", "done": 7, "total": 28, "unit": "cases",
             "facts": {}, "began": 1_000.0, "updated": 1_030.0}  # fmt: skip
    return known | changes


def test_what_can_be_counted_is_counted_with_the_time_left():
    assert describe(entry(), 1_031.0) == "0001-a  testing (dev)  7/28 cases  1:30 left"
    assert describe(entry(total=0), 1_031.0) == "0001-a  testing (dev)  7 cases"


def test_where_there_is_nothing_to_count_the_time_moves():
    waits = entry(stage="registering the version", done=0, total=0, unit="seconds")
    assert describe(waits, 1_030.0).endswith("registering the version  0:00")
    assert describe(waits, 1_042.0).endswith("registering the version  0:12")
    assert describe(waits | {"done": 5}, 1_102.0).endswith("1:17")


def test_a_word_without_figures_is_told_at_once_and_replaced_by_the_next(tmp_path):
    home = Home(tmp_path, tmp_path)
    progress = Progress(home, "g")
    progress.report("testing (adversarial)", 144, 144, "cases", where="0001-a")
    progress.say("registering the version", where="0001")
    told = io.StringIO()
    ticker = Ticker(Console(file=told, width=80), home, "g")
    ticker.began = 0.0
    ticker.show()
    assert "0001  registering the version  0:0" in told.getvalue()
    assert "144" not in told.getvalue()


@pytest.mark.slow
def test_a_model_says_that_it_loads_before_it_answers(tmp_path):
    said = []
    model = LocalModel(write_tiny_model(tmp_path / "tiny"), None, tell=said.append)
    asked = model.answers([[{"role": "user", "content": "hello"}]], 2)
    assert said == []
    next(asked)
    assert said == ["loading the model", "waiting for the first answers"]


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # of mlflow and great_expectations
def test_a_conclusion_says_what_it_does_and_not_what_was_tested_last(tmp_path, monkeypatch):
    with dg.instance_for_test() as instance:
        place = install(tmp_path, instance, monkeypatch)
        publish_plan(place, "0000")
        publish_trial(place, "0000-a", passed=2)
        home = place.workshop.home
        Progress(home, "small_goal").report("testing (full)", 24, 24, "cases", where="0000-a")
        conclude(place, "0000")
        assert read_progress(home, "small_goal")["stage"] == "registering the version"
