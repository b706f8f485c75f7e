"""The alert sensor's tick in a process of its own, which dies by SIGKILL where a test says."""

import multiprocessing
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import dagster as dg
import sqlalchemy as sa

from forgemind_assets.goal_loading import load_goal
from resources.workshop import Workshop
from sensors.reviewer_alerts import build_alert_sensor

# Forked from a clean process that has loaded what a tick needs: none costs a start of its own.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["forgemind_assets.goal_loading", "sensors.reviewer_alerts"])


@dataclass(frozen=True)
class Death:
    """Where a tick dies: `before` or `after` its n-th writing transaction of the ledger ends.

    Between the delivery of an alert and the end of the transaction that notes it lies the one
    window in which a kill leads to a second delivery: `before` falls into it, `after` does not.
    """

    when: Literal["before", "after"]
    number: int


@dataclass(frozen=True)
class AlertDaemon:
    """What a tick needs. `environment` holds the receivers' addresses."""

    home: Path
    dagster_home: Path
    goal: Path
    environment: dict[str, str]

    def tick(self, ahead: float, death: Death | None = None) -> bool:
        """One tick on a clock that is `ahead` seconds ahead; whether it came to its end."""
        process = PROCESSES.Process(target=_tick, args=(self, ahead, death))
        process.start()
        process.join()
        assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
        return process.exitcode == 0


def _tick(daemon: AlertDaemon, ahead: float, death: Death | None) -> None:
    os.environ.update(daemon.environment | {"DAGSTER_HOME": str(daemon.dagster_home)})
    if death:
        _arrange(death)
    workshop = Workshop(home_root=str(daemon.home), models_root=str(daemon.home))
    sensor = build_alert_sensor([load_goal(daemon.goal)], clock=lambda: time.time() + ahead)
    with (
        dg.DagsterInstance.get() as instance,
        dg.build_sensor_context(instance=instance, resources={"workshop": workshop}) as context,
    ):
        sensor(context)


def _arrange(death: Death) -> None:
    """Counts the writing transactions of the ledger as they are committed."""
    done, committing = [], []

    def commit(connection: sa.Connection) -> None:
        if not connection.get_execution_options().get("writes"):
            return
        done.append(connection)
        committing.append(connection)
        if death == Death("before", len(done)):
            os.kill(os.getpid(), signal.SIGKILL)

    def returned(*_: object) -> None:
        if committing and death == Death("after", len(done)):
            os.kill(os.getpid(), signal.SIGKILL)
        committing.clear()

    sa.event.listen(sa.Engine, "commit", commit)
    sa.event.listen(sa.pool.Pool, "checkin", returned)
