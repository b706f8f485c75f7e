"""SQL over datasets, reports and ledger: DuckDB on copies in memory, cut off from all else.

Nothing can be written by any statement: the tables are copies, and DuckDB may open no file and
no address once they are filled.
"""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from forgemind_assets.errors import UserError
from forgemind_assets.home import Home
from forgemind_assets.lorekeeper.comparison import REPORTS, read_reports
from forgemind_assets.lorekeeper.store import Store
from resources.ledger_tables import metadata, open_engine

LEDGER_MODULES = ("ledger_tables", "outbox_tables", "review_tables", "registrations")
LOCKS = ("SET enable_external_access = false", "SET lock_configuration = true")


class Workbench:
    """The tables of an installation, as they were when it was opened."""

    def __init__(self, home: Home):
        self._connection = duckdb.connect()
        for name, frame in (*store_tables(Store(home.store)), *ledger_tables(home)):
            self._connection.from_arrow(frame.to_arrow()).create(name)
        for lock in LOCKS:
            self._connection.execute(lock)

    def ask(self, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Names of the columns, and the records. Raises UserError with DuckDB's own words."""
        try:
            cursor = self._connection.execute(sql)
            names = [column[0] for column in cursor.description or ()]
            return names, cursor.fetchall() if names else []
        except duckdb.Error as error:
            tables = [name for (name,) in self._connection.execute("SHOW TABLES").fetchall()]
            raise UserError(
                f"expected SQL that DuckDB can run on the tables {', '.join(tables)}, found: "
                f"{error}"
            ) from None


def store_tables(store: Store) -> Iterator[tuple[str, pl.DataFrame]]:
    """`rows`, `rejected_rows`, `reports` and `cases` of all goals; those that hold anything."""
    goals = sorted(p.name for p in store.root.iterdir()) if store.root.is_dir() else []
    datasets = [(g, key) for g in goals for key in store.partitions(g, "filtered_dataset")]
    for name, file in (("rows", "kept.parquet"), ("rejected_rows", "rejected.parquet")):
        places = [
            ({"goal": g, "iteration": key}, store.folder(g, "filtered_dataset", key) / file)
            for g, key in datasets
        ]
        yield from together(name, places)
    trials = [
        (g, suite, asset, trial)
        for g in goals
        for suite, asset in REPORTS.items()
        for trial in store.partitions(g, asset)
    ]
    sums = [report_line(store, g, suite, trial) for g, suite, _, trial in trials]
    if sums:
        yield "reports", pl.DataFrame(sums)
    places = [
        (
            {"goal": g, "suite": suite, "trial": trial},
            store.folder(g, asset, trial) / "cases.parquet",
        )
        for g, suite, asset, trial in trials
    ]
    yield from together("cases", places)


def together(
    name: str, places: list[tuple[dict[str, str], Path]]
) -> Iterator[tuple[str, pl.DataFrame]]:
    """One table of several files, with where each line comes from."""
    frames = [
        pl.read_parquet(file).with_columns(
            [pl.lit(value).alias(column) for column, value in origin.items()]
        )
        for origin, file in places
        if file.is_file()
    ]
    if frames:
        yield name, pl.concat(frames, how="diagonal_relaxed")


def report_line(store: Store, goal: str, suite: str, trial: str) -> dict[str, Any]:
    """One report as figures."""
    report = read_reports(store, goal, trial)[suite]
    low, high = report.interval
    return {
        "goal": goal,
        "suite": suite,
        "trial": trial,
        "passed": report.overall.passed,
        "total": report.overall.total,
        "unscored": report.overall.unscored,
        "pass_rate": report.pass_rate,
        "low": low,
        "high": high,
        "seconds": report.seconds,
    }


def ledger_tables(home: Home) -> Iterator[tuple[str, pl.DataFrame]]:
    """Every table of the ledger, under its own name; none where there is no ledger yet."""
    url = make_url(home.ledger_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        return
    for module in LEDGER_MODULES:
        import_module(f"resources.{module}")
    engine = open_engine(home.ledger_url)
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            yield table.name, frame_of(connection, table)


def frame_of(connection: sa.Connection, table: sa.Table) -> pl.DataFrame:
    """A table of the ledger; JSON stands as text."""
    kinds: dict[type, Any] = {sa.Integer: pl.Int64, sa.BigInteger: pl.Int64, sa.Float: pl.Float64}
    schema = {column.name: kinds.get(type(column.type), pl.String) for column in table.columns}
    records = [
        {
            name: value if value is None or schema[name] != pl.String else str(value)
            for name, value in row._mapping.items()
        }
        for row in connection.execute(table.select())
    ]
    return pl.DataFrame(records, schema=schema)
