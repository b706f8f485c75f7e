"""A real headless Chromium, driven over its DevTools protocol.

Protocol: https://chromedevtools.github.io/devtools-protocol/
"""

import base64
import itertools
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

PATIENCE_SECONDS = 120
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium() -> str | None:
    """The first Chromium on the PATH."""
    return next((found for found in map(shutil.which, NAMES) if found), None)


class Tab:
    """One tab of a running browser."""

    def __init__(self, connection: ClientConnection):
        self._connection = connection
        self._numbers = itertools.count(1)

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        self._connection.send(json.dumps(message))
        while True:
            answer = json.loads(self._connection.recv(PATIENCE_SECONDS))
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]

    def value(self, script: str) -> Any:
        found = self.send("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def wait_for(self, script: str) -> None:
        """Until a script is true of a page that has loaded."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not self.value(f"document.readyState === 'complete' && !!({script})"):
            assert time.monotonic() < end, self.value("document.body.innerText")
            time.sleep(0.05)

    def open(self, address: str, script: str = "document.querySelector('h1')") -> None:
        self.send("Page.navigate", url=address)
        self.wait_for(f"location.origin !== 'null' && {script}")

    def click(self, selector: str) -> None:
        """Presses and releases the mouse on the middle of an element."""
        place = self.value(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            "e.scrollIntoView({block: 'center', behavior: 'instant'});"
            "const r = e.getBoundingClientRect();"
            "return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1],
                      button="left", clickCount=1)  # fmt: skip

    def write(self, text: str) -> None:
        self.send("Input.insertText", text=text)

    def press(self, key: str, code: int, text: str = "") -> None:
        shared = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        self.send("Input.dispatchKeyEvent", type="keyDown", text=text, **shared)
        self.send("Input.dispatchKeyEvent", type="keyUp", **shared)

    def screenshot(self) -> bytes:
        found = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        return base64.b64decode(found["data"])


@contextmanager
def tab_of(program: str, profile: Path, width: int, height: int = 800) -> Iterator[Tab]:
    """A browser with a fresh profile, as wide as a phone; ended with the block."""
    command = [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"]
    command += ["--disable-dev-shm-usage", "--remote-debugging-port=0"]
    command += [f"--user-data-dir={profile}", "about:blank"]
    with (profile.parent / "chromium.txt").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        port = wait_for_port(process, profile / "DevToolsActivePort")
        pages = httpx.get(f"http://127.0.0.1:{port}/json/list", timeout=PATIENCE_SECONDS).json()
        address = next(p["webSocketDebuggerUrl"] for p in pages if p["type"] == "page")
        with connect(address, max_size=None, open_timeout=PATIENCE_SECONDS) as connection:
            tab = Tab(connection)
            tab.send("Page.enable")
            tab.send("Emulation.setDeviceMetricsOverride", width=width, height=height,
                     deviceScaleFactor=1, mobile=True)  # fmt: skip
            yield tab
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)


def wait_for_port(process: subprocess.Popen, file: Path) -> str:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end and process.poll() is None:
        if file.is_file() and (lines := file.read_text().split()):
            return lines[0]
        time.sleep(0.05)
    raise AssertionError(f"Chromium did not start: {process.poll()}")
