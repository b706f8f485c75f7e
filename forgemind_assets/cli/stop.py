"""`forgemind stop`: asks a running loop to end after the work under way."""

import json
import os
from typing import Annotated

import typer


def stop(
    goal: Annotated[str, typer.Argument(help="Goal name, folder, or goal.yaml.")],
    reason: Annotated[
        str, typer.Option("--reason", help="Why. It is recorded, and stands in the stop report.")
    ] = "",
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="Take the wish back: the loop may go on.")
    ] = False,
    reviewer: Annotated[
        str | None,
        typer.Option(help="Your name; else FORGEMIND_REVIEWER, else the system's user."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")] = False,
) -> None:
    """Asks the loop of a goal to end, whoever drives it and wherever.

    What is under way is finished, and finished trials are still compared; nothing new is begun.
    The next `forgemind run` of the goal takes the wish back, says so, and goes on.
    """
    from forgemind_assets.goal_loading import load_goal
    from forgemind_assets.home import Home
    from forgemind_assets.warden.reviews import identify
    from resources.stop_wishes import StopWishes

    name, who = load_goal(goal).name, identify(reviewer, os.environ)
    wishes = StopWishes(Home.from_environment())
    if withdraw:
        lifted = wishes.lift(name, who, reason or "taken back")
        told = f"taken back: {lifted.sentence}" if lifted else "nobody has asked it to stop"
        standing = None
    else:
        standing = wishes.ask(name, who, reason)
        told = (
            f"it ends after the work under way, asked by {standing.sentence}; "
            f"forgemind run {goal} goes on with it"
        )
    if as_json:
        wish = standing.model_dump(mode="json") if standing else None
        typer.echo(json.dumps({"goal": name, "stop_requested": wish}, indent=1))
    else:
        typer.echo(f"{name}: {told}")
