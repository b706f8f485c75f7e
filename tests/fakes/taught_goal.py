"""The small goal with a teacher behind an API, and that teacher's answers."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fakes.goal_folder import write_goal
from fakes.openai_server import FakeOpenAI

PAIR = {
    "vulnerable_code": [
        "def find_{n}(db, name):",
        "    query = f\"SELECT * FROM t{n} WHERE name = '{{name}}'\"",
        "    return db.execute(query).fetchall()",
    ],
    "repaired_code": [
        "def find_{n}(db, name):",
        '    query = "SELECT * FROM t{n} WHERE name = ?"',
        "    return db.execute(query, (name,)).fetchall()",
    ],
}


def pair(number: int) -> str:
    """A teacher's answer that differs from all others."""
    lines = {
        field: [
            line.replace("{n}", str(number)).replace("{{", "{").replace("}}", "}") for line in code
        ]
        for field, code in PAIR.items()
    }
    return json.dumps(lines)


def teacher_of(server: FakeOpenAI) -> dict[str, Any]:
    """The teacher `paid` behind an API, one request at a time."""
    return {
        "name": "paid",
        "kind": "openai",
        "model": "writer",
        "base_url": server.base_url,
        "api_key_env": "PAID_TEACHER_KEY",
        "concurrency": 1,
        "prices": {"input": 1.0, "output": 2.0},
        "terms": "own_model",
    }


def taught_goal(
    folder: Path,
    teacher: FakeOpenAI,
    changes: Mapping[str, Any] | None = None,
    **search: float,
) -> Path:
    """The small goal, taught through an API, one request at a time.

    `changes` are those of `write_goal`; `search` changes single settings of its search.
    """
    taught = {
        "limits.base_model": "tiny",
        "limits.max_iterations": 1,
        "limits.api_dollars_per_goal": 1,
        "success.canary_pass_rate": 0.0,
        "success.alpha": 0.5,  # six gate families show little: a model that learned may lead
        "search": {
            "rows": 60, "epochs": 20, "rank": 2, "batch_size": 4, "teacher_requests": 12, **search,
        },
        "strategies": [
            {"name": "seed_expansion"},
            {"name": "teacher_pairs", "teacher": "paid"},
        ],
        "teachers": [teacher_of(teacher)],
    }  # fmt: skip
    return write_goal(folder, taught | dict(changes or {}))
