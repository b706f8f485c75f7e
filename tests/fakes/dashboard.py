"""A really running dashboard on loopback, and a browser's way to ask it."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape

import httpx
import uvicorn

from resources.dashboard_data import Source
from resources.dashboard_forms import DashboardSite
from resources.dashboard_server import guarded
from resources.guard.admission import Keys, Rights, Rules, addresses
from resources.guard.keys import load_keys
from resources.guard.launch import listen
from resources.guard.serving import configuration

PATIENCE_SECONDS = 120
ADA = {"FORGEMIND_REVIEWER": "ada"}


@dataclass
class RunningDashboard:
    """A server, and what a person's browser knows of it."""

    port: int
    keys: Keys

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def address(self, rights: Rights = Rights.ACT) -> str:
        return f"{self.origin}/?token={self.keys.token(rights)}"

    def stranger(self, **headers: str) -> httpx.Client:
        """A client that never saw the address."""
        return httpx.Client(base_url=self.origin, headers=headers, timeout=PATIENCE_SECONDS)

    @contextmanager
    def browser(self, rights: Rights = Rights.ACT) -> Iterator[httpx.Client]:
        """A client that has opened the printed address once, and sends our origin."""
        with self.stranger(Origin=self.origin) as client:
            assert client.get("/", params={"token": self.keys.token(rights)}).status_code == 303
            yield client


@contextmanager
def running_dashboard(home, goals, *, read_only=False, environment=ADA) -> Iterator:
    """Serves a home's dashboard from a thread of this process."""
    with listen(0) as listener:
        port, keys = listener.getsockname()[1], load_keys(home)
        rules = Rules(addresses(port), keys, f"forgemind_{port}", read_only)
        guard = guarded(Source(home, goals), rules, environment)
        server = uvicorn.Server(configuration(guard, DashboardSite.max_body_bytes))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        try:
            yield RunningDashboard(port, keys)
        finally:
            server.should_exit = True
            thread.join()


def form_of(page: str, action: str) -> dict[str, str]:
    """The hidden fields of the form that leads to an address ending in `action`."""
    found = re.search(rf'<form[^>]*action="[^"]*/{action}".*?</form>', page, re.DOTALL)
    assert found, f"no form for {action}"
    hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', found[0])
    return {unescape(name): unescape(value) for name, value in hidden}


def until(client: httpx.Client, path: str, text: str) -> str:
    """A page once it says something."""
    end = time.monotonic() + PATIENCE_SECONDS
    while text not in (page := client.get(path).text):
        assert time.monotonic() < end, page
        time.sleep(0.05)
    return page
