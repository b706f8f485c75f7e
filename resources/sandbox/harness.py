"""What speaks for a program inside its room: loads it, and answers one call after another.

It shares the interpreter with the program, so nothing that it says is trusted: it decides
nothing, knows no expected value, and is asked one call at a time.
"""

import json
import os
import sys
from types import ModuleType
from typing import Any

MESSAGE_CHARS = 300


def answer_calls(requests: int, answers: int) -> None:
    """Answers frames from one pipe on another until it ends.

    A frame is one line of JSON. The first asks `{"nonce", "program"}`, the others `{"nonce",
    "function", "args", "kwargs"}`; an answer is `{"nonce", "value"}`, `{"nonce", "raised":
    [names of the exception's classes], "message"}` or `{"nonce", "not_json": type}`.
    """
    module = ModuleType("program")
    sys.modules["program"] = module
    with os.fdopen(requests, "rb") as frames:
        for line in frames:
            frame = json.loads(line)
            answer = {"nonce": frame.pop("nonce"), **_answer(module, frame)}
            _write(answers, json.dumps(answer).encode() + b"\n")


def _answer(module: ModuleType, frame: dict[str, Any]) -> dict[str, Any]:
    try:
        if "program" in frame:
            exec(compile(frame["program"], "<program>", "exec"), module.__dict__)  # noqa: S102
            return {"value": None}
        value = _plain(getattr(module, frame["function"])(*frame["args"], **frame["kwargs"]))
    except BaseException as error:  # SystemExit and KeyboardInterrupt are a program's answers too
        names = [kind.__name__ for kind in type(error).__mro__]
        return {"raised": names[:20], "message": str(error)[:MESSAGE_CHARS]}
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return {"not_json": type(value).__name__}
    return {"value": value}


def _plain(value: Any) -> Any:
    """Awaits a coroutine and exhausts a generator."""
    kind = type(value).__name__
    if kind == "coroutine":
        import asyncio

        return asyncio.run(value)
    return list(value) if kind == "generator" else value


def _write(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]
