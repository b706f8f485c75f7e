"""`forgemind why`: where something comes from, and what came of it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from resources.lineage import Step

LONGEST = 400
# What the Brain says in sentences is what is asked for: it is not cut off.
LONGEST_SENTENCES = 10_000
SENTENCES = ("iteration ", "decision")


def why(
    goal: Annotated[str, typer.Argument(help="Goal name, folder, or goal.yaml.")],
    what: Annotated[
        str,
        typer.Argument(
            help="A row's id or its first letters, a trial (0003-a), a version (v2), or an "
            "iteration (0003)."
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON value, for scripts.")] = False,
) -> None:
    """Walks both ways: prompt, teacher, row, verdicts, dataset, adapter, cases, decision."""
    from forgemind_assets.goal_loading import find_goal, load_goal
    from forgemind_assets.home import Home
    from resources.lineage import Lineage

    found = Lineage(Home.from_environment(), load_goal(find_goal(goal)).name).why(what)
    if as_json:
        typer.echo(found.model_dump_json(indent=1))
        return
    for line in lines(found):
        typer.echo(line)


def lines(step: "Step", depth: int = 0) -> list[str]:
    """A step and those below it, indented."""
    indent = "  " * depth
    told = [f"{indent}{step.what}"]
    longest = LONGEST_SENTENCES if step.what.startswith(SENTENCES) else LONGEST
    told += [f"{indent}    {name}: {_text(value, longest)}" for name, value in step.facts.items()]
    for one in step.steps:
        told += lines(one, depth + 1)
    return told


def _text(value: Any, longest: int) -> str:
    import json

    from forgemind_assets.warden.alerts import plain

    return plain(value if isinstance(value, str) else json.dumps(value, default=str), longest)
