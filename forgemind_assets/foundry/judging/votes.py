"""A judge's vote on a text: how it is asked for, and how it is read."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from forgemind_assets.foundry.strategies.taught import read_object

LABEL, CONFIDENCE = "label", "confidence_percent"


@dataclass(frozen=True)
class Vote:
    """The label that a judge gives, and how sure it says it is, 0 to 100."""

    label: str
    confidence_percent: int


def vote_schema(labels: Sequence[str]) -> dict[str, Any]:
    """JSON schema of a vote."""
    return {
        "type": "object",
        "properties": {
            LABEL: {"type": "string", "enum": list(labels)},
            CONFIDENCE: {"type": "integer", "minimum": 0, "maximum": 100},
        },
        "required": [LABEL, CONFIDENCE],
        "additionalProperties": False,
    }


def render_vote(label: str, confidence_percent: int) -> str:
    """A vote as an answer."""
    return json.dumps({LABEL: label, CONFIDENCE: confidence_percent}, ensure_ascii=False)


def read_vote(text: str, labels: Sequence[str]) -> Vote | None:
    """The vote in an answer; None for what is none, which is counted and never guessed."""
    answer = read_object(text)
    if answer is None:
        return None
    label, sure = answer.get(LABEL), answer.get(CONFIDENCE)
    if label not in labels or type(sure) is not int or not 0 <= sure <= 100:
        return None
    return Vote(str(label), sure)


def same_word(first: str, second: str, by: str, harmless: str) -> bool:
    """Whether two labels agree, by the `label` or only by the `finding`."""
    return as_word(first, by, harmless) == as_word(second, by, harmless)


def as_word(label: str, by: str, harmless: str) -> str:
    """A label as it is compared: itself, or only whether it is the harmless one."""
    return label if by == "label" or label == harmless else f"not {harmless}"
