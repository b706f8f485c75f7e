"""Two iterations side by side, and `forgemind diff`, which prints it."""

import json

import pytest
from fakes.datasets import publish_raw
from fakes.installation import Installation, forgemind
from fakes.trials import publish_plan, publish_trial

from forgemind_assets.lorekeeper.comparison import (
    Change,
    changes,
    compare,
    leading_trial,
    read_side,
)
from forgemind_assets.lorekeeper.comparison import slice_changes as moved_slices
from forgemind_assets.trial_grounds.report import Rate, Report
from resources.data_room import make_filtered


def report(**slices):
    """A report with so many of ten cases passed on each slice."""
    rates = {name: Rate(passed=passed, total=10) for name, passed in slices.items()}
    overall = Rate(passed=sum(slices.values()), total=10 * len(slices))
    return Report(
        goal="g", suite="full", suite_hash="h", model="m", model_hash="h", prompt_variant="short",
        overall=overall, interval=(0.0, 1.0), slices=rates,
    )  # fmt: skip


def test_slices_are_told_from_the_most_risen_to_the_most_fallen():
    found = moved_slices(report(a=5, b=5, c=5, d=5, gone=1), report(a=4, b=9, c=5, d=6, new=1))
    assert [(one.slice, round(one.points, 2)) for one in found] == [
        ("b", 0.4),
        ("d", 0.1),
        ("a", -0.1),
    ]
    assert found[0].sentence == "5 of 10 -> 9 of 10 (+40.0 points)"


def test_only_what_differs_is_a_change():
    found = changes({"a": 1, "b": 2, "c": None}, {"a": 1, "b": 3, "d": 0})
    assert found == (Change(name="b", before=2, after=3), Change(name="d", before=None, after=0))


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A baseline without data, and an iteration with rows, an adapter and better reports."""
    monkeypatch.setenv("FORGEMIND_HOME", str(tmp_path / "home"))
    goal, workshop = publish_raw(tmp_path)
    make_filtered(goal, workshop, "0001")
    place = Installation(goal, workshop, None, None)
    for key, passed in (("0000", 6), ("0001", 18)):
        publish_plan(place, key)
        publish_trial(place, f"{key}-a", passed)
    return place


def test_two_iterations_differ_in_plan_data_settings_and_rates(place):
    store = place.workshop.store
    found = compare(*(read_side(store, "small_goal", key) for key in ("0000", "0001")))
    assert (found.before.trial, found.after.trial) == ("0000-a", "0001-a")
    settings = {one.name: (one.before, one.after) for one in found.settings}
    assert settings["training"] == ("none", None)
    assert settings["training.rank"][0] is None
    assert settings["training.rank"][1] > 0
    data = {one.name: (one.before, one.after) for one in found.data}
    assert data["rows_kept"][0] is None
    counted = sum(after for name, (_, after) in data.items() if name.startswith("rows of "))
    assert data["rows_kept"][1] == counted > 0
    assert found.rates["full"].sentence == "6 of 24 -> 18 of 24 (+50.0 points)"
    assert [one.slice for one in found.slices["full"]] == ["CWE-89"]


def test_the_command_prints_it_for_people_and_for_scripts(place):
    text = forgemind(place, "diff", "GOAL", "0", "1")
    assert text.exit_code == 0, text.output
    assert "full: 6 of 24 -> 18 of 24 (+50.0 points)" in text.output
    assert "  rose  CWE-89: 6 of 24 -> 18 of 24" in text.output
    back = forgemind(place, "diff", "GOAL", "1", "0").output
    assert "  fell  CWE-89: 18 of 24 -> 6 of 24" in back
    same = forgemind(place, "diff", "GOAL", "0001", "1").output
    assert "settings: the same" in same
    assert "data: the same" in same
    plain = json.loads(forgemind(place, "diff", "GOAL", "0", "1", "--json").stdout)
    assert plain["rates"]["full"]["after"]["passed"] == 18


def test_an_iteration_that_is_not_there_names_those_that_are(place):
    for wanted in ("7", "x", ".."):
        done = forgemind(place, "diff", "GOAL", "0", wanted)
        assert done.exit_code == 2
        assert "expected one of 0000, 0001" in done.output


def test_of_equal_trials_the_first_stands_for_its_iteration_as_it_does_at_the_gate():
    same = {name: {"dev": report(a=5)} for name in ("0003-b", "0003-a", "0003-c")}
    assert leading_trial(NoStore(), "g", "0003", same) == "0003-a"


class NoStore:
    """A store in which nothing is published."""

    def exists(self, *_) -> bool:
        return False
