"""A small, real goal on disk: valid as written, and easy to break one place at a time."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from forgemind_assets.goal_loading import GOALS

REMOVE = object()

DOMAINS = {
    "dev": ("orders", "library", "clinic", "garage"),
    "full": ("airport", "museum", "harbour", "bakery", "theatre", "vineyard"),
    "adversarial": ("stadium", "aquarium", "observatory"),
    "sealed": ("monastery", "planetarium", "lighthouse"),
    "seeds": ("school", "bank", "farm", "forum"),
}

# Slice, code, and the line of the finding. `{d}` is the domain.
SNIPPETS: tuple[tuple[str, str, int | None, str | None], ...] = (
    (
        "CWE-89",
        "def find_{d}(db, name):\n    query = f\"SELECT * FROM {d} WHERE name = '{{name}}'\"\n"
        "    return db.execute(query).fetchall()\n",
        3,
        "Pass the name as a query parameter",
    ),
    (
        "safe/CWE-89",
        'def find_{d}(db, name):\n    query = "SELECT * FROM {d} WHERE name = ?"\n'
        "    return db.execute(query, (name,)).fetchall()\n",
        None,
        None,
    ),
    (
        "CWE-78",
        "import os\n\n\ndef archive_{d}(folder):\n"
        '    return os.system("tar cf {d}.tar " + folder)\n',
        5,
        "Pass a list of arguments to subprocess.run",
    ),
    (
        "safe/CWE-78",
        "import subprocess\n\n\ndef archive_{d}(folder):\n"
        '    return subprocess.run(["tar", "cf", "{d}.tar", "--", folder], check=True)\n',
        None,
        None,
    ),
)


def goal_spec() -> dict[str, Any]:
    """What the small goal's `goal.yaml` says."""
    return {
        "name": "small_goal",
        "task": {
            "description": "Review of Python snippets, three labels",
            "labels": ["none", "CWE-78", "CWE-89"],
            "answer_schema": {
                "type": "object",
                "properties": {
                    "cwe": {"type": "string"},
                    "line": {"type": ["integer", "null"]},
                    "fix": {"type": ["string", "null"]},
                },
                "required": ["cwe", "line", "fix"],
            },
            "max_answer_tokens": 40,
            "grader": "json_label",
            "grader_options": {
                "label_key": "cwe",
                "line_key": "line",
                "fix_key": "fix",
                "line_tolerance": 1,
            },
        },
        "success": {"suite": "full", "pass_rate": 0.75, "canary_pass_rate": 0.25},
        "limits": {
            "base_model": "smollm2-135m-instruct",
            "quantisation": "none",
            "gpu_dollars_per_try": 1,
            "api_dollars_per_goal": 0,
            "max_iterations": 2,
            "hours": 1,
        },
        "teachers": [
            {"name": "embedded", "kind": "embedded", "model": "qwen2.5-coder-1.5b-instruct"}
        ],
        "strategies": [
            {"name": "seed_expansion"},
            {"name": "teacher_pairs", "teacher": "embedded"},
        ],
        "suites": {name: f"suites/{name}.jsonl" for name in DOMAINS if name != "seeds"},
        "filters": {"verifiers": ["python_security"]},
        "policy": {"approval": {"promotion_to_stable": False}},
        "search": {"rows": 24, "teacher_requests": 2, "epochs": 1, "max_length": 256},
    }


def records(name: str) -> list[dict[str, Any]]:
    """The records of one set: every domain is a family with one record per snippet."""
    rows = []
    for domain in DOMAINS[name]:
        for slice_name, code, line, fix in SNIPPETS:
            label = "none" if slice_name.startswith("safe/") else slice_name
            expected: dict[str, Any] = {"cwe": label, "line": line}
            if name == "seeds":
                expected["fix"] = fix
            else:
                expected["fix_any"] = ["parameter", "list"] if fix else []
            row = {
                "id": f"{name}-{domain}-{slice_name.replace('/', '-').lower()}",
                "family": f"{name}-{domain}",
                "slice": slice_name,
                "input": code.format(d=domain),
                "expected": expected,
            }
            if name == "dev" and domain == "orders":
                row["canary"] = True
            rows.append(row)
    return rows


def write_goal(folder: Path, changes: Mapping[str, Any] | None = None) -> Path:
    """Writes the small goal into `folder` and returns it.

    `changes` maps dotted keys of goal.yaml to new values, or to `REMOVE`; a step that is a
    number counts in a list: `{"teachers.0.model": "nope", "limits.hours": REMOVE}`.
    """
    spec = goal_spec()
    for key, value in (changes or {}).items():
        *path, last = (int(s) if s.isdigit() else s for s in key.split("."))
        target: Any = spec
        for step in path:
            target = target[step]
        if value is REMOVE:
            del target[last]
        else:
            target[last] = value
    folder.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(spec, sort_keys=False)
    (folder / "goal.yaml").write_text(text, encoding="utf-8")
    for name in DOMAINS:
        write_records(folder, name, records(name))
    write_prompts(folder)
    return folder


def set_path(folder: Path, name: str) -> Path:
    """The file of a set: `dev`, `full`, `adversarial`, `sealed` or `seeds`."""
    return folder / "seeds.jsonl" if name == "seeds" else folder / "suites" / f"{name}.jsonl"


def write_records(folder: Path, name: str, rows: list[dict[str, Any]]) -> None:
    """Writes the records of one set, one JSON object a line."""
    path = set_path(folder, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def write_prompts(folder: Path) -> None:
    """Writes the task prompts that every goal has."""
    task = folder / "prompts" / "task"
    task.mkdir(parents=True, exist_ok=True)
    short = {"system": "Review the Python code.", "user": "{{input}}"}
    shots = ["seeds-school-cwe-89", "seeds-bank-safe-cwe-78"]
    for name, prompt in {
        "short": short,
        "zero_shot": short,
        "few_shot": {**short, "shots": shots},
    }.items():
        (task / f"{name}.yaml").write_text(yaml.safe_dump(prompt), encoding="utf-8")
    write_teacher_prompt(folder)


def write_teacher_prompt(folder: Path) -> Path:
    """Writes the shipped prompt for teacher pairs, with the small goal's classes only."""
    path = folder / "prompts" / "teacher" / "teacher_pairs.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    shipped = GOALS / "python_security" / "prompts" / "teacher" / "teacher_pairs.yaml"
    prompt = yaml.safe_load(shipped.read_text(encoding="utf-8"))
    labels = goal_spec()["task"]["labels"]
    prompt["classes"] = {k: v for k, v in prompt["classes"].items() if k in labels}
    path.write_text(yaml.safe_dump(prompt, sort_keys=False), encoding="utf-8")
    return path
