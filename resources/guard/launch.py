"""Starts the guarded Dagster UI as a process of its own, and ends it with all that it started."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urlencode

import psutil

from forgemind_assets.errors import UserError
from forgemind_assets.home import REPOSITORY, Home
from resources.guard.admission import TOKEN_PARAMETER, Keys, Rights
from resources.guard.keys import load_keys, write_private
from resources.guard.life import STOP_SECONDS, descendants, kill

LOOPBACK = "127.0.0.1"
POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Options:
    """What is served and how.

    `addresses` are further `host:port` pairs under which the browser sees the page, as through
    a tunnel; `with_daemon` starts Dagster's daemon as well, which works off queued runs.
    """

    port: int
    read_only: bool = False
    with_daemon: bool = False
    addresses: tuple[str, ...] = ()
    workspace: Path = REPOSITORY / "workspace.yaml"


@dataclass
class Server:
    """A running guarded server. It ends when `stop` is called or this process is gone."""

    process: subprocess.Popen[bytes]
    port: int
    address: str
    _life: int

    def wait(self) -> int:
        """Its exit status, once it has ended. Ctrl-C and other signals are heard meanwhile.

        Where polars is imported, a wait for a child without end goes on after SIGINT: its runtime
        takes the signal over and has system calls restarted.
        """
        while (status := self.process.poll()) is None:
            time.sleep(POLL_SECONDS)
        return status

    def stop(self) -> None:
        """Ends the server and everything that it started."""
        family = descendants(self.process.pid)
        if self._life >= 0:
            os.close(self._life)
            self._life = -1
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        _, alive = psutil.wait_procs(family, timeout=5)
        kill(alive)


def start_server(
    home: Home,
    options: Options,
    output: IO[bytes] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Server:
    """Starts the server; its address answers as soon as Dagster has loaded the goals.

    `address` holds the token and is meant for the person's eyes only: neither the command line
    nor the environment of any process has it.

    Raises:
        UserError: an address of `options` is not `host:port`.
    """
    check_addresses(options.addresses)
    keys = load_keys(home)
    listener = listen(options.port)
    port = listener.getsockname()[1]
    reading, writing = os.pipe()
    command = [sys.executable, "-m", "resources.guard.server"]
    command += ["--life", str(reading), "--listen", str(listener.fileno())]
    command += ["--workspace", str(options.workspace)]
    command += ["--read-only"] if options.read_only else []
    command += ["--daemon"] if options.with_daemon else []
    for also in options.addresses:
        command += ["--also", also]
    with listener:
        process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env=os.environ | server_environment(home) | dict(environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=(reading, listener.fileno()),
            start_new_session=True,
        )
    os.close(reading)
    address = entrance(keys, port, read_only=options.read_only)
    return Server(process, port, address, writing)


def entrance(keys: Keys, port: int, *, read_only: bool) -> str:
    """The address that a person is given: it holds the token."""
    token = keys.token(Rights.LOOK if read_only else Rights.ACT)
    return f"http://{LOOPBACK}:{port}/?{urlencode({TOKEN_PARAMETER: token})}"


def server_environment(home: Home) -> dict[str, str]:
    """What the server and the processes beneath it need to find this installation."""
    return {
        "FORGEMIND_HOME": str(home.root),
        "DAGSTER_HOME": str(home.dagster),
        "PYTHONUNBUFFERED": "1",
    }


def listen(wanted: int) -> socket.socket:
    """A listening socket on loopback: on the wanted port if it is free, else on any other."""
    for port in (wanted, 0):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
        except OSError:
            listener.close()
            continue
        listener.listen(128)
        return listener
    raise UserError(f"no port is free on {LOOPBACK}")


def check_addresses(addresses: tuple[str, ...]) -> None:
    """Raises UserError on anything but `host:port`."""
    for address in addresses:
        host, _, port = address.rpartition(":")
        if not host or not port.isdigit() or set("/@*? ") & set(address):
            raise UserError(
                f"expected host:port as the browser shows it, such as localhost:8080, found "
                f"{address!r}"
            )


@contextmanager
def in_browser(home: Home, address: str, *, wanted: bool) -> Iterator[None]:
    """Opens the address, if wanted, without showing the token to who lists the processes.

    The browser is led there by a file of this user's alone, which is gone after the block.
    """
    if not wanted:
        yield
        return
    import webbrowser

    page = home.run / "open_ui.html"
    write_private(page, f'<meta http-equiv="refresh" content="0; url={address}">')
    try:
        webbrowser.open(page.as_uri())
        yield
    finally:
        page.unlink(missing_ok=True)
