"""Alerts as a sensor: one tick records what people should be told, and delivers what is due."""

import time
from collections.abc import Callable, Sequence

import dagster as dg

from forgemind_assets.goal import Goal
from resources.alert_watch import watch
from resources.workshop import Workshop


def build_alert_sensor(
    goals: Sequence[Goal], seconds: int = 10, clock: Callable[[], float] = time.time
) -> dg.SensorDefinition:
    """The installation's sensor, always on: an alert that nobody sends is no alert.

    `clock` tells the seconds since 1970 by which a delivery that failed is due again.
    """

    @dg.sensor(
        name="reviewer_alerts",
        minimum_interval_seconds=seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells people of failed checks and runs, budgets, approvals and stops.",
    )
    def reviewer_alerts(context: dg.SensorEvaluationContext, workshop: Workshop) -> dg.SkipReason:
        # How far runs were read stands in the ledger, in one transaction with what was found;
        # a cursor of Dagster's could be ahead of it after a kill.
        return dg.SkipReason(watch(goals, context.instance, workshop.home, clock=clock).sentence)

    return reviewer_alerts
