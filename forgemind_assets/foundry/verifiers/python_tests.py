"""Checks a program by calling its functions in a sandbox and comparing what comes back.

The tests are cases of plain JSON values: a function, its arguments, and the value or the
exception that is expected. They never enter the sandbox. The program gets one call at a time and
answers with JSON; the comparison happens here, so that nothing it does to its own interpreter
(exit codes, printed reports, patched test libraries, objects that are equal to everything) can
make a case pass. What such cases cannot say: identity and type of a result beyond JSON (a tuple
is a list, an int key is a text), what was printed, files, and methods of objects; a case for
those calls a function of the program that returns the fact as a value.
"""

import json
from collections.abc import Sequence
from typing import Any, Self

from pydantic import Field, ValidationError, model_validator

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
    Answer,
    Call,
    ProgramLimits,
    ProgramRunner,
)
from forgemind_assets.foundry.verifiers.verdict import Verdict
from forgemind_assets.records import Record

MAX_CASES = 200
MIB = 1024**2


class TestCase(Record):
    """One call, and either the value that it must return or the exception that it must raise."""

    __test__ = False

    function: str | None = Field(default=None, pattern=r"^[A-Za-z_]\w*$")
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = Field(default_factory=dict)
    expected: Any = None
    raises: str | None = Field(default=None, description="name of the class or one of its bases")

    @model_validator(mode="after")
    def _one_expectation(self) -> Self:
        if ("expected" in self.model_fields_set) == (self.raises is not None):
            raise ValueError("expected either `expected` or `raises`")
        return self

    def holds(self, answer: Answer, tolerance: float) -> bool:
        """Whether an answer is what the case expects."""
        if self.raises is not None:
            return self.raises in answer.raised
        return not answer.raised and same(answer.value, self.expected, tolerance)


class PythonTests(Verifier):
    """Keeps a row whose program passes every case.

    Cases come from the goal (`cases`), from the row (`cases_from`: a list, or JSON text of one),
    or both; where they name no function, `function` is called.
    """

    runs_programs = True

    program: FieldPath = "answer.code"
    function: str | None = Field(default=None, pattern=r"^[A-Za-z_]\w*$")
    cases: tuple[TestCase, ...] = Field(default=(), max_length=MAX_CASES)
    cases_from: FieldPath | None = None
    tolerance: float = Field(default=1e-9, ge=0, description="of floats, relative and absolute")
    seconds: float = Field(default=5.0, gt=0, le=60)
    memory_mib: int = Field(default=256, ge=64, le=4096)

    @model_validator(mode="after")
    def _has_cases(self) -> Self:
        if not self.cases and self.cases_from is None:
            raise ValueError("expected cases or cases_from, found neither")
        if self.function is None and any(case.function is None for case in self.cases):
            raise ValueError("expected function, or one in each case, found neither")
        return self

    def explain(self) -> str:
        """See `Verifier.explain`."""
        from_row = f" and those in {self.cases_from}" if self.cases_from else ""
        return f"{self.program} passes {len(self.cases)} cases{from_row}, in the sandbox"

    def check(self, claim: Claim, programs: ProgramRunner | None) -> Verdict:
        """Reason to keep: `tests_passed`. To drop: `field_missing`, `no_tests` (none, too many,
        or not as they should be), `tests_failed`, and `program_` with the end of its run.

        Raises NotAvailable where the machine cannot hold a hostile program.
        """
        assert programs is not None
        try:
            program = read_text(claim, self.program)
            cases = [*self.cases, *self._cases_of(claim)]
        except FieldMissing:
            return Verdict(False, "field_missing")
        if not cases or len(cases) > MAX_CASES:
            return Verdict(False, "no_tests")
        calls = [
            Call(case.function or self.function or "", case.args, case.kwargs) for case in cases
        ]
        try:
            run = programs.run(program, calls, self._limits())
        except RecursionError:  # a row's own cases may be nested too deep to be sent
            return Verdict(False, "no_tests")
        for case, answer in zip(cases, run.answers, strict=False):
            if not case.holds(answer, self.tolerance):
                return Verdict(False, "tests_failed")
        if run.end != "answered":
            return Verdict(False, f"program_{run.end}")
        return Verdict(True, "tests_passed")

    def _cases_of(self, claim: Claim) -> Sequence[TestCase]:
        """The row's own cases; none where one of them is broken."""
        if self.cases_from is None:
            return ()
        value = read_field(claim, self.cases_from)
        try:
            value = json.loads(value) if isinstance(value, str) else value
            cases = [TestCase.model_validate(item) for item in value]
        except (ValueError, ValidationError, TypeError, RecursionError):
            raise FieldMissing(f"expected test cases at {self.cases_from}") from None
        if self.function is None and any(case.function is None for case in cases):
            raise FieldMissing(f"expected a function in each case at {self.cases_from}")
        return cases

    def _limits(self) -> ProgramLimits:
        return ProgramLimits(
            seconds=self.seconds,
            cpu_seconds=max(1, int(self.seconds)),
            memory_bytes=self.memory_mib * MIB,
        )
