"""`forgemind run`: drives a goal until it is met or the loop stops honestly."""

from typing import Annotated

import typer
from rich.console import Console

from forgemind_assets.brain.decide import Stop

GOAL_MET, STOPPED, INTERRUPTED = 0, 3, 130


def run(
    goal: Annotated[str, typer.Argument(help="Goal name, folder, or goal.yaml.")],
    headless: Annotated[
        bool, typer.Option("--headless", help="No webserver and no daemon: one process.")
    ] = False,
    port: Annotated[
        int, typer.Option(help="Port of the Dagster UI on loopback; 0 picks a free one.")
    ] = 3000,
) -> None:
    """Builds, trains and tests until the goal is met or its limits end the loop.

    Ends with 0 when the goal is met, 3 when the loop stopped honestly, 2 on bad input and 130
    when it was interrupted; the next run goes on where it was.
    """
    from forgemind_assets.cli.drivers import run_headless, run_with_ui
    from forgemind_assets.cli.weights import fetch_models
    from forgemind_assets.goal_loading import find_goal, load_goal
    from forgemind_assets.home import Home

    path = find_goal(goal)
    loaded = load_goal(path)
    console = Console()
    home = Home.from_environment()
    console.print(f"Goal [bold]{loaded.name}[/]: {loaded.spec.task.description}")
    console.print(f"State in {home.root}, weights in {home.models}", highlight=False)
    fetch_models(loaded, home, console)
    stop = (
        run_headless(loaded, path, home, console)
        if headless
        else run_with_ui(loaded, path, home, console, port)
    )
    finish(loaded, home, console, stop)


def finish(goal, home, console: Console, stop: Stop) -> None:  # noqa: ANN001
    """Prints the history and why the loop ended, and leaves with its exit status."""
    from forgemind_assets.brain.stop_words import lines
    from forgemind_assets.cli.summary import constant_line, history, table
    from forgemind_assets.lorekeeper.store import Store
    from resources.stop_reports import read_stop_report

    store = Store(home.store)
    entries = history(goal, store)
    console.print(table(goal, entries, constant_line(goal, store)))
    promoted = [e for e in entries if (e["registered"] or "").endswith("stable")]
    named = [e for e in entries if e["registered"]]
    if promoted:
        best = promoted[-1]
        console.print(f"Promoted to stable: {best['trial']} ({best['registered'].split()[0]})")
    elif named:
        best = named[-1]
        console.print(
            f"Nothing was promoted to stable; candidate: {best['trial']} "
            f"({best['registered'].split()[0]})"
        )
    word = "Goal met: " if stop.goal_met else "Stopped: "
    console.print(word + stop.reason, highlight=False, markup=False)
    ended = read_stop_report(store, goal.name)
    for line in lines(ended)[1:] if ended and ended.reason == stop.reason else []:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    console.print(f"Look at everything again with: forgemind ui   (state: {home.root})")
    raise typer.Exit(GOAL_MET if stop.goal_met else STOPPED)
