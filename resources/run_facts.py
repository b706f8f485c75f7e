"""Facts for alerts, read from Dagster, the ledger, the store and the outcome files.

Runs are read from where the last look ended, every page of them, and each run's checks from its
own log: a query for check evaluations across runs cannot be continued on SQLite.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import dagster as dg
import sqlalchemy as sa
from dagster import DagsterEventType, DagsterRunStatus, RunsFilter, RunStatusChangeRecordsFilter

from forgemind_assets.brain.decide import MAX_FAILURES
from forgemind_assets.goal import Goal
from forgemind_assets.home import Home
from forgemind_assets.lorekeeper.store import Store
from forgemind_assets.warden.alert_facts import CheckFact, RunFact, SpendingFact, StopFact
from resources.forks import read_fork
from resources.history import champion_of, newest_iteration
from resources.ledger import NANO
from resources.ledger_tables import open_engine, spending
from resources.outcome import read_outcome
from resources.run_tags import (
    ATTEMPT_TAG,
    GOAL_TAG,
    INTERRUPTED_TAG,
    ITERATION_TAG,
    PHASE_TAG,
    TRIAL_TAG,
)

PAGE = 200
RunEnd = Literal[
    DagsterEventType.RUN_SUCCESS,
    DagsterEventType.RUN_FAILURE,
    DagsterEventType.RUN_CANCELED,
]
RUN_ENDS: tuple[RunEnd, ...] = (
    DagsterEventType.RUN_SUCCESS,
    DagsterEventType.RUN_FAILURE,
    DagsterEventType.RUN_CANCELED,
)
CHECKS = DagsterEventType.ASSET_CHECK_EVALUATION
PARTITION_TAG = "dagster/partition"
# On PostgreSQL an event with a smaller id can become visible after one with a greater id, by as
# many as there are processes writing at once. What is read twice is recorded once.
OVERLAP = 64
# The first look at an installation with a history tells of the last day only.
FIRST_LOOK_SECONDS = 86_400


@dataclass(frozen=True)
class RunsRead:
    """Some ended runs: what their checks said, how they failed, and where to go on."""

    checks: tuple[CheckFact, ...]
    runs: tuple[RunFact, ...]
    kind: str
    position: int


def ended_runs(instance: dg.DagsterInstance, kind: RunEnd, after: int | None) -> Iterator[RunsRead]:
    """Every run that ended in one way after a position of the event log, page by page."""
    after = first_position(instance, kind) if after is None else max(0, after - OVERLAP)
    more = True
    while more:
        filters = RunStatusChangeRecordsFilter(kind, after_storage_id=after)
        found = instance.fetch_run_status_changes(filters, limit=PAGE, ascending=True)
        after = max([after, *(record.storage_id for record in found.records)])
        yield read_runs(instance, kind, found.records, after)
        more = found.has_more


def first_position(instance: dg.DagsterInstance, kind: RunEnd) -> int:
    """Where the first look begins: after the last run that ended before its window."""
    before = RunStatusChangeRecordsFilter(kind, before_timestamp=time.time() - FIRST_LOOK_SECONDS)
    found = instance.fetch_run_status_changes(before, limit=1)
    return found.records[0].storage_id if found.records else 0


def read_runs(
    instance: dg.DagsterInstance,
    kind: RunEnd,
    records: Sequence[dg.EventLogRecord],
    position: int,
) -> RunsRead:
    """The facts of some runs that ended."""
    ids = list(dict.fromkeys(record.run_id for record in records))
    runs = {run.run_id: run for run in instance.get_runs(RunsFilter(run_ids=ids))} if ids else {}
    failed = [
        run_fact(instance, runs[record.run_id], record)
        for record in records
        if kind == DagsterEventType.RUN_FAILURE and record.run_id in runs
    ]
    checks = [fact for run_id in ids for fact in checks_of(instance, run_id)]
    return RunsRead(tuple(checks), tuple(failed), kind.value, position)


def checks_under_way(instance: dg.DagsterInstance) -> tuple[CheckFact, ...]:
    """What the checks of runs that have not ended have said so far."""
    running = RunsFilter(statuses=[DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING])
    runs = instance.get_runs(running)
    return tuple(fact for run in runs for fact in checks_of(instance, run.run_id))


def checks_of(instance: dg.DagsterInstance, run_id: str) -> list[CheckFact]:
    """Every check evaluation of one run."""
    facts, cursor, more = [], None, True
    while more:
        page = instance.get_records_for_run(run_id, cursor=cursor, of_type=CHECKS, limit=PAGE)
        facts += [check_fact(run_id, record) for record in page.records]
        cursor, more = page.cursor, page.has_more
    return facts


def check_fact(run_id: str, record: dg.EventLogRecord) -> CheckFact:
    """One evaluation, in plain values; the first part of the asset's key is the goal."""
    event = record.event_log_entry.dagster_event
    assert event is not None, "the query asked for check evaluations"
    found = event.asset_check_evaluation_data
    goal, *asset = found.asset_key.path
    return CheckFact(
        run_id=run_id,
        goal=goal,
        asset="/".join(asset) or goal,
        check=found.check_name,
        partition=found.partition,
        passed=found.passed,
        severity=found.severity.value,
        blocking=bool(found.blocking),
        description=found.description or "",
        metadata={name: entry.value for name, entry in found.metadata.items() if plain(entry)},
        at=record.timestamp,
    )


