"""Locks between processes: only one driver steers a goal at a time."""

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from forgemind_assets.home import Home


@contextmanager
def driver_lock(home: Home, goal: str, *, wait: bool) -> Iterator[bool]:
    """Yields whether this process may steer the goal now."""
    home.run.mkdir(parents=True, exist_ok=True)
    lock = FileLock(home.run / f"{goal}.driver.lock")
    try:
        lock.acquire(timeout=-1 if wait else 0)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()
