"""A tick of the Brain after 100 past trials and after 10,000: seconds of work, and where they go.

The history is a real one of two iterations of three trials, made by the real loop with trials of
paper (`tests/fakes/paper_trials.py`); the iterations after it are copies under their own names,
with their runs in Dagster's SQLite, their spending in the ledger and the search's memory of all.
A tick is all that the sensor does: reading the state, deciding, which plans the next iteration with
three trials, and naming its runs. The first tick of a process loads libraries and is told apart.

    .venv/bin/python tests/bench/tick.py
"""

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests")]

import dagster as dg  # noqa: E402
import sqlalchemy as sa  # noqa: E402
from dagster._core.utils import make_new_run_id  # noqa: E402
from fakes.paper_trials import paper_definitions, paper_goal, prepare_environment  # noqa: E402

from forgemind_assets.brain.decide import Prepare, decide  # noqa: E402
from forgemind_assets.brain.search.memory import PastTrial, window  # noqa: E402
from forgemind_assets.cli.headless import drive  # noqa: E402
from forgemind_assets.goal import Goal  # noqa: E402
from forgemind_assets.partitions import iteration_key, trial_key  # noqa: E402
from resources.history import read_state  # noqa: E402
from resources.ledger_tables import open_engine, spending  # noqa: E402
from resources.runs import RunSpec, job_name, runs_for  # noqa: E402
from resources.trial_memory import FILE, read_memory  # noqa: E402
from resources.workshop import Workshop  # noqa: E402
from sensors.brain import tick  # noqa: E402

REAL, TRIALS = 2, 3
PASTS = (100, 10_000)
COPIED = ("plan", "raw_dataset", "filtered_dataset", "champion", "registry_entry")
COPIED_OF_TRIALS = ("adapter", "canary_report")
COPIED_OF_WINNERS = ("benchmark_report", "adversarial_report")


def real_history(folder: Path, instance: dg.DagsterInstance, workshop: Workshop) -> Goal:
    """Some iterations by the real loop; the goal again, with leave to go on."""
    goal = paper_goal(folder, trials=TRIALS, iterations=REAL)
    workshop.home.root.mkdir(parents=True)
    workshop.home.settings.write_text("trials_at_once: 1\n", encoding="utf-8")
    drive(goal, paper_definitions(goal, workshop), instance, workshop)
    return paper_goal(folder, trials=TRIALS, iterations=100_000)


def lengthen(
    goal: Goal, instance: dg.DagsterInstance, workshop: Workshop, known: int, wanted: int
) -> int:
    """Copies of the last real iteration until there are so many trials. Returns how many."""
    number, pattern = REAL + (known - REAL * TRIALS) // TRIALS, iteration_key(REAL)
    store = workshop.store.root / goal.name
    while known < wanted:
        number, known = number + 1, known + TRIALS
        key = iteration_key(number)
        for asset in COPIED:
            copy_artefact(store / asset, pattern, key)
        for asset in COPIED_OF_TRIALS:
            for name in "abc":
                copy_artefact(store / asset, trial_key(pattern, name), trial_key(key, name))
        for asset in COPIED_OF_WINNERS:
            copy_artefact(store / asset, trial_key(pattern, "b"), trial_key(key, "b"))
        add_runs(goal, instance, key)
    spend(goal, workshop, number)
    remember_all(goal, workshop, iteration_key(number))
    return known


def copy_artefact(folder: Path, of: str, to: str) -> None:
    """One artefact under another name; what its JSON says of itself is told of the new one."""
    shutil.copytree(folder / of, folder / to)
    for file in (folder / to).glob("*.json"):
        text = file.read_text(encoding="utf-8").replace(f'"{of[:4]}', f'"{to[:4]}')
        file.write_text(text, encoding="utf-8")


def add_runs(goal: Goal, instance: dg.DagsterInstance, key: str) -> None:
    """The finished runs of an iteration, as Dagster keeps them."""
    phases = [("prepare", None), *(("train", name) for name in "abc"), ("test", "b")]
    for phase, trial in [*phases, ("conclude", None)]:
        spec = RunSpec(goal.name, phase, key, "unused", (), "unused", run_tags(goal, key, phase))
        tags = spec.tags | ({"forgemind/trial": trial} if trial else {})
        instance.add_run(
            dg.DagsterRun(
                job_name=job_name(goal.name, phase),
                run_id=make_new_run_id(),
                status=dg.DagsterRunStatus.SUCCESS,
                tags=tags,
            )
        )


