"""The real command in a process of its own, and the address that it prints."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from forgemind_assets.home import REPOSITORY

PATIENCE_SECONDS = 240
ADDRESS = re.compile(r": (http://127\.0\.0\.1:\d+)/\?token=([\w-]{43})\s")
COMMAND = [sys.executable, "-m", "forgemind_assets.cli.main"]


def heed_interrupts() -> None:
    """A shell that starts tests in the background leaves SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def environment(place: Path, **more: str) -> dict[str, str]:
    """What a command needs to find the installation in a folder, and the goal there."""
    catalogue = place / "catalogue.yaml"
    models = {"FORGEMIND_CATALOGUE": str(catalogue)} if catalogue.exists() else {}
    own = {
        "FORGEMIND_GOALS": str(place / "goal"),
        "FORGEMIND_HOME": str(place / "home"),
        "FORGEMIND_MODELS": str(place / "models"),
        "COLUMNS": "80",
    }
    return os.environ | models | own | more


def start(place: Path, *arguments: str, **more: str) -> subprocess.Popen:
    """Starts `forgemind` with some arguments; it prints into `out.txt` of its folder."""
    with (place / "out.txt").open("ab") as out:
        return subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=REPOSITORY,
            env=environment(place, **more),
            stdout=out,
            stderr=out,
            start_new_session=True,
            preexec_fn=heed_interrupts,
        )


def printed_address(place: Path, process: subprocess.Popen) -> tuple[str, str]:
    """Page and token, as the terminal shows them."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end and process.poll() is None:
        found = ADDRESS.search((place / "out.txt").read_text(encoding="utf-8"))
        if found:
            return found[1], found[2]
        time.sleep(0.1)
    raise AssertionError((place / "out.txt").read_text(encoding="utf-8"))
