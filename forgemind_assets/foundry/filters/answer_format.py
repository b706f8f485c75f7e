"""Drops rows whose answer is not what the goal asks for."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from forgemind_assets.foundry.filters.json_shape import fits
from forgemind_assets.records import Row


@dataclass(frozen=True)
class AnswerFormat:
    """Keeps answers that are one JSON object under the schema, with a known label and line.

    `label_key` and `line_key` name the fields to look at; None looks at neither.
    """

    schema: Mapping[str, Any]
    labels: tuple[str, ...] = ()
    label_key: str | None = None
    line_key: str | None = None
    name: str = field(default="answer_format")
    each: ClassVar[bool] = True

    def judge(self, rows: Sequence[Row]) -> list[str | None]:
        """`not_json`, `not_schema`, `unknown_label`, `line_outside`."""
        return [self._one(row) for row in rows]

    def _one(self, row: Row) -> str | None:
        try:
            answer = json.loads(row.answer)
        except json.JSONDecodeError:
            return "not_json"
        if not fits(answer, self.schema):
            return "not_schema"
        if not isinstance(answer, dict):
            return None
        if self.label_key and self.labels and answer.get(self.label_key) not in self.labels:
            return "unknown_label"
        line = answer.get(self.line_key) if self.line_key else None
        if line is not None and not 1 <= line <= len(row.input.rstrip("\n").split("\n")):
            return "line_outside"
        return None
