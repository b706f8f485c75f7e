"""`forgemind ui`: Dagster's web page on the state of this installation."""

from typing import Annotated

import typer


def ui(
    port: Annotated[int, typer.Option(help="Port on loopback; 0 picks a free one.")] = 3000,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="For looking: nothing can be launched or changed.")
    ] = False,
    open_page: Annotated[
        bool, typer.Option("--open", help="Open the page in the default browser.")
    ] = False,
    also: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HOST:PORT",
            help="A further address under which your browser sees the page, as through an SSH "
            "tunnel. May be repeated.",
        ),
    ] = None,
) -> None:
    """Serves the Dagster UI on 127.0.0.1, to who has the printed address with its token.

    A run that is launched here starts at once; schedules, sensors and backfills need the daemon
    of `forgemind run`.

    Example: forgemind ui --read-only --port 3001
    """
    from forgemind_assets.home import Home
    from resources.guard.launch import Options, open_in_browser, start_server
    from resources.instance import prepare_dagster_home

    home = Home.from_environment()
    prepare_dagster_home(home)
    options = Options(port=port, read_only=read_only, addresses=tuple(also or ()))
    server = start_server(home, options)
    print(f"Dagster UI: {server.address}  (Ctrl-C ends it)", flush=True)
    page = open_in_browser(home, server.address) if open_page else None
    try:
        status = server.process.wait()
    except KeyboardInterrupt:
        status = 130
    finally:
        server.stop()
        if page:
            page.unlink(missing_ok=True)
    raise typer.Exit(status)
