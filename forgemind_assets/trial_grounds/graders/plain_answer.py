"""Grades a plain answer: it holds one of some words, or matches a pattern."""

import re

from forgemind_assets.records import Case, Record
from forgemind_assets.trial_grounds.graders.json_label import Grade


class PlainAnswer(Record):
    """Passes when the answer has one of `any` as whole words, or matches `pattern`.

    Case does not count, and neither does what stands around a word: a model that answers in a
    sentence is judged on what it says. `pattern` is searched in the stripped answer, with `^` and
    `$` at its ends, so that it can ask for a form.
    """

    def grade(self, case: Case, answer: str) -> Grade:
        """The verdict; `reason` is a stable snake_case word."""
        words, pattern = case.expected.get("any"), case.expected.get("pattern")
        if words is None and pattern is None:
            return Grade(passed=None, reason="case_without_expectation")
        text = answer.strip()
        right = any(_holds(text, word) for word in words or ()) or (
            pattern is not None and re.search(pattern, text, re.IGNORECASE) is not None
        )
        return Grade(passed=right, reason="right_answer" if right else "wrong_answer")


def _holds(text: str, word: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE) is not None
