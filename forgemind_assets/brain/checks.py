"""The Brain's asset checks."""

import dagster as dg

from forgemind_assets.brain.decide import judge
from forgemind_assets.goal import Goal
from forgemind_assets.keys import GoalKeys
from forgemind_assets.trial_grounds.report import read_report
from resources.gate_looks import score_of_gate
from resources.workshop import Workshop


def build_checks(goal: Goal, keys: GoalKeys) -> list[dg.AssetChecksDefinition]:
    """`goal_met` on the full report: the same function as the Brain's."""

    @dg.asset_check(asset=keys.key("benchmark_report"), partitions_def=keys.trials)
    def goal_met(context: dg.AssetCheckExecutionContext, workshop: Workshop) -> dg.AssetCheckResult:
        """Whether this adapter meets the goal. A miss does not block: the report stays."""
        folder = workshop.store.folder(goal.name, "benchmark_report", context.partition_key)
        report = read_report(folder)
        score = score_of_gate(goal, workshop, context.partition_key, report)
        verdict = judge(goal.spec, score)
        return dg.AssetCheckResult(
            passed=verdict.met,
            severity=dg.AssetCheckSeverity.WARN,
            description=verdict.sentence,
            metadata={
                "pass_rate": report.pass_rate,
                "wanted": goal.spec.success.pass_rate,
                "lower_bound": verdict.lower,
                "lower_bound_level": verdict.level,
                "looks": verdict.looks,
                "design_effect": report.design_effect,
            },
        )

    return [goal_met]
