"""Looks through the rows of a dataset version: kept or rejected, by slice, strategy and reason."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forgemind_assets.errors import UserError
from forgemind_assets.goal_schema import unknown_name
from forgemind_assets.records import Row

FILTERS = ("slice", "strategy", "reason")
COLUMNS = (*Row.model_fields, "stage", "reason")


@dataclass(frozen=True)
class RowQuery:
    """Which rows. A reason is one of a rejected row, so it is not asked of kept ones."""

    rejected: bool = False
    slice: str | None = None
    strategy: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class RowPage:
    """Some of the rows that a query finds.

    Attributes:
        total: rows that the query finds.
        rows: one record a row with the keys `COLUMNS`; None where a row has no such value.
        choices: for each filter the values that there are among kept or rejected rows.
    """

    total: int
    rows: tuple[dict[str, Any], ...]
    choices: dict[str, tuple[str, ...]]


def browse(folder: Path, query: RowQuery, limit: int, offset: int = 0) -> RowPage:
    """At most `limit` rows of a filtered dataset's folder, in the order of the table.

    Raises:
        UserError: a filter names what no row has; the message lists what there is.
    """
    import polars as pl

    frame = pl.read_parquet(folder / ("rejected.parquet" if query.rejected else "kept.parquet"))
    missing = [pl.lit(None, pl.String).alias(name) for name in COLUMNS if name not in frame]
    frame = frame.with_columns(missing).select(COLUMNS)
    choices = {name: tuple(frame[name].drop_nulls().unique().sort()) for name in FILTERS}
    for name in FILTERS:
        wanted = getattr(query, name)
        if wanted is None:
            continue
        if wanted not in choices[name]:
            kind = "rejected" if query.rejected else "kept"
            raise UserError(f"{kind} rows, {name}: {unknown_name(name, wanted, choices[name])}")
        frame = frame.filter(pl.col(name) == wanted)
    return RowPage(frame.height, tuple(frame.slice(offset, limit).to_dicts()), choices)
