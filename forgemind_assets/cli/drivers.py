"""The two ways to drive a goal from the terminal: in this process, or under Dagster's daemon."""

import os
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from forgemind_assets.brain.decide import Stop
from forgemind_assets.cli.live import Ticker
from forgemind_assets.cli.story import Story
from forgemind_assets.errors import ForgeMindError
from forgemind_assets.goal import Goal
from forgemind_assets.home import Home
from resources.outcome import clear_outcome, read_outcome

if TYPE_CHECKING:
    from resources.guard.launch import Server

POLL_SECONDS = 0.5


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
            on_start=lambda: go_on(goal, home, console),
        )


def go_on(goal: Goal, home: Home, console: Console) -> None:
    """Takes back a wish that the loop end: to run a goal again is to say that it shall go on."""
    from forgemind_assets.warden.reviews import identify
    from resources.stop_wishes import StopWishes

    wishes = StopWishes(home)
    if wishes.wished(goal.name):
        who = identify(None, os.environ)
        lifted = wishes.lift(goal.name, who, "forgemind run was called")
        assert lifted is not None
        told = f"It goes on, and this wish is taken back: stop, asked by {lifted.sentence}"
        console.print(told, highlight=False, markup=False, soft_wrap=True)


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
        go_on(goal, home, console)
        with dg.DagsterInstance.get() as instance:
            recover(instance, home, goal.name, queued=True)
    clear_outcome(home, goal.name)
    server = start_dagster(goal, path, home, port)
    console.print(
        f"Dagster UI: [bold]{server.address}[/] (log: {home.logs / 'dagster.log'})", soft_wrap=True
    )
    try:
        return watch(goal, home, console, server.process)
    finally:
        server.stop()
        with driver_lock(home, goal.name, wait=True), dg.DagsterInstance.get() as instance:
            recover(instance, home, goal.name, queued=True)


def start_dagster(goal: Goal, path: Path, home: Home, port: int) -> "Server":
    """Dagster's daemon and its guarded web page, with the Brain's sensor of this goal on."""
    from resources.guard.launch import Options, start_server

    home.logs.mkdir(parents=True, exist_ok=True)
    environment = {"FORGEMIND_GOALS": str(path), "FORGEMIND_DRIVE": goal.name}
    with (home.logs / "dagster.log").open("ab") as log:
        return start_server(home, Options(port=port, with_daemon=True), log, environment)


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
