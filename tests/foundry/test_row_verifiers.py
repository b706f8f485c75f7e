"""The verifiers that need no sandbox, and the options of all of them."""

import json
from typing import Any

import pytest
from fakes.programs import NoRoom
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from forgemind_assets.errors import NotAvailable
from forgemind_assets.foundry.verifiers.base import Claim
from forgemind_assets.foundry.verifiers.comparison import same
from forgemind_assets.foundry.verifiers.registry import VERIFIERS


def verdict(name: str, options: dict[str, Any], input: str = "", answer: Any = "") -> str:
    text = answer if isinstance(answer, str) else json.dumps(answer)
    found = VERIFIERS[name].model_validate(options).check(Claim(input, text), None)
    assert found.keep == (found.reason in ("parses", "matches", "holds_under_schema"))
    return found.reason


@pytest.mark.parametrize(
    ("syntax", "right", "wrong"),
    [
        ("python", "def f(x): return x", "def f(x) return x"),
        ("python", "a = '\\d'", "(" * 10_000),
        ("json", '{"a": [1, null]}', "{'a': 1}"),
        ("json", "1", "[NaN]"),
        ("json", "[" * 100 + "]" * 100, "[" * 200_000),
        ("yaml", "a: [1, 2]\nb: c", "a: [1, 2"),
        ("yaml", "a: &x 1\nb: *x", "a: *nobody"),
        ("yaml", "- - - 1", "[" * 500 + "]" * 500),
        ("sql", "select a from t where b = 'c'", "selct a from t"),
        ("sql", "create table t (a int); insert into t values (1)", "-- nothing"),
        ("python", "", "\x00"),
        ("json", '"x"', "1" + "0" * 300_000),
    ],
)
def test_a_text_parses_or_does_not(syntax: str, right: str, wrong: str):
    assert verdict("parser", {"syntax": syntax}, right) == "parses"
    assert verdict("parser", {"syntax": syntax}, wrong) in ("does_not_parse", "too_long")


def test_the_text_may_be_a_key_of_the_answer():
    options = {"syntax": "python", "of": "answer.fix.code"}
    assert verdict("parser", options, "", {"fix": {"code": "x = 1"}}) == "parses"
    assert verdict("parser", options, "", {"fix": {"code": 1}}) == "field_missing"
    assert verdict("parser", options, "", {"fix": "x"}) == "field_missing"
    assert verdict("parser", options, "", "no JSON") == "field_missing"


def test_parsing_sql_runs_nothing(tmp_path: Any):
    flag = tmp_path / "flag.csv"
    assert verdict("parser", {"syntax": "sql"}, f"copy (select 1) to '{flag}'") == "parses"
    assert not flag.exists()


PERSON = {
    "type": "object",
    "properties": {"name": {"$ref": "#/$defs/name"}, "age": {"type": "integer", "minimum": 0}},
    "required": ["name"],
    "$defs": {"name": {"type": "string", "pattern": "^[A-Z]"}},
}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"name": "Ada", "age": 36}, "holds_under_schema"),
        ({"name": "ada"}, "breaks_schema"),
        ({"name": "Ada", "age": -1}, "breaks_schema"),
        ({"age": 1}, "breaks_schema"),
        ("{", "not_json"),
    ],
)
def test_an_answer_holds_under_a_schema_or_does_not(answer: Any, reason: str):
    assert verdict("json_schema", {"schema": PERSON}, "", answer) == reason


def test_a_schema_may_look_at_a_key_of_the_answer():
    options = {"schema": {"type": "integer"}, "of": "answer.age"}
    assert verdict("json_schema", options, "", {"age": 3}) == "holds_under_schema"
    assert verdict("json_schema", options, "", {"name": 3}) == "field_missing"


@pytest.mark.parametrize(
    ("options", "answer", "reason"),
    [
        ({"must": ["SELECT"]}, "SELECT 1", "matches"),
        ({"must": ["SELECT"]}, "select 1", "pattern_missing"),
        ({"must": ["(?i)select"], "must_not": [";"]}, "select 1", "matches"),
        ({"must": ["(?i)select"], "must_not": [";"]}, "select 1;", "pattern_forbidden"),
        ({"must_not": ["^$"]}, "", "pattern_forbidden"),
    ],
)
def test_patterns_must_or_must_not_be_found(options: dict[str, Any], answer: str, reason: str):
    assert verdict("regex", options, "", answer) == reason


