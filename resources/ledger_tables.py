"""The ledger's tables and engine: SQLite in WAL mode, or any database SQLAlchemy can reach."""

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from filelock import FileLock
from sqlalchemy import event
from sqlalchemy.engine import make_url

from forgemind_assets.errors import StoreError

SCHEMA_VERSION = 1
BUSY_SECONDS = 60
ADVISORY_LOCK = 0x464F5247  # "FORG": one number that all of ForgeMind's processes agree on

metadata = sa.MetaData()

schema_version = sa.Table(
    "schema_version", metadata, sa.Column("version", sa.Integer, nullable=False)
)

responses = sa.Table(
    "responses",
    metadata,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("goal", sa.String, nullable=False, index=True),
    sa.Column("teacher", sa.String, nullable=False),
    sa.Column("iteration", sa.String, nullable=False),
    sa.Column("request", sa.JSON, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("finish_reason", sa.String, nullable=False),
    sa.Column("input_tokens", sa.BigInteger, nullable=False),
    sa.Column("output_tokens", sa.BigInteger, nullable=False),
    sa.Column("nanodollars", sa.BigInteger, nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("created", sa.Float, nullable=False),
)

spending = sa.Table(
    "spending",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("goal", sa.String, nullable=False),
    sa.Column("scope", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("reserved", sa.BigInteger, nullable=False),
    sa.Column("settled", sa.BigInteger, nullable=True),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("start_time", sa.Float, nullable=False),
    sa.Column("host", sa.String, nullable=False),
    sa.Index("spending_by_goal", "goal", "kind", "scope"),
)


def open_engine(url: str) -> sa.Engine:
    """An engine with the tables in place; safe when several processes open a fresh file at once.

    Raises:
        StoreError: the ledger was written by a newer ForgeMind.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        engine = sa.create_engine(parsed, pool_pre_ping=True)
        with engine.begin() as connection:
            _advisory_lock(connection)
            _create(connection, str(parsed))
        return engine
    if not parsed.database or parsed.database == ":memory:":
        raise StoreError("the ledger needs a file: several processes share it")
    file = Path(parsed.database)
    file.parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(parsed, poolclass=sa.NullPool, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    with FileLock(file.with_name(file.name + ".lock")), write(engine) as connection:
        _create(connection, str(file))
    return engine


def write(engine: sa.Engine) -> Any:
    """A transaction that holds the right to write from its first statement."""
    return engine.execution_options(writes=True).begin()


def serialise(connection: sa.Connection) -> None:
    """Keeps other writers of the ledger out until the transaction ends.

    SQLite needs nothing more than its `BEGIN IMMEDIATE`.
    """
    if connection.dialect.name == "postgresql":
        _advisory_lock(connection)


def _advisory_lock(connection: sa.Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(ADVISORY_LOCK)))


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy's `begin` event says BEGIN, not the driver
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _create(connection: sa.Connection, where: str) -> None:
    metadata.create_all(connection)
    found = connection.execute(sa.select(schema_version.c.version)).scalar_one_or_none()
    if found is None:
        connection.execute(schema_version.insert().values(version=SCHEMA_VERSION))
    elif found != SCHEMA_VERSION:
        raise StoreError(
            f"{where}: expected ledger schema {SCHEMA_VERSION}, found {found}; use the ForgeMind "
            "that wrote it, or set FORGEMIND_LEDGER_URL to another ledger"
        )