def plain(entry: dg.MetadataValue) -> bool:
    """Whether a metadata value is a number or a text."""
    return isinstance(entry.value, int | float | str)


def run_fact(
    instance: dg.DagsterInstance, run: dg.DagsterRun, record: dg.EventLogRecord
) -> RunFact:
    """A failed run. It is final when the Brain will not try again, or never knew of it."""
    known = {name: run.tags[name] for name in (GOAL_TAG, ITERATION_TAG, PHASE_TAG, TRIAL_TAG)
             if name in run.tags}  # fmt: skip
    failures = 1
    if PHASE_TAG in known:
        same = instance.get_runs(RunsFilter(tags=known, statuses=[DagsterRunStatus.FAILURE]))
        # Only up to this one: the failures before it were tried again, whenever they are read.
        # The event may be there before the run's status: this run counts in any case.
        failed = {
            one.run_id
            for one in same
            if INTERRUPTED_TAG not in one.tags and attempt_of(one) <= attempt_of(run)
        }
        failures = len(failed | {run.run_id})
    final = PHASE_TAG not in known or failures >= MAX_FAILURES
    interrupted = INTERRUPTED_TAG in run.tags
    event = record.event_log_entry.dagster_event
    return RunFact(
        run_id=run.run_id,
        goal=run.tags.get(GOAL_TAG) or goal_of(run),
        phase=run.tags.get(PHASE_TAG, run.job_name),
        partition=run.tags.get(PARTITION_TAG),
        failures=failures,
        allowed=MAX_FAILURES,
        final=final and not interrupted,
        message=cause(instance, run.run_id) or (event.message if event else None) or "",
        at=record.timestamp,
    )


def attempt_of(run: dg.DagsterRun) -> int:
    """Which try of its work a run is."""
    return int(run.tags.get(ATTEMPT_TAG, "1"))


def goal_of(run: dg.DagsterRun) -> str:
    """The goal of a run that a person launched: the first part of its assets' keys."""
    keys = sorted(key.path[0] for key in run.asset_selection or ())
    return keys[0] if keys else run.job_name.split("__")[0]


def cause(instance: dg.DagsterInstance, run_id: str) -> str:
    """The innermost message of the first step that failed, or nothing."""
    page = instance.get_records_for_run(run_id, of_type=DagsterEventType.STEP_FAILURE, limit=1)
    for record in page.records:
        event = record.event_log_entry.dagster_event
        error = event.step_failure_data.error if event else None
        while error is not None and error.cause is not None:
            error = error.cause
        if error is not None:
            return error.message
    return ""


def money(goal: Goal, home: Home) -> list[SpendingFact]:
    """What was settled against the goal's limits; what is only reserved may come back."""
    total = sa.func.sum(spending.c.settled)
    query = sa.select(spending.c.kind, spending.c.scope, total).where(
        spending.c.goal == goal.name, spending.c.settled.is_not(None)
    )
    with open_engine(home.ledger_url).begin() as connection:
        rows = connection.execute(query.group_by(spending.c.kind, spending.c.scope)).all()
    api = sum(int(nano) for kind, _, nano in rows if kind == "api") / NANO
    limits, now = goal.spec.limits, time.time()
    facts = [_spent(goal, "APIs", None, api, limits.api_dollars_per_goal, "$", now)]
    return facts + [
        _spent(goal, "GPU time", scope, int(nano) / NANO, limits.gpu_dollars_per_try, "$", now)
        for kind, scope, nano in rows
        if kind == "gpu"
    ]


def hours(goal: Goal, store: Store) -> list[SpendingFact]:
    """Hours of work up to the newest champion, against the goal's limit."""
    concluded = store.partitions(goal.name, "champion")
    if not concluded:
        return []
    used = champion_of(store, goal.name, concluded[-1]).hours_used
    return [_spent(goal, "hours of work", None, used, goal.spec.limits.hours, "h", time.time())]


def stops(goals: Sequence[Goal], instance: dg.DagsterInstance, home: Home) -> list[StopFact]:
    """The Brain's decision to stop, of each goal whose driver has recorded one."""
    facts = []
    for goal in goals:
        stop = read_outcome(home, goal.name)
        if stop is not None:
            fork = read_fork(Store(home.store), goal.name)
            iteration = newest_iteration(goal.name, instance, fork)
            facts.append(
                StopFact(
                    goal=goal.name,
                    iteration=iteration,
                    reason=stop.reason,
                    goal_met=stop.goal_met,
                    at=time.time(),
                )
            )
    return facts


def _spent(goal, what, scope, used, limit, unit, at) -> SpendingFact:  # noqa: ANN001
    return SpendingFact(
        goal=goal.name, what=what, scope=scope, used=used, limit=limit, unit=unit, at=at
    )
