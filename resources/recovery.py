"""Start-up after a crash: closes runs whose process is gone and frees the slots they held."""

import json
import os
from pathlib import Path

import dagster as dg
import psutil
from dagster import DagsterRunStatus, RunsFilter

from forgemind_assets.faults import fault
from forgemind_assets.home import Home
from resources.run_tags import GOAL_TAG, INTERRUPTED_TAG, UNFINISHED


def mark_run(home: Home, run_id: str) -> None:
    """Notes which process works on a run."""
    path = _mark(home, run_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    process = psutil.Process()
    entry = {"pid": process.pid, "created": process.create_time()}
    path.write_text(json.dumps(entry), encoding="utf-8")
    fault("run.marked")


def unmark_run(home: Home, run_id: str) -> None:
    """Forgets the note: the run has ended."""
    _mark(home, run_id).unlink(missing_ok=True)
    fault("run.unmarked")


def is_alive(home: Home, run_id: str) -> bool:
    """Whether another process than this one still works on a run."""
    try:
        entry = json.loads(_mark(home, run_id).read_text(encoding="utf-8"))
        process = psutil.Process(entry["pid"])
    except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
        return False
    return process.pid != os.getpid() and abs(process.create_time() - entry["created"]) < 1


def recover(instance: dg.DagsterInstance, home: Home, goal: str, *, queued: bool) -> list[str]:
    """Closes a goal's dead runs and returns their ids.

    The caller holds the driver's lock. `queued` says whether queued runs are dead too: they are
    without a daemon, which would launch them.
    """
    filters = RunsFilter(tags={GOAL_TAG: goal}, statuses=list(UNFINISHED))
    closed = []
    for run in instance.get_runs(filters):
        waiting = run.status == DagsterRunStatus.QUEUED and not queued
        if waiting or is_alive(home, run.run_id):
            continue
        close(instance, home, run)
        closed.append(run.run_id)
    return closed


def close(instance: dg.DagsterInstance, home: Home, run: dg.DagsterRun) -> None:
    """Reports one run as interrupted and frees what it held."""
    instance.add_run_tags(run.run_id, {INTERRUPTED_TAG: "true"})
    fault("recover.tagged")
    message = "The process of this run is gone; the next attempt goes on where it was."
    instance.report_run_failed(run, message)
    fault("recover.reported")
    instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    fault("recover.freed")
    unmark_run(home, run.run_id)
    fault("recover.unmarked")


def fail(instance: dg.DagsterInstance, home: Home, run: dg.DagsterRun, message: str) -> None:
    """Reports a run whose process died by itself as failed, and frees what it held."""
    instance.report_run_failed(run, message)
    instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    unmark_run(home, run.run_id)


def _mark(home: Home, run_id: str) -> Path:
    return home.run / "runs" / f"{run_id}.json"
