"""A moderation API on loopback: scores by words, or whatever a script says."""

import json
from collections.abc import Callable
from typing import Any

from fakes.loopback import Loopback, QuietHandler

WORDS = {"idiot": "harassment", "kill": "harassment/threatening", "bomb": "illicit/violent"}
CATEGORIES = ("hate", "harassment", "harassment/threatening", "illicit/violent")

Script = Callable[[int, dict[str, Any]], tuple[int, str] | None]


def scored(text: str) -> dict[str, Any]:
    """One result: 0.9 for each category whose word stands in the text, else 0.01."""
    found = {category for word, category in WORDS.items() if word in text}
    scores = {name: 0.9 if name in found else 0.01 for name in CATEGORIES}
    return {"flagged": bool(found), "category_scores": scores}


class FakeModeration(Loopback):
    """Runs in a thread. `script(number from 0, body)`: status and body, or None to answer right."""

    def __init__(self, script: Script = lambda number, body: None, key: str = "fake-key"):
        self.requests: list[dict[str, Any]] = []
        outer = self

        class Handler(QuietHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                if self.path != "/v1/moderations":
                    self.reply(404, '{"error": {"message": "no such path"}}')
                elif self.headers.get("authorization") != f"Bearer {key}":
                    self.reply(401, '{"error": {"message": "Incorrect API key provided"}}')
                else:
                    outer.requests.append(body)
                    told = script(len(outer.requests) - 1, body)
                    right = {"id": "m", "model": "fake", "results": [*map(scored, body["input"])]}
                    self.reply(*(told or (200, json.dumps(right))))

        super().__init__(Handler)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"
