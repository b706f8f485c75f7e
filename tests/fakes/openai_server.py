"""An OpenAI-compatible server on loopback that answers, fails and dawdles on command."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fakes.loopback import Loopback, QuietHandler


@dataclass(frozen=True)
class Says:
    """A proper answer, after `seconds`."""

    text: str
    seconds: float = 0.0
    input_tokens: int | None = 10
    output_tokens: int | None = 5
    finish_reason: str = "stop"


@dataclass(frozen=True)
class Fails:
    """A status other than 200."""

    status: int
    message: str = "no"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sends:
    """A body as it is with status 200; `cut` announces more bytes than it sends."""

    body: str
    content_type: str = "application/json"
    cut: bool = False


Action = Says | Fails | Sends
Script = Callable[[int, dict[str, Any]], Action]


class FakeOpenAI(Loopback):
    """Runs in a thread; `script(number of the request from 0, its body)` decides each answer."""

    def __init__(self, script: Script, key: str = "fake-key"):
        self.key = key
        self.requests: list[dict[str, Any]] = []
        self.times: list[float] = []
        self.most_at_once = 0
        self._now = 0
        self._script = script
        self._lock = threading.Lock()
        self._stop = threading.Event()
        outer = self

        class Handler(QuietHandler):
            def do_POST(self):
                outer._answer(self)

        super().__init__(Handler)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def questions(self) -> list[str]:
        """The last message of each request, in the order of arrival."""
        return [r["messages"][-1]["content"] for r in self.requests]

    def __exit__(self, *_) -> None:
        self._stop.set()
        super().__exit__()

    def _answer(self, handler: QuietHandler) -> None:
        body = json.loads(handler.rfile.read(int(handler.headers["content-length"])))
        if handler.headers.get("authorization") != f"Bearer {self.key}":
            handler.reply(401, error("Invalid API Key"))
            return
        with self._lock:
            number = len(self.requests)
            self.requests.append(body)
            self.times.append(time.monotonic())
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        try:
            self._act(handler, self._script(number, body))
        except (BrokenPipeError, ConnectionResetError):
            pass
        finally:
            with self._lock:
                self._now -= 1

    def _act(self, handler: QuietHandler, action: Action) -> None:
        if isinstance(action, Says):
            self._stop.wait(action.seconds)
            handler.reply(200, json.dumps(completion(action)))
        elif isinstance(action, Fails):
            handler.reply(action.status, error(action.message), action.headers)
        else:
            headers = {"content-type": action.content_type}
            handler.reply(200, action.body, headers, announce=100 if action.cut else 0)
            handler.close_connection = handler.close_connection or action.cut


def completion(says: Says) -> dict[str, Any]:
    message = {"role": "assistant", "content": says.text}
    body = {
        "id": "x",
        "object": "chat.completion",
        "created": 0,
        "model": "fake",
        "choices": [{"index": 0, "message": message, "finish_reason": says.finish_reason}],
    }
    if says.input_tokens is not None:
        body["usage"] = {
            "prompt_tokens": says.input_tokens,
            "completion_tokens": says.output_tokens,
            "total_tokens": 0,
        }
    return body


def error(message: str) -> str:
    return json.dumps({"error": {"message": message, "type": "fake", "code": None}})
