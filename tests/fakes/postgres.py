"""A real PostgreSQL server of the tests' own: in a temporary folder, on a socket, then gone."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

OWNER = "forgemind"
START_SECONDS = 120
# Nothing here outlives the tests: no disk is waited for, and little memory is taken.
OPTIONS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "listen_addresses": "",
    "unix_socket_permissions": "0777",
    "shared_buffers": "16MB",
    "dynamic_shared_memory_type": "mmap",
    "max_connections": "60",
}
# Where the packages of Linux and macOS put the server; it need not be on the PATH.
PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")


class NoPostgres(Exception):
    """There is no server to test with; the message says why."""


class Postgres:
    """One server. `url()` gives a new, empty database each time."""

    def __enter__(self) -> Self:
        """Raises NoPostgres."""
        if find_spec("psycopg") is None:
            raise NoPostgres("the package psycopg is not installed")
        programs = find_programs()
        self._account = account()
        self._count = 0
        # pytest's own folders are closed to other users, and the path of a socket must be short
        self._root = Path(tempfile.mkdtemp(prefix="forgemind-pg-"))
        try:
            if self._account:
                shutil.chown(self._root, self._account, self._account_group())
            self._initialise(programs / "initdb")
            self._start(programs / "postgres")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        process = getattr(self, "_process", None)
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGINT)  # PostgreSQL's "fast shutdown"
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGQUIT)
                process.wait()
        shutil.rmtree(self._root, ignore_errors=True)

    def url(self, isolation: str = "read committed") -> str:
        """The address of a new database; `isolation` is what its transactions get by default."""
        self._count += 1
        name = f"test{self._count}"
        with self._connect() as connection:
            connection.execute(f"CREATE DATABASE {name}")
            setting = "default_transaction_isolation"
            connection.execute(f"ALTER DATABASE {name} SET {setting} = '{isolation}'")
        return f"postgresql://{OWNER}@/{name}?host={self._root}"

    def connections(self) -> int:
        """Connections that clients hold now, this question's own not counted."""
        query = (
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        with self._connect() as connection:
            return int(connection.execute(query).fetchone()[0])

    def _connect(self) -> Any:
        import psycopg

        return psycopg.connect(host=str(self._root), user=OWNER, dbname="postgres", autocommit=True)

    def _account_group(self) -> int:
        return pwd.getpwnam(self._account).pw_gid if self._account else os.getgid()

    def _as_account(self) -> dict[str, Any]:
        """What makes a child run as the unprivileged user."""
        if not self._account:
            return {}
        return {"user": self._account, "group": self._account_group(), "extra_groups": []}

    def _initialise(self, initdb: Path) -> None:
        options = ["-U", OWNER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        done = subprocess.run(
            [str(initdb), "-D", str(self._root / "data"), *options],
            cwd=self._root,
            capture_output=True,
            text=True,
            check=False,
            **self._as_account(),
        )
        if done.returncode:
            raise NoPostgres(f"initdb failed: {done.stderr.strip()[-300:]}")

    def _start(self, postgres: Path) -> None:
        options = [f"--{name}={value}" for name, value in OPTIONS.items()]
        places = ["-D", str(self._root / "data"), "-k", str(self._root)]
        with tempfile.TemporaryFile() as log:
            self._process = subprocess.Popen(
                [str(postgres), *places, *options],
                cwd=self._root,
                stdout=log,
                stderr=log,
                **self._as_account(),
            )
            end = time.monotonic() + START_SECONDS
            while not self._answers():
                if self._process.poll() is not None or time.monotonic() > end:
                    log.seek(0)
                    said = log.read().decode(errors="replace").strip()
                    raise NoPostgres(f"postgres did not start: {said[-300:]}")
                time.sleep(0.05)

    def _answers(self) -> bool:
        import psycopg

        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True


def find_programs() -> Path:
    """The folder of `initdb` and `postgres`. Raises NoPostgres."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else []
    for place in PLACES:
        folders += sorted(Path("/").glob(place.lstrip("/")), reverse=True)
    for folder in folders:
        if all((folder / name).exists() for name in ("initdb", "postgres")):
            return folder
    raise NoPostgres("there is no initdb with its postgres on the PATH")


def account() -> str | None:
    """The user that the server runs as: PostgreSQL refuses root. None: who runs the tests."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    for name in ("postgres", "nobody"):
        if name in known:
            return name
    raise NoPostgres("PostgreSQL refuses root, and there is no user `postgres` or `nobody`")
