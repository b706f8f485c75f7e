"""Alerts as lines of a log file."""

import os
from pathlib import Path

from filelock import FileLock

from forgemind_assets.errors import DeliveryFailed
from forgemind_assets.warden.alert_texts import log_line
from forgemind_assets.warden.alerts import Alert


class Log:
    """Appends an alert to `alerts.log`, once: a line with its key is not written again."""

    def __init__(self, path: Path):
        self._path = path

    def send(self, alert: Alert, attempt: int) -> None:
        """Writes and syncs the line. A line that a power cut left open is closed first."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with (
                FileLock(self._path.with_name(self._path.name + ".lock")),
                self._path.open("a+b") as file,
            ):
                file.seek(0)
                ends = [line.endswith(f"event={alert.key}\n".encode()) for line in file]
                if any(ends):
                    return
                file.seek(0, os.SEEK_END)
                whole = not file.tell() or self._path.read_bytes().endswith(b"\n")
                file.write((b"" if whole else b"\n") + log_line(alert).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise DeliveryFailed(f"alerts.log: {error.strerror or type(error).__name__}") from None
