"""The Foundry's asset checks: Great Expectations on both datasets."""

from dataclasses import asdict

import dagster as dg
import polars as pl

from forgemind_assets.foundry.expectations import (
    ExpectationReport,
    validate_filtered,
    validate_raw,
)
from forgemind_assets.goal import Goal
from forgemind_assets.keys import GoalKeys
from forgemind_assets.markdown import table
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


def result_of(report: ExpectationReport) -> dg.AssetCheckResult:
    """An expectation report as a check result; every expectation stands in the metadata."""
    broken = [f"{one.expectation} on {one.column}: {one.observed}" for one in report.failed]
    count = len(report.results)
    return dg.AssetCheckResult(
        passed=report.success,
        severity=dg.AssetCheckSeverity.ERROR,
        description="; ".join(broken) or f"all {count} expectations hold",
        metadata={
            "expectations": dg.MetadataValue.md(table([asdict(one) for one in report.results]))
        },
    )
