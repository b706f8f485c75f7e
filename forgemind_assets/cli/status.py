"""`forgemind status`: where the goals of this installation stand."""

import json
from typing import Annotated, Any

import typer
from rich.console import Console


def status(
    goal: Annotated[str | None, typer.Argument(help="Goal name, folder, or goal.yaml.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")] = False,
) -> None:
    """Shows the iterations of a goal, or of all goals, and what is under way."""
    from forgemind_assets.cli.summary import constant_line, history, table
    from forgemind_assets.goal_loading import find_goal, goal_files, load_goal, unique_goals
    from forgemind_assets.home import Home
    from forgemind_assets.lorekeeper.store import Store
    from resources.forks import read_fork
    from resources.openings import sealed_facts, sealed_line
    from resources.outcome import read_outcome
    from resources.progress import read_progress
    from resources.stop_wishes import StopWishes

    home = Home.from_environment()
    goals = [load_goal(find_goal(goal))] if goal else unique_goals(goal_files())
    console = Console()
    entries: dict[str, Any] = {}
    for loaded in goals:
        store = Store(home.store)
        past = history(loaded, store)
        stop, fork = read_outcome(home, loaded.name), read_fork(store, loaded.name)
        wish = StopWishes(home).wished(loaded.name)
        entries[loaded.name] = {
            "trials": past,
            "forked_from": fork.model_dump(mode="json") if fork else None,
            "progress": read_progress(home, loaded.name),
            "outcome": {"reason": stop.reason, "goal_met": stop.goal_met, "kind": stop.kind}
            if stop
            else None,
            "stop_requested": wish.sentence if wish else None,
            "sealed": sealed_facts(loaded, home),
        }
        if not as_json:
            console.print(table(loaded, past, constant_line(loaded, store)))
            if fork:
                console.print(f"{loaded.name} was {fork.sentence}", highlight=False, markup=False)
            word = f"{'goal met' if stop.goal_met else 'stopped'}: {stop.reason}" if stop else None
            console.print(f"sealed suite: {sealed_line(loaded, home)}", highlight=False)
            told = word or under_way(entries[loaded.name]["progress"])
            console.print(told, highlight=False, markup=False)
            if wish:
                console.print(f"asked to stop by {wish.sentence}", highlight=False, markup=False)
            if stop and goal and not stop.goal_met:
                told = f"What is missing, and what you could change: forgemind report {goal}"
                console.print(told, highlight=False, markup=False)
    if as_json:
        print(json.dumps(entries, indent=1))


def under_way(progress: dict[str, Any] | None) -> str:
    """What the goal's newest progress says."""
    import time

    from forgemind_assets.cli.live import describe

    if progress is None:
        return "not started: forgemind run GOAL"
    now = time.time()
    age = int(now - progress["updated"])
    return f"{describe(progress, progress['updated'])}  ({age} s ago)"
