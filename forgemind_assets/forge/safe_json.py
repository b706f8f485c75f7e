"""JSON from strangers: read within limits, and only where every reader would read the same."""

import json
import math
import re
from pathlib import Path
from typing import Any

from forgemind_assets.errors import UnsafeArtefact

MIB = 2**20
LIMIT = 4 * MIB
"""A configuration. Gemma's tokenizer_config.json, the largest in common use, has 1.2 MB."""

VOCABULARY_LIMIT = 64 * MIB
"""A vocabulary. Gemma's tokenizer.json has 33 MB."""

_MARKS = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)

DEPTH = 64
"""Brackets within brackets. The configurations of transformers have fewer than ten."""


def read_json(path: Path, limit: int = LIMIT) -> Any:
    """The value of a JSON file.

    Raises:
        UnsafeArtefact: it is larger than `limit` bytes, no JSON in UTF-8, nested too deep, has a
            key twice (readers disagree on which counts), or a number that is not finite.
    """
    size = path.stat().st_size
    if size > limit:
        raise UnsafeArtefact(
            f"{path}: refused, expected at most {limit:,} bytes of JSON, found {size:,}"
        )
    return parse_json(path.read_bytes(), str(path))


def parse_json(data: bytes, where: str) -> Any:
    """The same for bytes; `where` names them in errors."""
    try:
        text = data.decode("utf-8")
        _refuse_depth(text, where)
        return json.loads(
            text, object_pairs_hook=_unique, parse_constant=_constant, parse_float=_finite
        )
    except _Refused as error:
        raise UnsafeArtefact(f"{where}: refused, {error}") from None
    except (ValueError, RecursionError) as error:
        raise UnsafeArtefact(f"{where}: refused, expected JSON in UTF-8: {error}") from None


class _Refused(Exception):
    """JSON that says something we do not take."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _Refused(f"expected each key once, found {twice[:60]!r} twice in one object")
    return found


def _constant(name: str) -> Any:
    raise _Refused(f"expected finite numbers, found {name}")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise _Refused(f"expected finite numbers, found {digits[:60]}")
    return value


def _refuse_depth(text: str, where: str) -> None:
    """Counts open brackets outside strings, so that no parser has to go down."""
    depth = 0
    for found in _MARKS.finditer(text):
        mark = found[0]
        depth += (mark in "[{") - (mark in "]}")
        if depth > DEPTH:
            raise UnsafeArtefact(f"{where}: refused, nested more than {DEPTH} levels deep")
