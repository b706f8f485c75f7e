"""The Brain's second driver: a plain loop, without daemon or webserver."""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import dagster as dg

from forgemind_assets.brain.decide import AwaitReview, Stop, decide
from forgemind_assets.cli.trials import side_by_side
from forgemind_assets.faults import fault
from forgemind_assets.goal import Goal
from resources.alert_watch import delivering, watch
from resources.endings import end
from resources.history import read_state
from resources.locks import driver_lock
from resources.places import fitted
from resources.race import clear_of_dead
from resources.recovery import recover
from resources.run_tags import AT_ONCE_TAG, INTERRUPTED_TAG
from resources.runs import RunSpec, runs_for
from resources.stop_wishes import StopWishes
from resources.workshop import Workshop

POLL_SECONDS = 1.0


def drive(
    goal: Goal,
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    workshop: Workshop,
    on_failure: Callable[[str], None] = lambda message: None,
    on_start: Callable[[], None] = lambda: None,
) -> Stop:
    """Runs the loop to its end. Waits where another process works on one of the goal's runs.

    `on_start` is called as soon as no other driver steers the goal.

    An interruption closes the run under way as interrupted; the next call goes on from there.
    Alerts are recorded after each run and delivered meanwhile, as the alert sensor does.
    """
    with delivering(workshop.home), driver_lock(workshop.home, goal.name, wait=True):
        on_start()
        recover(instance, workshop.home, goal.name, queued=True)
        try:
            return loop(goal, definitions, instance, workshop, on_failure)
        finally:
            recover(instance, workshop.home, goal.name, queued=True)


def loop(
    goal: Goal,
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    workshop: Workshop,
    on_failure: Callable[[str], None],
) -> Stop:
    """Decides and executes until the Brain says stop."""
    while True:
        state = read_state(goal, instance, workshop)
        decision = decide(goal.spec, state)
        fault("decided")
        if isinstance(decision, Stop | AwaitReview):
            stop = end(goal, instance, workshop, state, decision)
            watch([goal], instance, workshop.home)
            return stop
        clear_of_dead(goal, workshop, decision, state)
        specs = runs_for(goal.name, fitted(goal, workshop.home, decision))
        for spec, messages in carry_out(goal, definitions, instance, workshop, specs):
            for message in messages:
                on_failure(f"{spec.phase} {spec.partition} failed: {message}")
            watch([goal], instance, workshop.home)
            fault("alerts.watched")
        if not specs:
            time.sleep(POLL_SECONDS)


def carry_out(
    goal: Goal,
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    workshop: Workshop,
    specs: Sequence[RunSpec],
) -> Iterator[tuple[RunSpec, list[str]]]:
    """Each run with the messages of its failed steps, as it ends.

    One after the other in this process, or side by side in processes of their own; no more are
    begun when a person has asked for the end.
    """
    wishes = StopWishes(workshop.home)

    def may_begin() -> bool:
        return wishes.wished(goal.name) is None

    at_once = min([len(specs), *(int(spec.tags.get(AT_ONCE_TAG, "1")) for spec in specs)])
    if at_once > 1:
        yield from side_by_side(goal, instance, workshop, specs, at_once, may_begin)
        return
    for number, spec in enumerate(specs):
        if number == 0 or may_begin():
            yield spec, carry_out_here(definitions, instance, spec)


def carry_out_here(
    definitions: dg.Definitions, instance: dg.DagsterInstance, spec: RunSpec
) -> list[str]:
    """One run in this process. Raises KeyboardInterrupt where the process was told to stop."""
    result = execute(definitions, instance, spec)
    if interrupted(result):
        instance.add_run_tags(result.run_id, {INTERRUPTED_TAG: "true"})
        raise KeyboardInterrupt
    return failures(result)


def execute(
    definitions: dg.Definitions, instance: dg.DagsterInstance, spec: RunSpec
) -> dg.ExecuteInProcessResult:
    """One run in this process, recorded as the sensor's runs are."""
    instance.add_dynamic_partitions(spec.partitions_name, [spec.partition])
    fault("partition.added")
    job = definitions.resolve_job_def(spec.job)
    with sigterm_as_before():
        result = job.execute_in_process(
            instance=instance,
            partition_key=spec.partition,
            run_config=spec.run_config,
            tags=spec.tags | {"dagster/run_key": spec.run_key},
            asset_selection=[dg.AssetKey([spec.goal, name]) for name in spec.assets],
            raise_on_error=False,
        )
    fault("run.ended")
    return result


@contextmanager
def sigterm_as_before() -> Iterator[None]:
    """Gives SIGTERM back the handler it had.

    Dagster leaves a run with the handler of SIGINT on SIGTERM too. A shell that starts a command
    in the background ignores SIGINT, so that neither this process nor what it starts after its
    first run would end when told to.
    """
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)


def interrupted(result: dg.ExecuteInProcessResult) -> bool:
    """Whether the run ended because this process was asked to stop (SIGINT, SIGTERM).

    Dagster turns the signal into the failure of the step under way, or of the run where it came
    before the first step.
    """
    names = {dg.DagsterExecutionInterruptedError.__name__, KeyboardInterrupt.__name__}
    return any(
        error.cls_name in names
        for event in result.all_events
        for error in causes(getattr(event.event_specific_data, "error", None))
    )


def causes(error: Any) -> list[Any]:
    """An error of Dagster and those beneath it, outermost first."""
    return [error, *causes(error.cause)] if error is not None else []


def failures(result: dg.ExecuteInProcessResult) -> list[str]:
    """What each failed step says: the innermost message, or that of the checks which stopped it."""
    found: list[str] = []
    for event in result.all_events:
        if event.is_step_failure and event.step_failure_data.error:
            error = causes(event.step_failure_data.error)[-1]
            stopped = error.cls_name == "DagsterAssetCheckFailedError"  # not exported
            checks = failed_checks(result, event.step_key) if stopped else []
            found.append("; ".join(checks) or error.message.strip())
    return found


def failed_checks(result: dg.ExecuteInProcessResult, step: str | None) -> list[str]:
    """The checks that stopped a step, with their reasons."""
    said = [
        event.asset_check_evaluation_data
        for event in result.all_events
        if event.step_key == step and event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION
    ]
    return [
        f"check {one.check_name} of {one.asset_key.path[-1]}: {one.description}"
        for one in said
        if not one.passed and one.severity is dg.AssetCheckSeverity.ERROR
    ]
