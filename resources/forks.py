"""The record of a forked line, and the error budget that all lines of a goal share.

The record is an artefact of its own, `fork`, published when everything that the line inherits lies
there: a line without it has no history from elsewhere.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock

from forgemind_assets.brain.champion import Champion
from forgemind_assets.brain.fork import Fork
from forgemind_assets.goal import Goal
from forgemind_assets.home import Home
from forgemind_assets.lorekeeper.store import Store

ASSET, PARTITION, FILE = "fork", "all", "fork.json"


def read_fork(store: Store, goal: str) -> Fork | None:
    """Where a goal was forked from; None for one that was not."""
    if not store.exists(goal, ASSET, PARTITION):
        return None
    return Fork.model_validate(store.read_json(goal, ASSET, PARTITION, FILE))


def write_fork(store: Store, goal: str, fork: Fork) -> None:
    """Publishes the record: from now on the line has its history."""
    with store.publish(goal, ASSET, PARTITION, {}) as folder:
        (folder / FILE).write_text(fork.model_dump_json(indent=1), encoding="utf-8")


def lines_of(store: Store, goal: str) -> dict[str, Fork | None]:
    """The goal, those it was forked from, and all that were forked from any of them."""
    folders = sorted(store.root.iterdir()) if store.root.is_dir() else []
    known = {folder.name: read_fork(store, folder.name) for folder in folders if folder.is_dir()}
    first = origin(known, goal)
    return {name: known.get(name) for name in {goal, *known} if origin(known, name) == first}


def root_of(store: Store, goal: str) -> str:
    """The goal that a line and all its lines come from; itself where it was never forked."""
    fork = read_fork(store, goal)
    return root_of(store, fork.goal) if fork else goal


def origin(known: dict[str, Fork | None], goal: str) -> str:
    """The goal at the root of a line."""
    fork = known.get(goal)
    return origin(known, fork.goal) if fork else goal


def spent_elsewhere(store: Store, goal: str) -> float:
    """What other lines of a goal took of its `success.alpha`, but for what it has inherited.

    The whole budget stays one however often it is forked: a line that begins at an early iteration
    does not get back what was spent after it.
    """
    others = sum(own_spent(store, n, f) for n, f in lines_of(store, goal).items() if n != goal)
    return max(0.0, others - at_fork(store, goal, read_fork(store, goal)))


def own_spent(store: Store, goal: str, fork: Fork | None) -> float:
    """What a line itself has spent up to its newest champion."""
    concluded = store.partitions(goal, "champion")
    if not concluded:
        return 0.0
    return _spent_at(store, goal, concluded[-1]) - at_fork(store, goal, fork)


def at_fork(store: Store, goal: str, fork: Fork | None) -> float:
    """What had been spent where a line begins."""
    return _spent_at(store, goal, fork.iteration) if fork else 0.0


def looks_elsewhere(store: Store, goal: Goal, after: str, new: str) -> int:
    """Results on the gate that other lines have, or may come to, after iteration `after` of `goal`.

    `new` is the line that is made, which does not count. Of a goal that is a fork itself some are
    counted twice; never too few.
    """
    limit, known = goal.spec.limits.max_iterations, goal.spec.success.other_looks
    found = known + max(0, max(limit, _newest(store, goal.name)) - int(after))
    for name, fork in lines_of(store, goal.name).items():
        if fork is not None and name not in (goal.name, new):
            found += max(fork.max_iterations, _newest(store, name)) - int(fork.iteration)
    return found


@contextmanager
def budget_lock(home: Home) -> Iterator[None]:
    """One conclusion at a time: two lines must not spend the same part of their budget."""
    home.run.mkdir(parents=True, exist_ok=True)
    with FileLock(home.run / "error_budget.lock"):
        yield


def _newest(store: Store, goal: str) -> int:
    return max((int(key) for key in store.partitions(goal, "champion")), default=0)


def _spent_at(store: Store, goal: str, iteration: str) -> float:
    text = store.read_json(goal, "champion", iteration, "champion.json")
    return Champion.model_validate(text).alpha_spent
