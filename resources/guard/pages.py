"""What the guard itself answers, and the headers that it adds to every answer."""

import html
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from resources.guard.admission import Facts, Refuse

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

# A second policy only narrows the page's own. No image or request leaves the machine: the text
# of a teacher that reaches a page's metadata cannot call home.
CONTENT_POLICY = (
    "frame-ancestors 'none'; form-action 'self'; connect-src 'self'; "
    "img-src 'self' data: blob:; font-src 'self' data:"
)
SECURITY_HEADERS: Headers = [
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", CONTENT_POLICY.encode()),
]
_REPLACED = {name for name, _ in SECURITY_HEADERS} - {b"content-security-policy"}

REFUSED_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>ForgeMind</title>
<body style="font: 1rem/1.5 system-ui; max-width: 34rem; margin: 4rem auto; padding: 0 1rem">
<h1>Not admitted</h1><p>%s.</p>
<p>If you followed a link from another page, <a href="">open this page again</a>.</p>"""
ENTERED_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>ForgeMind</title>
<meta http-equiv="refresh" content="0; url=%s">"""


def with_headers(send: Send) -> Send:
    """Adds the security headers to an answer, and takes away any leave for other origins."""

    async def send_with_headers(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            kept = [
                (k, v)
                for k, v in message.get("headers", [])
                if k.lower() not in _REPLACED and not k.lower().startswith(b"access-control-")
            ]
            message = {**message, "headers": [*kept, *SECURITY_HEADERS]}
        await send(message)

    return send_with_headers


async def enter(send: Send, facts: Facts, address: str, cookie: str) -> None:
    """Sets the session's cookie and leads to the address without the token.

    A browser that was led here by another page withholds a strict cookie from a redirect, but
    not from the next page that our own page opens.
    """
    headers = [(b"set-cookie", cookie.encode()), (b"cache-control", b"no-store")]
    if facts.from_elsewhere:
        page = (ENTERED_PAGE % html.escape(address)).encode()
        headers.append((b"content-type", b"text/html; charset=utf-8"))
        await answer(send, 200, headers, page)
    else:
        headers.append((b"location", address.encode()))
        await answer(send, 303, headers, b"")


async def refuse(send: Send, facts: Facts, refusal: Refuse) -> None:
    """One sentence, in the form that the asker reads: a page, a GraphQL error, or a line."""
    if "text/html" in facts.accept:
        kind, body = "text/html", REFUSED_PAGE % refusal.reason
    elif facts.method == "POST":
        kind, body = "application/json", json.dumps({"errors": [{"message": refusal.reason}]})
    else:
        kind, body = "text/plain", refusal.reason + "\n"
    headers = [
        (b"content-type", f"{kind}; charset=utf-8".encode()),
        (b"cache-control", b"no-store"),
    ]
    await answer(send, refusal.status, headers, body.encode())


async def answer(send: Send, status: int, headers: Headers, body: bytes) -> None:
    """One whole answer."""
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})
