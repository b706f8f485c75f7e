"""Checks of the sets of a goal: labels, ids, and that no two sets share a family."""

from collections.abc import Iterator, Mapping
from typing import Any

from forgemind_assets.errors import Problem
from forgemind_assets.goal import Task
from forgemind_assets.goal_files import Numbered, capped
from forgemind_assets.goal_schema import found, unknown_name
from forgemind_assets.goal_yaml import Place, dotted
from forgemind_assets.records import Case, Seed

Sets = Mapping[str, Numbered[Case] | Numbered[Seed]]

JSON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
    "object": (dict,),
    "array": (list,),
}


def check_sets(
    task: Task | None, sets: Sets, files: Mapping[str, str], problems: list[Problem]
) -> None:
    """Checks the records of every set against the task (if it holds) and against each other.

    `sets` maps a set's name (`dev`, …, `seeds`) to its records, `files` to its path as shown.
    """
    task = None if task is None or schema_problem(task.answer_schema) else task
    ids: dict[str, str] = {}
    for name, records in sets.items():
        own: list[Problem] = []
        for line, record in records:
            for place, message in _record(task, name, record):
                own.append(Problem(files[name], line, dotted(place), message))
            where = f"{files[name]}:{line}"
            if record.id in ids:
                message = (
                    f"expected ids that are unique, found {record.id} also in {ids[record.id]}"
                )
                own.append(Problem(files[name], line, "id", message))
            ids.setdefault(record.id, where)
        problems += capped(own, files[name])
        if name == "dev" and records and not any(getattr(r, "canary", 0) for _, r in records):
            message = 'expected at least one canary case ("canary": true), found none'
            problems.append(Problem(files[name], None, "canary", message))
    _families(sets, files, problems)


def _families(sets: Sets, files: Mapping[str, str], problems: list[Problem]) -> None:
    owner: dict[str, str] = {}
    shared: dict[tuple[str, str], dict[str, int]] = {}
    for name, records in sets.items():
        for line, record in records:
            first = owner.setdefault(record.family, name)
            if first != name:
                shared.setdefault((name, first), {}).setdefault(record.family, line)
    for (name, first), lines in shared.items():
        some = ", ".join(sorted(lines)[:5]) + (", …" if len(lines) > 5 else "")
        message = (
            f"expected families that {files[first]} does not have, found {len(lines)} of its "
            f"families: {some}"
        )
        problems.append(Problem(files[name], min(lines.values()), "family", message))


def _record(task: Task | None, name: str, record: Case | Seed) -> Iterator[tuple[Place, str]]:
    """What is wrong with one record's marks and expectation."""
    if isinstance(record, Case) and record.canary and name != "dev":
        yield ("canary",), "expected canary cases in the dev set only, found one here"
    if task is None:
        return
    if isinstance(record, Seed):
        yield from _whole_answer(task, record.expected)
    options = task.grader_options
    label_key, line_key = options.get("label_key"), options.get("line_key")
    if isinstance(label_key, str) and task.labels:
        label = record.expected.get(label_key)
        if label not in task.labels:
            place = ("expected", label_key)
            yield place, unknown_name("label", label, task.labels)
    if not isinstance(line_key, str):
        return
    line = record.expected.get(line_key)
    last = record.input.rstrip("\n").count("\n") + 1
    if line is not None and (type(line) is not int or not 1 <= line <= last):
        yield ("expected", line_key), f"expected a line from 1 to {last}, found {found(line)}"


def schema_problem(schema: dict[str, Any]) -> str | None:
    """What is wrong with the schema of an answer: one object with typed properties."""
    properties, required = schema.get("properties"), schema.get("required", [])
    if not isinstance(properties, dict) or not properties:
        return "expected an object schema with properties, found none"
    for name, inner in properties.items():
        kinds = inner.get("type") if isinstance(inner, dict) else None
        names = kinds if isinstance(kinds, list) else [kinds]
        if not names or not all(isinstance(n, str) and n in JSON_TYPES for n in names):
            return f"expected properties.{name}.type to be of {', '.join(JSON_TYPES)}"
    if not isinstance(required, list) or not all(
        isinstance(name, str) and name in properties for name in required
    ):
        return "expected required to be a list of names from properties"
    return None


def _whole_answer(task: Task, expected: dict[str, Any]) -> Iterator[tuple[Place, str]]:
    """A seed's expectation is the answer itself, so it must fit the answer's schema."""
    properties = task.answer_schema["properties"]
    for key in task.answer_schema.get("required", ()):
        if key not in expected:
            yield ("expected", key), "expected a value, found nothing"
    for key, value in expected.items():
        if key not in properties:
            yield ("expected", key), unknown_name("key", key, properties)
            continue
        wanted = properties[key]["type"]
        names = [wanted] if isinstance(wanted, str) else wanted
        kinds = tuple(kind for name in names for kind in JSON_TYPES[name])
        wrong_bool = isinstance(value, bool) and "boolean" not in names
        if wrong_bool or not isinstance(value, kinds):
            kind = "text" if isinstance(value, str) else found(value)
            yield ("expected", key), f"expected {' or '.join(names)}, found {kind}"
