"""Rows as Parquet tables (Polars writes), and the queries on them (DuckDB reads)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from forgemind_assets.foundry.pipeline import Rejected, StageCount
from forgemind_assets.records import Row

# The files of a filtered dataset. `reused` are rows of earlier iterations, judged again.
KEPT, REJECTED = "kept.parquet", "rejected.parquet"
REUSED, REUSED_REJECTED = "reused.parquet", "reused_rejected.parquet"

ROW_SCHEMA = dict.fromkeys(Row.model_fields, pl.String)
REJECTED_SCHEMA = ROW_SCHEMA | {"stage": pl.String, "reason": pl.String}


def rows_frame(rows: Sequence[Row]) -> pl.DataFrame:
    """One line a row, one text column a field."""
    return pl.DataFrame([row.model_dump() for row in rows], schema=ROW_SCHEMA)


def frame_rows(frame: pl.DataFrame) -> list[Row]:
    """The rows of a table that `rows_frame` made. Raises pydantic's ValidationError.

    A table may be older than a field that has a default.
    """
    names = [name for name in ROW_SCHEMA if name in frame.columns]
    return [Row.model_validate(record) for record in frame.select(names).to_dicts()]


def rejected_frame(rejected: Sequence[Rejected]) -> pl.DataFrame:
    """The rejected rows with stage and reason."""
    records = [r.row.model_dump() | {"stage": r.stage, "reason": r.reason} for r in rejected]
    return pl.DataFrame(records, schema=REJECTED_SCHEMA)


def write_rows(rows: Sequence[Row], path: Path) -> None:
    """Writes a Parquet file."""
    rows_frame(rows).write_parquet(path)


def read_rows(path: Path) -> list[Row]:
    """Reads a file that `write_rows` wrote."""
    return frame_rows(pl.read_parquet(path))


def write_rejected(rejected: Sequence[Rejected], path: Path) -> None:
    """Writes the rejected rows as a Parquet file."""
    rejected_frame(rejected).write_parquet(path)


def funnel_records(funnel: Sequence[StageCount]) -> list[dict[str, Any]]:
    """The funnel as one record a stage, for metadata."""
    return [
        {
            "stage": one.stage,
            "rows_in": one.rows_in,
            "rows_out": one.rows_out,
            "alone_dropped": one.alone,
            "only_it_drops": one.only,
            "reasons": one.note or ", ".join(f"{k} {v}" for k, v in sorted(one.reasons.items())),
        }
        for one in funnel
    ]


YIELD = """
WITH every AS (
    SELECT strategy, teacher, 1 AS kept FROM read_parquet($kept)
    UNION ALL BY NAME
    SELECT strategy, teacher, 0 AS kept FROM read_parquet($rejected)
)
SELECT strategy, coalesce(teacher, '-') AS teacher, count(*) AS rows_in,
       sum(kept)::BIGINT AS rows_kept, round(avg(kept), 4) AS keep_ratio
FROM every GROUP BY ALL ORDER BY strategy, teacher
"""

REASONS = """
SELECT stage, reason, coalesce(teacher, '-') AS teacher, count(*) AS row_count
FROM read_parquet($rejected) GROUP BY ALL ORDER BY row_count DESC, stage, reason
"""

SLICES = """
SELECT slice, strategy, count(*) AS row_count, count(DISTINCT family) AS families,
       median(length(input))::BIGINT AS median_chars
FROM read_parquet($kept) GROUP BY ALL ORDER BY slice, strategy
"""


def yield_by_strategy(kept: Path, rejected: Path) -> list[dict[str, Any]]:
    """Rows in and kept, and their ratio, per strategy and teacher."""
    return _query(YIELD, kept=str(kept), rejected=str(rejected))


def rejection_reasons(rejected: Path) -> list[dict[str, Any]]:
    """How many rows each stage rejected for each reason, per teacher."""
    return _query(REASONS, rejected=str(rejected))


def slice_counts(kept: Path) -> list[dict[str, Any]]:
    """Rows, families and median length (characters) per slice and strategy."""
    return _query(SLICES, kept=str(kept))


def _query(sql: str, **parameters: str) -> list[dict[str, Any]]:
    with duckdb.connect() as connection:
        cursor = connection.execute(sql, parameters)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, record, strict=True)) for record in cursor.fetchall()]
