"""One chat request to an OpenAI-compatible server, over the `openai` package."""

import asyncio
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from resources.teacher_failures import CallFailed, Endpoint, brief, failure_of
from resources.teacher_wire import http_client

Message = dict[str, str]

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_UNSUPPORTED = re.compile(
    r"not support|unsupported|unrecogni[sz]ed|unknown|not permitted|not allowed|invalid param",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Reply:
    """What came back. Tokens are None where the server does not say."""

    text: str
    finish_reason: str
    input_tokens: int | None
    output_tokens: int | None


class ChatApi:
    """Connections to one endpoint, as many as there are requests at a time.

    aiohttp moves the bytes and the body is read as plain JSON: for a short answer, openai's
    default transport and its typed objects take three times as long. It learns what the server
    can do: where a JSON schema (or another parameter) is refused, the schema is written into the
    instructions instead.
    """

    def __init__(self, endpoint: Endpoint, timeout_seconds: float, connections: int):
        import httpx2
        import openai

        self.endpoint = endpoint
        self._timeout_seconds = timeout_seconds
        self._missing: set[str] = set()
        self._raw = httpx2.Response
        self._client = openai.AsyncOpenAI(
            base_url=endpoint.base_url,
            api_key=endpoint.api_key,
            timeout=timeout_seconds,
            max_retries=0,
            # A proxy of the environment is not meant for this machine's own servers.
            http_client=http_client(connections, trust_env=not is_loopback(endpoint.base_url)),
        )

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.close()

    async def call(
        self,
        messages: list[Message],
        *,
        schema: dict[str, Any] | None,
        max_tokens: int,
        temperature: float,
        seed: int,
    ) -> Reply:
        """Asks once. Raises CallFailed, which does not carry the error it was made of.

        A server may repeat the key in what it answers, and a chain of errors is logged whole.
        """
        import openai

        while True:
            body = self._body(messages, schema, max_tokens, temperature, seed)
            try:
                # A server that sends a byte now and then would hang for ever on a limit per read.
                async with asyncio.timeout(self._timeout_seconds):
                    answer = await self._client.post(
                        "/chat/completions", cast_to=self._raw, body=body
                    )
                return reply_of(json.loads(answer.content))
            except TimeoutError:
                raise CallFailed("timed out", retry=True, may_cost=True) from None
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                if not self._learn(str(error), body):
                    raise CallFailed(f"refused: {brief(error, self.endpoint)}") from None
            except openai.OpenAIError as error:
                raise failure_of(error, self.endpoint) from None
            except ValueError as error:  # the body is no JSON
                raise CallFailed("unreadable response", retry=True, may_cost=True) from error

    def _body(
        self,
        messages: list[Message],
        schema: dict[str, Any] | None,
        max_tokens: int,
        temperature: float,
        seed: int,
    ) -> dict[str, Any]:
        limit = "max_completion_tokens" if "max_tokens" in self._missing else "max_tokens"
        body: dict[str, Any] = {"model": self.endpoint.model, "messages": messages}
        body[limit] = max_tokens
        if "temperature" not in self._missing:
            body["temperature"] = temperature
        if "seed" not in self._missing:
            body["seed"] = seed
        if schema is not None:
            if "schema" in self._missing:
                body["messages"] = [{"role": "system", "content": instruction(schema)}, *messages]
            else:
                strict = schema.get("additionalProperties") is False
                named = {"name": "answer", "schema": schema, "strict": strict}
                body["response_format"] = {"type": "json_schema", "json_schema": named}
        return body

    def _learn(self, message: str, body: dict[str, Any]) -> bool:
        """Notes what a status 400 says the server cannot do. Returns whether to ask again."""
        refused = None
        if "response_format" in body and re.search("response_format|json_schema", message):
            refused = "schema"
        elif _UNSUPPORTED.search(message):
            if "max_tokens" in body and "max_completion_tokens" in message:
                refused = "max_tokens"
            else:
                refused = next(
                    (n for n in ("temperature", "seed") if n in body and n in message), None
                )
        if refused is None:
            return False
        self._missing.add(refused)
        return True


def is_loopback(url: str) -> bool:
    """Whether an address is on this machine."""
    return urlsplit(url).hostname in _LOOPBACK


def instruction(schema: dict[str, Any]) -> str:
    """The schema as a sentence, for servers that cannot enforce it."""
    return "Answer with one JSON object and nothing else. Its JSON schema: " + json.dumps(schema)


def reply_of(completion: Any) -> Reply:
    """The text of the first choice of a completion, as JSON; nothing in it is taken on trust.

    Raises:
        CallFailed: there is no choice in it.
    """
    choices = _field(completion, "choices")
    if not isinstance(choices, list) or not choices:
        raise CallFailed("unreadable response: no choices", retry=True, may_cost=True)
    usage = _field(completion, "usage")
    text = _field(_field(choices[0], "message"), "content")
    return Reply(
        text=text if isinstance(text, str) else "",
        finish_reason=str(_field(choices[0], "finish_reason") or ""),
        input_tokens=_count(_field(usage, "prompt_tokens")),
        output_tokens=_count(_field(usage, "completion_tokens")),
    )


def _field(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and value >= 0 else None
