"""The Warden's asset checks: what each safety layer did at each stage of the policy."""

from collections.abc import Iterator
from dataclasses import dataclass

import dagster as dg

from forgemind_assets.goal import Goal
from forgemind_assets.keys import GoalKeys
from forgemind_assets.warden.policy import Stage
from forgemind_assets.warden.policy_files import effective_policy
from forgemind_assets.warden.scan_report import LayerSummary, layer_verdict
from forgemind_assets.warden.screening import summary_of
from resources.workshop import Workshop


@dataclass(frozen=True)
class Post:
    """Where a stage reports.

    Attributes:
        stage: the policy's stage.
        asset: the asset whose step it belongs to; its checks are `<prefix>_<layer>`.
        prefix: of the checks' names.
        texts: what the layers judge, in words.
        blocks: whether a required layer that could not run stops the run.
        of_trials: whether the asset is one of trials, not of iterations.
    """

    stage: Stage
    asset: str
    prefix: str
    texts: str
    blocks: bool = True
    of_trials: bool = False


POSTS = (
    Post("teacher_prompts", "raw_dataset", "safety_prompts", "question to a teacher"),
    Post("teacher_answers", "raw_dataset", "safety_answers", "answer of a teacher"),
    Post("training_rows", "filtered_dataset", "safety", "training row"),
    # The report stands whatever its answers hold: a failed check is told, and stops nothing.
    Post("model_outputs", "benchmark_report", "safety_outputs", "answer of the model", False, True),
)


def build_checks(goal: Goal, keys: GoalKeys) -> list[dg.AssetChecksDefinition]:
    """One check for each stage and each layer that the policy has not switched off there.

    A required layer that could not judge every text fails: its silence is not a clean bill.
    """
    return list(_checks(goal, keys))


def _checks(goal: Goal, keys: GoalKeys) -> Iterator[dg.AssetChecksDefinition]:
    for post in POSTS:
        for name, layer in effective_policy(goal.spec.policy).layers.items():
            if layer.need(post.stage) != "off":
                yield _layer_check(goal, keys, post, name)


def _layer_check(goal: Goal, keys: GoalKeys, post: Post, layer: str) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=keys.key(post.asset),
        name=f"{post.prefix}_{layer}",
        description=f"Whether the layer {layer} judged every {post.texts}, and what it found.",
        blocking=post.blocks,
        partitions_def=keys.trials if post.of_trials else keys.iterations,
    )
    def check(context: dg.AssetCheckExecutionContext, workshop: Workshop) -> dg.AssetCheckResult:
        folder = workshop.store.folder(goal.name, post.asset, context.partition_key)
        return result_of(summary_of(folder, post.stage, layer))

    return check


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
            "texts": dict(summary.subjects),
            "details": dict(summary.details),
        },
    )
