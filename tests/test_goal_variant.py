"""A contract with some keys changed: comments kept, everything else the same."""

import yaml
from fakes.goal_folder import write_goal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forgemind_assets.goal_loading import GOALS, load_goal
from forgemind_assets.goal_variant import read_changes, variant


def varied(goal, changes, **more):
    problems = []
    made = variant(goal, "other", goal.folder / "goal.other.yaml", changes, problems=problems,
                   **more)  # fmt: skip
    return made, [str(one) for one in problems]


def test_only_the_changed_lines_of_a_shipped_goal_change():
    goal = load_goal(GOALS / "python_security")
    (text, line), problems = varied(goal, {"search.learning_rate": 0.002, "search.epochs": 2})
    assert problems == []
    before = (goal.folder / "goal.yaml").read_text().split("\n")
    changed = [pair for pair in zip(before, text.split("\n"), strict=True) if len(set(pair)) == 2]
    assert changed == [
        ("name: python_security", "name: other"),
        ("  learning_rate: 0.004", "  learning_rate: 0.002"),
        ("  epochs: 1", "  epochs: 2"),
    ]
    assert line.spec.search.learning_rate == 0.002


def test_the_version_is_that_of_the_file_once_written(tmp_path):
    goal = load_goal(write_goal(tmp_path))
    (text, line), _ = varied(goal, {"search.rows": 9}, header="# From elsewhere.\n", other_looks=3)
    (tmp_path / "goal.other.yaml").write_text(text)
    assert load_goal(tmp_path / "goal.other.yaml") == line
    assert line.spec.success.other_looks == 3


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(
    value=st.floats(1e-9, 1) | st.integers(-5, 5) | st.text(max_size=20) | st.booleans()
    | st.none() | st.lists(st.text(max_size=5), max_size=3)
)  # fmt: skip
def test_any_value_is_written_as_it_is_or_refused(tmp_path, value):
    goal = load_goal(write_goal(tmp_path))
    made, problems = varied(goal, {"strategies.teacher_pairs.options.note": value})
    if made is None:
        assert problems
        return
    text, line = made
    (tmp_path / "goal.other.yaml").write_text(text)
    asked = next(s for s in line.spec.strategies if s.name == "teacher_pairs")
    assert problems == []
    assert asked.options["note"] == value
    assert load_goal(tmp_path / "goal.other.yaml") == line


def test_items_of_lists_are_named_or_counted_and_missing_mappings_are_made(tmp_path):
    goal = load_goal(write_goal(tmp_path))
    changes = {"teachers.embedded.concurrency": 2, "teachers.0.timeout_seconds": 5,
               "search.answer_weights.fix": 3, "attack.cases": 4}  # fmt: skip
    (text, line), problems = varied(goal, changes)
    assert problems == []
    assert yaml.safe_load(text)["attack"] == {"cases": 4}
    assert (line.spec.teachers[0].concurrency, line.spec.teachers[0].timeout_seconds) == (2, 5)
    assert line.spec.search.answer_weights == {"fix": 3}


def test_a_path_that_leads_nowhere_names_what_is_there(tmp_path):
    goal = load_goal(write_goal(tmp_path))
    changes = {"teachers.huge.concurrency": 2, "teachers.7.model": "m", "search.rows.more": 1}
    made, problems = varied(goal, changes)
    assert made is None
    assert [p.split(": ", 1)[1] for p in problems] == [
        "teachers.huge.concurrency: expected one of embedded; found the unknown item 'huge'",
        "teachers.7.model: expected one of embedded; found the unknown item '7'",
        "search.rows.more: expected a mapping or a list to set 'more' in, found the number 24",
    ]


def test_values_are_yaml():
    problems = []
    found = read_changes(
        ["search.rows=20", "search.learning_rate=1e-3", "search.train_seconds=null",
         "filters.verifiers=[parser]", "attack={cases: 3}"],
        problems,
    )  # fmt: skip
    assert problems == []
    assert found == {
        "search.rows": 20, "search.learning_rate": 0.001, "search.train_seconds": None,
        "filters.verifiers": ["parser"], "attack": {"cases": 3},
    }  # fmt: skip


def test_what_cannot_be_read_or_may_not_change_is_told_with_the_reason():
    problems = []
    sets = ["=1", "search.rows=", "search.rows=[", "search.rows=1", "search.rows=2", "search={}",
            "limits={}", "name=x", "task.labels=[]", "seeds=x", "serch.rows=1", "a b=2",
            "search.note=sk-" + "a1" * 20]  # fmt: skip
    found = read_changes(sets, problems)
    assert list(found) == ["search.rows", "search.note"]
    told = [str(one) for one in problems]
    assert len(told) == len(sets) - 2
    assert "expected each key once, found it again" in told[3]
    assert "a line's name is given with --name" in told[6]
    assert "found the unknown key 'serch'; did you mean search?" in told[9]
    assert not any("a1a1" in one for one in told)
