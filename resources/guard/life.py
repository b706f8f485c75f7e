"""Processes that end with the one that started them, however that one ends.

The parent keeps the write end of a pipe and never writes. When it is gone, even by SIGKILL,
the system closes the pipe, and the child that reads it knows.

    python -m resources.guard.life FD MODULE ARGUMENTS…

runs any module's `__main__` tied to the pipe FD in the same way.
"""

import atexit
import os
import runpy
import signal
import sys
import threading
import time
from collections.abc import Iterable
from contextlib import suppress

import psutil

STOP_SECONDS = 20.0


def tie_to_parent(pipe: int, patience: float = STOP_SECONDS) -> None:
    """Interrupts this process when the pipe closes.

    What it started and did not end itself is killed as it leaves, and all of it, this process
    included, if it has not left after `patience` seconds.
    """
    os.set_inheritable(pipe, False)
    threading.Thread(target=_wait_for_the_end, args=(pipe, patience), daemon=True).start()


def _wait_for_the_end(pipe: int, patience: float) -> None:
    while os.read(pipe, 64):
        continue
    family = descendants()
    atexit.register(kill, family)
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(patience)
    kill([*family, *descendants()])
    os._exit(1)


def descendants(pid: int | None = None) -> list[psutil.Process]:
    """All processes beneath one (default: this one); none when it is gone."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def kill(family: Iterable[psutil.Process]) -> None:
    """Ends those that still run. psutil compares start times: a number used anew is safe."""
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def heed_signals() -> None:
    """SIGINT and SIGTERM interrupt: a background shell leaves SIGINT ignored."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)


def main() -> None:
    """Runs the module that the command line names, tied to its parent."""
    pipe, module = int(sys.argv[1]), sys.argv[2]
    heed_signals()
    tie_to_parent(pipe)
    sys.argv = [module, *sys.argv[3:]]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
