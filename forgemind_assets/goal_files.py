"""Reads the files that a goal names: suites and seeds. Every mistake keeps its line.

No message repeats the text of a case: what stands in a gate must not leak through an error.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from forgemind_assets.errors import Problem
from forgemind_assets.goal_schema import found, validate
from forgemind_assets.goal_yaml import Document

R = TypeVar("R", bound=BaseModel)
Numbered = list[tuple[int, R]]

MAX_SHOWN = 20


def inside(folder: Path, relative: str) -> Path | None:
    """The path of a file in `folder`, or None where `relative` leads out of it."""
    if "\x00" in relative or Path(relative).is_absolute():
        return None
    path = folder / relative
    return path if path.resolve().is_relative_to(folder.resolve()) else None


def missing_file(path: Path, relative: str) -> str:
    """Message for a file that is not there, with the nearest one that is."""
    siblings = sorted(p.name for p in path.parent.glob("*")) if path.parent.is_dir() else []
    near = get_close_matches(path.name, siblings, n=1, cutoff=0.5)
    hint = f"; did you mean {(Path(relative).parent / near[0]).as_posix()}?" if near else ""
    return f"expected a file in the goal's folder, found no {found(relative)}{hint}"


def read_records(path: Path, shown: str, model: type[R], problems: list[Problem]) -> Numbered[R]:
    """The records of a JSONL file with their line numbers; broken lines become problems."""
    broken: list[Problem] = []
    records: Numbered[R] = []
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        what = "bytes that are not" if isinstance(error, UnicodeDecodeError) else error.strerror
        problems.append(Problem(shown, None, "", f"expected readable UTF-8 text, found {what}"))
        return []
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        problems.append(Problem(shown, 1, "", "expected one JSON object a line, found none"))
    for number, line in enumerate(lines, 1):
        record = _read_line(line, number, shown, model, broken)
        if record is not None:
            records.append((number, record))
    problems += capped(broken, shown)
    return records


def capped(problems: list[Problem], shown: str) -> list[Problem]:
    """At most `MAX_SHOWN` problems of one file, and how many more there are."""
    more = len(problems) - MAX_SHOWN
    if more <= 0:
        return problems
    return [
        *problems[:MAX_SHOWN],
        Problem(shown, None, "", f"and {more} more problems of this kind"),
    ]


def _read_line(
    line: str, number: int, shown: str, model: type[R], broken: list[Problem]
) -> R | None:
    document = Document(shown, lines={(): number}, quiet=True)
    try:
        document.value = json.loads(line, object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        what = "an empty line" if not line.strip() else _json_error(error)
        broken.append(Problem(shown, number, "", f"expected one JSON object, found {what}"))
        return None
    if not isinstance(document.value, dict):
        broken.append(Problem(shown, number, "", "expected one JSON object, found another value"))
        return None
    try:
        return model.model_validate(document.value, strict=True)
    except ValidationError:
        validate(model, document)
        broken += document.problems
        return None


def _json_error(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"broken JSON at column {error.colno}: {error.msg}"
    if isinstance(error, RecursionError):
        return "JSON nested too deeply"
    return str(error)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice!r} twice")
    return result


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant}, which is not JSON")


def content_hash(
    folder: Path, files: Iterable[Path], unwritten: Mapping[Path, str] | None = None
) -> str:
    """SHA-256 over the relative paths and contents of files, in the order of their paths.

    `unwritten` has what files are to hold that are not there yet.
    """
    texts = unwritten or {}
    digest = hashlib.sha256()
    for path in sorted(set(files), key=lambda p: p.relative_to(folder).as_posix()):
        name = path.relative_to(folder).as_posix()
        held = texts[path].encode() if path in texts else path.read_bytes()
        content = hashlib.sha256(held).hexdigest()
        digest.update(f"{name}\x00{content}\n".encode())
    return digest.hexdigest()
