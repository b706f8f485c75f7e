"""The Warden's asset checks: what each safety layer did with the training rows."""

import json
from pathlib import Path

import dagster as dg

from forgemind_assets.goal import Goal
from forgemind_assets.keys import GoalKeys
from forgemind_assets.warden.policy_files import effective_policy
from forgemind_assets.warden.scan_report import LayerSummary, layer_verdict
from resources.workshop import Workshop


def build_checks(goal: Goal, keys: GoalKeys) -> list[dg.AssetChecksDefinition]:
    """`safety_<layer>` on `filtered_dataset`, for each layer that the policy has not switched off.

    A required layer that could not judge every row blocks: its silence is not a clean bill.
    """
    policy = effective_policy(goal.spec.policy)
    wanted = [name for name, layer in policy.layers.items() if layer.need("training_rows") != "off"]
    return [_layer_check(goal, keys, name) for name in wanted]


def _layer_check(goal: Goal, keys: GoalKeys, layer: str) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=keys.key("filtered_dataset"),
        name=f"safety_{layer}",
        description=f"Whether the layer {layer} judged every training row, and what it found.",
        blocking=True,
        partitions_def=keys.iterations,
    )
    def check(context: dg.AssetCheckExecutionContext, workshop: Workshop) -> dg.AssetCheckResult:
        folder = workshop.store.folder(goal.name, "filtered_dataset", context.partition_key)
        return result_of(summary_of(folder / "safety.json", layer))

    return check


def summary_of(path: Path, layer: str) -> LayerSummary:
    """One layer's summary from `safety.json`; a layer that is not in it did not run."""
    entries = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    for entry in entries:
        if entry["layer"] == layer:
            return LayerSummary(**entry)
    return LayerSummary(layer, "", "required", 1, 0, {"no_record": 1})


def result_of(summary: LayerSummary) -> dg.AssetCheckResult:
    """A layer's verdict as a check result; what it found and missed stands in the metadata."""
    verdict = layer_verdict(summary)
    error, warn = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN
    return dg.AssetCheckResult(
        passed=verdict.passed,
        severity=error if verdict.blocking else warn,
        description=verdict.message,
        metadata={
            "state": verdict.state,
            "need": summary.need,
            "version": summary.version,
            "findings": dict(summary.findings),
            "below_threshold": dict(summary.below),
            "not_run": dict(summary.not_run),
            "rows": dict(summary.subjects),
            "details": dict(summary.details),
        },
    )
