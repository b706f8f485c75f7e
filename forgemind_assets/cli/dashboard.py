"""`forgemind dashboard`: goals, figures and the review queue on one small page."""

from typing import Annotated

import typer

from forgemind_assets.cli.page_options import Also, OpenPage, Port


def dashboard(
    goal: Annotated[
        str | None, typer.Argument(help="Goal name, folder, or goal.yaml; all if not given.")
    ] = None,
    port: Port = 3100,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="For looking: nothing can be decided.")
    ] = False,
    open_page: OpenPage = False,
    also: Also = None,
) -> None:
    """Serves the dashboard on 127.0.0.1, to who has the printed address with its token."""
    import uvicorn

    from forgemind_assets.goal_loading import find_goal, goal_files, load_goal, unique_goals
    from forgemind_assets.home import Home
    from forgemind_assets.quiet import quieten
    from resources.dashboard_data import Source
    from resources.dashboard_forms import DashboardSite
    from resources.dashboard_server import guarded
    from resources.guard.admission import Rules, addresses
    from resources.guard.keys import load_keys
    from resources.guard.launch import check_addresses, entrance, in_browser, listen
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
        address = entrance(keys, bound, read_only=read_only)
        print(f"Dashboard: {address}  (Ctrl-C ends it)", flush=True)
        with in_browser(home, address, wanted=open_page):
            server = uvicorn.Server(configuration(guard, DashboardSite.max_body_bytes))
            server.run(sockets=[listener])
