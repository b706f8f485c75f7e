"""The server of the tests is a real one, and leaves nothing behind."""

import pwd
from pathlib import Path

import pytest
from fakes.postgres import Postgres, account, find_programs

psycopg = pytest.importorskip("psycopg", reason="the package psycopg is not installed")


def test_databases_of_one_server_do_not_see_each_other(postgres):
    one, two = postgres.url(), postgres.url("repeatable read")
    with psycopg.connect(one) as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS x")
        assert connection.execute("SHOW transaction_isolation").fetchone() == ("read committed",)
    with psycopg.connect(two) as connection:
        assert connection.execute("SHOW transaction_isolation").fetchone() == ("repeatable read",)
        with pytest.raises(psycopg.errors.UndefinedTable):
            connection.execute("SELECT x FROM t")


def test_an_open_connection_is_counted(postgres):
    def counted() -> bool:
        before = postgres.connections()
        with psycopg.connect(url):
            return postgres.connections() == before + 1

    url = postgres.url()
    # a connection that an earlier test has closed may leave the server's list in between
    assert any(counted() for _ in range(20))


def test_the_server_runs_as_nobody_who_may_do_anything(postgres):
    status = Path(f"/proc/{postgres._process.pid}/status")
    if not status.exists():
        pytest.skip("needs /proc")
    owner = int(next(x for x in status.read_text().split("\n") if x.startswith("Uid")).split()[1])
    assert owner != 0
    if account():
        assert owner == pwd.getpwnam(account()).pw_uid
    assert (find_programs() / "postgres").exists()


@pytest.mark.slow
def test_a_server_that_was_stopped_leaves_no_process_and_no_file(postgres):
    with Postgres() as other:
        url, root, process = other.url(), other._root, other._process
        assert root.exists()
    assert process.poll() is not None
    assert not root.exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
