"""Grades an answer that is one JSON object with a label, a line and a fix."""

import json
from typing import Any

from pydantic import Field

from forgemind_assets.records import Case, Record


class Grade(Record):
    """The verdict on one answer. `passed` is None where no verdict can be given."""

    passed: bool | None
    reason: str
    scores: dict[str, float] = Field(default_factory=dict)


class JsonLabel(Record):
    """Passes when the label is right; line and fix are scored beside it.

    The first JSON object in the answer counts, so that a model which wraps it in prose or a
    fence is judged on what it says. A line is right within `line_tolerance` lines of the
    expected one; a fix is right when it contains one of the case's `fix_any` words.
    """

    label_key: str
    line_key: str | None = None
    fix_key: str | None = None
    line_tolerance: int = Field(default=0, ge=0)

    def grade(self, case: Case, answer: str) -> Grade:
        """The verdict; `reason` is a stable snake_case word."""
        expected = case.expected.get(self.label_key)
        if not isinstance(expected, str):
            return Grade(passed=None, reason="case_without_label")
        found = first_object(answer)
        if found is None:
            return Grade(passed=False, reason="no_json")
        label = found.get(self.label_key)
        if not isinstance(label, str):
            return Grade(passed=False, reason="no_label")
        scores = self.scores(case, found)
        if label.strip().lower() == expected.lower():
            return Grade(passed=True, reason="right_label", scores=scores)
        return Grade(passed=False, reason="wrong_label", scores=scores)

    def scores(self, case: Case, found: dict[str, Any]) -> dict[str, float]:
        """Scores of line and fix, 0 or 1, for cases that have them."""
        scores: dict[str, float] = {}
        line = case.expected.get(self.line_key) if self.line_key else None
        if line is not None and self.line_key:
            said = found.get(self.line_key)
            near = isinstance(said, int) and abs(said - line) <= self.line_tolerance
            scores["line"] = float(near)
        words = case.expected.get("fix_any")
        if words and self.fix_key:
            text = str(found.get(self.fix_key) or "").lower()
            scores["fix"] = float(any(word.lower() in text for word in words))
        return scores


def first_object(answer: str) -> dict[str, Any] | None:
    """The first JSON object in a text, or None."""
    decoder = json.JSONDecoder()
    start = answer.find("{")
    while start >= 0:
        try:
            value, _ = decoder.raw_decode(answer, start)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            return value
        start = answer.find("{", start + 1)
    return None
