"""Judges in a goal: what compiles, and each mistake with its file, line and key."""

import pytest
from fakes.goal_folder import goal_spec, write_goal
from fakes.judged_goal import write_judge_prompt

from forgemind_assets.errors import GoalError
from forgemind_assets.foundry.judging.prompt import load_judge_template
from forgemind_assets.goal_costs import VOTE_TOKENS
from forgemind_assets.goal_explain import explain
from forgemind_assets.goal_loading import load_goal, load_seeds

AUTHOR = {"name": "embedded", "kind": "embedded", "model": "qwen2.5-coder-1.5b-instruct"}
OTHER = {
    "name": "other",
    "kind": "openai",
    "model": "m",
    "api_key_env": "OTHER_KEY",
    "prices": {"input": 1.0, "output": 2.0},
}
JUDGED = {
    "teachers": [AUTHOR, OTHER],
    "judges": {"teachers": ["other"]},
    "limits.api_dollars_per_goal": 5,
}


def judged(folder, changes=None):
    path = write_goal(folder, JUDGED | (changes or {}))
    write_judge_prompt(path)
    return path


def problems_of(path):
    with pytest.raises(GoalError) as caught:
        load_goal(path)
    return [str(problem) for problem in caught.value.problems]


def line_of(path, text):
    lines = path.read_text().split("\n")
    return next(number for number, line in enumerate(lines, 1) if text in line)


def test_a_goal_with_judges_compiles_and_its_cost_counts_them(tmp_path):
    goal = load_goal(judged(tmp_path / "judged"))
    assert goal.spec.judges.teachers == ("other",)
    assert goal.spec.judges.by == "label"
    report = explain(goal, hardware="cpu", environment={"OTHER_KEY": "x"})
    assert report.judges == ("other: 60 examples once, then up to 200 rows a try",)
    assert not any("no strategy asks it" in one.reason for one in report.verdicts)
    plain = explain(load_goal(write_goal(tmp_path / "plain")), hardware="cpu", environment={})
    assert report.per_try.teacher_requests == plain.per_try.teacher_requests + 260
    assert report.per_try.api_dollars == pytest.approx(260 * (400 + VOTE_TOKENS * 2) / 1e6)


def test_without_judges_nobody_judges(tmp_path):
    goal = load_goal(write_goal(tmp_path))
    assert goal.spec.judges is None
    assert explain(goal, hardware="cpu", environment={}).judges == ()


@pytest.mark.parametrize(
    ("changes", "key", "where", "message"),
    [
        (
            {"judges": {"teachers": ["othre"]}},
            "judges.teachers[0]",
            "- othre",
            "found the unknown teacher 'othre'; did you mean other?",
        ),
        (
            {"judges": {"teachers": ["other", "other"]}},
            "judges.teachers[1]",
            None,
            "expected each name once, found 'other' again",
        ),
        (
            {"judges": {"teachers": ["embedded"]}},
            "judges.teachers[0]",
            None,
            "expected a teacher of another model than qwen2.5-coder-1.5b-instruct, which writes",
        ),
        (
            {"judges": {"teachers": []}},
            "judges.teachers",
            "teachers: []",
            "expected at least 1 item, found none",
        ),
        (
            {"judges": {"teachers": ["other"], "examples": 5}},
            "judges.examples",
            "examples: 5",
            "expected a number at least 20, found the number 5",
        ),
        (
            {"judges": {"teachers": ["other"], "max_row": 5}},
            "judges.max_row",
            "max_row: 5",
            "did you mean max_rows?",
        ),
        (
            {"limits.api_dollars_per_goal": 0},
            "limits.api_dollars_per_goal",
            "api_dollars_per_goal: 0",
            "expected more than 0, found 0: the teacher other is paid",
        ),
        (
            {"strategies": [{"name": "seed_expansion"}], "search.teacher_requests": 0},
            "judges",
            None,
            "expected nothing, found judges: no strategy has a teacher to judge",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path, changes, key, where, message):
    path = judged(tmp_path, changes)
    (found,) = problems_of(path)
    assert f": {key}: " in found
    assert message in found
    if where is not None:
        line = line_of(path / "goal.yaml", where)
        assert found.startswith(f"{path / 'goal.yaml'}:{line}:")


def test_a_goal_without_labels_has_nothing_to_vote_with(tmp_path):
    task = goal_spec()["task"] | {"grader_options": {"line_key": "line"}}
    changes = {"task": task, "filters": {"verifiers": []}}
    found = problems_of(judged(tmp_path, changes))
    assert any("task.grader_options.label_key, which judges answer with" in one for one in found)


def test_a_missing_prompt_and_a_wrong_one_are_told(tmp_path):
    path = write_goal(tmp_path / "missing", JUDGED)
    (found,) = problems_of(path)
    assert (
        "judges: expected the prompt judge.yaml, with which judges are asked, found none" in found
    )
    path = judged(tmp_path / "wrong")
    example = {"input": "x = 1", "label": "CWE-98"}
    file = write_judge_prompt(
        path, request="{{label}} {{input}}", system="{{input}}", examples=[example]
    )
    system, request, label = sorted(problems_of(path), key=lambda one: "examples" in one)
    assert f"{file}:{line_of(file, 'system')}: system: expected one of labels; found" in system
    assert f"{file}:{line_of(file, 'request')}: request: " in request
    assert "the unknown placeholder 'label'; did you mean labels?" in request
    assert f"{file}:{line_of(file, 'CWE-98')}: examples[0].label: " in label
    write_judge_prompt(path, request="no place for the input")
    (found,) = problems_of(path)
    assert "request: expected text with {{input}} where the input goes" in found


def test_the_shipped_prompt_names_every_label_and_holds_no_seed():
    goal = load_goal("python_security")
    assert goal.spec.judges is None
    template = load_judge_template(goal)
    assert all(label in template.prompt.system for label in goal.spec.task.labels)
    assert not any(template.shows(seed.input) for seed in load_seeds(goal))
    assert all(template.shows(one.input) for one in template.prompt.examples)
    assert template.prompt.max_tokens == VOTE_TOKENS
