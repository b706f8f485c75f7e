"""A mark in every case of every set, and what finds it again: the firewall by the flow of data."""

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from fakes.goal_folder import records, write_records

GATES = ("full", "adversarial", "sealed", "impossible")
# One mark for each set and field, with the number of the case behind it: zqfullinput03.
MARKS = {
    f"{name} {field}": f"zq{name}{field}"
    for name in (*GATES, "dev", "seeds")
    for field in ("input", "expected", "id")
}


def write_marked(folder: Path) -> None:
    """Writes every set of the small goal with its marks, and a suite of impossible cases."""
    for name in (*GATES[:3], "dev", "seeds"):
        write_records(folder, name, marked(name, records(name)))
    write_records(folder, "impossible", marked("impossible", impossible()))


def marked(name: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The cases with a mark in the input, on a line of its own, in what is expected, and the id.

    A seed's expectation is an answer, and closed; two of the seeds are named by the prompts.
    """
    for number, row in enumerate(rows):
        row["input"] = f"# {MARKS[f'{name} input']}{number:02d}\n{row['input']}"
        if row["expected"]["line"] is not None:
            row["expected"]["line"] += 1
        if name != "seeds":
            row["expected"]["note"] = f"{MARKS[f'{name} expected']}{number:02d}"
            row["id"] = f"{MARKS[f'{name} id']}{number:02d}"
    return rows


def impossible() -> list[dict[str, Any]]:
    """Six cases that nobody can solve."""
    return [
        {
            "id": f"impossible-{n}", "family": f"impossible-{n}", "slice": "undecidable",
            "input": f"def stage_{n}(cart):\n    return depot.move(cart)\n",
            "expected": {"cwe": label, "line": 1, "fix_any": []},
        }
        for n, label in enumerate(["none", "CWE-78", "CWE-89"] * 2)
    ]  # fmt: skip


def places(found: Iterable[str]) -> dict[str, set[str]]:
    """Planted mark -> files, from the lines that the search returns."""
    by_mark: dict[str, set[str]] = {}
    for line in found:
        said = re.fullmatch(r"(\w+ \w+) in (.*) \([^)]*\)", line)
        assert said is not None, line
        by_mark.setdefault(said[1], set()).add(said[2])
    return by_mark


def misplaced(
    found: Mapping[str, set[str]], allowed: Mapping[str, set[str]]
) -> dict[str, list[str]]:
    """Marks of the gates, each with the files that none of its patterns allows."""
    wrong = {
        mark: sorted(p for p in found.get(mark, ()) if not fits(p, patterns))
        for mark, patterns in allowed.items()
    }
    return {mark: paths for mark, paths in wrong.items() if paths}


def fits(path: str, patterns: Iterable[str]) -> bool:
    """Whether a path is of one of the patterns."""
    return any(fnmatch(path, pattern) for pattern in patterns)
