"""Fault points: named places at which a test kills the process, to show that nothing is lost.

`FORGEMIND_FAULT=name:3` kills it with SIGKILL when it comes to that point for the third time. Each
point stands before or after a line that leaves something behind: a file, a partition, a run.
"""

import os
import signal

POINTS = (
    "decided",
    "outcome.written",
    "partition.added",
    "run.ended",
    "alerts.watched",
    "recover.tagged",
    "recover.reported",
    "recover.freed",
    "recover.unmarked",
    "run.marked",
    "place.held",
    "place.given_back",
    "run.unmarked",
    "look.recorded",
    "publish.begun",
    "publish.filled",
    "publish.moved",
    "publish.published",
    "publish.swept",
    "race.shown",
    "trial.started",
    "trial.ended",
)
"""All of them, roughly in the order in which a loop comes to them."""

_armed: list[str | int] = []


def arm(setting: str) -> None:
    """Sets the point to die at, as `FORGEMIND_FAULT` does; an empty text sets none.

    Raises ValueError for a name that is no fault point.
    """
    _armed.clear()
    if setting:
        name, _, count = setting.partition(":")
        if name not in POINTS:
            raise ValueError(f"FORGEMIND_FAULT: expected one of {', '.join(POINTS)}, found {name}")
        _armed.extend((name, int(count or "1")))


def fault(point: str) -> None:
    """Kills this process here if a test asked for it; otherwise nothing."""
    if not _armed or _armed[0] != point:
        return
    _armed[1] = int(_armed[1]) - 1
    if _armed[1] <= 0:
        os.kill(os.getpid(), signal.SIGKILL)


arm(os.environ.get("FORGEMIND_FAULT", ""))
