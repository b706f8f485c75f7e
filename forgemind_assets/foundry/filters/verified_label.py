"""Drops rows whose claim an independent verifier refutes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from forgemind_assets.foundry.filters.answers import answer_of
from forgemind_assets.foundry.verifiers.base import Claim, Verifier
from forgemind_assets.foundry.verifiers.programs import ProgramRunner
from forgemind_assets.records import Row


@dataclass(frozen=True)
class VerifiedLabel:
    """Keeps a teacher's rows that the verifier confirms.

    Only rows that a teacher wrote are judged: what people wrote stands, and its labels are
    compared with the verifier's by `verifiers.agreement`. `label_key` and `line_key` name the
    fields of the answer that a verifier of labels reads; None where the goal has no such field. An
    answer that cannot be read, or lacks the label, is another filter's.
    """

    verifier: Verifier
    label_key: str | None = "cwe"
    line_key: str | None = "line"
    programs: ProgramRunner | None = None
    name: str = "verified_label"
    each: ClassVar[bool] = True

    def judge(self, rows: Sequence[Row]) -> list[str | None]:
        """The verifier's reason, such as `still_vulnerable`, `tests_failed`."""
        return [self._one(row) for row in rows]

    def _one(self, row: Row) -> str | None:
        answer = None if row.teacher is None else answer_of(row)
        if answer is None:
            return None
        label = answer.get(self.label_key) if self.verifier.needs_label and self.label_key else None
        if self.verifier.needs_label and label is None:
            return None
        line = answer.get(self.line_key) if self.line_key else None
        claim = Claim(row.input, row.answer, label, line if isinstance(line, int) else None)
        verdict = self.verifier.check(claim, self.programs)
        return None if verdict.keep else verdict.reason
