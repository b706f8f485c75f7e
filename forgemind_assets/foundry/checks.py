"""The Foundry's asset checks: Great Expectations on both datasets."""

import dagster as dg
import polars as pl

from forgemind_assets.foundry.expectations import validate_filtered, validate_raw
from forgemind_assets.goal import Goal
from forgemind_assets.keys import GoalKeys
from resources.workshop import Workshop


def build_checks(goal: Goal, keys: GoalKeys) -> list[dg.AssetChecksDefinition]:
    """`raw_rows_valid` and `filtered_rows_valid`; both block, for they guard integrity."""

    @dg.asset_check(asset=keys.key("raw_dataset"), blocking=True, partitions_def=keys.iterations)
    def raw_rows_valid(
        context: dg.AssetCheckExecutionContext, workshop: Workshop
    ) -> dg.AssetCheckResult:
        """Whether each row has an id, an input, an answer and its provenance."""
        folder = workshop.store.folder(goal.name, "raw_dataset", context.partition_key)
        return result_of(validate_raw(pl.read_parquet(folder / "rows.parquet")))

    @dg.asset_check(
        asset=keys.key("filtered_dataset"), blocking=True, partitions_def=keys.iterations
    )
    def filtered_rows_valid(
        context: dg.AssetCheckExecutionContext, workshop: Workshop
    ) -> dg.AssetCheckResult:
        """Whether ids are unique, answers fit the goal, and no class is over its share."""
        folder = workshop.store.folder(goal.name, "filtered_dataset", context.partition_key)
        return result_of(validate_filtered(pl.read_parquet(folder / "kept.parquet"), goal))

    return [raw_rows_valid, filtered_rows_valid]


def result_of(report) -> dg.AssetCheckResult:  # noqa: ANN001
    """An expectation report as a check result."""
    return dg.AssetCheckResult(passed=report.success)
