"""Runs in the sandbox, never in ForgeMind: executes SQL in an in-memory DuckDB.

The sandbox bounds time and memory, which DuckDB alone does not (`repeat('x', 2e9)` passes its
memory limit, and an interrupt may wait for seconds); DuckDB's own locks are the second wall.
"""

import datetime
import decimal
import math

import duckdb

CONFIG = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "python_enable_replacements": "false",
    "temp_directory": "",
    "max_temp_directory_size": "0KB",
    "threads": "1",
    "lock_configuration": "true",
}
SETUP_STATEMENTS = {"CREATE", "INSERT", "UPDATE", "DELETE"}


class RefusedStatement(Exception):
    """A statement of a kind that is not wanted here."""


class TooManyRows(Exception):
    """A result larger than a comparison may be."""


def rows(setup: list[str], query: str, most: int, memory_mib: int) -> list[list[object]]:
    """Rows of one SELECT after the setup; values as JSON, where it has none as text.

    Raises RefusedStatement, TooManyRows, and what DuckDB raises.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        **CONFIG,
        "memory_limit": f"{memory_mib}MiB",
    }
    with duckdb.connect(":memory:", config=config) as connection:
        for statement in connection.extract_statements(";".join(setup)) if setup else ():
            if statement.type.name not in SETUP_STATEMENTS:
                raise RefusedStatement(f"{statement.type.name} in the setup")
            connection.execute(statement)
        statements = connection.extract_statements(query)
        kinds = [statement.type.name for statement in statements]
        if kinds != ["SELECT"]:
            raise RefusedStatement(f"expected one SELECT, found {', '.join(kinds) or 'nothing'}")
        found = connection.execute(statements[0]).fetchmany(most + 1)
    if len(found) > most:
        raise TooManyRows(f"expected at most {most} rows")
    return [[plain(value) for value in row] for row in found]


def plain(value: object) -> object:
    """A value of DuckDB as JSON: decimals as floats, moments in ISO 8601, others as text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, decimal.Decimal):
        value = float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return value.hex() if isinstance(value, bytes) else str(value)
