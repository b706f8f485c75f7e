"""The process that serves the Dagster UI: Dagster's own webserver behind the guard.

Dagster's application is mounted in this process, so that it listens nowhere itself. With
`--daemon` this does what `dagster dev` does: one set of code servers for the page and for the
daemon, which runs beneath this process.
"""

import argparse
import asyncio
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import dagster as dg
import uvicorn
import yaml
from dagster._cli.proxy_server_manager import ProxyServerManager
from dagster._core.instance import InstanceRef
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster._serdes import serialize_value
from dagster_webserver.version import __version__

from forgemind_assets.home import Home
from resources.guard.admission import Rules, addresses
from resources.guard.asgi import Guard
from resources.guard.dagster_app import dagster_app
from resources.guard.dagster_rules import MAX_BODY_BYTES, DagsterRules
from resources.guard.keys import load_keys
from resources.guard.life import STOP_SECONDS, heed_signals, tie_to_parent
from resources.guard.peers import peer_check
from resources.guard.serving import configuration

log = logging.getLogger(__name__)
LOG_LEVEL = "warning"
POLL_SECONDS = 1.0
# Those of `dagster-webserver` itself: milliseconds, seconds, connections.
DATABASE = {"statement_timeout": 15_000, "pool_recycle": 3_600, "max_overflow": 20}
# Without a daemon nobody works off a queue: a run that the page launches starts at once.
LAUNCH_AT_ONCE = {
    "run_coordinator": {
        "module": "dagster._core.run_coordinator.sync_in_memory_run_coordinator",
        "class": "SyncInMemoryRunCoordinator",
    }
}


def main() -> None:
    """Serves until the parent is gone, a signal comes, or the daemon has died."""
    parser = argparse.ArgumentParser(description="Serves the guarded Dagster UI.")
    parser.add_argument("--life", type=int, required=True, help="pipe that the parent holds")
    parser.add_argument("--listen", type=int, required=True, help="listening socket")
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--read-only", action="store_true")
    parser.add_argument("--daemon", action="store_true")
    parser.add_argument("--also", action="append", default=[], help="further host:port")
    options = parser.parse_args()
    heed_signals()
    tie_to_parent(options.life)
    os.environ["DAGSTER_IS_DEV_CLI"] = "1"
    with suppress(KeyboardInterrupt):
        status = serve(options, Home.from_environment())
        sys.exit(status)


def serve(options: argparse.Namespace, home: Home) -> int:
    """Starts code servers, daemon and page; returns the exit status."""
    listener = socket.socket(fileno=options.listen)
    listener.set_inheritable(False)
    with (
        dg.DagsterInstance.from_ref(instance_ref(home, queue=options.daemon)) as instance,
        shared_code(instance, options) as workspace,
        daemon_beneath(instance, workspace, wanted=options.daemon) as daemon,
        WorkspaceProcessContext(
            instance,
            WorkspaceFileTarget([str(workspace)]),
            version=__version__,
            read_only=options.read_only,
            code_server_log_level=LOG_LEVEL,
        ) as context,
    ):
        instance.optimize_for_webserver(**DATABASE)
        guard = Guard(
            dagster_app(context), rules(options, home, listener), DagsterRules(), peer_check()
        )
        server = uvicorn.Server(configuration(guard, MAX_BODY_BYTES))
        return asyncio.run(serve_with(server, listener, daemon))


def instance_ref(home: Home, *, queue: bool) -> InstanceRef:
    """The installation's instance; without a queue, runs start as they are launched."""
    overrides = None if queue else LAUNCH_AT_ONCE
    return InstanceRef.from_dir(str(home.dagster), overrides=overrides)  # pyright: ignore


def rules(options: argparse.Namespace, home: Home, listener: socket.socket) -> Rules:
    """Whom this server admits."""
    port = listener.getsockname()[1]
    return Rules(
        addresses=addresses(port, tuple(options.also)),
        keys=load_keys(home),
        cookie_name=f"forgemind_{port}",
        read_only=options.read_only,
    )


@contextmanager
def shared_code(instance: dg.DagsterInstance, options: argparse.Namespace) -> Iterator[Path]:
    """A workspace file. With a daemon it names code servers that page and daemon share."""
    if not options.daemon:
        yield options.workspace
        return
    target = WorkspaceFileTarget([str(options.workspace)])
    with (
        ProxyServerManager(instance, target, code_server_log_level=LOG_LEVEL) as manager,
        TemporaryDirectory() as folder,
    ):
        workspace = Path(folder) / "workspace.yaml"
        servers = {"load_from": list(manager.get_code_server_specs())}
        workspace.write_text(yaml.safe_dump(servers), encoding="utf-8")
        yield workspace


@contextmanager
def daemon_beneath(
    instance: dg.DagsterInstance, workspace: Path, *, wanted: bool
) -> Iterator[subprocess.Popen[bytes] | None]:
    """Dagster's daemon as a child that ends with this process."""
    if not wanted:
        yield None
        return
    reading, writing = os.pipe()
    command = [sys.executable, "-m", "resources.guard.life", str(reading), "dagster._daemon"]
    command += ["run", "--log-level", LOG_LEVEL, "--code-server-log-level", LOG_LEVEL]
    command += ["--instance-ref", serialize_value(instance.get_ref())]
    command += ["--workspace", str(workspace)]
    daemon = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=(reading,))
    os.close(reading)
    try:
        yield daemon
    finally:
        os.close(writing)
        try:
            daemon.wait(STOP_SECONDS / 2)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()


async def serve_with(
    server: uvicorn.Server, listener: socket.socket, daemon: subprocess.Popen[bytes] | None
) -> int:
    """Serves as long as the daemon lives; 1 when it died first, else 0."""
    watch = asyncio.create_task(end_without(daemon, server)) if daemon else None
    await server.serve(sockets=[listener])
    if watch and not watch.done():
        watch.cancel()
    return 1 if watch and watch.done() else 0


async def end_without(daemon: subprocess.Popen[bytes], server: uvicorn.Server) -> None:
    """Ends the page when the daemon is gone."""
    while daemon.poll() is None:
        await asyncio.sleep(POLL_SECONDS)
    log.error("Dagster's daemon ended with status %s", daemon.returncode)
    server.should_exit = True


if __name__ == "__main__":
    main()
