"""What the fake servers share: a thread that serves on loopback, and a handler that is quiet."""

import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STOP_SECONDS = 0.02  # how often a server looks whether it is to end; half a second unless said


class QuietHandler(BaseHTTPRequestHandler):
    """Keeps connections open, logs nothing, and sends whole answers."""

    protocol_version = "HTTP/1.1"
    # Head and body are two packets: the second would wait 40 ms for word that the first came.
    disable_nagle_algorithm = True

    def reply(
        self,
        status: int,
        body: str | bytes,
        headers: Mapping[str, str] | None = None,
        *,
        announce: int = 0,
    ) -> None:
        """Sends an answer, JSON unless `headers` say otherwise; `announce` bytes too many."""
        data = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        fields = {"content-type": "application/json", **(headers or {})}
        for name, value in (fields | {"content-length": str(len(data) + announce)}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, *_):
        pass


class Loopback:
    """Serves with a handler on 127.0.0.1 while it is open."""

    def __init__(self, handler: type[BaseHTTPRequestHandler], port: int = 0):
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(STOP_SECONDS,), daemon=True
        )

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
