"""The Trial Grounds' assets: three tiers of tests."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from forgemind_assets.goal import Goal
from forgemind_assets.goal_loading import load_cases
from forgemind_assets.keys import GoalKeys
from forgemind_assets.partitions import BASELINE, split_trial
from forgemind_assets.pictures import picture, rates_over_iterations
from forgemind_assets.records import Case
from forgemind_assets.trial_grounds.report import (
    Report,
    read_report,
    samples_table,
    slice_table,
    write_report,
)
from forgemind_assets.warden.screening import write_stages
from resources.concerns import ask_about_outputs
from resources.examiner import examine, examine_race, judge_outputs
from resources.race import open_race
from resources.tripwires import kept_seals, measure_beside, seals
from resources.workshop import Workshop


def build_assets(goal: Goal, keys: GoalKeys) -> list[Any]:
    """`canary_report`, `benchmark_report`, `adversarial_report`."""
    common = {"partitions_def": keys.trials, "pool": "forgemind_evaluation"}

    @dg.asset(
        deps=[keys.key("adapter")],
        output_required=False,
        **common,
        **keys.common("trial_grounds"),
    )
    def canary_report(
        context: dg.AssetExecutionContext, workshop: Workshop
    ) -> Iterator[dg.MaterializeResult]:
        """The fast tier: dev, canary cases first; a hopeless trial goes no further."""
        trial = context.partition_key
        if not workshop.store.manifest(goal.name, "adapter", trial).meta.get("cannot_win"):
            report = fast_tier(goal, workshop, trial, load_cases(goal, "dev"))
            yield result_of(goal, workshop, "canary_report", trial, report)

    @dg.asset(
        deps=[keys.key("adapter"), keys.key("canary_report")],
        **common,
        **keys.common("trial_grounds"),
    )
    def benchmark_report(
        context: dg.AssetExecutionContext, workshop: Workshop
    ) -> dg.MaterializeResult:
        """The full tier: the gate suite that decides whether the goal is met."""
        trial, cases = context.partition_key, load_cases(goal, "full")
        result = tier(goal, workshop, trial, "benchmark_report", "full", cases, gate=True)
        ask_about_outputs(goal, workshop, trial)
        return result

    @dg.asset(
        deps=[keys.key("adapter"), keys.key("benchmark_report")],
        **common,
        **keys.common("trial_grounds"),
    )
    def adversarial_report(
        context: dg.AssetExecutionContext, workshop: Workshop
    ) -> dg.MaterializeResult:
        """The stress tier: cases built to fool the model."""
        cases = load_cases(goal, "adversarial")
        return tier(
            goal, workshop, context.partition_key, "adversarial_report", "adversarial", cases
        )

    return [canary_report, benchmark_report, adversarial_report]


def fast_tier(goal: Goal, workshop: Workshop, trial: str, cases: list[Case]) -> Report:
    """Asks the canary cases, then dev: all of it, or until the trial cannot win its race."""
    before = seals(goal, workshop)
    canary = [case for case in cases if case.canary]
    first = examine(goal, workshop, trial, "dev", canary, stage="canary")
    need = goal.spec.success.canary_pass_rate
    stopped = first.report.pass_rate < need and split_trial(trial)[0] != BASELINE
    race, beaten = open_race(goal, workshop, trial), None
    if stopped:
        final = first
        if race:
            race.withdraw()
    elif race:
        final, beaten = examine_race(goal, workshop, trial, "dev", cases, race)
    else:
        final = examine(goal, workshop, trial, "dev", cases)
    meta = {
        "stopped": stopped,
        "seconds": final.report.seconds + (0 if final is first else first.report.seconds),
        **kept_seals(goal, workshop, before),
    } | ({"cannot_win": beaten.reason, "beaten_by": beaten.by} if beaten else {})
    with workshop.store.publish(goal.name, "canary_report", trial, meta) as folder:
        write_report(final.report, final.results, folder)
    return final.report


def tier(
    goal: Goal,
    workshop: Workshop,
    trial: str,
    asset: str,
    suite: str,
    cases: list[Case],
    *,
    gate: bool = False,
) -> dg.MaterializeResult:
    """Runs one whole suite and publishes its report.

    `gate`: with what the Warden found in the answers, and what is measured beside the gate.
    """
    before = seals(goal, workshop)
    exam = examine(goal, workshop, trial, suite, cases)
    layers = judge_outputs(goal, workshop, trial, exam.results) if gate else ()
    meta: dict[str, Any] = {"seconds": exam.report.seconds}
    with workshop.store.publish(goal.name, asset, trial, meta) as folder:
        write_report(exam.report, exam.results, folder)
        if gate:
            write_stages(folder, {"model_outputs": layers})
            meta["seconds"] += measure_beside(goal, workshop, trial, folder)
        meta.update(kept_seals(goal, workshop, before))
    return result_of(goal, workshop, asset, trial, exam.report)


def result_of(
    goal: Goal, workshop: Workshop, asset: str, trial: str, report: Report
) -> dg.MaterializeResult:
    """Metadata for a tired person: rates, slices, samples, a plot against earlier trials."""
    store = workshop.store
    earlier = [p for p in store.partitions(goal.name, asset) if p <= trial]
    history = {p: read_report(store.folder(goal.name, asset, p)) for p in earlier}
    folder = store.folder(goal.name, asset, trial)
    return dg.MaterializeResult(
        metadata={
            "pass_rate": report.pass_rate,
            "passed": report.overall.passed,
            "cases": report.overall.total,
            "unscored": report.overall.unscored,
            "interval_95": f"{report.interval[0]:.1%} to {report.interval[1]:.1%} (Wilson)",
            "always_the_same_answer": f"{report.constant_rate:.1%} with {report.constant_answer}",
            "beside": {kind: rate.rate for kind, rate in report.scores.items()},
            "reasons": report.reasons,
            "slices": dg.MetadataValue.md(slice_table(report)),
            "samples": dg.MetadataValue.md(samples_table(report)),
            "over_iterations": picture(
                rates_over_iterations(history, goal.spec.success.pass_rate),
                f"pass rates of {len(history)} trials with 95 % intervals, newest {trial}",
            ),
            "seconds": report.seconds,
            "path": str(folder),
        },
        data_version=dg.DataVersion(store.manifest(goal.name, asset, trial).version),
    )
