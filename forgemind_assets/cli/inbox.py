"""`forgemind inbox`: what people were told."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from resources.alert_watch import Post


def inbox(
    goal: Annotated[
        str | None, typer.Argument(help="Goal name, folder, or goal.yaml; all if not given.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON list, for scripts.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 50,
    mark_read: Annotated[
        bool, typer.Option("--mark-read", help="Note that these have been seen.")
    ] = False,
    deliver: Annotated[
        bool, typer.Option("--deliver", help="First try again what has not been delivered.")
    ] = False,
) -> None:
    """Lists alerts, the newest last, each with what to do and where it was not delivered yet."""
    from forgemind_assets.home import Home
    from resources.alert_delivery import deliver_due
    from resources.alert_watch import Post

    post = Post.open(Home.from_environment())
    if deliver:
        deliver_due(post.outbox, post.notifiers)
    goal = _named(goal, post) if goal else None
    found = post.outbox.read_inbox(goal, limit)
    if as_json:
        rows = [
            {
                **one.alert.model_dump(),
                "arrived": one.arrived,
                "read_at": one.read_at,
                "undelivered": one.undelivered,
            }
            for one in found
        ]
        typer.echo(json.dumps(rows, indent=1))
    else:
        _show(found, goal)
    if mark_read:
        post.outbox.mark_read([one.alert.key for one in found])


def _named(goal: str, post: "Post") -> str:
    """The goal's name; where its contract is gone, what its alerts call it. Raises GoalError."""
    from forgemind_assets.errors import GoalError
    from forgemind_assets.goal_loading import find_goal, goal_name

    try:
        return goal_name(find_goal(goal))
    except GoalError:
        if not post.outbox.read_inbox(goal, 1):
            raise
        return goal


def _show(found: list, goal: str | None) -> None:
    from forgemind_assets.warden.alert_texts import terminal_text

    if not found:
        typer.echo(f"No alerts{f' of {goal}' if goal else ''}.")
    for one in found:
        late = [f"{name} ({error or 'not tried yet'})" for name, error in one.undelivered.items()]
        typer.echo(terminal_text(one.alert) + ("" if one.read_at else "\n  new"))
        if late:
            typer.echo(f"  not delivered yet: {', '.join(late)}")
