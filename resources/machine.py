"""The machine and its processes, as manifests and progress lines show them."""

import os
import socket
from dataclasses import dataclass
from typing import Any

import psutil

START_TOLERANCE_SECONDS = 1.0


@dataclass(frozen=True)
class ProcessId:
    """A process that cannot be mistaken for a later one with the same number."""

    pid: int
    start_time: float
    host: str

    @staticmethod
    def of_this() -> "ProcessId":
        """The calling process."""
        pid = os.getpid()
        return ProcessId(pid, psutil.Process(pid).create_time(), socket.gethostname())


def process_alive(pid: int, start_time: float) -> bool:
    """Whether the process `pid` that began at `start_time` (seconds since 1970) still runs."""
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - start_time) <= START_TOLERANCE_SECONDS
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def machine_report() -> dict[str, Any]:
    """Cores, memory (GiB), GPU and bf16 support of this machine. Loads torch."""
    from forgemind_assets.forge.hardware import describe, pick_device

    report = describe(pick_device())
    report["host"] = socket.gethostname()
    report.setdefault("gpu", None)
    return report
