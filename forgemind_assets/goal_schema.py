"""Checks parsed data against a record type and words every mistake for a person."""

import json
import math
import types
import typing
from collections.abc import Iterable
from contextlib import suppress
from difflib import get_close_matches
from typing import Any, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError

from forgemind_assets.goal_yaml import Document, Place, looks_secret

M = TypeVar("M", bound=BaseModel)

_BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}
_KINDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
_PLURALS = {str: "texts", int: "whole numbers", float: "numbers"}
_PATTERNS = {
    r"^[a-z][a-z0-9_]*$": "a name of small letters, digits and _, such as python_security",
    r"^[a-z0-9][a-z0-9_.-]*$": "a name of small letters, digits and _ . -",
    r"^[A-Za-z_][A-Za-z0-9_]*$": "the name of an environment variable, such as OPENAI_API_KEY",
    r"^https?://[^\s/?#@]+(/[^\s?#@]*)?$": (
        "an address such as https://host/v1, without user, password or query"
    ),
    r"^[a-z]{2,3}$": "an ISO 639 code of a language, such as en",
    r"^[a-z0-9][a-z0-9_]*$": "the name of a file under prompts/task, without .yaml",
    r"\{\{input\}\}": "text with {{input}} where the input goes",
}


def validate(model: type[M], document: Document) -> M | None:
    """The document as a `model`, or None after adding every mistake to its problems."""
    try:
        return model.model_validate_json(json.dumps(document.value), strict=True)
    except ValidationError as error:
        for item in error.errors(include_url=False):
            _add_problem(model, document, item)
        return None


def validate_sections(model: type[M], document: Document) -> tuple[M, frozenset[str]]:
    """The document as a `model`, and the names of its top-level fields that are wrong.

    The wrong ones are missing from the result, so that the others can be checked further.
    """
    whole = validate(model, document)
    if whole is not None:
        return whole, frozenset()
    data = document.value if isinstance(document.value, dict) else {}
    good: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        if name not in data and not field.is_required():
            good[name] = field.get_default(call_default_factory=True)
        elif name in data:
            with suppress(ValidationError):
                text = json.dumps(data[name])
                adapter: TypeAdapter[Any] = TypeAdapter(field.rebuild_annotation())
                good[name] = adapter.validate_json(text, strict=True)
    return model.model_construct(**good), frozenset(model.model_fields) - frozenset(good)


def _add_problem(model: type[BaseModel], document: Document, item: Any) -> None:
    place: Place = item["loc"]
    kind = item["type"]
    context: dict[str, Any] = item.get("ctx", {})
    if kind == "extra_forbidden":
        document.problem(place, unknown_name("key", str(place[-1]), _keys(model, place[:-1])))
    elif kind == "missing":
        wanted = describe(_annotation(model, place))
        document.problem(place, f"expected {wanted}, found nothing")
    elif kind == "literal_error":
        choices = [str(c) for c in get_args(_plain(_annotation(model, place)))]
        document.problem(place, unknown_name("value", item["input"], choices))
    elif kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        document.problem(
            place, f"expected a number {words} {context[name]:g}, found {_shown(document, item)}"
        )
    elif kind == "string_pattern_mismatch":
        wanted = _PATTERNS.get(context["pattern"], f"text that matches {context['pattern']}")
        hidden = place[-1] in ("api_key_env", "base_url")
        shown = "something else (not shown)" if hidden else _shown(document, item)
        document.problem(place, f"expected {wanted}, found {shown}")
    elif kind in ("too_short", "string_too_short"):
        wanted = f"at least {context['min_length']} {'item' if kind == 'too_short' else 'letter'}"
        document.problem(place, f"expected {wanted}, found none")
    elif kind == "value_error":
        document.problem(place, str(context.get("error", item["msg"])))
    else:
        wanted = describe(_annotation(model, place))
        document.problem(place, f"expected {wanted}, found {_shown(document, item)}")


def _shown(document: Document, item: Any) -> str:
    value = item["input"]
    return "text" if document.quiet and isinstance(value, str) else found(value)


def unknown_name(kind: str, name: Any, valid: Iterable[str]) -> str:
    """Message for a name that is not among the valid ones, with the nearest that is."""
    choices = list(valid)
    shown = ", ".join(choices[:20]) + (", …" if len(choices) > 20 else "")
    near = get_close_matches(str(name), choices, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"expected one of {shown or '(none)'}; found the unknown {kind} {found(name)}{hint}"


def found(value: Any) -> str:
    """What was found, in a few words; text that looks like a secret is not repeated."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    if isinstance(value, int | float):
        return f"the number {value:g}" if math.isfinite(value) else "a number without end"
    text = str(value)
    if looks_secret(text):
        return "what looks like a secret (not shown)"
    return repr(text if len(text) <= 60 else text[:57] + "...")


def describe(annotation: Any) -> str:
    """A type in a few words: `a whole number`, `a list of texts`, `a mapping with …`."""
    annotation = _plain(annotation)
    origin = get_origin(annotation)
    if annotation in _KINDS:
        return _KINDS[annotation]
    if origin is Literal:
        return " or ".join(str(choice) for choice in get_args(annotation))
    if origin in (tuple, list):
        inner = _plain(get_args(annotation)[0])
        return f"a list of {_PLURALS.get(inner, 'mappings')}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "a mapping with " + ", ".join(annotation.model_fields)
    return "a mapping" if origin is dict else "a value"


def _plain(annotation: Any) -> Any:
    """Takes `Annotated`, and the `None` of an optional type, off."""
    if get_origin(annotation) is typing.Annotated:
        return _plain(get_args(annotation)[0])
    if get_origin(annotation) in (typing.Union, types.UnionType):
        return _plain(next(a for a in get_args(annotation) if a is not type(None)))
    return annotation


def _annotation(model: type[BaseModel], place: Place) -> Any:
    """The type that the schema gives to a place."""
    current: Any = model
    for step in place:
        current = _plain(current)
        if isinstance(step, int) and get_args(current):
            current = get_args(current)[0]
        elif isinstance(current, type) and issubclass(current, BaseModel):
            current = current.model_fields[str(step)].annotation
        elif get_origin(current) is dict:
            current = get_args(current)[1]
        else:
            current = Any
    return current


def _keys(model: type[BaseModel], place: Place) -> list[str]:
    inner = _plain(_annotation(model, place))
    is_record = isinstance(inner, type) and issubclass(inner, BaseModel)
    return list(inner.model_fields) if is_record else []
