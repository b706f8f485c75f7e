"""Checks that a text parses in its language. Nothing of it is run."""

import ast
import json
import warnings
from collections.abc import Callable, Mapping
from typing import Literal

from forgemind_assets.foundry.verifiers.base import (
    Claim,
    FieldMissing,
    FieldPath,
    Verifier,
    read_text,
)
from forgemind_assets.foundry.verifiers.programs import ProgramRunner
from forgemind_assets.foundry.verifiers.verdict import Verdict

MAX_CHARS = 200_000
MAX_DEPTH = 200
"""Nested lists and mappings of YAML, whose parser recurses in C."""


def _python(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an odd escape: a DeprecationWarning before Python 3.12
        ast.parse(text)


def _json(text: str) -> None:
    json.loads(text, parse_constant=_no_constant)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _yaml(text: str) -> None:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    depth = 0
    try:
        for event in yaml.parse(text, Loader=loader):
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                raise ValueError(f"nested deeper than {MAX_DEPTH}")
        for _ in yaml.compose_all(text, Loader=loader):
            pass
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def _sql(text: str) -> None:
    import duckdb

    try:
        statements = duckdb.extract_statements(text)
    except duckdb.Error as error:
        raise ValueError(str(error)) from error
    if not statements:
        raise ValueError("no statement")


PARSERS: Mapping[str, Callable[[str], None]] = {
    "python": _python,
    "json": _json,
    "yaml": _yaml,
    "sql": _sql,
}


class Parser(Verifier):
    """Keeps a row where the text at `of` parses; SQL is read as DuckDB reads it."""

    of_form = True

    syntax: Literal["python", "json", "yaml", "sql"]
    of: FieldPath = "input"

    def explain(self) -> str:
        """See `Verifier.explain`."""
        return f"{self.of} parses as {self.syntax}"

    def check(self, claim: Claim, programs: ProgramRunner | None = None) -> Verdict:
        """Reason to keep: `parses`. To drop: `field_missing`, `too_long`, `does_not_parse`."""
        try:
            text = read_text(claim, self.of)
        except FieldMissing:
            return Verdict(False, "field_missing")
        if len(text) > MAX_CHARS:
            return Verdict(False, "too_long")
        try:
            PARSERS[self.syntax](text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            return Verdict(False, "does_not_parse")
        return Verdict(True, "parses")
