"""The small goal with judges behind an API, seeds to measure them on, and rows to judge."""

import hashlib
import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from fakes.goal_folder import goal_spec, write_goal, write_records
from fakes.openai_server import FakeOpenAI, Says

from forgemind_assets.foundry.tables import write_rows
from forgemind_assets.goal import Goal
from forgemind_assets.goal_judges import PROMPT
from forgemind_assets.goal_loading import load_goal
from forgemind_assets.goal_terms import origins_of
from forgemind_assets.records import Row
from forgemind_assets.warden.terms import stated
from resources.workshop import Workshop

KEY = "JUDGES_KEY"
LABELS = ("none", "CWE-78", "CWE-89")
ENDS = {
    "CWE-78": 'os.system("tar cf {a}.tar " + {b})',
    "CWE-89": "db.execute(\"SELECT {a} FROM {b} WHERE {c} = '%s'\" % {b})",
    "none": 'db.execute("SELECT {a} FROM {b} WHERE {c} = ?", ({b},))',
}
STEPS = (
    "{a} = [{b} * {n} for {b} in range({m})]",
    "{a} = sorted({b}, key=lambda {c}: {c}[{n}])",
    "while len({a}) < {m}:\n        {a}.append({b} - {n})",
    "if {a} > {n}:\n        raise ValueError('{b} over {m}')",
    "{a}, {b} = divmod({c}, {n})",
    "with open('{a}-{n}.txt') as {b}:\n        {c} = {b}.read({m})",
    "{a} = {{'{b}': {n}, '{c}': {m}}}",
    "for {a} in zip({b}, {c}):\n        print({a}, {n})",
    "assert isinstance({a}, ({b}, {c})), {n}",
    "{a} = max({b}.count('{c}'), {m}) % {n}",
)
WORDS = "ankle brook cedar daisy ember flute grove heron inlet jetty kayak ledge maple".split()  # noqa: SIM905


def code(number: int, truth: str) -> str:
    """A function unlike the others that has the weakness, or none."""
    rng = random.Random(f"{number}/{truth}")
    steps = [*rng.sample(STEPS, 4), ENDS[truth]]
    drawn = [
        step.format(
            **dict(zip("abc", rng.sample(WORDS, 3), strict=True)),
            n=rng.randrange(2, 99),
            m=rng.randrange(100, 999),
        )
        for step in steps
    ]
    return f"def {rng.choice(WORDS)}_{number}(db, arg):\n    " + "\n    ".join(drawn) + "\n"


def truth_of(text: str) -> str:
    """The right label of such code."""
    return "CWE-78" if "os.system" in text else "CWE-89" if "'%s'" in text else "none"


def answer(expected: str) -> dict[str, Any]:
    """The answer that claims a label."""
    found = None if expected == "none" else "remedy"
    return {"cwe": expected, "line": 1 if found else None, "fix": found}


def seeds(families: int) -> list[dict[str, Any]]:
    """Two examples a family: a weakness and none. The prompts of the goal name two of them."""
    made = []
    for number in range(families):
        for label in ("CWE-89" if number % 2 else "CWE-78", "none"):
            slice_ = label if label != "none" else "safe/CWE-89"
            made.append(
                {
                    "id": f"seed-{number}-{label}",
                    "family": f"seed-family-{number}",
                    "slice": slice_,
                    "input": code(1000 + number, label),
                    "expected": answer(label),
                }
            )
    made[0]["id"], made[1]["id"] = "seeds-school-cwe-89", "seeds-bank-safe-cwe-78"
    return made


def opinion(model: str, text: str) -> str:
    """What a judge says: `good` the truth, `contrary` never, `random` anything."""
    truth = truth_of(text)
    if model.startswith("good"):
        return truth
    if model == "contrary":
        return "CWE-89" if truth == "none" else "none"
    drawn = hashlib.sha256(f"{model}/{text}".encode()).digest()[0]
    return LABELS[drawn % 3]


def judges_script(_number: int, body: dict[str, Any]) -> Says:
    """Answers as the model of the request would."""
    label = opinion(body["model"], body["messages"][-1]["content"])
    return Says(json.dumps({"label": label, "confidence_percent": 80}))


def teacher(name: str, server: FakeOpenAI, dollars: float = 0.0) -> dict[str, Any]:
    """A teacher of the goal whose model has its name."""
    return {
        "name": name,
        "kind": "openai",
        "model": name,
        "base_url": server.base_url,
        "api_key_env": KEY,
        "concurrency": 1,
        "prices": {"input": dollars, "output": dollars},
        "terms": "own_model",
    }


def judged_goal(
    folder: Path,
    server: FakeOpenAI,
    judges: Mapping[str, Any],
    changes: Mapping[str, Any] | None = None,
    families: int = 30,
) -> Path:
    """The small goal, written by `author` and judged; no verifier has a word on its labels."""
    names = ["author", *judges["teachers"]]
    own = {
        "teachers": [teacher(name, server) for name in dict.fromkeys(names)],
        "strategies": [{"name": "seed_expansion"}, {"name": "teacher_pairs", "teacher": "author"}],
        "filters": {"verifiers": [{"name": "parser", "options": {"syntax": "python"}}]},
        "limits.api_dollars_per_goal": 1,
        "judges": dict(judges),
    }
    write_goal(folder, own | dict(changes or {}))
    write_records(folder, "seeds", seeds(families))
    write_judge_prompt(folder)
    return folder


def write_judge_prompt(folder: Path, **changes: Any) -> Path:
    """Writes the prompt that judges are asked with."""
    prompt = {
        "version": 1,
        "system": "Review the code. Labels: {{labels}}.",
        "request": "{{input}}",
        **changes,
    }
    path = folder / "prompts" / PROMPT
    path.write_text(yaml.safe_dump(prompt, sort_keys=False), encoding="utf-8")
    return path


def written(number: int, truth: str, claimed: str | None = None, author: str = "author") -> Row:
    """A row of a teacher; it claims the truth if nothing else is given."""
    label = claimed or truth
    return Row.make(
        family=f"family-{number}",
        slice=label if label != "none" else "safe/CWE-89",
        input=code(number, truth),
        expected=answer(label),
        strategy="teacher_pairs",
        teacher=author,
    )


def publish_written(folder: Path, rows: list[Row], home: Path) -> tuple[Goal, Workshop]:
    """The goal, loaded, and an installation with these rows as the raw dataset of 0001."""
    goal = load_goal(folder)
    workshop = Workshop(home_root=str(home), models_root=str(home / "models"))
    account = {"strategy": "teacher_pairs", "teacher": "author", "rows": len(rows)}
    meta = {"accounts": [account]}
    with workshop.store.publish(goal.name, "raw_dataset", "0001", meta) as place:
        write_rows(stated(rows, origins_of(goal.spec)), place / "rows.parquet")
    return goal, workshop


assert set(LABELS) == set(goal_spec()["task"]["labels"])