def run_tags(goal: Goal, key: str, phase: str) -> dict[str, str]:
    """What each run of the loop carries."""
    names = {"goal": goal.name, "iteration": key, "phase": phase, "attempt": "1"}
    return {f"forgemind/{name}": value for name, value in names.items()}


def spend(goal: Goal, workshop: Workshop, iterations: int) -> None:
    """A settled bill of each trial, and of each iteration's teachers."""
    common = {"goal": goal.name, "note": "", "pid": 1, "start_time": 0.0, "host": "bench"}
    bills = [
        common | {"scope": scope, "kind": kind, "reserved": 10**7, "settled": 10**6, "created": 0.0}
        for number in range(1, iterations + 1)
        for key in (iteration_key(number),)
        for scope, kind in ((key, "api"), *((trial_key(key, name), "gpu") for name in "abc"))
    ]
    engine = open_engine(workshop.home.ledger_url)
    with engine.begin() as connection:
        connection.execute(sa.delete(spending).where(spending.c.goal == goal.name))
        connection.execute(sa.insert(spending), bills)
    engine.dispose()


def remember_all(goal: Goal, workshop: Workshop, key: str) -> None:
    """The search's memory after an iteration, as its champion hands it on."""
    memory = read_memory(workshop.store, goal.name, iteration_key(REAL))
    assert memory is not None
    values = [trial.values for trial in memory.trials]
    past = [
        PastTrial(
            name=trial_key(iteration_key(1 + i // TRIALS), "abc"[i % TRIALS]),
            values=values[i % len(values)] | {"learning_rate": 0.001 + (i * 37 % 101) / 10_000},
            score=None if i % 17 == 0 else (i * 61 % 89) / 100,
        )
        for i in range(int(key) * TRIALS)
    ]
    file = workshop.store.folder(goal.name, "champion", key) / FILE
    file.write_text(memory.model_copy(update={"trials": window(past)}).model_dump_json())


def seconds_of(work: Callable[[], Any], times: int = 9) -> float:
    """Seconds of work, the median; what other programs of the machine do is not in it."""
    found = []
    for _ in range(times):
        started = time.process_time()
        work()
        found.append(time.process_time() - started)
    return round(statistics.median(found), 4)


def parts(goal: Goal, instance: dg.DagsterInstance, workshop: Workshop) -> dict[str, float]:
    """A tick, and its parts."""
    state = read_state(goal, instance, workshop)
    decision = decide(goal.spec, state)
    assert isinstance(decision, Prepare), decision
    assert len(decision.plan.trials) == TRIALS
    started = time.monotonic()
    assert len(tick(goal, instance, workshop).run_requests) == 1
    wall = time.monotonic() - started
    return {
        "tick": seconds_of(lambda: tick(goal, instance, workshop)),
        "tick_wall": round(wall, 4),
        "read_state": seconds_of(lambda: read_state(goal, instance, workshop)),
        "decide_and_plan": seconds_of(lambda: decide(goal.spec, state)),
        "name_runs": seconds_of(lambda: runs_for(goal.name, decision)),
    }


def main() -> None:
    """Prints the measurement."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pasts", type=int, nargs=2, default=PASTS, metavar="TRIALS")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "dagster").mkdir()
        folder = Path(name)
        prepare_environment(folder, os.environ.__setitem__)
        workshop = Workshop(home_root=str(folder / "home"), models_root=str(folder / "models"))
        with dg.instance_for_test(temp_dir=str(folder / "dagster")) as instance:
            goal = real_history(folder, instance, workshop)
            started = time.process_time()
            tick(goal, instance, workshop)
            first = round(time.process_time() - started, 3)
            found, known = {}, REAL * TRIALS
            for past in given.pasts:
                known = lengthen(goal, instance, workshop, known, past)
                found[past] = parts(goal, instance, workshop)
                print(f"{known} trials: {found[past]}", file=sys.stderr)
    few, many = (found[past]["tick"] for past in given.pasts)
    record = {
        "name": "tick",
        "value": many,
        "unit": f"CPU seconds of a tick after {given.pasts[1]} trials",
        "higher_is_better": False,
        "peers": {},
        "details": {
            "times_that_after_few": round(many / few, 2),
            "by_past_trials": found,
            "first_tick_of_a_process": first,
        },
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main()
