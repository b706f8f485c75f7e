"""An OpenAI-compatible server for thousands of requests, with a hidden limit and bad weather.

It runs in a thread, or as a process of its own (`python tests/fakes/busy_openai.py '{…}'`, fields
of `Weather` as JSON) that prints its port and ends with its standard input. One asyncio protocol
without a framework, so that it does not measure itself. Its answers are a function of the question
and of how often it was asked, never of chance or order.
"""

import asyncio
import hashlib
import json
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

REASONS = {200: "OK", 429: "Too Many Requests", 500: "Internal Server Error", 503: "Unavailable"}
TROUBLES = ("refuses", "breaks", "hangs", "cuts", "garbles", "slips", "truncates")


@dataclass(frozen=True)
class Weather:
    """What befalls requests. Shares are of the attempts that the limit lets in.

    Attributes:
        latency: seconds until an answer.
        capacity: [from second, requests a second] in order of time; empty: no limit.
        burst: seconds' worth of requests that the limit saves up.
        whole_seconds: whether Retry-After is rounded up to whole seconds, as HTTP has it.
        refuses: share that gets a 503 with Retry-After 1.
        breaks: share that gets a 500.
        hangs: share that never gets an answer.
        cuts: share whose body ends early.
        garbles: share whose body is no JSON.
        slips: share whose answer is JSON with a slip that can be mended.
        truncates: share whose answer's JSON ends in the middle, with finish_reason `length`.
    """

    latency: float = 0.2
    capacity: tuple[tuple[float, float], ...] = ()
    burst: float = 0.25
    whole_seconds: bool = False
    refuses: float = 0.0
    breaks: float = 0.0
    hangs: float = 0.0
    cuts: float = 0.0
    garbles: float = 0.0
    slips: float = 0.0
    truncates: float = 0.0

    def rate(self, second: float) -> float:
        """Requests a second that are let in at that time."""
        return [rate for start, rate in self.capacity if start <= second][-1]

    def trouble(self, question: str, attempt: int) -> str:
        """What befalls this attempt; empty if nothing does."""
        digest = hashlib.sha256(f"{attempt}/{question}".encode()).digest()
        drawn = int.from_bytes(digest[:6], "big") / 2**48
        for name in TROUBLES:
            drawn -= getattr(self, name)
            if drawn < 0:
                return name
        return ""


@dataclass
class Gate:
    """A token bucket whose rate changes with time. Times in seconds since the first request."""

    weather: Weather
    level: float = field(init=False)
    seen: float = 0.0

    def __post_init__(self) -> None:
        self.level = self._depth(0.0) if self.weather.capacity else 0.0

    def _depth(self, now: float) -> float:
        return max(1.0, self.weather.rate(now) * self.weather.burst)

    def admit(self, now: float) -> float:
        """0.0 and one token less, or the seconds until there is a token."""
        if not self.weather.capacity:
            return 0.0
        rate = self.weather.rate(now)
        self.level = min(self._depth(now), self.level + (now - self.seen) * rate)
        self.seen = now
        if self.level >= 1.0:
            self.level -= 1.0
            return 0.0
        return (1.0 - self.level) / rate


@dataclass
class Tally:
    """What was asked and given, by question where it matters.

    `let_in[n]` counts the requests that the limit let in during second n.
    """

    asked: Counter[str] = field(default_factory=Counter)
    paid: Counter[str] = field(default_factory=Counter)
    limited: int = 0
    let_in: Counter[int] = field(default_factory=Counter)
    troubles: Counter[str] = field(default_factory=Counter)
    most_at_once: int = 0


@dataclass(frozen=True)
class Outcome:
    """How a request ends: bytes after a delay; no bytes mean never, `cut` closes after them."""

    delay: float = 0.0
    payload: bytes = b""
    cut: bool = False


