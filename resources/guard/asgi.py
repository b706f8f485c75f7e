"""The guard before an ASGI application: asks the pure rules, and lets through what they admit.

It runs in the process of the application that it guards. There is no second door to keep
shut, and no proxy that could read a request otherwise than the server behind it.
"""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Protocol
from urllib.parse import parse_qsl, quote, urlencode

from resources.guard import pages
from resources.guard.admission import (
    TOKEN_PARAMETER,
    UPGRADE,
    Admit,
    Enter,
    Facts,
    Refuse,
    Rights,
    Rules,
    admit,
    set_cookie,
)

RIGHTS_KEY = "forgemind.rights"
POLICY_VIOLATION, UNSUPPORTED_DATA = 1008, 1003

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Site(Protocol):
    """What may be done inside one site, once a session has been admitted."""

    max_body_bytes: int

    def judge_request(self, facts: Facts, rights: Rights) -> Refuse | None:
        """Judges by path, method and headers, before a body is read."""
        ...

    def judge_body(self, facts: Facts, rights: Rights, body: bytes) -> bytes | Refuse:
        """Judges a POST's body and returns the body that is handed on."""
        ...

    def judge_frame(self, rights: Rights, text: str) -> str | Refuse:
        """Judges one message from the browser and returns the message that is handed on."""
        ...


class Guard:
    """Stands before `app`. The application finds the session's rights in its scope.

    `is_own_peer` says of a connection's two ends whether a process of this user opened it.
    """

    def __init__(
        self,
        app: App,
        rules: Rules,
        site: Site,
        is_own_peer: Callable[[Any, Any], bool] = lambda client, server: True,
    ) -> None:
        self.app = app
        self.rules = rules
        self.site = site
        self.is_own_peer = is_own_peer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI's entry point."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, pages.with_headers(send))
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)

    def _admit(self, scope: Scope, facts: Facts) -> Admit | Enter | Refuse:
        if not self.is_own_peer(scope.get("client"), scope.get("server")):
            return Refuse(403, "this page is for the user who started it")
        return admit(facts, self.rules)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        facts = facts_of(scope)
        verdict = self._admit(scope, facts)
        if isinstance(verdict, Enter):
            await pages.enter(
                send, facts, clean_address(scope), set_cookie(verdict.rights, self.rules)
            )
            return
        refusal = verdict if isinstance(verdict, Refuse) else None
        if isinstance(verdict, Admit):
            refusal = self.site.judge_request(facts, verdict.rights)
            scope[RIGHTS_KEY] = verdict.rights
        if refusal is None and facts.method == "POST":
            body = await read_body(receive, self.site.max_body_bytes)
            if isinstance(body, bytes):
                body = self.site.judge_body(facts, scope[RIGHTS_KEY], body)
            if isinstance(body, bytes):
                replace_body(scope, body)
                receive = replay(body, receive)
            else:
                refusal = body
        if refusal is not None:
            await pages.refuse(send, facts, refusal)
            return
        await self.app(scope, receive, send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        facts = facts_of(scope)
        verdict = self._admit(scope, facts)
        refused = not isinstance(verdict, Admit)
        if refused or self.site.judge_request(facts, verdict.rights) is not None:
            await receive()
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
            return
        scope[RIGHTS_KEY] = verdict.rights
        gate = Gate(receive, send, lambda text: self.site.judge_frame(verdict.rights, text))
        await self.app(scope, gate.receive, gate.send)


class Gate:
    """The two directions of one WebSocket. The first message that is refused closes both."""

    def __init__(self, receive: Receive, send: Send, judge: Callable[[str], str | Refuse]) -> None:
        self._receive = receive
        self._send = send
        self._judge = judge
        self._closed = False

    async def receive(self) -> Message:
        """The browser's next message, judged; a disconnection where it was refused."""
        message = await self._receive()
        if message["type"] != "websocket.receive":
            return message
        text = message.get("text")
        if text is None:
            return await self._close(UNSUPPORTED_DATA, "text messages only")
        judged = self._judge(text)
        if isinstance(judged, Refuse):
            return await self._close(POLICY_VIOLATION, judged.reason)
        return {"type": "websocket.receive", "text": judged}

    async def send(self, message: Message) -> None:
        """The application's answer, as long as the connection stands."""
        if not self._closed:
            await self._send(message)

    async def _close(self, code: int, reason: str) -> Message:
        self._closed = True
        # The protocol gives a reason 123 bytes.
        await self._send({"type": "websocket.close", "code": code, "reason": reason[:120]})
        return {"type": "websocket.disconnect", "code": code}


def facts_of(scope: Scope) -> Facts:
    """The facts of a connection that the rules judge."""

    def headers(name: bytes) -> tuple[str, ...]:
        return tuple(v.decode("latin-1") for k, v in scope["headers"] if k.lower() == name)

    def header(name: bytes) -> str:
        return ", ".join(headers(name)).lower()

    return Facts(
        method=scope.get("method", UPGRADE) if scope["type"] == "http" else UPGRADE,
        path=scope["path"],
        query=tuple(query_pairs(scope)),
        hosts=headers(b"host"),
        origins=headers(b"origin"),
        cookies=headers(b"cookie"),
        content_types=headers(b"content-type"),
        content_encodings=headers(b"content-encoding"),
        accept=header(b"accept"),
        fetch_site=header(b"sec-fetch-site"),
        fetch_mode=header(b"sec-fetch-mode"),
        fetch_dest=header(b"sec-fetch-dest"),
    )


def query_pairs(scope: Scope) -> list[tuple[str, str]]:
    """The decoded query, read exactly as Starlette reads it."""
    return parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)


def clean_address(scope: Scope) -> str:
    """The address of a page without its token, on the host that was asked for."""
    rest = [(name, value) for name, value in query_pairs(scope) if name != TOKEN_PARAMETER]
    host = next(v.decode("latin-1") for k, v in scope["headers"] if k.lower() == b"host")
    query = f"?{urlencode(rest)}" if rest else ""
    return f"http://{host}{quote(scope['path'])}{query}"


async def read_body(receive: Receive, limit: int) -> bytes | Refuse:
    """A whole body of at most `limit` bytes."""
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return Refuse(400, "the request ended before its body")
        body += message.get("body", b"")
        if len(body) > limit:
            return Refuse(413, f"a request's body may have {limit} bytes")
        more = message.get("more_body", False)
    return bytes(body)


def replay(body: bytes, receive: Receive) -> Receive:
    """Hands on one body, and then what the connection says."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> Message:
        return waiting.pop() if waiting else await receive()

    return next_message


def replace_body(scope: Scope, body: bytes) -> None:
    """Makes the headers tell the length of the body that is handed on."""
    dropped: Iterable[bytes] = (b"content-length", b"transfer-encoding")
    kept = [(k, v) for k, v in scope["headers"] if k.lower() not in dropped]
    scope["headers"] = [*kept, (b"content-length", str(len(body)).encode())]
