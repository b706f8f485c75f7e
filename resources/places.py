"""Places on this machine: how many trials share it, and the share that each is pinned to.

A machine with accelerators has one place for each. One without has one for each core: on two cores
two trainings with a thread each did more tokens per second together than one with two threads
(`tests/bench/side_by_side.py`). Memory may allow fewer. A run holds its places through locked
files, which the system gives back however its process ends.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from forgemind_assets.brain.decide import Decision, Train
from forgemind_assets.faults import fault
from forgemind_assets.forge.catalogue import find
from forgemind_assets.forge.hardware import physical_cores
from forgemind_assets.goal import Goal
from forgemind_assets.home import Home
from forgemind_assets.settings import load_settings

POLL_SECONDS = 0.2
TRIAL_GIB = 2.0
"""Of a training or a test, beside the weights: SmolLM2 took 1.7 to 2.1 GiB in all."""

BYTES_PER_WEIGHT = 4
"""Before a test an adapter is merged in fp32."""


@dataclass(frozen=True)
class Share:
    """What one trial may use: threads, and the number of its accelerator, if there are any."""

    threads: int
    accelerator: str | None = None


def accelerators() -> list[str]:
    """NVIDIA accelerators that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    if given is not None:
        return [name.strip() for name in given.split(",") if name.strip() not in ("", "-1")]
    found = [path for path in Path("/dev").glob("nvidia*") if path.name[6:].isdigit()]
    return [str(number) for number in range(len(found))]


def places_for(*, cores: int, memory_gib: float, accelerators: int, weights: int) -> int:
    """Trials that fit on a machine at once, at least 1; `weights` is how many the model has."""
    if accelerators:
        return accelerators
    each = TRIAL_GIB + BYTES_PER_WEIGHT * weights / 2**30
    return max(1, min(cores, int(memory_gib / each)))


def places(home: Home, weights: int = 0) -> int:
    """Places of this machine; the settings' `trials_at_once` overrides what it has."""
    given = load_settings(home.settings).trials_at_once
    memory = psutil.virtual_memory().total / 2**30
    return given or places_for(
        cores=physical_cores(),
        memory_gib=memory,
        accelerators=len(accelerators()),
        weights=weights,
    )


def fitted(goal: Goal, home: Home, decision: Decision) -> Decision:
    """The decision with as many trials at once as this machine has places for."""
    if not isinstance(decision, Train) or decision.at_once == 1:
        return decision
    weights = find(goal.spec.limits.base_model).parameters
    return replace(decision, at_once=min(decision.at_once, places(home, weights)))


@contextmanager
def place(home: Home, at_once: int) -> Iterator[Share]:
    """Waits for a share of the machine and holds it; with `at_once` 1 that is all of it."""
    devices = accelerators()
    units = max(places(home), at_once)
    size = units // at_once
    with ExitStack() as held:
        first = _claim(home, [range(i * size, (i + 1) * size) for i in range(at_once)], held)
        share = Share(
            threads=max(1, physical_cores() // at_once),
            accelerator=devices[first % len(devices)] if devices else None,
        )
        if at_once > 1:
            held.enter_context(pinned(share))
        fault("place.held")
        yield share
    fault("place.given_back")


def _claim(home: Home, groups: list[range], held: ExitStack) -> int:
    """Locks all units of the first group that is free. Returns its first unit."""
    folder = home.run / "places"
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        for group in groups:
            with ExitStack() as locks:
                try:
                    for unit in group:
                        lock = FileLock(folder / f"{unit}.lock")
                        lock.acquire(timeout=0)
                        locks.callback(lock.release)
                except Timeout:
                    continue
                held.push(locks.pop_all())
                return group.start
        time.sleep(POLL_SECONDS)


@contextmanager
def pinned(share: Share) -> Iterator[None]:
    """Keeps what this process starts to compute within a share, until the block ends."""
    wanted = {"OMP_NUM_THREADS": str(share.threads)}
    if share.accelerator is not None:
        wanted["CUDA_VISIBLE_DEVICES"] = share.accelerator
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    torch = sys.modules.get("torch")
    threads = torch.get_num_threads() if torch else None
    if torch:
        torch.set_num_threads(share.threads)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
        if torch and threads:
            torch.set_num_threads(threads)
