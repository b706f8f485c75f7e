"""Invented examples and a small goal, for the tests of the Foundry."""

from pathlib import Path

from forgemind_assets.goal import Goal, GoalSpec
from forgemind_assets.records import Row, Seed
from forgemind_assets.warden.terms import Origin, stated

VULNERABLE_SQL = """import sqlite3
from flask import request

def badge(app_db):
    owner = request.args.get("owner", "")
    con = sqlite3.connect("badges.db")
    return con.execute(f"SELECT code, issued FROM badges WHERE owner = '{owner}'").fetchall()
"""
SAFE_SQL = """import sqlite3
from flask import request

def badge(app_db):
    owner = request.args.get("owner", "")
    con = sqlite3.connect("badges.db")
    return con.execute("SELECT code, issued FROM badges WHERE owner = ?", (owner,)).fetchall()
"""
VULNERABLE_SHELL = '''def rotate(folder: str) -> None:
    """Compress one folder of logs."""
    import os
    command = "gzip -r " + folder
    os.system(command)
'''
SAFE_SHELL = """import subprocess

def rotate(folder: str) -> None:
    subprocess.run(["gzip", "-r", folder], check=True)
"""
MULTILINE_SECRET = """import psycopg2

link = psycopg2.connect(
    host="kiosk-db",
    password="Kiosk!Lamp44",
)
"""
ENV_SECRET = """import os
import psycopg2

link = psycopg2.connect(host="kiosk-db", password=os.environ["KIOSK_PASSWORD"])
"""
ONE_LINER = "data = pickle.loads(request.get_data())\n"
SAFE_ONE_LINER = "data = json.loads(request.get_data())\n"


def seed(name: str, slice_: str, code: str, line: int | None, fix: str | None = None) -> Seed:
    """A seed of the invented family `name`."""
    label = "none" if slice_.startswith("safe/") else slice_
    return Seed(
        id=f"seed-{name}-{slice_}",
        family=name,
        slice=slice_,
        input=code,
        expected={"cwe": label, "line": line, "fix": fix},
    )


SEEDS = (
    seed("kiosk-badges", "CWE-89", VULNERABLE_SQL, 7, "Pass the values as query parameters"),
    seed("kiosk-badges", "safe/CWE-89", SAFE_SQL, None),
    seed("kiosk-logs", "CWE-78", VULNERABLE_SHELL, 5, "Run an argument list without a shell"),
    seed("kiosk-logs", "safe/CWE-78", SAFE_SHELL, None),
    seed(
        "kiosk-db", "CWE-798", MULTILINE_SECRET, 5, "Read the secret from an environment variable"
    ),
    seed("kiosk-db", "safe/CWE-798", ENV_SECRET, None),
    seed("kiosk-state", "CWE-502", ONE_LINER, 1, "Use JSON instead of pickle for this data"),
    seed("kiosk-state", "safe/CWE-502", SAFE_ONE_LINER, None),
)


ORIGINS = {"": Origin(licence="own"), "own": Origin("Apache-2.0", "own_model")}


def row(code: str, label: str = "none", line: int | None = None, teacher: str | None = None) -> Row:
    """A row with one of the two strategies, after whether it has a teacher; from known sources."""
    made = Row.make(
        family="kiosk",
        slice=label if label != "none" else "safe/CWE-89",
        input=code,
        expected={"cwe": label, "line": line, "fix": None},
        strategy="teacher_pairs" if teacher else "seed_expansion",
        teacher=teacher,
    )
    return stated([made], ORIGINS)[0]


def small_goal(folder: Path) -> Goal:
    """A goal with the labels of the examples above; its suites lie in `folder`."""
    spec = GoalSpec.model_validate(
        {
            "name": "kiosk",
            "task": {
                "description": "review",
                "labels": ["none", "CWE-89", "CWE-78", "CWE-798", "CWE-502"],
                "answer_schema": {
                    "type": "object",
                    "properties": {
                        "cwe": {"type": "string"},
                        "line": {"type": ["integer", "null"]},
                    },
                    "required": ["cwe", "line"],
                },
                "grader_options": {"label_key": "cwe", "line_key": "line", "fix_key": "fix"},
            },
            "success": {"pass_rate": 0.9},
            "limits": {
                "base_model": "tiny",
                "gpu_dollars_per_try": 0,
                "api_dollars_per_goal": 0,
                "max_iterations": 1,
                "hours": 1,
            },
            "teachers": [{"name": "own", "kind": "embedded", "model": "tiny"}],
            "strategies": [{"name": "seed_expansion"}, {"name": "teacher_pairs", "teacher": "own"}],
            "suites": {n: f"{n}.jsonl" for n in ("dev", "full", "adversarial", "sealed")},
            "filters": {"verifiers": ["python_security"]},
        }
    )
    return Goal(spec=spec, folder=folder, version="0" * 64)
