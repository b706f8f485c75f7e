"""The goal that other tests build on is a valid one, and each call writes its own."""

from pathlib import Path

import pytest
from fakes.goal_folder import REMOVE, SNIPPETS, records, write_goal

from forgemind_assets.errors import GoalError
from forgemind_assets.goal_loading import load_goal


def test_the_small_goal_compiles_and_changes_apply(tmp_path: Path):
    assert load_goal(write_goal(tmp_path / "a")).spec.limits.hours == 1
    changed = load_goal(
        write_goal(tmp_path / "b", {"limits.hours": 7, "teachers.0.concurrency": 2})
    )
    assert (changed.spec.limits.hours, changed.spec.teachers[0].concurrency) == (7, 2)
    with pytest.raises(GoalError, match=r"limits\.hours"):
        load_goal(write_goal(tmp_path / "c", {"limits.hours": REMOVE}))


@pytest.mark.parametrize("name", ["dev", "full", "adversarial", "sealed", "seeds"])
def test_the_line_of_a_finding_is_the_dangerous_call(name: str):
    rows = records(name)
    assert len(rows) % len(SNIPPETS) == 0
    for row in rows:
        compile(row["input"], "case.py", "exec")
        if row["expected"]["line"] is not None:
            line = row["input"].split("\n")[row["expected"]["line"] - 1]
            assert "execute(" in line or "os.system(" in line
