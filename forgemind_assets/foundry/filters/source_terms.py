"""Drops rows whose source the policy does not let be trained on."""

from collections.abc import Sequence
from dataclasses import dataclass

from forgemind_assets.records import Row
from forgemind_assets.warden.terms import Training, row_may_train


@dataclass(frozen=True)
class SourceTerms:
    """The Warden's rule of licences and teachers' terms; `training` is what the policy admits."""

    training: Training
    name: str = "source_terms"

    def judge(self, rows: Sequence[Row]) -> list[str | None]:
        """`licence_unknown`, `licence_not_allowed`, `teacher_terms_not_allowed`."""
        return [row_may_train(self.training, row) for row in rows]
