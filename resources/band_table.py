"""Which texts share a band: a hash table in one memory-mapped file.

Open addressing with linear probing (Knuth, The Art of Computer Programming 3, 6.4) at a load of at
most one half, so that neither a look nor an entry costs more when the table is large. A slot is a
band and the number of a text, 16 bytes; number 0 marks a free one.

The table only proposes: who uses it holds the texts and decides. An entry of a text that is gone,
or whose number another has now, is therefore harmless and stays until the table is made anew. A
missing entry is not: so a table is `sound` only while the machine that wrote it is up, since what
was not yet on the disk when it went down is lost.
"""

import mmap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import psutil
from numpy.typing import NDArray

Numbers = NDArray[np.int64]

HEADER = 4  # words of 8 bytes: slots, slots used, highest number, the machine's start
LEAST_SLOTS = 1 << 14
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class BandTable:
    """An open table. One process at a time may hold it; the caller sees to that.

    Attributes:
        file: where it lies.
    """

    def __init__(self, file: Path) -> None:
        """Raises FileNotFoundError if there is none, ValueError if the file is cut short."""
        self.file = file
        with file.open("r+b") as opened:
            self._map = mmap.mmap(opened.fileno(), 0)
        self._words = memoryview(self._map).cast("q")
        self._slots = self._words[0]
        if len(self._words) != HEADER + 2 * self._slots or self._slots < 1:
            self.close()
            raise ValueError(f"{file}: not a whole table")

    @property
    def full(self) -> bool:
        """Whether it must be made anew, larger, before more is entered."""
        return 2 * self._words[1] >= self._slots

    def sound(self, highest: int) -> bool:
        """Whether every text up to number `highest` has its entries."""
        return self._words[2] >= highest and self._words[3] == machine_start()

    def find(self, bands: Sequence[int]) -> set[int]:
        """Numbers entered under any of the bands."""
        words, mask, found = self._words, self._slots - 1, set[int]()
        for band in bands:
            at = HEADER + 2 * (band & mask)
            while number := words[at + 1]:
                if words[at] == band:
                    found.add(number)
                at = HEADER + (at + 2 - HEADER) % (2 * self._slots)
        return found

    def enter(self, bands: Sequence[int], number: int) -> None:
        """Enters a text under its bands."""
        words, mask = self._words, self._slots - 1
        for band in bands:
            at = HEADER + 2 * (band & mask)
            while words[at + 1]:
                at = HEADER + (at + 2 - HEADER) % (2 * self._slots)
            words[at], words[at + 1] = band, number
        words[1] += len(bands)
        words[2] = max(words[2], number)

    def close(self) -> None:
        """Lets go of the file."""
        self._words.release()
        self._map.close()


def write_table(file: Path, bands: Numbers, numbers: Numbers) -> None:
    """Makes a table of these entries, in place of what lay there; it is a third full at most.

    Args:
        file: where it is to lie.
        bands: `(entries,)`
        numbers: the text of each, `(entries,)`, from 1 on.
    """
    slots = LEAST_SLOTS
    while slots < 3 * len(bands):
        slots *= 2
    table = np.zeros(HEADER + 2 * slots, dtype=np.int64)
    highest = int(numbers.max()) if len(numbers) else 0
    table[:HEADER] = slots, len(bands), highest, machine_start()
    _place(table[HEADER:].reshape(slots, 2), bands, numbers)
    beside = file.with_name(f"{file.name}.new")
    table.tofile(beside)
    beside.replace(file)


def _place(table: Numbers, bands: Numbers, numbers: Numbers) -> None:
    """Fills an empty table, `(slots, 2)`, all at once.

    In the order of their home slots, each entry comes to lie at its home or right behind the one
    before it: exactly where linear probing would put them.
    """
    homes = bands & (len(table) - 1)
    order = np.argsort(homes, kind="stable")
    row = np.arange(len(order))
    places = row + np.maximum.accumulate(homes[order] - row)
    inside = places < len(table)
    table[places[inside]] = np.stack([bands[order], numbers[order]], axis=1)[inside]
    free = 0
    for entry in order[~inside].tolist():  # those that run over the end go on at the start
        while table[free, 1]:
            free += 1
        table[free] = bands[entry], numbers[entry]


def machine_start() -> int:
    """A number that is another one each time that the machine starts."""
    if BOOT_ID.is_file():
        return int(BOOT_ID.read_text("ascii").replace("-", "")[:15], 16)
    return int(psutil.boot_time())
