"""Each filter, from both sides of its threshold."""

import json

import pytest
from foundry_cases import SAFE_SHELL, VULNERABLE_SHELL, VULNERABLE_SQL, row

from forgemind_assets.foundry.filters.answer_format import AnswerFormat
from forgemind_assets.foundry.filters.class_balance import ClassBalance
from forgemind_assets.foundry.filters.decontamination import Decontamination
from forgemind_assets.foundry.filters.exact_duplicates import ExactDuplicates
from forgemind_assets.foundry.filters.json_shape import fits
from forgemind_assets.foundry.filters.length import Length
from forgemind_assets.foundry.filters.near_duplicates import NearDuplicates
from forgemind_assets.foundry.filters.near_index import Shape
from forgemind_assets.foundry.filters.parse import Parse
from forgemind_assets.foundry.filters.suite_texts import Decontaminator, Overlap
from forgemind_assets.foundry.filters.verified_label import VerifiedLabel
from forgemind_assets.foundry.verifiers.python_security import PythonSecurity

SCHEMA = {
    "type": "object",
    "properties": {"cwe": {"type": "string"}, "line": {"type": ["integer", "null"]}},
    "required": ["cwe"],
}


def test_code_that_does_not_compile_is_dropped():
    assert Parse().judge(
        [row("x = 1\n"), row("return 1\n"), row("x = (\n"), row("await f()\n")]
    ) == [
        None,
        "syntax_error",
        "syntax_error",
        None,
    ]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ('{"cwe": "CWE-89", "line": 2}', None),
        ('{"cwe": "CWE-89", "line": 3}', "line_outside"),
        ('{"cwe": "CWE-89", "line": 0}', "line_outside"),
        ('{"cwe": "CWE-1", "line": 1}', "unknown_label"),
        ('{"line": 1}', "not_schema"),
        ('{"cwe": "none", "line": "1"}', "not_schema"),
        ('{"cwe": "none", "line": true}', "not_schema"),
        ("[1]", "not_schema"),
        ("CWE-89", "not_json"),
    ],
)
def test_an_answer_must_be_what_the_goal_asks_for(answer, reason):
    stage = AnswerFormat(SCHEMA, ("none", "CWE-89"), "cwe", "line")
    assert stage.judge([row("a\nb\n").model_copy(update={"answer": answer})]) == [reason]


def test_the_schema_check_knows_enum_items_and_closed_objects():
    assert fits(
        {"a": [1, 2]}, {"type": "object", "properties": {"a": {"items": {"type": "integer"}}}}
    )
    assert not fits({"a": ["x"]}, {"properties": {"a": {"items": {"type": "integer"}}}})
    assert not fits({"b": 1}, {"properties": {"a": {}}, "additionalProperties": False})
    assert not fits("c", {"enum": ["a", "b"]})


def test_lengths_are_hit_from_both_sides():
    rows = [row("x" * n + "\n") for n in (4, 5, 8, 9)]
    assert Length(5, 8).judge(rows) == ["too_short", None, None, "too_long"]


def test_the_first_of_equal_inputs_stays_and_contradictions_all_go():
    rows = [row("a = 1\n"), row("a = 1  \n"), row("b\n"), row("b\n", "CWE-89", 1)]
    assert ExactDuplicates().judge(rows) == [None, "duplicate", "contradiction", "contradiction"]


def test_near_duplicates_are_decided_by_the_exact_overlap():
    words = [f"w{n}" for n in range(103)]
    base = " ".join(words)
    near = " ".join([*words[:102], "other"])  # 100 of 102 shingles in common
    far = " ".join([*words[:60], *(f"z{n}" for n in range(43))])
    rows = [row(base), row(near), row(far)]
    assert NearDuplicates(Shape(0.9)).judge(rows) == [None, "near_duplicate", None]
    assert NearDuplicates(Shape(0.995)).judge(rows) == [None, None, None]


def test_a_repaired_twin_is_no_duplicate_of_the_vulnerable_one():
    code = " ".join(f"w{n}" for n in range(100))
    assert NearDuplicates(Shape(0.9)).judge([row(code, "CWE-89", 1), row(code + " end")]) == [
        None,
        None,
    ]


def test_only_a_teachers_rows_need_the_verifiers_word():
    stage = VerifiedLabel(PythonSecurity())
    wrong = row(SAFE_SHELL, "CWE-78", 4)
    assert stage.judge([wrong, wrong.model_copy(update={"teacher": "own"})]) == [
        None,
        "not_confirmed",
    ]
    refuted = row(VULNERABLE_SHELL, teacher="own")
    assert stage.judge([refuted]) == ["still_vulnerable"]
    assert stage.judge([row(VULNERABLE_SHELL, "CWE-78", 5, "own")]) == [None]


def test_the_share_of_a_label_is_capped_and_the_surplus_taken_evenly():
    rows = [row(f"n{i}\n") for i in range(80)] + [row(f"v{i}\n", "CWE-89", 1) for i in range(20)]
    reasons = ClassBalance(0.6, "cwe").judge(rows)
    kept = [r for r, reason in zip(rows, reasons, strict=True) if reason is None]
    assert sum(json.loads(r.answer)["cwe"] == "none" for r in kept) == 30
    assert len(kept) == 50
    assert None in reasons[:3]
    assert None in reasons[76:80]
    assert ClassBalance(0.8, "cwe").judge(rows) == [None] * 100
    assert set(ClassBalance(0.6, "cwe").judge(rows[:80])) == {"class_too_common"}


def test_decontamination_finds_renamed_code_and_long_overlaps_only():
    suite = Decontaminator([VULNERABLE_SQL, "alpha beta gamma delta epsilon\n"], Overlap(5))
    stage = Decontamination(suite)
    renamed = VULNERABLE_SQL.replace("con", "handle").replace("def badge", "def medal")
    assert stage.judge([row(renamed)]) == ["in_a_suite"]
    assert stage.judge([row("x = 'alpha beta gamma delta epsilon zeta'\n")]) == ["in_a_suite"]
    assert stage.judge([row("x = 'alpha beta gamma delta zeta'\n")]) == [None]


def test_what_many_cases_share_is_boilerplate():
    cases = [f"app = Flask(__name__)\napp.config.update(A=1, B=2)\nf{i}()\n" for i in range(3)]
    suite = Decontaminator(cases, Overlap(5, similarity=1))
    other = "app = Flask(__name__)\napp.config.update(A=1, B=2)\nother(9)\n"
    assert suite.contaminated([other, cases[0]]) == [False, True]
