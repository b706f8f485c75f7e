"""The ledger's tables and engine: SQLite in WAL mode, or PostgreSQL through psycopg."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from filelock import FileLock
from sqlalchemy import event, exc
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url

from forgemind_assets.errors import StoreError, UserError

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
        UserError: the address is none, or of neither database, or its driver is not installed.
        StoreError: the ledger was written by a newer ForgeMind, or its server does not answer.
    """
    try:
        parsed = make_url(url)
    except (exc.ArgumentError, ValueError):
        raise UserError(
            "FORGEMIND_LEDGER_URL: expected an address such as postgresql://user@host/database, "
            "found something else (not shown)"
        ) from None
    kind = parsed.drivername.split("+")[0]
    if kind in ("postgresql", "postgres"):
        return _open_server(parsed.set(drivername="postgresql+psycopg"))
    if kind != "sqlite":
        raise UserError(f"FORGEMIND_LEDGER_URL: expected sqlite or postgresql, found {kind}")
    return _open_file(parsed)


def _open_server(address: sa.URL) -> sa.Engine:
    """Connections are not kept: few calls need one, and a process holds many ledgers."""
    try:
        # Whatever the server's default is: a transaction that has waited for its turn must see
        # what the one before it wrote.
        engine = sa.create_engine(address, poolclass=sa.NullPool, isolation_level="READ COMMITTED")
        with engine.begin() as connection:
            serialise(connection)
            _create(connection, str(address))
    except ModuleNotFoundError:
        raise UserError(
            "FORGEMIND_LEDGER_URL names PostgreSQL: expected the package psycopg, found none; "
            "install it with: pip install 'forgemind[postgresql]'"
        ) from None
    except (exc.OperationalError, exc.ProgrammingError) as error:
        raise StoreError(
            f"the ledger's PostgreSQL server at {address} cannot be used: {error.orig}"
        ) from None
    return engine


def _open_file(parsed: sa.URL) -> sa.Engine:
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
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(ADVISORY_LOCK)))


def insert_once(connection: sa.Connection, table: sa.Table, row: Mapping[str, Any]) -> bool:
    """Inserts a row unless its key is there already. Returns whether it was inserted."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    insert = dialect.insert(table).values(**row).on_conflict_do_nothing()
    # the count of inserted rows is lost with psycopg, where SQLAlchemy closes the cursor first
    return connection.execute(insert.returning(*table.primary_key)).first() is not None


def storable(text: str) -> str:
    """A text from outside without what a database refuses: NUL, and halves of a surrogate pair."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


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
