"""Requests to a teacher, its answers, and the shares of generation."""

import json
from collections import Counter
from pathlib import Path

import pytest
from foundry_cases import SAFE_SHELL, SEEDS, VULNERABLE_SHELL, small_goal

from forgemind_assets.foundry.generate import SURPLUS, TEACHER_KEEPS, generate
from forgemind_assets.foundry.strategies.answers import AnswerShape
from forgemind_assets.foundry.strategies.base import Heard, Reply
from forgemind_assets.foundry.strategies.prompts import load_template
from forgemind_assets.foundry.strategies.teacher_pairs import (
    PairPrompt,
    build_requests,
    parse_answer,
    read_pair,
)
from forgemind_assets.foundry.verifiers.python_security import PythonSecurity
from forgemind_assets.goal_loading import GOALS, load_goal
from forgemind_assets.records import DataSettings

PROMPTS = Path(__file__).parents[2] / "benchmarks" / "python_security" / "prompts"
SHAPE = AnswerShape("cwe", "line", "fix", "none", locators=(PythonSecurity(),))
META = {"label": "CWE-78", "fix": "Run an argument list", "application": "Log Viewer"}


def answer(vulnerable=VULNERABLE_SHELL, repaired=SAFE_SHELL):
    return json.dumps({"vulnerable_code": vulnerable, "repaired_code": repaired})


@pytest.fixture(scope="module")
def prompt():
    return load_template(load_goal(GOALS / "python_security"), "teacher_pairs", PairPrompt).prompt


def test_every_class_has_calls_whose_fix_is_short(prompt):
    assert len(prompt.classes) == 12
    for weakness in prompt.classes.values():
        assert len(weakness.calls) >= 5
        assert all(len(call.fix) < 70 for call in weakness.calls)


def test_requests_share_their_beginning_and_leave_no_hole(prompt):
    asked = build_requests(prompt, {}, 48, 1)
    questions = [question for question, _ in asked]
    assert len({json.dumps(q.messages[:-1]) for q in questions}) == 1
    assert all("{{" not in q.messages[-1]["content"] for q in questions)
    assert len({q.messages[-1]["content"] for q in questions}) == 48
    assert set(Counter(q.meta["label"] for q in questions).values()) == {4}
    assert build_requests(prompt, {}, 48, 1) == asked


def test_more_requests_or_other_weights_ask_the_same_first_questions_of_a_class(prompt):
    few = {q.messages[-1]["content"] for q, _ in build_requests(prompt, {}, 12, 1)}
    more = {q.messages[-1]["content"] for q, _ in build_requests(prompt, {"CWE-89": 3.0}, 60, 1)}
    assert few < more


def test_weights_of_both_slices_of_a_class_count(prompt):
    off = {k: 0.0 for label in prompt.classes for k in (label, f"safe/{label}")}
    questions = build_requests(prompt, off | {"CWE-89": 1.0, "safe/CWE-78": 3.0}, 40, 1)
    assert Counter(q.meta["label"] for q, _ in questions) == {"CWE-78": 30, "CWE-89": 10}


def test_an_answer_becomes_two_rows_with_the_line_that_analysis_finds():
    bad, good = parse_answer(answer(), META, SHAPE)
    assert bad.expected == {"cwe": "CWE-78", "line": 5, "fix": "Run an argument list"}
    assert good.expected == {"cwe": "none", "line": None, "fix": None}
    assert (bad.slice, good.slice) == ("CWE-78", "safe/CWE-78")
    assert bad.family == good.family == "teacher-cwe-78-log-viewer"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no json",
        "[1]",
        '{"vulnerable_code": "x"}',
        answer(repaired=VULNERABLE_SHELL),
        answer(repaired="  "),
        answer()[:40],
    ],
)
def test_an_answer_that_is_no_pair_makes_no_rows(text):
    assert read_pair(text) is None
    assert parse_answer(text, META, SHAPE) == []


def test_code_may_come_as_a_list_of_lines():
    lines = answer(VULNERABLE_SHELL.rstrip().split("\n"), SAFE_SHELL.split("\n"))
    assert read_pair(lines) is not None
    assert read_pair(answer(["x", 1], ["y"])) is None


def test_fences_and_comments_are_cleaned_off():
    pair = read_pair(
        answer("```python\n# bad\nx = eval(y)  # vulnerable\n```", "```\nx = int(y)\n```")
    )
    assert pair == ("x = eval(y)\n", "x = int(y)\n")


def test_a_hash_within_a_string_is_kept():
    assert read_pair(answer("x = '#fff' + y\n", "x = y\n")) == ("x = '#fff' + y\n", "x = y\n")


@pytest.fixture
def goal(tmp_path):
    (tmp_path / "prompts" / "teacher").mkdir(parents=True)
    text = (PROMPTS / "teacher" / "teacher_pairs.yaml").read_text()
    (tmp_path / "prompts" / "teacher" / "teacher_pairs.yaml").write_text(text)
    return small_goal(tmp_path)


class Teacher:
    """Answers every third question with nothing, and counts."""

    def __init__(self):
        self.asked = 0

    def __call__(self, inquiries):
        (one,) = inquiries
        count = len(one.questions)
        self.asked += count
        assert one.usable(answer())
        assert not one.usable("nonsense")
        for _ in one.questions:
            one.on_reply()
        replies = [Reply(None if n % 3 == 0 else answer(), f"key{n}") for n in range(count)]
        return [Heard(replies)]


def test_generation_asks_what_is_allowed_and_fills_up_with_seeds(goal):
    teacher, told = Teacher(), []
    result = generate(
        goal,
        DataSettings(rows=200, teacher_requests=9, seed=5),
        SEEDS,
        teacher,
        lambda *x: told.append(x),
    )
    pairs, expansion = result.accounts
    assert (pairs.asked, pairs.answered, pairs.valid, pairs.rows) == (9, 6, 6, 12)
    assert teacher.asked == 9
    assert expansion.rows == int(SURPLUS * (200 - int(TEACHER_KEEPS * pairs.rows)))
    assert len(result.rows) == pairs.rows + expansion.rows
    assert ("teacher_pairs", 9, 9) in told
    (written, *_) = [row for row in result.rows if row.teacher]
    assert (written.teacher, written.parent, written.variant) == ("own", "request:key1", "plain")
    assert len(written.template) == 16


def test_a_share_of_zero_leaves_a_strategy_out(goal):
    teacher = Teacher()
    data = DataSettings(rows=50, teacher_requests=9, strategy_shares={"teacher_pairs": 0.0})
    result = generate(goal, data, SEEDS, teacher)
    assert teacher.asked == 0
    assert {a.strategy for a in result.accounts} == {"seed_expansion"}


def test_slice_weights_shift_the_rows(goal):
    data = DataSettings(rows=160, slice_weights={"CWE-89": 5.0})
    counts = Counter(r.slice for r in generate(goal, data, SEEDS, Teacher()).rows)
    assert counts["CWE-89"] == 5 * counts["CWE-78"]
