"""A goal's contract with some keys changed, as a text: comments and order are kept.

`--set search.rows=2000` names a key by its path and gives its value as YAML. A step into a list is
a number, or the `name` of an item: `teachers.embedded.concurrency=2`.
"""

import copy
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from forgemind_assets.errors import ForgeMindError, GoalError, Problem
from forgemind_assets.goal import Goal
from forgemind_assets.goal_loading import compile_text, shown_path
from forgemind_assets.goal_schema import found, unknown_name
from forgemind_assets.goal_yaml import Document, dotted, looks_secret, parse_yaml, read_yaml

# What may change while datasets, adapters and reports from before stay true.
OPEN = (
    "search", "strategies", "teachers", "filters", "judges", "attack", "success.canary_pass_rate",
    "limits.max_iterations", "limits.hours", "limits.api_dollars_per_goal",
    "limits.gpu_dollars_per_try", "limits.gpu_dollars_per_hour", "limits.futility",
)  # fmt: skip
# Why the others may not: the first that fits.
CLOSED = {
    "name": "a line's name is given with --name",
    "success": "what counts as success was judged on the gate already; to choose it after the "
    "results were seen would find a success by choosing",
    "task": "the inherited rows and reports are answers to this task",
    "suites": "the inherited reports are results on these cases",
    "seeds": "the inherited rows were made of these seeds",
    "seeds_licence": "the inherited rows were made of these seeds",
    "prompts": "the inherited adapters were trained on these prompts",
    "policy": "the inherited rows passed this policy, and a fork is no way around it",
    "limits.base_model": "the inherited adapters fit this base model only",
    "limits.quantisation": "the inherited adapters fit this base model in this form only",
}


def read_changes(sets: Sequence[str], problems: list[Problem]) -> dict[str, Any]:
    """The value of each `key=value`; what is wrong with one is added to `problems`."""
    changes: dict[str, Any] = {}
    for text in sets:
        key, equals, value = text.partition("=")
        key = key.strip()
        message = _wrong_key(key, equals, changes)
        if message is None and not value.strip():
            message = "expected a value after =, found none (null takes a value away)"
        if message is None:
            document = parse_yaml(value, f"--set {key}")
            problems += [Problem(p.file, None, p.key, p.message) for p in document.problems]
            if not document.problems:
                changes[key] = document.value
        else:
            shown = "(not shown)" if looks_secret(text) else key or repr(text)
            problems.append(Problem(f"--set {shown}", None, "", message))
    return changes


def _wrong_key(key: str, equals: str, known: Mapping[str, Any]) -> str | None:
    if not equals or not re.fullmatch(r"[^.\s]+(\.[^.\s]+)*", key):
        return "expected key=value such as search.learning_rate=0.002, found something else"
    if key in known:
        return "expected each key once, found it again"
    if any(key == name or key.startswith(f"{name}.") for name in OPEN) and key != "search":
        return None
    reason = next((why for name, why in CLOSED.items() if f"{key}.".startswith(f"{name}.")), None)
    if reason is not None:
        return f"a fork may not change it: {reason}; copy the goal to begin anew"
    if key in ("search", "limits"):
        return f"expected a single key of it, such as {next(k for k in _examples if key in k)}"
    return unknown_name("key", key.split(".")[0], sorted({name.split(".")[0] for name in OPEN}))


_examples = ("search.rows", "limits.max_iterations")


def variant(
    goal: Goal,
    name: str,
    file: Path,
    changes: Mapping[str, Any],
    *,
    header: str = "",
    other_looks: int = 0,
    problems: list[Problem],
) -> tuple[str, Goal] | None:
    """The changed contract as a text, and compiled as `file`; None after adding the problems.

    Problems keep the line that the key has in the goal's own file.
    """
    source = goal.folder / goal.file
    text = source.read_text(encoding="utf-8-sig")
    document = read_yaml(source, shown_path(source))
    plain, kept = copy.deepcopy(document.value), _yaml().load(text)
    before = len(problems)
    wanted: dict[str, Any] = {"name": name, **changes}
    if other_looks:
        wanted["success.other_looks"] = other_looks
    for key, value in wanted.items():
        message = _put(plain, key.split("."), value)
        if message is None:
            _put(kept, key.split("."), copy.deepcopy(value))
        else:
            problems.append(Problem(document.file, _line(document, key), key, message))
    written = header + _dump(kept)
    if parse_yaml(written, "").value != plain:
        raise ForgeMindError(
            f"{document.file}: expected to write the changed contract with its comments, and it "
            "reads otherwise; change a copy of the file by hand"
        )
    try:
        compiled = compile_text(file, written)
    except GoalError as error:
        problems += [_retold(p, document, shown_path(file)) for p in error.problems]
        return None
    return (written, compiled) if len(problems) == before else None


def _yaml() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 10**6
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _dump(value: Any) -> str:
    stream = io.StringIO()
    _yaml().dump(value, stream)
    return stream.getvalue()


def _put(target: Any, steps: Sequence[str], value: Any) -> str | None:
    """Sets a value; returns what is wrong with the path. Mappings that are missing are made."""
    step, *rest = steps
    if isinstance(target, list):
        index = _index(target, step)
        if index is None:
            return unknown_name("item", step, [str(n) for n in _names(target)])
        if not rest:
            target[index] = value
            return None
        return _put(target[index], rest, value)
    if not isinstance(target, dict):
        return f"expected a mapping or a list to set {step!r} in, found {found(target)}"
    if not rest:
        target[step] = value
        return None
    if target.get(step) is None:
        target[step] = {}
    return _put(target[step], rest, value)


def _index(items: list[Any], step: str) -> int | None:
    if step.isdecimal():
        return int(step) if int(step) < len(items) else None
    return next((n for n, one in enumerate(_names(items)) if one == step), None)


def _names(items: list[Any]) -> list[Any]:
    """The `name` of each item, its number where it has none."""
    return [
        one["name"] if isinstance(one, dict) and "name" in one else n for n, one in enumerate(items)
    ]


def _line(document: Document, key: str) -> int | None:
    """The line of a key in the goal's own file, or of the nearest thing around it."""
    lines = {dotted(place): line for place, line in document.lines.items()}
    while key and key not in lines:
        key = re.sub(r"\.?[^.\[\]]*$", "", key) if not key.endswith("]") else key[: key.rindex("[")]
    return lines.get(key)


def _retold(problem: Problem, document: Document, written: str) -> Problem:
    """A problem of the text that was not written, at its place in the goal's own file."""
    if problem.file != written:
        return problem
    by = "--name" if problem.key == "name" else "--set"
    line = _line(document, problem.key)
    return Problem(document.file, line, problem.key, f"{problem.message} (by {by})")
