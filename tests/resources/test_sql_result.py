"""Queries judged by their rows, and what a hostile one cannot do."""

import json
from typing import Any

import pytest

from forgemind_assets.foundry.verifiers.base import Claim
from forgemind_assets.foundry.verifiers.sql_result import SqlResult
from resources.sandbox.sandbox import Sandbox, find_refusal

REFUSAL = find_refusal()
pytestmark = pytest.mark.skipif(REFUSAL is not None, reason=f"no sandbox here: {REFUSAL}")

TABLES = "create table t (a int, b text); insert into t values (1, 'x'), (2, 'y'), (2, 'y')"
EXPECTED = {"expected_rows": [[1, "x"], [2, "y"], [2, "y"]]}


def verdict(sql: Any, options: dict[str, Any] = EXPECTED, input: str = "") -> str:
    verifier = SqlResult.model_validate({"setup": [TABLES], "seconds": 60, **options})
    return verifier.check(Claim(input, json.dumps({"sql": sql})), Sandbox()).reason


def test_rows_are_compared_as_a_bag_unless_their_order_is_asked_for():
    backwards = "select * from t order by a desc"
    assert verdict(backwards) == "rows_as_expected"
    assert verdict(backwards, {**EXPECTED, "ordered": True}) == "wrong_rows"
    assert verdict("select * from t order by a", {**EXPECTED, "ordered": True}) == (
        "rows_as_expected"
    )
    assert verdict("select distinct * from t") == "wrong_rows"
    assert verdict("select b, a from t") == "wrong_rows"


def test_another_query_may_say_what_is_expected():
    options = {"expected_query": "select avg(a) from t"}
    assert verdict("select sum(a)::decimal(9, 4) / count(*) from t", options) == "rows_as_expected"
    assert verdict("select max(a) from t", options) == "wrong_rows"
    assert verdict("select 1", {"expected_query": "select nothing"}) == "expected_query_failed"


def test_tables_and_expectations_may_be_the_rows_own():
    row = json.dumps({"tables": "create table u (d date); insert into u values ('2020-02-03')",
                      "rows": [["2020-02-03"]]})  # fmt: skip
    options = {"setup": [], "setup_from": "input.tables", "expected_rows_from": "input.rows"}
    assert verdict("select d from u", options, row) == "rows_as_expected"
    assert verdict("select d from u", options, "{}") == "field_missing"


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_text('/etc/passwd')",
        "select * from '/python/os.py'",
        "select * from glob('/*')",
        "attach '/tmp/x.db'",
        "copy (select 1) to '/tmp/x.csv'",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "pragma database_list",
        "select * from 'http://127.0.0.1/x.csv'",
        "select * from found",
        "select 1; select 2",
        "drop table t",
        "selct",
        "",
        "select * from range(2000)",
        "select repeat('x', 3000000000)",
        "select list(range) from range(100000000)",
        "select " + "(" * 5000 + "1" + ")" * 5000,
    ],
)
def test_a_query_that_reaches_out_or_is_no_select_fails(sql: str):
    assert verdict(sql) in ("sql_failed", "sql_ended_early")


def test_a_query_without_end_is_stopped():
    endless = "with recursive t(n) as (select 1 union all select n + 1 from t) select max(n) from t"
    assert verdict(endless, {**EXPECTED, "seconds": 2}) in ("sql_out_of_time", "sql_ended_early")


def test_the_setup_makes_tables_and_does_nothing_else():
    options = {"setup": ["copy (select 1) to '/tmp/x'"], **EXPECTED}
    assert verdict("select 1", options) == "sql_failed"
    assert verdict(5) == "field_missing"
