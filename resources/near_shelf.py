"""Near duplicates across iterations: the index of a goal's kept rows, in one SQLite file.

The file can be made anew from the published datasets; nothing but speed is lost with it.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from forgemind_assets.foundry.filters.near_index import Hashes

CACHE_KIB = 65536
SCHEMA = """
CREATE TABLE IF NOT EXISTS texts (
    number INTEGER PRIMARY KEY, owner TEXT NOT NULL, bands BLOB NOT NULL, shingles BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS texts_of ON texts (owner);
CREATE TABLE IF NOT EXISTS bands (
    band INTEGER NOT NULL, text INTEGER NOT NULL, PRIMARY KEY (band, text)
) WITHOUT ROWID;
"""


class SqliteShelf:
    """Texts on disk, each with its owner; what one text costs does not grow with their number.

    Attributes:
        owner: whose texts `add` keeps, such as an iteration's key.
    """

    def __init__(self, connection: sqlite3.Connection, owner: str) -> None:
        self.owner = owner
        self._connection = connection

    def candidates(self, bands: Sequence[int]) -> set[int]:
        """Numbers of the texts that share a band."""
        marks = ",".join("?" * len(bands))
        found = self._connection.execute(
            f"SELECT text FROM bands WHERE band IN ({marks})",  # noqa: S608 - question marks only
            tuple(bands),
        )
        return {number for (number,) in found}

    def shingles(self, number: int) -> frozenset[int]:
        """The shingles of a text."""
        (blob,) = self._connection.execute(
            "SELECT shingles FROM texts WHERE number = ?", (number,)
        ).fetchone()
        return frozenset(np.frombuffer(blob, dtype=np.uint64).tolist())

    def add(self, bands: Sequence[int], shingles: Hashes) -> None:
        """Keeps one text more."""
        own = np.array(bands, dtype=np.int64).tobytes()
        number = self._connection.execute(
            "INSERT INTO texts (owner, bands, shingles) VALUES (?, ?, ?)",
            (self.owner, own, shingles.tobytes()),
        ).lastrowid
        self._connection.executemany(
            "INSERT OR IGNORE INTO bands VALUES (?, ?)", [(band, number) for band in bands]
        )

    def forget(self) -> None:
        """Takes the owner's texts out, so that work done again does not meet itself."""
        mine = self._connection.execute(
            "SELECT number, bands FROM texts WHERE owner = ?", (self.owner,)
        ).fetchall()
        for number, blob in mine:
            bands = np.frombuffer(blob, dtype=np.int64).tolist()
            self._connection.executemany(
                "DELETE FROM bands WHERE band = ? AND text = ?", [(band, number) for band in bands]
            )
        self._connection.execute("DELETE FROM texts WHERE owner = ?", (self.owner,))


@contextmanager
def open_shelf(file: Path, owner: str) -> Iterator[SqliteShelf]:
    """A shelf in one transaction: the block's changes are kept whole, or not at all if it fails."""
    file.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(file, timeout=60)
    try:
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        connection.executescript(SCHEMA)
        with connection:
            yield SqliteShelf(connection, owner)
    finally:
        connection.close()
