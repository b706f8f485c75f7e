"""Somebody who changes a file while a step is under way: when this process opens another one."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class Meddler:
    """An audit hook, which cannot be taken off again: there is one for all tests."""

    def __init__(self) -> None:
        self.waits_for: Callable[[str], bool] | None = None
        self.deed: Callable[[], object] = lambda: None
        sys.addaudithook(self)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and self.waits_for and self.waits_for(str(arguments[0])):
            self.waits_for = None  # once, and not for what the deed itself opens
            self.deed()


MEDDLER = Meddler()


@contextmanager
def meddling(waits_for: Callable[[str], bool], deed: Callable[[], object]) -> Iterator[None]:
    """Does something once, just before the first file is opened that is waited for."""
    MEDDLER.waits_for, MEDDLER.deed = waits_for, deed
    try:
        yield
        assert MEDDLER.waits_for is None, "what was waited for never came"
    finally:
        MEDDLER.waits_for = None
