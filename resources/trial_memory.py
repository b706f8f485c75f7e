"""The memory of trials that goals hand on: one file beside each iteration's champion.

It holds what the search needs of all trials so far, within its window, so that a tick reads one
file however long the history is. A goal begins with what earlier goals on the same base model have
learned.
"""

from pydantic import Field

from forgemind_assets.brain.search.history import as_earlier
from forgemind_assets.brain.search.memory import PastTrial, window
from forgemind_assets.lorekeeper.store import Store
from forgemind_assets.records import Record

FILE = "trials.json"


class TrialMemory(Record):
    """What is remembered after an iteration."""

    base_model: str
    trials: tuple[PastTrial, ...] = Field(default=(), description="oldest first")


def read_memory(store: Store, goal: str, iteration: str) -> TrialMemory | None:
    """The memory after an iteration; None for one that was concluded without."""
    path = store.folder(goal, "champion", iteration) / FILE
    return TrialMemory.model_validate_json(path.read_bytes()) if path.is_file() else None


def earlier_goals(store: Store, goal: str, base_model: str) -> tuple[PastTrial, ...]:
    """The trials of all other goals on this base model, as they stood after their last iteration.

    Only the champion of a goal's first iteration is concluded with these; from there on they are
    part of what the goal hands on.
    """
    found: list[PastTrial] = []
    for other in store.goals():
        iterations = store.partitions(other, "champion") if other != goal else []
        memory = read_memory(store, other, iterations[-1]) if iterations else None
        if memory is not None and memory.base_model == base_model:
            found += as_earlier(memory.trials, other)
    return window(found)
