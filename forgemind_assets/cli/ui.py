"""`forgemind ui`: Dagster's web page on the state of this installation, for looking."""

import os
import subprocess
import sys
from typing import Annotated

import typer


def ui(
    port: Annotated[int, typer.Option(help="Port on loopback; 0 picks a free one.")] = 3000,
    writable: Annotated[
        bool,
        typer.Option("--writable", help="Allow launching runs: for everyone who reaches the port."),
    ] = False,
) -> None:
    """Serves the Dagster UI on 127.0.0.1, read-only unless --writable is given.

    Example: forgemind ui --port 3001
    """
    from forgemind_assets.cli.drivers import free_port
    from forgemind_assets.home import REPOSITORY, Home
    from resources.instance import prepare_dagster_home

    prepare_dagster_home(Home.from_environment())
    port = free_port(port)
    print(f"Dagster UI: http://127.0.0.1:{port}  (Ctrl-C ends it)", flush=True)
    command = [sys.executable, "-m", "dagster_webserver", "--host", "127.0.0.1"]
    command += ["--port", str(port), "-w", str(REPOSITORY / "workspace.yaml")]
    command += [] if writable else ["--read-only"]
    command += ["--log-level", "warning"]
    try:
        status = subprocess.run(command, cwd=REPOSITORY, env=os.environ, check=False).returncode
    except KeyboardInterrupt:
        status = 130
    raise typer.Exit(status)
