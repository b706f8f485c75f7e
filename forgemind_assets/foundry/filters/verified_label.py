"""Drops rows whose claim an independent verifier refutes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from forgemind_assets.foundry.filters.answers import answer_of
from forgemind_assets.foundry.verifiers.base import Claim, Verifier
from forgemind_assets.foundry.verifiers.programs import ProgramRunner
from forgemind_assets.foundry.verifiers.verdict import Verdict
from forgemind_assets.records import Row


@dataclass(frozen=True)
class VerifiedLabel:
    """Keeps a teacher's rows that the verifier confirms.

    Only rows that a teacher wrote are judged: what people wrote stands, and its labels are
    compared with the verifier's by `verifiers.agreement`. `label_key` and `line_key` name the
    fields of the answer that a verifier of labels reads; None where the goal has no such field. An
    answer that cannot be read, or lacks the label, is another filter's. Where the verifier is
    silent, `spares` says whether the row goes on to judges who may keep it. `known` holds the
    verdicts, for a later stage that needs them too.
    """

    verifier: Verifier
    label_key: str | None = "cwe"
    line_key: str | None = "line"
    programs: ProgramRunner | None = None
    spares: Callable[[], bool] = lambda: False
    name: str = "verified_label"
    known: dict[str, Verdict | None] = field(default_factory=dict, compare=False, repr=False)
    each: ClassVar[bool] = True

    def judge(self, rows: Sequence[Row]) -> list[str | None]:
        """The verifier's reason, such as `still_vulnerable`, `tests_failed`."""
        return [self._one(row) for row in rows]

    def _one(self, row: Row) -> str | None:
        verdict = self.verdict(row)
        if verdict is None or verdict.keep or (verdict.silent and self.spares()):
            return None
        return verdict.reason

    def verdict(self, row: Row) -> Verdict | None:
        """The verifier's word on a row, asked for once; None where there is nothing to verify."""
        name = f"{row.row_id}/{row.teacher is None}"  # the id stands for input and answer
        if name not in self.known:
            self.known[name] = self._verified(row)
        return self.known[name]

    def _verified(self, row: Row) -> Verdict | None:
        answer = None if row.teacher is None else answer_of(row)
        if answer is None:
            return None
        label = answer.get(self.label_key) if self.verifier.needs_label and self.label_key else None
        if self.verifier.needs_label and label is None:
            return None
        line = answer.get(self.line_key) if self.line_key else None
        claim = Claim(row.input, row.answer, label, line if isinstance(line, int) else None)
        return self.verifier.check(claim, self.programs)
