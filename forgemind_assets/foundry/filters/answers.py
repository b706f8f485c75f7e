"""Reads a row's answer where it can be read."""

import json

from forgemind_assets.records import Row


def label_of(row: Row, key: str) -> str | None:
    """The label in a JSON answer; None where the answer is no object or has none."""
    try:
        answer = json.loads(row.answer)
    except json.JSONDecodeError:
        return None
    return str(answer[key]) if isinstance(answer, dict) and key in answer else None
