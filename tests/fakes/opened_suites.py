"""Which suites this process opens while it is watched, and which module of ours does it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Watch:
    """An audit hook, which cannot be taken off again: there is one for all tests."""

    def __init__(self) -> None:
        self.looking = False
        self.opened: set[tuple[str, str]] = set()
        sys.addaudithook(self)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.looking and event == "open" and str(arguments[0]).endswith(".jsonl"):
            path = Path(str(arguments[0]))
            if path.parent.name == "suites":
                self.opened.add((path.stem, self._by()))

    def _by(self) -> str:
        frame = sys._getframe(2)
        while frame and "forgemind_assets" not in frame.f_code.co_filename:
            frame = frame.f_back
        return Path(frame.f_code.co_filename).name if frame else ""


WATCH = Watch()


@contextmanager
def opened_suites() -> Iterator[set[tuple[str, str]]]:
    """(suite, module that opened it), growing as long as the block runs."""
    WATCH.opened, WATCH.looking = set(), True
    try:
        yield WATCH.opened
    finally:
        WATCH.looking = False
