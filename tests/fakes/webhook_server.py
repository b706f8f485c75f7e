"""A receiver of webhooks on loopback, which can be down, and drops repeated keys if asked to."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FakeReceiver:
    """Answers the first `down` posts with `status`, the rest with 200.

    `accepted` has the bodies that were accepted, by key where `drops_repeats`, as a receiver
    that honours `Idempotency-Key` keeps them; `posts` has (path, headers, body) of all.
    """

    def __init__(self, down=0, status=503, headers=None, drops_repeats=False, port=0):
        self.posts = []
        self.accepted = []
        self._keys = set()
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                with outer._lock:
                    outer.posts.append((self.path, dict(self.headers), json.loads(body)))
                    refuse = len(outer.posts) <= down
                    key = self.headers["Idempotency-Key"]
                    if not refuse and not (drops_repeats and key in outer._keys):
                        outer._keys.add(key)
                        outer.accepted.append(json.loads(body))
                self.send_response(status if refuse else 200)
                for name, value in (headers or {}).items() if refuse else ():
                    self.send_header(name, value)
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def port(self):
        return self._server.server_address[1]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/services/T0/B0/"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
