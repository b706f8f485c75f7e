"""Drops rows that the policy forbids to train on, and holds back those that a person must see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from forgemind_assets.records import Row
from forgemind_assets.warden.policy import Policy
from forgemind_assets.warden.scan_report import LayerSummary
from forgemind_assets.warden.screening import screen
from forgemind_assets.warden.verdict import Classifier, Subject


@dataclass
class Safety:
    """The Warden's layers over training rows.

    Attributes:
        policy: the effective policy.
        models: classifiers of the layers that need one.
        python: whether inputs are Python, which the syntax-tree rules read.
        layers: what each layer did, after `judge`.
    """

    policy: Policy
    models: Mapping[str, Classifier] = field(default_factory=dict)
    python: bool = True
    layers: tuple[LayerSummary, ...] = ()
    name: str = "safety"
    each: ClassVar[bool] = True

    def judge(self, rows: Sequence[Row]) -> list[str | None]:
        """`forbidden_<layer>_<finding>` or `quarantined_<layer>_<finding>`."""
        languages = {"input": "python"} if self.python else {}
        subjects = [
            Subject(row.row_id, {"input": row.input, "answer": row.answer}, row.slice, languages)
            for row in rows
        ]
        screened = screen("training_rows", subjects, self.policy, self.models)
        self.layers = screened.layers
        return list(screened.reasons)
