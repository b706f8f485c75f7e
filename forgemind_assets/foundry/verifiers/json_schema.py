"""Checks a JSON value against a JSON Schema (draft 2020-12)."""

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from forgemind_assets.foundry.verifiers.base import (
    Claim,
    FieldMissing,
    FieldPath,
    Verifier,
    read_field,
)
from forgemind_assets.foundry.verifiers.programs import ProgramRunner
from forgemind_assets.foundry.verifiers.regular_expression import matches, valid_pattern
from forgemind_assets.foundry.verifiers.verdict import Verdict


def valid_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema. Raises ValueError: it breaks the standard, or refers outside itself."""
    from jsonschema import Draft202012Validator, SchemaError
    from referencing import Registry
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        where = ".".join(map(str, error.absolute_path)) or "it"
        raise ValueError(f"expected a JSON Schema, found in {where}: {error.message}") from error
    for pattern in _values(schema, "pattern"):
        valid_pattern(pattern)
    resolver = Registry().resolver_with_root(DRAFT202012.create_resource(schema))
    for reference in _values(schema, "$ref"):
        try:
            resolver.lookup(reference)
        except Unresolvable as error:
            message = f"expected references within the schema (#/$defs/…), found {reference!r}"
            raise ValueError(message) from error
    return schema


def _values(schema: Any, key: str) -> Iterator[str]:
    """Texts at a keyword, at any depth."""
    if isinstance(schema, dict):
        if isinstance(schema.get(key), str):
            yield schema[key]
        for inner in schema.values():
            yield from _values(inner, key)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _values(inner, key)


@lru_cache(maxsize=32)
def _validator(schema: str) -> Any:
    """A validator that fetches nothing, and whose patterns have a time limit."""
    from jsonschema import Draft202012Validator, ValidationError, validators
    from referencing import Registry

    def pattern(validator: Any, wanted: str, instance: Any, schema: Any) -> Iterator[Any]:
        if isinstance(instance, str) and not matches(wanted, instance):
            yield ValidationError("does not match the pattern")

    kind: Any = validators.extend(Draft202012Validator, {"pattern": pattern})
    return kind(json.loads(schema), registry=Registry())


class JsonSchema(Verifier):
    """Keeps a row where the JSON at `of` holds under `schema`."""

    of_form = True

    schema_: Annotated[dict[str, Any], AfterValidator(valid_schema)] = Field(alias="schema")
    of: FieldPath = "answer"

    def explain(self) -> str:
        """See `Verifier.explain`."""
        return f"{self.of} holds under a JSON Schema"

    def check(self, claim: Claim, programs: ProgramRunner | None = None) -> Verdict:
        """Reason to keep: `holds_under_schema`.

        To drop: `field_missing`, `not_json`, `breaks_schema`, `pattern_timeout`.
        """
        try:
            value = read_field(claim, self.of)
            if self.of in ("input", "answer"):
                value = json.loads(value)
            holds = _validator(json.dumps(self.schema_)).is_valid(value)
        except FieldMissing:
            return Verdict(False, "field_missing")
        except TimeoutError:
            return Verdict(False, "pattern_timeout")
        except (ValueError, RecursionError):
            return Verdict(False, "not_json")
        return Verdict(True, "holds_under_schema") if holds else Verdict(False, "breaks_schema")
