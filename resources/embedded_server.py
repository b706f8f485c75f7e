"""The embedded teacher's server: llama.cpp behind an OpenAI-compatible API.

One process for each model and home, started on demand, shared by all runs, detached from whoever
started it, and gone by itself when nobody has asked anything for a while. This module is the
client's side, and the process itself when it is run with `python -m resources.embedded_server`
(see `resources.embedded_process`).
"""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock

from forgemind_assets.errors import TeacherError
from forgemind_assets.home import REPOSITORY, Home
from resources.machine import process_alive

IDLE_SECONDS = 300.0
SLOTS = 4
SLOT_TOKENS = 1536
START_SECONDS = 300.0
PREFIX = "embedded_server."

OnWait = Callable[[float, str], None]


@dataclass(frozen=True)
class Address:
    """Where the server answers. The key is a secret of this machine's user."""

    base_url: str
    api_key: str = field(repr=False)
    pid: int


def _quiet(_seconds: float, _what: str) -> None:
    """No progress."""


def ensure_server(
    home: Home,
    model_path: Path,
    *,
    idle_seconds: float = IDLE_SECONDS,
    slots: int = SLOTS,
    slot_tokens: int = SLOT_TOKENS,
    on_wait: OnWait = _quiet,
) -> Address:
    """The address of a healthy server of this model; started if there is none.

    Of several callers at once, one starts it and the others wait. `on_wait(seconds waited, what
    for)` is called a few times a second.

    Raises:
        TeacherError: the server does not come up; the message ends with its log.
    """
    home.run.mkdir(parents=True, exist_ok=True, mode=0o700)
    state_path = state_file(home, model_path)
    lock = FileLock(lock_file(state_path))
    began = time.monotonic()
    while True:
        try:
            lock.acquire(timeout=0.5)
            break
        except TimeoutError:
            on_wait(time.monotonic() - began, "another process starts the teacher")
    try:
        state = _read_state(state_path)
        if state and _healthy(state):
            os.utime(state_path)
            return _address(state)
        _stop(state_path)
        options = ["--model", str(model_path), "--idle-seconds", str(idle_seconds)]
        options += ["--slots", str(slots), "--slot-tokens", str(slot_tokens)]
        options += ["--state", str(state_path)]
        return _start(options, state_path, home.logs / f"{state_path.stem}.log", on_wait)
    finally:
        lock.release()


def stop(home: Home) -> int:
    """Stops this home's servers. Returns how many there were."""
    stopped = 0
    for path in home.run.glob(f"{PREFIX}*.json"):
        with FileLock(lock_file(path)):
            stopped += _stop(path)
    return stopped


def running(home: Home) -> list[Address]:
    """The addresses of this home's servers that answer now."""
    states = [_read_state(path) for path in sorted(home.run.glob(f"{PREFIX}*.json"))]
    return [_address(state) for state in states if state and _healthy(state)]


def state_file(home: Home, model_path: Path) -> Path:
    """Address, key and process of a model's server; readable by its user alone."""
    digest = hashlib.sha256(str(model_path).encode()).hexdigest()[:8]
    return home.run / f"{PREFIX}{model_path.stem}-{digest}.json"


def lock_file(state: Path) -> Path:
    """The lock under which a server starts, stops, and is given to a client."""
    return state.with_suffix(".lock")


def _start(options: list[str], state_path: Path, log: Path, on_wait: OnWait) -> Address:
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "resources.embedded_server", *options]
    with log.open("wb") as output:
        # This process only forks the server and ends: the server is nobody's child.
        launcher = subprocess.run(
            command,
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=output,
            start_new_session=True,
            check=False,
        )
    if launcher.returncode != 0:
        raise TeacherError(f"the embedded teacher did not start; {_tail(log)}")
    born = json.loads(launcher.stdout)
    began = time.monotonic()
    while process_alive(born["pid"], born["start_time"]):
        state = _read_state(state_path)
        if state and state["pid"] == born["pid"] and _healthy(state):
            return _address(state)
        waited = time.monotonic() - began
        if waited > START_SECONDS:
            _kill(born["pid"], born["start_time"])
            raise TeacherError(
                f"the embedded teacher was not ready after {START_SECONDS:.0f} s; {_tail(log)}"
            )
        on_wait(waited, "the teacher loads its model")
        time.sleep(0.25)
    raise TeacherError(f"the embedded teacher ended while it loaded its model; {_tail(log)}")


def _stop(state_path: Path) -> bool:
    """Ends the server of a state file and removes the file. Returns whether it was alive."""
    state = _read_state(state_path)
    was_alive = state is not None and _kill(state["pid"], state["start_time"])
    state_path.unlink(missing_ok=True)
    return was_alive


def _kill(pid: int, start_time: float) -> bool:
    """Ends the process politely, then firmly. Returns whether it was alive."""
    if not process_alive(pid, start_time):
        return False
    for number, seconds in ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return True
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if not process_alive(pid, start_time):
                return True
            time.sleep(0.05)
    return True


def _healthy(state: dict[str, Any]) -> bool:
    """Whether the process is the one that was started, and answers to our key."""
    if not process_alive(state["pid"], state["start_time"]):
        return False
    import httpx

    headers = {"Authorization": f"Bearer {state['api_key']}"}
    try:
        with httpx.Client(base_url=state["url"], trust_env=False, timeout=30) as client:
            if client.get("/health").status_code != 200:
                return False
            return client.get("/v1/models", headers=headers).status_code == 200
    except httpx.HTTPError:
        return False


def _read_state(state_path: Path) -> dict[str, Any] | None:
    try:
        state = json.loads(state_path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    wanted = {"pid", "start_time", "url", "api_key", "model"}
    return state if isinstance(state, dict) and wanted <= state.keys() else None


def _address(state: dict[str, Any]) -> Address:
    return Address(f"{state['url']}/v1", state["api_key"], state["pid"])


def _tail(log: Path, lines: int = 8) -> str:
    text = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    return f"its log {log} ends with:\n" + "\n".join(text.splitlines()[-lines:])


if __name__ == "__main__":
    from resources.embedded_process import main

    main()
