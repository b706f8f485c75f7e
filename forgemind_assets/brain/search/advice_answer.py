"""What is read of an advisor's answer. Pure.

Only numbers within the bounds are used. What is not is refused with the reason, never moved to
where it would fit. The advisor's words are shown to people and go nowhere else.
"""

import json
import math
from typing import Any

from forgemind_assets.brain.search.space import Choice, Dial, Range, Space, Value, Values
from forgemind_assets.foundry.answer_shape import TOO_DEEP, shape
from forgemind_assets.records import Record
from forgemind_assets.warden.alerts import plain

LONGEST_WORDS = 120
"""Characters that are kept of the advisor's reason."""

MOST_FAULTS = 3
"""Of a kind, that are told of one candidate."""

LOOSE = {
    "type": "object",
    "properties": {"candidates": {"type": "array"}},
    "required": ["candidates"],
}


class Advised(Record):
    """One candidate of an advisor, and its reason in its own words, as one line."""

    values: Values
    words: str = ""


class Suggestions(Record):
    """Those that an advisor may have tried, and whose they are."""

    advisor: str
    places: int
    candidates: tuple[Advised, ...] = ()


NOBODY = Suggestions(advisor="", places=0)


def told_bounds(dial: Dial) -> str:
    """What values a dial takes."""
    if isinstance(dial, Choice):
        return "one of " + ", ".join(told_value(value) for value in dial.values)
    low, high = bounds(dial)
    kind = "a whole number" if dial.whole else "a number"
    return f"{kind} from {told_value(low)} to {told_value(high)}"


def told_value(value: Value) -> str:
    """A value as an advisor reads and writes it."""
    return json.dumps(value) if isinstance(value, bool) else f"{value:.4g}"


def bounds(dial: Range) -> tuple[float, float]:
    """The ends as they are told: four digits, never outside the dial's own."""
    low, high = (_inward(end, up) for end, up in ((dial.low, True), (dial.high, False)))
    low = low if dial.low <= low <= dial.high else dial.low
    high = high if low <= high <= dial.high else dial.high
    return low, high


def _inward(end: float, up: bool) -> float:
    """An end with four digits: rounded, or where that might be outside, moved inwards."""
    if end == 0 or float(f"{end:.4g}") == end:
        return end
    unit = 10.0 ** (math.floor(math.log10(abs(end))) - 3)
    return float(f"{(math.ceil if up else math.floor)(end / unit) * unit:.4g}")


def answer_schema(space: Space, count: int) -> dict[str, Any]:
    """JSON schema of the answer, closed; the reason comes last, so that one cut off lacks it."""
    dials = {dial.name: _dial_schema(dial) for dial in space.dials}
    properties = dials | {"reason": {"type": "string"}}
    candidate = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    several = {"type": "array", "items": candidate, "minItems": 1, "maxItems": count}
    return LOOSE | {"properties": {"candidates": several}, "additionalProperties": False}


def _dial_schema(dial: Dial) -> dict[str, Any]:
    if isinstance(dial, Choice):
        if all(isinstance(value, bool) for value in dial.values):
            return {"type": "boolean"}
        return {"enum": [_number(value) for value in dial.values]}
    low, high = bounds(dial)
    kind = "integer" if dial.whole else "number"
    return {"type": kind, "minimum": _number(low), "maximum": _number(high)}


def _number(value: Value) -> Value | int:
    return int(value) if float(value).is_integer() else value


def read_answer(text: str, space: Space, count: int) -> tuple[list[Advised], list[str]]:
    """The candidates that may be tried, and why others are refused."""
    try:
        return _read(text, space, count)
    except RecursionError:
        return [], [f"the answer: {TOO_DEEP}"]


def _read(text: str, space: Space, count: int) -> tuple[list[Advised], list[str]]:
    shaped = shape(text, "", LOOSE)
    if shaped.fault:
        return [], [f"the answer: {plain(shaped.fault, 80)}"]
    found: list[Advised] = []
    refused: list[str] = []
    given: list[Any] = json.loads(shaped.text)["candidates"]
    for number, candidate in enumerate(given, start=1):
        faults = ["one more than was asked for"] if number > count else _faults(candidate, space)
        if faults:
            refused.append(f"candidate {number}: {'; '.join(faults)}")
        else:
            values = {dial.name: _value(dial, candidate[dial.name]) for dial in space.dials}
            words = plain(candidate["reason"], LONGEST_WORDS)
            found.append(Advised(values=values, words=words))
    return found, refused


def _faults(candidate: Any, space: Space) -> list[str]:
    if not isinstance(candidate, dict):
        return ["it is no object"]
    names = {dial.name for dial in space.dials} | {"reason"}
    unknown = [f"unknown key {plain(str(key), 40)!r}" for key in candidate if key not in names]
    missing = [f"no {name}" for name in sorted(names) if name not in candidate]
    if not isinstance(candidate.get("reason", ""), str):
        unknown.append("reason is no text")
    outside = [
        f"{dial.name} {_shown(candidate[dial.name])} is not {told_bounds(dial)}"
        for dial in space.dials
        if dial.name in candidate and not _within(dial, candidate[dial.name])
    ]
    return [fault for kind in (unknown, missing, outside) for fault in kind[:MOST_FAULTS]]


def _shown(value: Any) -> str:
    return plain(json.dumps(value), 40)


def _within(dial: Dial, value: Any) -> bool:
    if isinstance(dial, Choice):
        kind = bool if isinstance(dial.values[0], bool) else int | float
        alike = isinstance(value, bool) == isinstance(dial.values[0], bool)
        return isinstance(value, kind) and alike and value in dial.values
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return dial.low <= value <= dial.high and (not dial.whole or float(value).is_integer())


def _value(dial: Dial, value: Value) -> Value:
    """The dial's own value, so that 8 and 8.0 are the same configuration."""
    if isinstance(dial, Choice):
        return dial.values[dial.values.index(value)]
    return float(value)
