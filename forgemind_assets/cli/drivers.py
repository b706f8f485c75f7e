"""The two ways to drive a goal from the terminal: in this process, or under Dagster's daemon."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console

from forgemind_assets.brain.decide import Stop
from forgemind_assets.cli.live import Ticker
from forgemind_assets.cli.story import Story
from forgemind_assets.errors import ForgeMindError
from forgemind_assets.goal import Goal
from forgemind_assets.home import REPOSITORY, Home
from resources.outcome import clear_outcome, read_outcome

POLL_SECONDS = 0.5
STOP_SECONDS = 20


def run_headless(goal: Goal, path: Path, home: Home, console: Console) -> Stop:
    """Drives the loop in this process; a thread shows the progress."""
    from resources.instance import prepare_dagster_home

    prepare_dagster_home(home)
    story = Story(goal, home, console)
    with Ticker(console, home, goal.name).running(story.tell):
        return _drive(goal, home, console)


def _drive(goal: Goal, home: Home, console: Console) -> Stop:
    import dagster as dg

    from forgemind_assets.cli.headless import drive
    from forgemind_assets.factory import build_definitions
    from resources.workshop import Workshop

    workshop = Workshop()
    definitions = build_definitions([goal], workshop)
    clear_outcome(home, goal.name)
    with dg.DagsterInstance.get() as instance:
        return drive(
            goal,
            definitions,
            instance,
            workshop,
            on_failure=lambda message: console.print(f"   {message}", style="red", highlight=False),
        )


def run_with_ui(goal: Goal, path: Path, home: Home, console: Console, port: int) -> Stop:
    """Starts Dagster's webserver and daemon with the Brain's sensor on, and watches them."""
    import dagster as dg

    from resources.instance import prepare_dagster_home
    from resources.locks import driver_lock
    from resources.recovery import recover

    prepare_dagster_home(home)
    with driver_lock(home, goal.name, wait=False) as mine:
        if not mine:
            raise ForgeMindError(
                f"another `forgemind run` steers {goal.name} in {home.root}: wait for it, or "
                "stop it first"
            )
        with dg.DagsterInstance.get() as instance:
            recover(instance, home, goal.name, queued=True)
    clear_outcome(home, goal.name)
    port = free_port(port)
    address = f"http://127.0.0.1:{port}"
    server = start_dagster(goal, path, home, port)
    console.print(f"Dagster UI: [bold]{address}[/] (log: {home.logs / 'dagster.log'})")
    try:
        return watch(goal, home, console, server)
    finally:
        stop_process(server)
        with driver_lock(home, goal.name, wait=True), dg.DagsterInstance.get() as instance:
            recover(instance, home, goal.name, queued=True)


def start_dagster(goal: Goal, path: Path, home: Home, port: int) -> subprocess.Popen[bytes]:
    """`dagster dev` on loopback, in a process group of its own, with default signal handlers."""
    home.logs.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {
        "FORGEMIND_GOALS": str(path),
        "FORGEMIND_DRIVE": goal.name,
        "FORGEMIND_HOME": str(home.root),
        "DAGSTER_HOME": str(home.dagster),
        "PYTHONUNBUFFERED": "1",
    }
    command = [sys.executable, "-m", "dagster", "dev", "--host", "127.0.0.1", "--port", str(port)]
    command += ["-w", str(REPOSITORY / "workspace.yaml"), "--log-level", "warning"]
    with (home.logs / "dagster.log").open("ab") as log:
        return subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=_default_signals,
        )


def _default_signals() -> None:
    """A background shell leaves SIGINT ignored, and Dagster would then never stop."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def watch(goal: Goal, home: Home, console: Console, server: subprocess.Popen[bytes]) -> Stop:
    """Shows progress and decisions until the Brain has stopped or Dagster has died."""
    story = Story(goal, home, console)
    ticker = Ticker(console, home, goal.name)
    with ticker.open():
        while True:
            story.tell()
            stop = read_outcome(home, goal.name)
            if stop is not None:
                return stop
            if server.poll() is not None:
                raise ForgeMindError(
                    f"Dagster ended with status {server.returncode}: see "
                    f"{home.logs / 'dagster.log'}, then run the same command again to go on"
                )
            ticker.show()
            time.sleep(POLL_SECONDS)


def stop_process(process: subprocess.Popen[bytes]) -> None:
    """Asks `dagster dev` and all it started to end, then makes them."""
    import psutil

    try:
        family = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        family = []
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
    _, alive = psutil.wait_procs(family, timeout=5)
    for child in alive:
        child.kill()


def free_port(wanted: int) -> int:
    """The wanted port if it is free on loopback, any other if not."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return probe.getsockname()[1]
    raise ForgeMindError("no port is free on 127.0.0.1")
