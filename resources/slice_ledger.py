"""The ledger of effects that a goal hands on: one file beside each iteration's champion."""

from pydantic import Field

from forgemind_assets.brain.slice_effects import SliceRecord
from forgemind_assets.lorekeeper.store import Store
from forgemind_assets.records import Record

FILE = "slices.json"


class SliceLedger(Record):
    """What the rows of the iterations did to the slices of dev."""

    iterations: tuple[SliceRecord, ...] = Field(default=(), description="oldest first")


def read_ledger(store: Store, goal: str, iteration: str) -> tuple[SliceRecord, ...]:
    """The ledger after an iteration; empty for one that was concluded without."""
    path = store.folder(goal, "champion", iteration) / FILE
    if not path.is_file():
        return ()
    return SliceLedger.model_validate_json(path.read_bytes()).iterations
