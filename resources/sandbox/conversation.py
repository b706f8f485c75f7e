"""The trusted end of the protocol: asks one call at a time and believes nothing but its form."""

import json
import secrets
from collections.abc import Sequence
from typing import Any

from forgemind_assets.foundry.verifiers.programs import Answer, Call

MESSAGE_CHARS = 300


class Conversation:
    """What was asked of one program, what it answered, and how it ended.

    The caller moves the bytes: it sends `take_request()` whenever that is not empty, and gives
    `feed()` what came back. `end` is None while the conversation goes on.

    Attributes:
        answers: of the calls so far.
        end: see `ProgramRun.end`; `refused` where the room could not be built.
        detail: see `ProgramRun.detail`.
    """

    def __init__(self, program: str, calls: Sequence[Call], answer_bytes: int):
        self.answers: list[Answer] = []
        self.end: str | None = None
        self.detail = ""
        self._frames: list[dict[str, Any]] = [{"program": program}]
        self._frames += [
            {"function": c.function, "args": list(c.args), "kwargs": dict(c.kwargs)} for c in calls
        ]
        self._limit = answer_bytes
        self._buffer = b""
        self._request = b""
        self._nonce: str | None = None
        self._next = 0

    def take_request(self) -> bytes:
        """The bytes that are to be sent now; empty while an answer is awaited."""
        request, self._request = self._request, b""
        return request

    def feed(self, data: bytes) -> None:
        """Takes bytes of answers; none at all means that the program has ended."""
        if not data:
            self.stop("ended_early")
        self._buffer += data
        while self.end is None and b"\n" in self._buffer:
            line, self._buffer = self._buffer.split(b"\n", 1)
            self._hear(line)
        if self.end is None and len(self._buffer) > self._limit:
            self._finish("too_long_answer")

    def stop(self, reason: str) -> None:
        """Ends the conversation: the program is gone, time is up, or too much was printed.

        Before the room is ready, none of it is the program's doing.
        """
        if self._nonce is None:
            self._finish("refused", f"the interpreter did not get ready ({reason})")
        self._finish(reason)

    def _finish(self, end: str, detail: str = "") -> None:
        if self.end is None:
            self.end, self.detail = end, detail

    def _hear(self, line: bytes) -> None:
        if len(line) > self._limit:
            self._finish("too_long_answer")
            return
        try:
            frame = json.loads(line)
        except (ValueError, RecursionError):
            frame = None
        if not isinstance(frame, dict):
            self._finish("broken_protocol", "not a JSON object")
        elif self._nonce is None:
            self._open(frame)
        elif frame.get("nonce") != self._nonce:
            self._finish("broken_protocol", "an answer to no question")
        else:
            self._answer(frame)

    def _open(self, frame: dict[str, Any]) -> None:
        """The first frame is the room's own: no byte of the program is in it yet."""
        if frame.get("ready") is True:
            self._ask()
        else:
            self._finish("refused", str(frame.get("refused", "no reason given")))

    def _ask(self) -> None:
        if self._next == len(self._frames):
            self._finish("answered")
            return
        self._nonce = secrets.token_hex(16)
        frame = {"nonce": self._nonce, **self._frames[self._next]}
        self._request = json.dumps(frame).encode() + b"\n"
        self._next += 1

    def _answer(self, frame: dict[str, Any]) -> None:
        raised = frame.get("raised")
        if "not_json" in frame:
            self._finish("not_json", str(frame["not_json"])[:MESSAGE_CHARS])
        elif raised is None and "value" in frame:
            self._accept(Answer(frame["value"]))
        elif isinstance(raised, list) and raised:
            names = tuple(str(name) for name in raised)
            self._accept(Answer(None, names, str(frame.get("message", ""))[:MESSAGE_CHARS]))
        else:
            self._finish("broken_protocol", "neither a value nor an exception")

    def _accept(self, answer: Answer) -> None:
        if self._next > 1:
            self.answers.append(answer)
        elif answer.raised:
            self._finish("load_failed", f"{answer.raised[0]}: {answer.message}")
        if self.end is None:
            self._ask()
