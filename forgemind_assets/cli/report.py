"""`forgemind report`: how far a goal has come, what is missing, and what a person could change."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from forgemind_assets.brain.stop_report import StopReport
    from forgemind_assets.goal import Goal


def report(
    goal: Annotated[str, typer.Argument(help="Goal name, folder, or goal.yaml.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")] = False,
) -> None:
    """Tells the best lower bound, the slices that are missing, which limit binds, what a point
    more costs, and what could be changed: at the end of a loop, or as it stands now.
    """
    from forgemind_assets.brain.stop_words import lines
    from forgemind_assets.goal_loading import find_goal, load_goal

    found = measured(load_goal(find_goal(goal)))
    if as_json:
        typer.echo(found.model_dump_json(indent=1))
        return
    for line in lines(found):
        typer.echo(line)


def measured(goal: "Goal") -> "StopReport":
    """The report on what lies in the store now, under the limits as they are written now."""
    from resources.endings import report_of
    from resources.history import read_state
    from resources.instance import open_instance
    from resources.outcome import read_outcome
    from resources.workshop import Workshop

    workshop = Workshop()
    with open_instance(workshop.home) as instance:
        state = read_state(goal, instance, workshop)
    return report_of(goal, state, read_outcome(workshop.home, goal.name))
