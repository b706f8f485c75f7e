"""The engine's way to the ledger: what one turn of the event loop writes is one transaction."""

import asyncio
from collections.abc import Callable
from typing import Any, Self, TypeVar

from forgemind_assets.errors import BudgetExceeded
from resources.ledger import Ledger
from resources.ledger_writer import LedgerWriter

T = TypeVar("T")
Entry = tuple[Callable[[LedgerWriter], Any], "asyncio.Future[Any]"]


class Journal:
    """Group commit. An entry's future is done when the entry is on disk, and not before.

    It writes on the loop's own thread: answers that arrive meanwhile wait in their sockets, and
    make the next group larger. Of one group, what is settled comes before what is reserved.
    """

    def __init__(self, ledger: Ledger):
        self._writer = ledger.writer()
        self._settled: list[Entry] = []
        self._reserved: list[Entry] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Writes what is left, also when the engine was given up."""
        try:
            self.flush()
        finally:
            self._writer.__exit__()

    def write(self, entry: Callable[[LedgerWriter], T]) -> "asyncio.Future[T]":
        """Enters an answer, or settles."""
        return self._enter(self._settled, entry)

    def reserve(self, entry: Callable[[LedgerWriter], T]) -> "asyncio.Future[T]":
        """Reserves; the future raises BudgetExceeded if the entry does."""
        return self._enter(self._reserved, entry)

    def _enter(self, entries: list[Entry], entry: Callable[[LedgerWriter], T]) -> Any:
        loop = asyncio.get_running_loop()
        if not self._settled and not self._reserved:
            loop.call_soon(self.flush)
        entries.append((entry, loop.create_future()))
        return entries[-1][1]

    def flush(self) -> None:
        """Commits all entries, and then tells those who wait."""
        wanted = [entry for entry in self._reserved if not entry[1].cancelled()]
        entries = self._settled + wanted
        self._settled, self._reserved = [], []
        if not entries:
            return
        results: list[tuple[asyncio.Future[Any], Any]] = []
        try:
            with self._writer.transaction() as writer:
                for entry, future in entries:
                    try:
                        results.append((future, entry(writer)))
                    except BudgetExceeded as error:  # raised before anything is written
                        results.append((future, error))
        except Exception as error:
            results = [(future, error) for _, future in entries]
        for future, result in results:
            if future.done():
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)
