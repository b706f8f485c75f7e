"""The Trial Grounds' asset checks."""

import dagster as dg

from forgemind_assets.goal import Goal
from forgemind_assets.keys import GoalKeys
from forgemind_assets.markdown import table
from forgemind_assets.partitions import BASELINE, split_trial
from forgemind_assets.trial_grounds.report import read_report
from forgemind_assets.trial_grounds.tripwires import Verdict, seal_verdict
from resources.tripwires import first_seals, general_of, impossible_of, slices_of
from resources.workshop import Workshop

SEALED_STEPS = ("adapter", "canary_report", "benchmark_report", "adversarial_report")
# What is measured beside the gate, and how loud a check that fails is. None of them blocks: an
# adapter for a narrow form may well have lost some of its general ability, and the report stands.
BESIDE = {
    "impossible_cases_fail": (
        "Whether no more of the cases that nobody can solve were passed than chance allows.",
        impossible_of,
        dg.AssetCheckSeverity.ERROR,
    ),
    "general_ability_kept": (
        "Whether the model does no worse than its base on general prompts.",
        general_of,
        dg.AssetCheckSeverity.WARN,
    ),
    "slices_kept": (
        "Whether no slice of the gate is worse than with the champion before.",
        slices_of,
        dg.AssetCheckSeverity.WARN,
    ),
}


def build_checks(goal: Goal, keys: GoalKeys) -> list[dg.AssetChecksDefinition]:
    """`canary_alive` and `seals_hold`, which block; the others tell, and stop nothing."""

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

    beside = [check for name in BESIDE for check in _beside(goal, keys, name)]
    held = [_seals_hold(goal, keys, asset) for asset in SEALED_STEPS]
    return [canary_alive, all_cases_scored, *beside, *held]


def _seals_hold(goal: Goal, keys: GoalKeys, asset: str) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=keys.key(asset),
        name="seals_hold",
        description="Whether suites, graders and base weights are what they were before the step, "
        "and before the trial was trained.",
        blocking=True,
        partitions_def=keys.trials,
    )
    def check(context: dg.AssetCheckExecutionContext, workshop: Workshop) -> dg.AssetCheckResult:
        store, trial = workshop.store, context.partition_key
        meta = store.manifest(goal.name, asset, trial).meta
        trained = store.manifest(goal.name, "adapter", trial).meta.get("seals")
        verdict = seal_verdict(
            meta.get("changed_seals", ()), meta.get("seals", {}), trained, first_seals(goal, store)
        )
        return shown(verdict, dg.AssetCheckSeverity.ERROR)

    return check


def _beside(goal: Goal, keys: GoalKeys, name: str) -> list[dg.AssetChecksDefinition]:
    """A check of what is measured beside the gate; none where the goal does not measure it."""
    measured = {
        "impossible_cases_fail": goal.spec.suites.impossible is not None,
        "general_ability_kept": goal.spec.tripwires.general_ability,
    }
    if not measured.get(name, True):
        return []
    words, judge, severity = BESIDE[name]

    @dg.asset_check(
        asset=keys.key("benchmark_report"),
        name=name,
        description=words,
        partitions_def=keys.trials,
    )
    def check(context: dg.AssetCheckExecutionContext, workshop: Workshop) -> dg.AssetCheckResult:
        verdict = judge(goal, workshop.store, context.partition_key)
        if verdict is None:
            verdict = Verdict(holds=True, sentence="there is nothing to compare it with yet")
        return shown(verdict, severity)

    return [check]


def shown(verdict: Verdict, severity: dg.AssetCheckSeverity) -> dg.AssetCheckResult:
    """A tripwire's verdict as a check result; records become a table."""
    tables = {
        name: dg.MetadataValue.md(table(value))
        if isinstance(value, list) and value and isinstance(value[0], dict)
        else value
        for name, value in verdict.facts.items()
    }
    return dg.AssetCheckResult(
        passed=verdict.holds, severity=severity, description=verdict.sentence, metadata=tables
    )
