"""Drops rows whose label an independent analyser refutes."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from forgemind_assets.foundry.filters.answers import label_of
from forgemind_assets.foundry.verifiers.verdict import Verdict
from forgemind_assets.records import Row


class Verifier(Protocol):
    """Judges a claimed label."""

    def verify(self, code: str, claimed: str, claimed_line: int | None) -> Verdict:
        """Whether analysis supports the claim."""
        ...


@dataclass(frozen=True)
class VerifiedLabel:
    """Keeps a teacher's rows whose label the verifier confirms.

    Only rows that a teacher wrote are judged: labels that people wrote stand, and are compared
    with the verifier's by `verifiers.agreement`. An answer without a label is another filter's.
    """

    verifier: Verifier
    label_key: str = "cwe"
    line_key: str = "line"
    name: str = "verified_label"
    each: ClassVar[bool] = True

    def judge(self, rows: Sequence[Row]) -> list[str | None]:
        """The verifier's reason, such as `still_vulnerable`, `not_confirmed`."""
        return [self._one(row) for row in rows]

    def _one(self, row: Row) -> str | None:
        label = None if row.teacher is None else label_of(row, self.label_key)
        if label is None:
            return None
        line = json.loads(row.answer).get(self.line_key)
        verdict = self.verifier.verify(row.input, label, line if isinstance(line, int) else None)
        return None if verdict.keep else verdict.reason
