import json
from types import SimpleNamespace

import pytest

from forgemind_assets.goal import Teacher
from forgemind_assets.home import Home
from resources.embedded_server import stop
from resources.ledger import Ledger
from resources.models import ModelStore
from resources.teachers import TeacherRequest, open_teacher

SCHEMA = {
    "type": "object",
    "properties": {
        "vulnerable_code": {"type": "string"},
        "repaired_code": {"type": "string"},
    },
    "required": ["vulnerable_code", "repaired_code"],
    "additionalProperties": False,
}


# As much of a compiled goal as a teacher looks at.
LIMITS = SimpleNamespace(api_dollars_per_goal=0.0)
SMALL_GOAL = SimpleNamespace(name="g", spec=SimpleNamespace(limits=LIMITS))


@pytest.mark.e2e
def test_the_embedded_teacher_answers_within_the_schema_and_costs_nothing(tmp_path):
    home = Home(tmp_path, Home.from_environment().models)
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    teacher = Teacher(name="embedded", kind="embedded", model="qwen2.5-coder-1.5b-instruct")
    waits = []
    client = open_teacher(
        teacher,
        home,
        ledger,
        ModelStore(home),
        SMALL_GOAL,
        "0001",
        on_wait=lambda seconds, what: waits.append(what),
    )
    text = "Write three lines of Python with an SQL injection, and the same lines repaired."
    requests = [
        TeacherRequest(
            messages=({"role": "user", "content": text},),
            json_schema=SCHEMA,
            seed=n,
            max_tokens=256,
        )
        for n in range(2)
    ]
    try:
        answers = client.ask_many(requests)
        whole = [a for a in answers if a.finish_reason == "stop"]
        assert whole
        for answer in whole:
            assert set(json.loads(answer.text)) == set(SCHEMA["required"])
        assert answers[0].output_tokens > 10
        assert ledger.spent("g", "api") == 0
        assert "the teacher loads its model" in waits
        again = client.ask_many(requests)
        assert [(a.status, a.text) for a in again] == [("stored", a.text) for a in answers]
    finally:
        stop(home)
