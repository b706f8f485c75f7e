"""The way of a request's bytes: aiohttp under the `openai` package, and little between them."""

from functools import lru_cache
from typing import Any


def http_client(connections: int, *, trust_env: bool) -> Any:
    """An HTTP client for `openai.AsyncOpenAI` with up to `connections` connections at a time.

    `trust_env` lets proxies of the environment be used.
    """
    return _type()(connections, trust_env=trust_env)


@lru_cache(maxsize=1)
def _type() -> type:
    """The client's type, which is made when it is needed: what it rests on takes long to import."""
    import aiohttp
    import httpx2

    class AioClient(httpx2.AsyncClient):
        """Sends JSON and reads the whole answer.

        openai's own aiohttp client goes through httpx2's addresses, headers, cookies, redirects
        and streams for each request, which takes longer than sending it. An answer that moves
        elsewhere is not followed: a key goes to the address that it was given for.
        """

        def __init__(self, connections: int, *, trust_env: bool):
            super().__init__(trust_env=trust_env)
            self._connections = connections
            self._session: aiohttp.ClientSession | None = None
            self._tls = httpx2.create_ssl_context(trust_env=trust_env)

        def build_request(self, method: str, url: Any, **given: Any) -> httpx2.Request:
            """The request as it was given: an address that is whole, headers that are complete."""
            return httpx2.Request(
                method,
                _address(str(url)),
                headers=given["headers"],
                content=given.get("content"),
                extensions={"timeout": given.get("timeout")},
            )

        async def send(self, request: httpx2.Request, **_: Any) -> httpx2.Response:
            """The answer with its body. Raises what httpx2 raises, from aiohttp's own error."""
            try:
                async with self._opened().request(
                    request.method,
                    str(request.url),
                    headers=request.headers.multi_items(),
                    data=request.content,
                    allow_redirects=False,
                ) as answer:
                    return httpx2.Response(
                        answer.status,
                        headers=[
                            pair for pair in answer.raw_headers if pair[0].lower() not in _DECODED
                        ],
                        content=await answer.read(),
                        request=request,
                    )
            except TimeoutError as error:
                raise httpx2.ReadTimeout(str(error), request=request) from error
            except aiohttp.ClientError as error:
                raise httpx2.ConnectError(str(error), request=request) from error

        async def aclose(self) -> None:
            """Closes the connections."""
            if self._session is not None:
                await self._session.close()
            await super().aclose()

        def _opened(self) -> aiohttp.ClientSession:
            if self._session is None:
                self._session = aiohttp.ClientSession(
                    connector=aiohttp.TCPConnector(limit=self._connections, ssl=self._tls),
                    timeout=aiohttp.ClientTimeout(total=None),
                    trust_env=self.trust_env,
                    cookie_jar=aiohttp.DummyCookieJar(),
                )
            return self._session

    @lru_cache(maxsize=64)
    def _address(url: str) -> httpx2.URL:
        return httpx2.URL(url)

    return AioClient


_DECODED = frozenset({b"content-encoding", b"transfer-encoding", b"content-length"})
"""Headers of the bytes on the wire, which are decoded already."""
