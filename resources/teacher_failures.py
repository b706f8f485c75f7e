"""What the failures of one chat request mean: may it be tried again, when, and what it costs."""

import datetime
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

# 529 is what Anthropic's servers say when they are overloaded.
LIMITED = {429, 529}
REFUSED = LIMITED | {503}
# A shorter text that stands for no key, such as `none`, may be a word of an honest message.
SHORTEST_KEY = 8


@dataclass(frozen=True)
class Endpoint:
    """Where a teacher answers."""

    base_url: str
    api_key: str = field(repr=False)
    model: str


class CallFailed(Exception):
    """One attempt failed.

    Attributes:
        reason: for people.
        retry: another attempt may succeed.
        refused: the server is asked too much, or is not ready; it has done nothing.
        limited: the server says that it is asked too much.
        retry_after: seconds that the server asks to wait, if it does.
        may_cost: the server may have worked, and bill it.
        fatal: every other request would fail alike.
        unreachable: nobody answers at the address.
    """

    def __init__(
        self,
        reason: str,
        *,
        retry: bool = False,
        status: int = 0,
        retry_after: float | None = None,
        may_cost: bool = False,
        fatal: bool = False,
        unreachable: bool = False,
    ):
        super().__init__(reason)
        self.reason = reason
        self.retry = retry
        self.refused = status in REFUSED
        self.limited = status in LIMITED
        self.retry_after = retry_after
        self.may_cost = may_cost
        self.fatal = fatal
        self.unreachable = unreachable


def failure_of(error: Exception, endpoint: Endpoint) -> CallFailed:
    """What an error of the `openai` package means for the request."""
    import openai

    if isinstance(error, openai.APIConnectionError):
        return _no_answer(error, endpoint)
    if isinstance(error, openai.APIStatusError):
        status = error.status_code
        reason = f"status {status}: {brief(error, endpoint)}"
        if status in (401, 403, 404) or "insufficient_quota" in str(error):
            return CallFailed(reason, fatal=True)
        if status in (408, 409, 429) or status >= 500:
            after = _retry_after(error.response.headers)
            return CallFailed(reason, retry=True, status=status, retry_after=after)
        return CallFailed(reason)
    return CallFailed(f"unreadable response: {brief(error, endpoint)}", retry=True, may_cost=True)


def _no_answer(error: Exception, endpoint: Endpoint) -> CallFailed:
    """A connection that was not made, was lost, or stayed silent.

    The transport calls the first two time-outs as well; what it was raised from tells.
    """
    import aiohttp

    chain = [error]
    while isinstance(chain[-1].__cause__, Exception):
        chain.append(chain[-1].__cause__)
    lost = next((e for e in chain if isinstance(e, aiohttp.ClientError)), None)
    not_made = isinstance(lost, aiohttp.ClientConnectorError)
    if not not_made and (lost is None or isinstance(lost, TimeoutError)):
        return CallFailed("timed out", retry=True, may_cost=True)
    return CallFailed(
        f"no connection to {endpoint.base_url}: {brief(lost or error, endpoint)}",
        retry=True,
        may_cost=not not_made,
        unreachable=True,
    )


def _retry_after(headers: Any) -> float | None:
    """Seconds of the header `Retry-After`: a number, or a date."""
    value = headers.get("retry-after")
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    now = datetime.datetime.now(tz=when.tzinfo or datetime.UTC)
    return max(0.0, (when - now).total_seconds()) if when.tzinfo else None


def brief(error: BaseException, endpoint: Endpoint) -> str:
    """What went wrong in a few words, without the key, which some servers repeat."""
    text = " ".join(str(error).split()) or type(error).__name__
    if len(endpoint.api_key) >= SHORTEST_KEY:
        text = text.replace(endpoint.api_key, "[API key]")
    return text if len(text) <= 200 else text[:200] + "…"
