"""The shape of a teacher's answer: JSON that fits a schema, mended where its form is broken."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

TOO_DEEP = "nested too deeply to be read"


@dataclass(frozen=True)
class Shaped:
    """An answer as it can be used.

    Attributes:
        text: JSON that fits the schema; what the teacher said where there is none.
        repaired: whether `text` differs from what the teacher said.
        fault: why it does not fit the schema; empty where it does.
    """

    text: str
    repaired: bool = False
    fault: str = ""


def shape(said: str, finish_reason: str, schema: Mapping[str, Any]) -> Shaped:
    """What a teacher said, as JSON that fits the schema.

    Text around the object is left out, and slips of form (commas, quotes, fences) are mended with
    `json_repair`. An answer that was cut off is not mended: its last words are missing, and code
    without its end would become a training row.
    """
    try:
        return _shape(said, finish_reason, schema)
    except RecursionError:
        return Shaped(said, fault=TOO_DEEP)


def _shape(said: str, finish_reason: str, schema: Mapping[str, Any]) -> Shaped:
    try:
        fault = fault_of(json.loads(said), schema)
    except ValueError:
        pass
    else:
        return Shaped(said, fault=fault)
    if finish_reason == "length":
        return Shaped(said, fault="cut off at max_tokens")
    start, end = said.find("{"), said.rfind("}")
    if start < 0 or end < start:
        return Shaped(said, fault="no JSON object")
    value = _mended(said[start : end + 1])
    fault = fault_of(value, schema)
    return Shaped(said, fault=fault) if fault else Shaped(_dumped(value), repaired=True)


def fault_of(value: object, schema: Mapping[str, Any]) -> str:
    """Where and why a value does not fit a schema; empty if it does."""
    from jsonschema.exceptions import best_match

    error = best_match(_validator(_dumped(schema)).iter_errors(value))
    return f"{error.json_path}: {error.message[:200]}" if error else ""


@lru_cache(maxsize=64)
def _validator(schema: str) -> Any:
    from jsonschema.validators import validator_for

    loaded = json.loads(schema)
    return validator_for(loaded)(loaded)


def _mended(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        from json_repair import loads

        return loads(text, skip_json_loads=True)


def _dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
