"""Reads a row's answer where it can be read."""

import json
from typing import Any

from forgemind_assets.records import Row


def answer_of(row: Row) -> dict[str, Any] | None:
    """A JSON answer; None where it is no object."""
    try:
        answer = json.loads(row.answer)
    except json.JSONDecodeError:
        return None
    return answer if isinstance(answer, dict) else None


def label_of(row: Row, key: str) -> str | None:
    """The label in a JSON answer; None where the answer is no object or has none."""
    answer = answer_of(row)
    return str(answer[key]) if answer is not None and key in answer else None
