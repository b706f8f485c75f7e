"""Checks a query by what it returns, in an in-memory DuckDB that can reach nothing.

The query runs in the sandbox, in a room of its own that does not know what is expected; a query
that gives the expected rows runs in another. Rows are compared here.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator

from forgemind_assets.foundry.verifiers.base import (
    Claim,
    FieldMissing,
    FieldPath,
    Verifier,
    read_field,
    read_text,
)
from forgemind_assets.foundry.verifiers.comparison import same
from forgemind_assets.foundry.verifiers.programs import (
    Call,
    ProgramLimits,
    ProgramRun,
    ProgramRunner,
)
from forgemind_assets.foundry.verifiers.verdict import Verdict

PACKAGES = ("duckdb",)
MAX_ROWS = 1000
MIB = 1024**2
DATABASE_SHARE = 0.25
"""Of the address space, for DuckDB's own memory limit: its code and allocator take the rest."""


class SqlResult(Verifier):
    """Keeps a row whose query returns the expected rows, in any order unless `ordered`.

    Tables come from `setup` (of the goal) and `setup_from` (of the row): CREATE, INSERT, UPDATE
    and DELETE statements. Expected are rows, or what another query returns, of the goal or of
    the row. Names of columns are not compared; their order is.
    """

    runs_programs = True

    query: FieldPath = "answer.sql"
    setup: tuple[str, ...] = ()
    setup_from: FieldPath | None = None
    expected_query: str | None = None
    expected_query_from: FieldPath | None = None
    expected_rows: tuple[tuple[Any, ...], ...] | None = Field(default=None, max_length=MAX_ROWS)
    expected_rows_from: FieldPath | None = None
    ordered: bool = False
    tolerance: float = Field(default=1e-6, ge=0, description="of floats, relative and absolute")
    seconds: float = Field(default=5.0, gt=0, le=60)
    memory_mib: int = Field(default=1024, ge=512, le=16384)

    @model_validator(mode="after")
    def _one_expectation(self) -> Self:
        keys = [key for key in type(self).model_fields if key.startswith("expected_")]
        given = [key for key in keys if getattr(self, key) is not None]
        if len(given) != 1:
            raise ValueError(
                f"expected one of {', '.join(keys)}, found {', '.join(given) or 'none'}"
            )
        return self

    def explain(self) -> str:
        """See `Verifier.explain`."""
        order = "in their order" if self.ordered else "in any order"
        return f"{self.query} returns the expected rows, {order}, in the sandbox"

    def check(self, claim: Claim, programs: ProgramRunner | None) -> Verdict:
        """Reason to keep: `rows_as_expected`.

        To drop: `field_missing`, `expected_query_failed`, `sql_failed` (or it is no single
        SELECT, or gives too many rows), `sql_` with the end of the run, `wrong_rows`. Raises
        NotAvailable where the machine cannot hold a hostile program.
        """
        assert programs is not None
        try:
            query = read_text(claim, self.query)
            setup = [*self.setup, *([read_text(claim, self.setup_from)] if self.setup_from else [])]
            expected = self._expected(claim, setup, programs)
        except FieldMissing:
            return Verdict(False, "field_missing")
        if expected is None:
            return Verdict(False, "expected_query_failed")
        run = self._run(setup, query, programs)
        if run.end != "answered":
            return Verdict(False, f"sql_{run.end}")
        if run.answers[0].raised:
            return Verdict(False, "sql_failed")
        equal = self._equal(run.answers[0].value, expected)
        return Verdict(True, "rows_as_expected") if equal else Verdict(False, "wrong_rows")

    def _expected(
        self, claim: Claim, setup: list[str], programs: ProgramRunner
    ) -> list[Any] | None:
        """The expected rows; None where the query that gives them fails."""
        if self.expected_rows is not None:
            return [list(row) for row in self.expected_rows]
        if self.expected_rows_from is not None:
            return _rows_of(read_field(claim, self.expected_rows_from))
        query = self.expected_query
        if self.expected_query_from is not None:
            query = read_text(claim, self.expected_query_from)
        run = self._run(setup, query or "", programs)
        ended = run.end != "answered" or run.answers[0].raised
        return None if ended else run.answers[0].value

    def _run(self, setup: list[str], query: str, programs: ProgramRunner) -> ProgramRun:
        limits = ProgramLimits(
            seconds=self.seconds,
            cpu_seconds=max(1, int(self.seconds)),
            memory_bytes=self.memory_mib * MIB,
            answer_bytes=4 * MIB,
        )
        arguments = (setup, query, MAX_ROWS, int(self.memory_mib * DATABASE_SHARE))
        return programs.run(_program(), [Call("rows", arguments)], limits, PACKAGES)

    def _equal(self, found: Any, expected: list[Any]) -> bool:
        if not isinstance(found, list):
            return False
        try:
            if not self.ordered:
                found, expected = sorted(found, key=_order), sorted(expected, key=_order)
            return same(found, expected, self.tolerance)
        except (RecursionError, OverflowError):  # a row's own expectation may be nested too deep
            return False


@cache
def _program() -> str:
    return Path(__file__).with_name("sql_program.py").read_text(encoding="utf-8")


def _rows_of(value: Any) -> list[Any]:
    try:
        value = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, list) or not all(isinstance(row, list) for row in value):
        raise FieldMissing("expected a list of rows, each a list of values")
    return value


def _order(row: Any) -> str:
    """A key by which equal rows sort alike: numbers by six digits, so that 1 and 1.0 are one."""
    values = row if isinstance(row, list) else [row]
    numbers = (int, float)
    return json.dumps(
        [f"{v:.6g}" if isinstance(v, numbers) and not isinstance(v, bool) else v for v in values],
        sort_keys=True,
    )
