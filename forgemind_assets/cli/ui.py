"""`forgemind ui`: Dagster's web page on the state of this installation."""

from typing import Annotated

import typer

from forgemind_assets.cli.page_options import Also, OpenPage, Port


def ui(
    port: Port = 3000,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="For looking: nothing can be launched or changed.")
    ] = False,
    open_page: OpenPage = False,
    also: Also = None,
) -> None:
    """Serves the Dagster UI on 127.0.0.1, to who has the printed address with its token.

    A run that is launched here starts at once; schedules, sensors and backfills need the daemon
    of `forgemind run`.

    Example: forgemind ui --read-only --port 3001
    """
    from forgemind_assets.home import Home
    from resources.guard.launch import Options, in_browser, start_server
    from resources.instance import prepare_dagster_home

    home = Home.from_environment()
    prepare_dagster_home(home)
    options = Options(port=port, read_only=read_only, addresses=tuple(also or ()))
    server = start_server(home, options)
    print(f"Dagster UI: {server.address}  (Ctrl-C ends it)", flush=True)
    try:
        with in_browser(home, server.address, wanted=open_page):
            status = server.wait()
    except KeyboardInterrupt:
        status = 130
    finally:
        server.stop()
    raise typer.Exit(status)
