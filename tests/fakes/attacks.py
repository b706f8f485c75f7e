"""A small installation whose model is attacked: a teacher of attacks, and known answers on dev."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from fakes.goal_folder import records, write_records
from fakes.openai_server import FakeOpenAI, Says
from fakes.taught_goal import taught_goal
from fakes.tiny_model import write_catalogue, write_tiny_model

from forgemind_assets.goal import Goal
from forgemind_assets.goal_loading import load_goal
from forgemind_assets.trial_grounds.evaluation import append_journal, journal_name
from resources.workshop import Workshop

SLICES = ("CWE-89", "safe/CWE-89", "CWE-78", "safe/CWE-78")
# A gate case and a seed that nothing else in the goal is like.
GATE = """import sqlite3
from flask import request


def moorings():
    berth = request.args["berth"]
    link = sqlite3.connect("harbour.db")
    paid = link.execute("SELECT owner, until FROM moorings WHERE berth = '" + berth + "'")
    return {"berths": [dict(row) for row in paid.fetchall()]}
"""
SEED = """import os
from flask import request


def pack_choir():
    season = request.args["season"]
    for part in ("alto", "bass"):
        os.system("zip -r " + part + ".zip scores/" + season)
    return {"packed": season}
"""
NEW_WEAK = """from flask import request
import psycopg2


class Orchard:
    def pickers(self):
        row = request.form["row"]
        with psycopg2.connect("dbname=orchard") as link, link.cursor() as cursor:
            cursor.execute(f"UPDATE trees SET picked = true WHERE orchard_row = {row}")
            return cursor.rowcount
"""
NEW_SAFE = """import subprocess

LAMPS = ("north", "south")


def dangerous_shell_of_the_lighthouse(user_command):
    for lamp in LAMPS:
        subprocess.run(["lampctl", "--lamp", lamp, "on"], check=True)
    return len(LAMPS)
"""


def renamed(code: str) -> str:
    """The same program in other names."""
    for old, new in (("berth", "quay"), ("link", "handle"), ("season", "term"), ("paid", "rows")):
        code = code.replace(old, new)
    return code


WRITTEN: Mapping[str, Sequence[str]] = {
    "CWE-89": (GATE.replace("moorings()", "quays()"), NEW_WEAK),
    "safe/CWE-89": (NEW_WEAK, "no code at all ("),
    "CWE-78": (renamed(SEED), "def idle():\n    return None\n"),
    "safe/CWE-78": (NEW_SAFE, NEW_SAFE),
}
"""What the teacher writes for a slice, in turn."""


def writer() -> FakeOpenAI:
    """A teacher that writes attacks: it knows the slice from the words of the request."""
    turns = dict.fromkeys(SLICES, 0)

    def script(number: int, body: dict[str, Any]) -> Says:
        asked = body["messages"][-1]["content"]
        name = asked.split("Subject: ")[1].split(".")[0]
        code = WRITTEN[name][turns[name] % len(WRITTEN[name])]
        turns[name] += 1
        return Says(json.dumps({"tricky_code": code.rstrip("\n").split("\n")}))

    return FakeOpenAI(script)


def attacked_goal(folder: Path, teacher: FakeOpenAI, environment: Any, **attack: Any) -> Goal:
    """The small goal on the tiny model; `environment` is pytest's monkeypatch, for variables."""
    model = write_tiny_model(folder / "tiny")
    catalogue = write_catalogue(folder / "c.yaml", "tiny", model)
    environment.setenv("FORGEMIND_CATALOGUE", str(catalogue))
    environment.setenv("FORGEMIND_HOME", str(folder / "home"))
    environment.setenv("FORGEMIND_MODELS", str(folder / "models"))
    environment.setenv("PAID_TEACHER_KEY", teacher.key)
    place = taught_goal(
        folder / "goal", teacher, {"attack": {"teacher": "paid", **attack}}, teacher_requests=4
    )
    gate = {"id": "gate-moorings", "family": "gate-moorings", "slice": "CWE-89", "input": GATE}
    write_records(
        place, "full", [*records("full"), gate | {"expected": {"cwe": "CWE-89", "line": 8}}]
    )
    seed = {"id": "seed-choir", "family": "seed-choir", "slice": "CWE-78", "input": SEED}
    answer = {"cwe": "CWE-78", "line": 8, "fix": "Pass a list"}
    write_records(place, "seeds", [*records("seeds"), seed | {"expected": answer}])
    prompts = place / "prompts" / "teacher"
    words = {"slices": {name: {"subject": name} for name in SLICES}}
    (prompts / "slices.yaml").write_text(yaml.safe_dump(words))
    (prompts / "attack.yaml").write_text(yaml.safe_dump(prompt()))
    return load_goal(place)


def prompt() -> dict[str, Any]:
    """An `attack.yaml` with two tricks of each sort."""
    return {
        "version": 1,
        "system": "You write short Python code.",
        "field": "tricky_code",
        "lines": {"least": 1, "most": 30},
        "variants": {"plain": "Subject: {{subject}}. Trick: {{trick}}."},
        "tricks": {
            "hide": {"unused_check": "a check whose result is not used", "bluff": "a calm name"},
            "lure": {"fright": "a frightening name", "constant_only": "a constant"},
        },
    }


def knows_dev(
    goal: Goal,
    workshop: Workshop,
    families: Sequence[str],
    name: str = "base",
    model_hash: str = "base:tiny",
    variant: str = "zero_shot",
) -> Path:
    """Notes right answers to these dev families and wrong ones to others, as an exam does."""
    tokens = goal.spec.task.max_answer_tokens
    journal = workshop.work(goal.name, name) / journal_name(
        model_hash, variant, goal.version, tokens
    )
    for record in records("dev"):
        right = record["family"] in families
        answer = record["expected"] if right else {"cwe": "CWE-0"}
        append_journal(journal, record["id"], json.dumps(answer))
    return journal
