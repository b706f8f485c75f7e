"""Near duplicates across iterations: the index of a goal's kept rows, on disk.

The texts lie in one SQLite file; beside it a table of bands proposes which of them to compare.
Both can be made anew, the table from the texts and these from the published datasets; nothing but
speed is lost with them.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from forgemind_assets.foundry.filters.near_index import Hashes
from resources.band_table import BandTable, write_table

CACHE_KIB = 65536
SCHEMA = """
CREATE TABLE IF NOT EXISTS texts (
    number INTEGER PRIMARY KEY, owner TEXT NOT NULL, bands BLOB NOT NULL, shingles BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS texts_of ON texts (owner);
DROP TABLE IF EXISTS bands;
"""


class SqliteShelf:
    """Texts on disk, each with its owner; what one text costs does not grow with their number.

    Attributes:
        owner: whose texts `add` keeps, such as an iteration's key.
    """

    def __init__(self, connection: sqlite3.Connection, owner: str, file: Path) -> None:
        self.owner = owner
        self._connection = connection
        self._file = file
        self._table = self._open_table()

    def candidates(self, bands: Sequence[int]) -> set[int]:
        """Numbers of the texts that share a band; some may be gone."""
        return self._table.find(bands)

    def shingles(self, number: int) -> frozenset[int]:
        """The shingles of a text; none if it is gone."""
        found = self._connection.execute(
            "SELECT shingles FROM texts WHERE number = ?", (number,)
        ).fetchone()
        return frozenset(np.frombuffer(found[0], dtype=np.uint64).tolist() if found else ())

    def add(self, bands: Sequence[int], shingles: Hashes) -> None:
        """Keeps one text more."""
        if self._table.full:
            self._table.close()
            self._table = self._new_table()
        number = self._connection.execute(
            "INSERT INTO texts (owner, bands, shingles) VALUES (?, ?, ?)",
            (self.owner, np.array(bands, dtype=np.int64).tobytes(), shingles.tobytes()),
        ).lastrowid
        assert number is not None
        self._table.enter(bands, number)

    def forget(self) -> None:
        """Takes the owner's texts out, so that work done again does not meet itself."""
        self._connection.execute("DELETE FROM texts WHERE owner = ?", (self.owner,))

    def close(self) -> None:
        """Lets go of the table."""
        self._table.close()

    def _open_table(self) -> BandTable:
        """The table that lies there, or a new one if it does not hold all texts."""
        (highest,) = self._connection.execute("SELECT max(number) FROM texts").fetchone()
        try:
            table = BandTable(self._file)
        except (FileNotFoundError, ValueError):
            return self._new_table()
        if table.sound(highest or 0):
            return table
        table.close()
        return self._new_table()

    def _new_table(self) -> BandTable:
        rows = self._connection.execute("SELECT number, bands FROM texts").fetchall()
        bands = np.frombuffer(b"".join(blob for _, blob in rows), dtype=np.int64)
        counts = [len(blob) // 8 for _, blob in rows]
        numbers = np.repeat(np.array([number for number, _ in rows], dtype=np.int64), counts)
        write_table(self._file, bands, numbers)
        return BandTable(self._file)


@contextmanager
def open_shelf(file: Path, owner: str) -> Iterator[SqliteShelf]:
    """A shelf in one transaction: the block's changes are kept whole, or not at all if it fails.

    One process at a time has it; another waits for a minute, then sqlite3.OperationalError.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(file, timeout=60)
    try:
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        connection.executescript(SCHEMA)
        connection.execute("BEGIN IMMEDIATE")
        with connection:
            shelf = SqliteShelf(connection, owner, file.with_suffix(".bands"))
            try:
                yield shelf
            finally:
                shelf.close()
    finally:
        connection.close()