def test_a_pattern_that_backtracks_without_end_is_cut_off():
    endless, text = "(a|aa)+$", "a" * 200 + "!"
    assert verdict("regex", {"must": [endless]}, "", text) == "pattern_timeout"
    schema = {"type": "string", "pattern": endless}
    assert verdict("json_schema", {"schema": schema}, "", json.dumps(text)) == "pattern_timeout"


@pytest.mark.parametrize(
    ("name", "options", "place", "message"),
    [
        ("parser", {}, "syntax", "Field required"),
        ("parser", {"syntax": "cobol"}, "syntax", "python"),
        ("parser", {"syntax": "json", "of": "row.x"}, "of", "pattern"),
        ("json_schema", {"schema": {"type": "txt"}}, "schema", "expected a JSON Schema"),
        ("json_schema", {"schema": {"pattern": "("}}, "schema", "is not a 'regex'"),
        ("json_schema", {"schema": {"$ref": "https://example.org/s"}}, "schema", "within the"),
        ("json_schema", {"schema": {"$ref": "#/$defs/x"}}, "schema", "within the schema"),
        ("regex", {}, "", "expected a pattern in must or must_not"),
        ("regex", {"must": ["("]}, "must.0", "expected a regular expression"),
        ("sql_result", {}, "", "expected one of expected_query"),
        ("sql_result", {"expected_query": "x", "expected_rows": []}, "", "expected one of"),
        ("python_tests", {"function": "f"}, "", "expected cases or cases_from"),
        ("python_tests", {"cases": [{"expected": 1}]}, "", "expected function"),
        ("python_tests", {"function": "f", "cases": [{}]}, "cases.0", "either `expected` or"),
        ("python_tests", {"function": "f()", "cases": [{"expected": 1}]}, "function", "pattern"),
        ("python_security", {"line_tolerance": -1}, "line_tolerance", "greater than"),
    ],
)
def test_options_that_do_not_hold_say_where(
    name: str, options: dict[str, Any], place: str, message: str
):
    with pytest.raises(ValidationError) as caught:
        VERIFIERS[name].model_validate(options)
    found = caught.value.errors()[0]
    assert ".".join(map(str, found["loc"])) == place
    assert message in found["msg"]


@pytest.mark.parametrize(
    ("name", "options", "answer"),
    [
        ("python_tests", {"function": "f", "cases": [{"expected": 1}]}, {"code": "def f(): ..."}),
        ("sql_result", {"expected_rows": [[1]]}, {"sql": "select 1"}),
    ],
)
def test_no_program_is_judged_where_none_can_be_held(name: str, options: Any, answer: Any):
    verifier = VERIFIERS[name].model_validate(options)
    assert verifier.runs_programs
    with pytest.raises(NotAvailable, match="no namespaces here"):
        verifier.check(Claim("", json.dumps(answer)), NoRoom())


def test_cases_of_the_row_that_are_none_or_broken_are_no_tests():
    options = {"function": "f", "cases_from": "input.tests"}
    verifier = VERIFIERS["python_tests"].model_validate(options)
    for tests in ([], "[]", [{}], [{"expected": 1, "raises": "E"}], {"expected": 1}, 5, "x"):
        claim = Claim(json.dumps({"tests": tests}), json.dumps({"code": "x = 1"}))
        found = verifier.check(claim, NoRoom())
        assert (found.keep, found.reason) in {(False, "no_tests"), (False, "field_missing")}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(JSON)
def test_a_value_is_the_same_as_its_copy_in_json(value: Any):
    assert same(json.loads(json.dumps(value)), value)


@given(JSON, JSON)
def test_sameness_is_symmetric_and_stricter_than_equality(one: Any, other: Any):
    assert same(one, other) == same(other, one)
    assert not same(one, other) or one == other


@pytest.mark.parametrize(
    ("found", "expected", "equal"),
    [
        (True, 1, False),
        (0, False, False),
        (1, 1.0, True),
        (0.1 + 0.2, 0.3, True),
        (0.3001, 0.3, False),
        ([1, 2], (1, 2), True),
        ([1], [1, 2], False),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ("1", 1, False),
        (None, False, False),
        (10**400, 1.0, False),
    ],
)
def test_numbers_may_differ_by_the_tolerance_and_kinds_may_not(
    found: Any, expected: Any, equal: bool
):
    assert same(found, expected, 1e-9) is equal
