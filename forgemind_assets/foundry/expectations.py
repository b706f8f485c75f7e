"""Great Expectations validation of the raw and the filtered dataset, through pandas.

The library is imported when a table is validated. Its usage statistics are switched off.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from forgemind_assets.goal import Goal
from forgemind_assets.records import Row


@dataclass(frozen=True)
class ExpectationOutcome:
    """One expectation: what was expected of which column, and whether it held."""

    expectation: str
    column: str | None
    success: bool
    unexpected: int
    observed: str


@dataclass(frozen=True)
class ExpectationReport:
    """All outcomes of one validation."""

    success: bool
    results: tuple[ExpectationOutcome, ...]

    @property
    def failed(self) -> tuple[ExpectationOutcome, ...]:
        """The expectations that did not hold."""
        return tuple(r for r in self.results if not r.success)


def validate_raw(frame: pl.DataFrame) -> ExpectationReport:
    """What must hold before filtering: the columns, and that every row says where it came from."""
    expect = _expectations()
    checks = [
        expect.ExpectTableColumnsToMatchSet(column_set=list(Row.model_fields), exact_match=True),
        expect.ExpectTableRowCountToBeBetween(min_value=1),
        *(
            expect.ExpectColumnValuesToNotBeNull(column=name)
            for name in ("row_id", "family", "slice", "input", "answer", "strategy")
        ),
        expect.ExpectColumnValueLengthsToBeBetween(column="input", min_value=1),
        expect.ExpectColumnValuesToMatchRegex(column="answer", regex=r"^\s*[\[{\"\w]"),
    ]
    return _validate(frame, checks)


def validate_filtered(frame: pl.DataFrame, goal: Goal) -> ExpectationReport:
    """What the filters promise: unique rows, bounded lengths, known labels, capped shares."""
    expect = _expectations()
    spec = goal.spec
    label_key = spec.task.grader_options.get("label_key")
    checks = [
        expect.ExpectTableRowCountToBeBetween(min_value=1),
        expect.ExpectColumnValuesToBeUnique(column="row_id"),
        expect.ExpectColumnValuesToBeUnique(column="input"),
        *(
            expect.ExpectColumnValuesToNotBeNull(column=name)
            for name in ("family", "slice", "input", "answer", "strategy")
        ),
        expect.ExpectColumnValueLengthsToBeBetween(
            column="input", min_value=spec.filters.min_input_chars
        ),
    ]
    if label_key and spec.task.labels:
        frame = frame.with_columns(
            pl.col("answer").str.json_path_match(f"$.{label_key}").alias("label")
        )
        checks += [
            expect.ExpectColumnValuesToBeInSet(column="label", value_set=list(spec.task.labels)),
            expect.ExpectColumnDistinctValuesToBeInSet(
                column="label", value_set=list(spec.task.labels)
            ),
        ]
        share = frame["label"].value_counts(normalize=True)["proportion"].max()
        frame = frame.with_columns(pl.lit(share).alias("largest_label_share"))
        checks.append(
            expect.ExpectColumnMaxToBeBetween(
                column="largest_label_share", max_value=spec.filters.max_class_share + 1e-6
            )
        )
    return _validate(frame, checks)


def _expectations() -> Any:
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations.expectations as expectations

    return expectations


def _validate(frame: pl.DataFrame, checks: Sequence[Any]) -> ExpectationReport:
    import great_expectations as gx
    import pandas as pd

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    batch = (
        context.data_sources.add_pandas("rows")
        .add_dataframe_asset("rows")
        .add_batch_definition_whole_dataframe("all")
        .get_batch({"dataframe": pd.DataFrame(frame.to_dict(as_series=False))})
    )
    suite = gx.ExpectationSuite(name="rows", expectations=list(checks))
    outcome = batch.validate(suite)
    results = tuple(_outcome(r.to_json_dict()) for r in outcome.results)
    return ExpectationReport(bool(outcome.success), results)


def _outcome(record: Mapping[str, Any]) -> ExpectationOutcome:
    config, result = record["expectation_config"], record.get("result") or {}
    return ExpectationOutcome(
        expectation=config["type"],
        column=config["kwargs"].get("column"),
        success=bool(record["success"]),
        unexpected=int(result.get("unexpected_count") or 0),
        observed=str(result.get("observed_value", ""))[:200],
    )
