"""Live progress in the terminal: one bar that moves, or plain lines where there is no terminal."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from forgemind_assets.home import Home
from resources.progress import read_progress

PLAIN_SECONDS = 5.0
QUIET_SECONDS = 9.0
POLL_SECONDS = 0.5
BESIDE_SECONDS = 6.0
"""What has said nothing for so long while another speaks has ended."""


def describe(entry: dict[str, Any], now: float) -> str:
    """One line: where, stage, how far, figures, time left."""
    done, total = entry["done"], entry["total"]
    facts = "  ".join(f"{name} {value}" for name, value in entry["facts"].items())
    far = f"{done:g}/{total:g}" if total else f"{done:g}"
    parts = [f"{entry['where']}  {entry['stage']}  {far} {entry['unit']}"]
    if facts:
        parts.append(facts)
    left = seconds_left(entry, now)
    if left is not None:
        parts.append(f"{clock(left)} left")
    return "  ".join(parts)


def seconds_left(entry: dict[str, Any], now: float) -> float | None:
    """Time that a stage still takes at its pace so far; None before it has one."""
    done, total = entry["done"], entry["total"]
    if not done or done >= total:
        return None
    return max(0.0, (entry["updated"] - entry["began"]) * (total - done) / done)


def clock(seconds: float) -> str:
    """`75` -> `1:15`, `3675` -> `1:01:15`."""
    minutes, rest = divmod(int(seconds), 60)
    hours = f"{minutes // 60}:{minutes % 60:02d}" if minutes >= 60 else f"{minutes}"
    return f"{hours}:{rest:02d}"


class Ticker:
    """Shows the newest progress of a goal until it is closed."""

    def __init__(self, console: Console, home: Home, goal: str):
        self.console, self.home, self.goal = console, home, goal
        self.began = time.time()
        self._said, self._when = set[str](), 0.0
        self._beside: dict[str, dict[str, Any]] = {}
        self._live: Live | None = None

    def show(self) -> None:
        """Draws the newest word; call it a few times a second."""
        now = time.time()
        entry = read_progress(self.home, self.goal)
        fresh = entry is not None and entry["updated"] >= self.began
        if self._live is not None:
            self._live.update(self._picture(entry if fresh else None, now))
            return
        line = describe(entry, now) if entry and fresh else "starting"
        waited = now - self._when
        stage = line.split("/")[0].rsplit(" ", 1)[0]
        new_stage = stage not in self._said
        if (new_stage and waited > 1) or waited > (PLAIN_SECONDS if fresh else QUIET_SECONDS):
            said = f"[{clock(now - self.began)}] {line}"
            self.console.print(said, markup=False, highlight=False, soft_wrap=True)
            # trials that run side by side take turns with the newest word
            self._said, self._when = {*self._said, stage}, now

    def _picture(self, entry: dict[str, Any] | None, now: float) -> Table:
        grid = Table.grid(padding=(0, 1))
        elapsed = Text(f"[{clock(now - self.began)}]", style="dim")
        if entry is None:
            grid.add_row(elapsed, Text("starting"))
            return grid
        self._beside[entry["where"]] = entry
        for where, one in sorted(self._beside.items()):
            if one is entry or now - one["updated"] < BESIDE_SECONDS:
                bar = ProgressBar(total=max(one["total"], 1), completed=one["done"], width=24)
                grid.add_row(elapsed, bar, Text(describe(one, now)))
            else:
                del self._beside[where]
        return grid

    @contextmanager
    def running(self, tell: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Shows progress from a thread while the block works; `tell` prints what is new."""
        done = threading.Event()

        def show() -> None:
            while not done.wait(POLL_SECONDS):
                tell()
                self.show()
            tell()

        with self.open():
            thread = threading.Thread(target=show, daemon=True)
            thread.start()
            try:
                yield
            finally:
                done.set()
                thread.join()

    @contextmanager
    def open(self) -> Iterator["Ticker"]:
        """Takes the last line of the terminal while open."""
        if not self.console.is_terminal:
            yield self
            return
        with Live(console=self.console, refresh_per_second=4, transient=True) as live:
            self._live = live
            try:
                yield self
            finally:
                self._live = None


@contextmanager
def busy(console: Console, what: str) -> Iterator[None]:
    """Says that something still works: a spinner, or a line every few seconds."""
    if console.is_terminal:
        with console.status(what):
            yield
        return
    done = threading.Event()

    def pulse() -> None:
        while not done.wait(PLAIN_SECONDS):
            console.print(f"{what} ...", highlight=False)

    thread = threading.Thread(target=pulse, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


class PlainBytes:
    """Download progress as lines, where there is no terminal."""

    def __init__(self, console: Console, name: str):
        self.console, self.name, self._when = console, name, 0.0

    def show(self, done: int, total: int) -> None:
        """Prints at most every five seconds, and at the end."""
        now = time.time()
        if now - self._when < PLAIN_SECONDS and done < total:
            return
        self._when = now
        self.console.print(
            f"Fetching {self.name}: {done / 1e6:,.0f} of {total / 1e6:,.0f} MB", highlight=False
        )
