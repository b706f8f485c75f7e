"""The Foundry's goal: the gates cannot be asked for, by whatever road; decontamination can."""

import pytest
from fakes.goal_folder import records, set_path, write_goal, write_records

from forgemind_assets.errors import FirewallBreach, GoalError
from forgemind_assets.foundry.filters.suite_texts import open_decontaminator
from forgemind_assets.goal_loading import load_cases, load_goal, suite_digests, suite_sizes
from forgemind_assets.goal_suites import GATES


@pytest.fixture
def goal(tmp_path):
    own = {"id": "impossible-1", "family": "impossible-1", "slice": "undecidable"}
    folder = write_goal(tmp_path, {"suites.impossible": "suites/impossible.jsonl"})
    case = own | {"input": "kiln.fire(clay)\n" * 14, "expected": {"cwe": "CWE-89", "line": 1}}
    write_records(folder, "impossible", [case])
    return load_goal(folder)


@pytest.mark.parametrize("suite", GATES)
def test_a_gate_cannot_be_read_where_rows_are_made(goal, suite):
    assert load_cases(goal, suite)
    closed = goal.with_gates_closed()
    for read in (
        lambda: load_cases(closed, suite),
        lambda: getattr(closed.spec.suites, suite),
        lambda: suite_digests(closed),
        lambda: suite_sizes(closed),
    ):
        with pytest.raises(FirewallBreach, match="where training rows are made"):
            read()


def test_nothing_that_a_closed_goal_says_of_itself_names_a_gate(goal):
    closed = goal.with_gates_closed()
    for text in (closed.model_dump_json(), repr(closed), str(closed.spec.suites.__dict__)):
        assert not any(f"{suite}.jsonl" in text for suite in GATES)
    assert (closed.version, closed.name) == (goal.version, goal.name)
    again = closed.with_gates_closed()
    with pytest.raises(FirewallBreach):
        load_cases(again, "full")


def test_dev_is_open_and_the_filter_still_knows_every_suite(goal):
    closed = goal.with_gates_closed()
    assert load_cases(closed, "dev") == load_cases(goal, "dev")
    for view in (closed, closed.with_gates_closed()):
        door = open_decontaminator(view)
        for suite in ("dev", "full", "adversarial", "sealed"):
            assert all(door.contaminated([case["input"] for case in records(suite)])), suite
        assert door.contaminated(["kiln.fire(clay)\n" * 14]) == [True]
        assert door.contaminated(["def untouched(a):\n    return a\n"]) == [False]


def test_an_impossible_suite_is_checked_and_hashed_like_any_other(goal):
    path = set_path(goal.folder, "impossible")
    text = path.read_text()
    path.write_text(text.replace("clay", "wood"))
    assert load_goal(goal.folder).version != goal.version
    path.write_text(text.replace("CWE-89", "CWE-90"))
    with pytest.raises(GoalError, match=r"impossible\.jsonl:1: expected\.cwe: expected one of"):
        load_goal(goal.folder)
    path.unlink()
    with pytest.raises(GoalError, match=r"goal\.yaml:\d+: suites\.impossible: expected a file"):
        load_goal(goal.folder)
