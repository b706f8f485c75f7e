"""`forgemind teachers report`: the accounts of a goal's sources, as a table and as JSON."""

import json

import pytest
from fakes.datasets import publish_raw
from typer.testing import CliRunner

from forgemind_assets.cli.main import app
from resources.data_room import make_filtered


@pytest.fixture
def made(tmp_path, monkeypatch):
    goal, workshop = publish_raw(tmp_path)
    make_filtered(goal, workshop, "0001")
    monkeypatch.setenv("FORGEMIND_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    return goal


def report(*arguments):
    return CliRunner().invoke(app, ["teachers", "report", *map(str, arguments)])


def test_the_accounts_are_shown_as_a_table_and_as_json(made):
    shown = report(made.folder)
    assert shown.exit_code == 0, shown.output
    assert "small_goal: sources of rows over 1 iteration" in shown.output
    assert "not estimable: 0 iterations with a change, 3 are needed" in shown.output
    found = json.loads(report(made.folder, "--json").output)["small_goal"]
    (total,) = found["sources"]
    assert total["strategy"] == "seed_expansion"
    assert total["rows"] >= total["kept"] > 0
    assert (total["verified"], total["teacher"]) == (None, None)
    assert found["iterations"]["0001"] == found["sources"]


def test_a_goal_without_data_says_so_and_an_unknown_one_is_a_mistake(made, monkeypatch, tmp_path):
    assert report("no_such_goal").exit_code == 2
    monkeypatch.setenv("FORGEMIND_HOME", str(tmp_path / "other"))
    empty = report(made.folder)
    assert (empty.exit_code, "no dataset yet" in empty.output) == (0, True)


def test_help_has_an_example():
    assert "Example: forgemind teachers report" in report("--help").output
