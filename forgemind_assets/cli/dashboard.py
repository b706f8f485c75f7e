"""`forgemind dashboard`: goals, figures and the review queue on one small page."""

from typing import Annotated

import typer


def dashboard(
    goal: Annotated[
        str | None, typer.Argument(help="Goal name, folder, or goal.yaml; all if not given.")
    ] = None,
    port: Annotated[int, typer.Option(help="Port on loopback; 0 picks a free one.")] = 3100,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="For looking: nothing can be decided.")
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
    """Serves the dashboard on 127.0.0.1, to who has the printed address with its token.

    Example: forgemind dashboard python_security --open
    """
    from urllib.parse import urlencode

    import uvicorn

    from forgemind_assets.goal_loading import find_goal, goal_files, load_goal, unique_goals
    from forgemind_assets.home import Home
    from forgemind_assets.quiet import quieten
    from resources.dashboard_data import Source
    from resources.dashboard_forms import DashboardSite
    from resources.dashboard_server import guarded
    from resources.guard.admission import TOKEN_PARAMETER, Rights, Rules, addresses
    from resources.guard.keys import load_keys
    from resources.guard.launch import LOOPBACK, check_addresses, listen, open_in_browser
    from resources.guard.serving import configuration

    quieten()
    check_addresses(tuple(also or ()))
    home = Home.from_environment()
    goals = [load_goal(find_goal(goal))] if goal else unique_goals(goal_files())
    keys = load_keys(home)
    with listen(port) as listener:
        bound = listener.getsockname()[1]
        rules = Rules(addresses(bound, tuple(also or ())), keys, f"forgemind_{bound}", read_only)
        guard = guarded(Source(home, goals), rules)
        token = keys.token(Rights.LOOK if read_only else Rights.ACT)
        address = f"http://{LOOPBACK}:{bound}/?{urlencode({TOKEN_PARAMETER: token})}"
        print(f"Dashboard: {address}  (Ctrl-C ends it)", flush=True)
        page = open_in_browser(home, address) if open_page else None
        try:
            server = uvicorn.Server(configuration(guard, DashboardSite.max_body_bytes))
            server.run(sockets=[listener])
        finally:
            if page:
                page.unlink(missing_ok=True)
