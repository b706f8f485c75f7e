"""Progress that one process writes and another shows: one small file for each goal."""

import json
import time
from pathlib import Path
from typing import Any

from forgemind_assets.home import Home
from forgemind_assets.lorekeeper.store import write_atomic

INTERVAL_SECONDS = 0.25
WAITED = "seconds"


class Progress:
    """The newest word on what a goal is doing. Written at most four times a second."""

    def __init__(self, home: Home, goal: str):
        self.path = home.run / f"{goal}.progress.json"
        self._written = 0.0
        self._stage = ""
        self._began = time.time()

    def report(
        self, stage: str, done: float, total: float, unit: str, *, where: str, **facts: Any
    ) -> None:
        """Says how far `stage` of `where` (an iteration or a trial) has come.

        `facts` are small figures beside it, such as loss or pass rate.
        """
        now = time.time()
        key = f"{where}/{stage}"
        if key != self._stage:
            self._stage, self._began = key, now
        elif now - self._written < INTERVAL_SECONDS and done < total:
            return
        self._written = now
        entry = {
            "stage": stage,
            "where": where,
            "done": done,
            "total": total,
            "unit": unit,
            "facts": facts,
            "began": self._began,
            "updated": now,
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(self.path, json.dumps(entry))

    def say(self, what: str, *, where: str) -> None:
        """Says what takes its time and has nothing to count: only the time is shown."""
        self.report(what, 0, 0, WAITED, where=where)


def only_waits(entry: dict[str, Any]) -> bool:
    """Whether there is nothing to count but the time."""
    return not entry["total"] and entry["unit"] == WAITED


def read_progress(home: Home, goal: str) -> dict[str, Any] | None:
    """The newest entry, or None before the first."""
    path: Path = home.run / f"{goal}.progress.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
