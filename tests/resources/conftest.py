"""The databases that the ledger, and all that lies beside it, are tested on."""

from contextlib import ExitStack

import pytest
from fakes.postgres import NoPostgres, Postgres

KINDS = ("sqlite", "postgresql", "postgresql, repeatable read")


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server, started once; tests that need it are skipped where there is none."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(Postgres())
        except NoPostgres as reason:
            pytest.skip(str(reason))
        yield server


@pytest.fixture(params=KINDS[:2])
def url(request, tmp_path):
    """The address of a fresh database."""
    return address(request.param, request, tmp_path)


@pytest.fixture(params=KINDS)
def contested(request, tmp_path):
    """The same for processes that write at once, whatever the database's own isolation is."""
    return address(request.param, request, tmp_path)


def address(kind, request, tmp_path):
    if kind == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.db'}"
    isolation = "repeatable read" if kind.endswith("repeatable read") else "read committed"
    return request.getfixturevalue("postgres").url(isolation)
