"""The Trial Grounds' asset checks."""

import dagster as dg

from forgemind_assets.goal import Goal
from forgemind_assets.keys import GoalKeys
from forgemind_assets.partitions import BASELINE, split_trial
from forgemind_assets.trial_grounds.report import read_report
from resources.workshop import Workshop


def build_checks(goal: Goal, keys: GoalKeys) -> list[dg.AssetChecksDefinition]:
    """`canary_alive`, which blocks, and `all_cases_scored`, which does not."""

    @dg.asset_check(asset=keys.key("canary_report"), blocking=True, partitions_def=keys.trials)
    def canary_alive(
        context: dg.AssetCheckExecutionContext, workshop: Workshop
    ) -> dg.AssetCheckResult:
        """Whether the trial is worth a full evaluation. Baselines are measured whatever they do."""
        trial = context.partition_key
        report = read_report(workshop.store.folder(goal.name, "canary_report", trial))
        need = goal.spec.success.canary_pass_rate
        rate = report.canary.rate if report.canary else 0.0
        baseline = split_trial(trial)[0] == BASELINE
        words = "; a baseline is measured all the same" if baseline else ""
        return dg.AssetCheckResult(
            passed=baseline or rate >= need,
            severity=dg.AssetCheckSeverity.ERROR,
            description=f"{rate:.0%} of the canary cases passed; {need:.0%} are needed{words}",
            metadata={"canary_pass_rate": rate, "needed": need},
        )

    @dg.asset_check(asset=keys.key("benchmark_report"), partitions_def=keys.trials)
    def all_cases_scored(
        context: dg.AssetCheckExecutionContext, workshop: Workshop
    ) -> dg.AssetCheckResult:
        """Whether every case of the full tier has a verdict."""
        folder = workshop.store.folder(goal.name, "benchmark_report", context.partition_key)
        rate = read_report(folder).overall
        return dg.AssetCheckResult(
            passed=rate.unscored == 0,
            severity=dg.AssetCheckSeverity.WARN,
            description=f"{rate.unscored} of {rate.total} cases have no verdict",
            metadata={"unscored": rate.unscored},
        )

    return [canary_alive, all_cases_scored]
