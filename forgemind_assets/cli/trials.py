"""Runs side by side, each in a process of its own that ends with this one."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import dagster as dg
from dagster._serdes import serialize_value

from forgemind_assets.errors import ForgeMindError
from forgemind_assets.faults import fault
from forgemind_assets.goal import Goal
from forgemind_assets.home import REPOSITORY
from resources.recovery import fail
from resources.run_tags import GOAL_TAG, UNFINISHED
from resources.runs import RunSpec
from resources.workshop import Workshop

POLL_SECONDS = 0.1
STOP_SECONDS = 30.0


@dataclass
class Child:
    """A process that carries out one run; it ends when the pipe is closed."""

    spec: RunSpec
    process: subprocess.Popen[str]
    pipe: int
    log: Path


def side_by_side(
    goal: Goal,
    instance: dg.DagsterInstance,
    workshop: Workshop,
    specs: Sequence[RunSpec],
    at_once: int,
    may_begin: Callable[[], bool] = lambda: True,
) -> Iterator[tuple[RunSpec, list[str]]]:
    """Yields each run with the messages of its failed steps, as it ends; at most so many at once.

    `may_begin` is asked before each but the first ones; when it says no, the others are left.
    Where this is left early (Ctrl-C), the runs under way are interrupted and waited for.
    """
    waiting, running = list(specs), list[Child]()
    try:
        while waiting or running:
            if waiting and len(running) < at_once and len(waiting) < len(specs):
                waiting = waiting if may_begin() else []
            while waiting and len(running) < at_once:
                running.append(start(goal, instance, workshop, waiting.pop(0)))
            ended = [child for child in running if child.process.poll() is not None]
            running = [child for child in running if child not in ended]
            for child in ended:
                fault("trial.ended")
                yield child.spec, told(instance, workshop, child)
            if not ended:
                time.sleep(POLL_SECONDS)
    finally:
        stop(running)


def start(goal: Goal, instance: dg.DagsterInstance, workshop: Workshop, spec: RunSpec) -> Child:
    """Begins one run in a session of its own: Ctrl-C reaches it through this process alone."""
    ours, pipe = os.pipe()
    asked = {
        "goal": str(goal.folder / goal.file),
        "home": str(workshop.home.root),
        "models": str(workshop.home.models),
        "instance": serialize_value(instance.get_ref()),
        "spec": asdict(spec),
    }
    log = workshop.home.logs / f"{goal.name}.{spec.partition}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    module = "forgemind_assets.cli.trial_process"
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "resources.guard.life", str(ours), module],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            pass_fds=(ours,),
            start_new_session=True,
            text=True,
        )
    os.close(ours)
    assert process.stdin is not None
    with suppress(BrokenPipeError):  # what it died of stands in its log
        process.stdin.write(json.dumps(asked))
        process.stdin.close()
    fault("trial.started")
    return Child(spec, process, pipe, log)


def told(instance: dg.DagsterInstance, workshop: Workshop, child: Child) -> list[str]:
    """The messages of an ended process. One that died has failed its run.

    Raises:
        ForgeMindError: it died before it had a run.
    """
    os.close(child.pipe)
    assert child.process.stdout is not None
    with child.process.stdout as output:
        lines = output.read().strip().splitlines()
    if child.process.returncode == 0 and lines:
        return json.loads(lines[-1])["failures"]
    message = f"its process ended with status {child.process.returncode}; see {child.log}"
    key = {GOAL_TAG: child.spec.goal, "dagster/run_key": child.spec.run_key}
    runs = instance.get_runs(dg.RunsFilter(tags=key))
    if not runs:
        raise ForgeMindError(f"{child.spec.partition} was not begun: {message}")
    for run in runs:
        if run.status in UNFINISHED:
            fail(instance, workshop.home, run, message)
    return [message]


def stop(running: Sequence[Child]) -> None:
    """Interrupts what still runs and waits for it."""
    for child in running:
        os.close(child.pipe)
    for child in running:
        try:
            child.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.process.kill()
            child.process.wait()
        if child.process.stdout is not None:
            child.process.stdout.close()
