"""A receiver of webhooks on loopback, which can be down, and drops repeated keys if asked to."""

import json
import threading

from fakes.loopback import Loopback, QuietHandler


class FakeReceiver(Loopback):
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

        class Handler(QuietHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                with outer._lock:
                    outer.posts.append((self.path, dict(self.headers), json.loads(body)))
                    refuse = len(outer.posts) <= down
                    key = self.headers["Idempotency-Key"]
                    if not refuse and not (drops_repeats and key in outer._keys):
                        outer._keys.add(key)
                        outer.accepted.append(json.loads(body))
                self.reply(status if refuse else 200, "ok", headers if refuse else None)

        super().__init__(Handler, port)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/services/T0/B0/"