class Office:
    """Decides about requests; knows no sockets, and time only as it is told."""

    def __init__(self, weather: Weather):
        self.weather = weather
        self.gate = Gate(weather)
        self.tally = Tally()

    def decide(self, question: str, now: float) -> Outcome:
        """What happens to a question that arrives `now`."""
        tally = self.tally
        tally.asked[question] += 1
        wait = self.gate.admit(now)
        if wait:
            tally.limited += 1
            after = float(-(-wait // 1)) if self.weather.whole_seconds else wait
            return Outcome(0.0, response(429, error("slow down"), f"{after:.3f}"))
        tally.let_in[int(now)] += 1
        trouble = self.weather.trouble(question, tally.asked[question])
        tally.troubles[trouble] += bool(trouble)
        return self._outcome(question, trouble)

    def _outcome(self, question: str, trouble: str) -> Outcome:
        delay = self.weather.latency
        if trouble == "hangs":
            return Outcome()
        if trouble == "refuses":
            return Outcome(delay, response(503, error("busy"), "1"))
        if trouble == "breaks":
            return Outcome(delay, response(500, error("oops")))
        body = completion(answer_to(question, trouble), "length" if trouble == "truncates" else "")
        if trouble == "garbles":
            return Outcome(delay, response(200, body[: len(body) // 2]))
        if trouble == "cuts":
            return Outcome(delay, response(200, body)[:-20], cut=True)
        self.tally.paid[question] += 1
        return Outcome(delay, response(200, body))


def answer_to(question: str, trouble: str = "") -> str:
    """The JSON text of an answer, with its slip or its end missing where that is the trouble."""
    text = json.dumps({"question": question, "lines": ["a = 1", "b = 2"]})
    if trouble == "slips":
        return "Here it is:\n```json\n" + text.replace('"b = 2"]', '"b = 2",]') + "\n```"
    return text[: len(text) // 2] if trouble == "truncates" else text


def completion(text: str, finish_reason: str = "") -> bytes:
    """A chat completion with one choice, 20 tokens in and 10 out."""
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": finish_reason or "stop"}
    usage = {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30}
    facts = {"id": "x", "object": "chat.completion", "created": 0, "model": "fake"}
    return json.dumps({**facts, "choices": [choice], "usage": usage}).encode()


def error(message: str) -> bytes:
    """An error as OpenAI words it."""
    return json.dumps({"error": {"message": message, "type": "fake", "code": None}}).encode()


def response(status: int, body: bytes, retry_after: str = "") -> bytes:
    """The bytes of an HTTP response."""
    head = f"HTTP/1.1 {status} {REASONS[status]}\r\ncontent-type: application/json\r\n"
    head += f"retry-after: {retry_after}\r\n" if retry_after else ""
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


class Connection(asyncio.Protocol):
    """One keep-alive connection, one request at a time."""

    def __init__(self, server: "BusyOpenAI"):
        self.server = server
        self.buffer = b""
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.server.transports.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.server.transports.discard(self.transport)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, rest = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = 0
        for line in head.split(b"\r\n")[1:]:
            if line[:15].lower() == b"content-length:":
                length = int(line[15:])
        if len(rest) < length:
            return
        self.buffer = rest[length:]
        if head.startswith(b"GET /"):
            stats = self.server.stats()
            told = stats if head.startswith(b"GET /stats") else stats["asked_in_all"]
            self._write(Outcome(0.0, response(200, json.dumps(told).encode())))
        else:
            messages = json.loads(rest[:length])["messages"]
            if messages:
                question = messages[-1]["content"]
                self._answer(self.server.office.decide(question, self.server.now()))
            else:  # a client that looks for the headers of a limit
                self._write(Outcome(0.0, response(500, error("no messages"))))

    def _answer(self, outcome: Outcome) -> None:
        if not outcome.payload:
            return
        loop = asyncio.get_running_loop()
        self.server.enter()
        loop.call_later(outcome.delay, self._leave, outcome)

    def _leave(self, outcome: Outcome) -> None:
        self.server.at_once -= 1
        self._write(outcome)

    def _write(self, outcome: Outcome) -> None:
        if not self.transport.is_closing():
            self.transport.write(outcome.payload)
            if outcome.cut:
                self.transport.close()


class BusyOpenAI:
    """The server in a thread of this process; `with BusyOpenAI(Weather(…)) as server`."""

    def __init__(self, weather: Weather | None = None):
        self.office = Office(weather or Weather())
        self.at_once = 0
        self.port = 0
        self.transports: set[Any] = set()
        self._first: float | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def tally(self) -> Tally:
        return self.office.tally

    def now(self) -> float:
        """Seconds since the first request."""
        moment = time.monotonic()
        if self._first is None:
            self._first = moment
        return moment - self._first

    def enter(self) -> None:
        self.at_once += 1
        self.tally.most_at_once = max(self.tally.most_at_once, self.at_once)

    def stats(self) -> dict[str, Any]:
        return {**vars(self.tally), "asked_in_all": self.tally.asked.total()}

    async def serve(self, started: Callable[[], None], end: asyncio.Event) -> None:
        """Serves until `end` is set."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Connection(self), "127.0.0.1", 0, backlog=2048)
        self.port = server.sockets[0].getsockname()[1]
        started()
        await end.wait()
        server.close()
        for transport in list(self.transports):
            transport.abort()
        while self.transports:
            await asyncio.sleep(0)

    def _run(self) -> None:
        async def main() -> None:
            self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
            await self.serve(self._ready.set, self._end)

        asyncio.run(main())

    def __enter__(self) -> "BusyOpenAI":
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()


def read_stats(port: int, path: str = "stats") -> Any:
    """The tally of a server in another process, seconds as text; `asked` is one number of it."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}") as answer:
        return json.loads(answer.read())


def main() -> None:
    """The server as a process."""
    server = BusyOpenAI(Weather(**json.loads(sys.argv[1] if sys.argv[1:] else "{}")))

    async def run() -> None:
        end, loop = asyncio.Event(), asyncio.get_running_loop()

        def wait_for_end() -> None:
            sys.stdin.read()
            loop.call_soon_threadsafe(end.set)

        threading.Thread(target=wait_for_end, daemon=True).start()
        await server.serve(lambda: print(server.port, flush=True), end)

    try:
        import uvloop
    except ImportError:
        asyncio.run(run())
    else:
        uvloop.run(run())


if __name__ == "__main__":
    main()
