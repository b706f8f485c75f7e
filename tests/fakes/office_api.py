"""What `ChatApi` is to a server, to an `Office` in this process: the same failures, no sockets."""

import asyncio
import json
from typing import Any

from fakes.busy_openai import Office

from resources.teacher_api import CallFailed, Endpoint, Reply, reply_of


class OfficeApi:
    """Asks an office on the clock of the running loop."""

    def __init__(self, office: Office, endpoint: Endpoint, timeout_seconds: float):
        self.endpoint = endpoint
        self._office = office
        self._timeout = timeout_seconds

    async def close(self) -> None:
        pass

    async def call(self, messages: list[dict[str, str]], **_: Any) -> Reply:
        now = asyncio.get_running_loop().time()
        outcome = self._office.decide(messages[-1]["content"], now)
        if not outcome.payload:
            await asyncio.sleep(self._timeout)
            raise CallFailed("timed out", retry=True, may_cost=True)
        await asyncio.sleep(outcome.delay)
        head, _, body = outcome.payload.partition(b"\r\n\r\n")
        status = int(head.split()[1])
        if status != 200:
            _, found, after = head.partition(b"retry-after: ")
            wait = float(after.split()[0]) if found else None
            raise CallFailed(f"status {status}", retry=True, status=status, retry_after=wait)
        if outcome.cut:
            raise CallFailed("no connection", retry=True, may_cost=True)
        try:
            return reply_of(json.loads(body))
        except ValueError:
            raise CallFailed("unreadable response", retry=True, may_cost=True) from None
