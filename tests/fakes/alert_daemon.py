"""The alert sensor's tick in a process of its own, which dies by SIGKILL where a test says.

Run as a program it is the host of such processes: it has loaded what a tick needs, forks for each
line of its input, and prints how that process ended.
"""

import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import dagster as dg
import sqlalchemy as sa

from forgemind_assets.goal_loading import load_goal
from forgemind_assets.home import REPOSITORY
from resources.workshop import Workshop
from sensors.reviewer_alerts import build_alert_sensor


@dataclass(frozen=True)
class Death:
    """Where a tick dies, by the writing transactions of the ledger.

    `after`: when its n-th one has ended. `at mark`: before the n-th one ends that notes a
    delivery, which the receiver has accepted by then. That is the one window in which a kill
    leads to a second delivery; `after` never falls into it.
    """

    when: Literal["after", "at mark"]
    number: int


class AlertDaemon:
    """Makes ticks on one installation. `environment` holds the receivers' addresses."""

    def __init__(self, home: Path, dagster_home: Path, goal: Path, environment: dict[str, str]):
        paths = os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "tests")])
        own = {"DAGSTER_HOME": str(dagster_home), "PYTHONPATH": paths}
        self._host = subprocess.Popen(
            [sys.executable, "-m", "fakes.alert_daemon", str(home), str(goal)],
            cwd=REPOSITORY,
            env=os.environ | environment | own,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def tick(self, ahead: float, death: Death | None = None) -> bool:
        """One tick on a clock that is `ahead` seconds ahead; whether it came to its end."""
        order = [ahead, death and [death.when, death.number]]
        self._host.stdin.write(json.dumps(order) + "\n")
        self._host.stdin.flush()
        ended = int(self._host.stdout.readline())
        assert ended in (0, -signal.SIGKILL), ended
        return ended == 0

    def close(self) -> None:
        """Ends the host."""
        self._host.communicate()


def host(home: str, goal: str) -> None:
    """Forks a tick for each order."""
    for line in sys.stdin:
        ahead, death = json.loads(line)
        child = os.fork()
        if child == 0:
            try:
                tick(home, goal, ahead, Death(*death) if death else None)
                os._exit(0)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def tick(home: str, goal: str, ahead: float, death: Death | None) -> None:
    """What Dagster's daemon does at each interval."""
    if death:
        arrange(death)
    workshop = Workshop(home_root=home, models_root=home)
    sensor = build_alert_sensor([load_goal(Path(goal))], clock=lambda: time.time() + ahead)
    with (
        dg.DagsterInstance.get() as instance,
        dg.build_sensor_context(instance=instance, resources={"workshop": workshop}) as context,
    ):
        sensor(context)


def arrange(death: Death) -> None:
    """Counts the writing transactions of the ledger, and those of them that note a delivery."""
    seen = Counter()
    this: set[str] = set()

    def executed(connection: sa.Connection, cursor: object, statement: str, *_: object) -> None:
        if not str(connection.engine.url.database).endswith("ledger.db"):
            return
        if statement.startswith(("INSERT", "UPDATE", "DELETE")):
            this.add("after")
        if statement.startswith("UPDATE alert_deliveries SET") and "delivered_at=" in statement:
            this.add("at mark")

    def commit(connection: sa.Connection) -> None:
        seen.update(this)
        if "at mark" in this and death == Death("at mark", seen["at mark"]):
            os.kill(os.getpid(), signal.SIGKILL)

    def returned(*_: object) -> None:
        if "after" in this and death == Death("after", seen["after"]):
            os.kill(os.getpid(), signal.SIGKILL)
        this.clear()

    sa.event.listen(sa.Engine, "before_cursor_execute", executed)
    sa.event.listen(sa.Engine, "commit", commit)
    sa.event.listen(sa.pool.Pool, "checkin", returned)


if __name__ == "__main__":
    host(*sys.argv[1:])
