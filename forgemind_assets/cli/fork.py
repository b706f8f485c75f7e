"""`forgemind fork`: opens a new line of a goal from one of its iterations."""

import json
import shlex
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from forgemind_assets.goal import Goal
    from resources.fork_plan import Proposal
    from resources.workshop import Workshop


def fork(
    goal: Annotated[str, typer.Argument(help="Goal name, folder, or goal.yaml.")],
    iteration: Annotated[
        str, typer.Option("--from", help="The last iteration that both lines share: 2 or 0002.")
    ],
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="A key of goal.yaml and its value as YAML; may be given several times.",
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="The new line's name; by default GOAL_fork_ITER.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what it would be; write nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON value, for scripts.")] = False,
) -> None:
    """Opens a new line from a past iteration: same goal, some settings changed.

    Plans, datasets, adapters, reports and champions up to that iteration are copied, and the
    contract is written beside the goal's. Nothing is made or paid again, and the goal stays as it
    is. May change: search, strategies, teachers, filters, judges, attack, the limits on
    iterations, hours and dollars, and success.canary_pass_rate.

    What was used up to there counts against the new line's limits, and all lines of a goal share
    one error budget.
    """
    from forgemind_assets.goal_loading import find_goal, load_goal
    from resources.fork_plan import propose
    from resources.instance import open_instance
    from resources.workshop import Workshop

    loaded, workshop = load_goal(find_goal(goal)), Workshop()
    with open_instance(workshop.home) as instance:
        found = propose(
            loaded, workshop, instance, iteration=iteration, sets=changes or [], name=name
        )
        if not dry_run:
            _make(loaded, found, workshop, instance)
    told = record(loaded, found, made=not dry_run)
    if as_json:
        typer.echo(json.dumps(told, indent=1))
        return
    for line in lines(told):
        typer.echo(line)


def _make(goal: "Goal", found: "Proposal", workshop: "Workshop", instance: Any) -> None:
    """Makes the line, or what an interrupted attempt left undone of it."""
    from rich.console import Console

    from resources.forking import finish, make, standing
    from resources.locks import driver_lock

    name = found.line.name
    with driver_lock(workshop.home, name, wait=True):
        if standing(workshop, goal, name, found.fork) == "done":
            finish(goal, name, found.text, found.fork, workshop)
            return
        with Console(stderr=True).status("copying") as status:

            def tell(done: int, total: int, what: str) -> None:
                status.update(f"copying {what}, {done + 1} of {total}")

            make(goal, found.line, found.text, found.fork, workshop, instance, tell)


def record(goal: "Goal", found: "Proposal", *, made: bool) -> dict[str, Any]:
    """What was made, or would be."""
    from forgemind_assets.goal_loading import shown_path

    inherited: dict[str, list[str]] = {}
    for one in found.artefacts:
        inherited.setdefault(one.asset, []).append(one.partition)
    file = shown_path(goal.folder / found.fork.file)
    spec, plan = found.line.spec, found.plan
    return {
        "name": found.line.name,
        "file": file,
        "made": made,
        "already_there": found.standing == "done",
        "forked_from": found.fork.model_dump(mode="json"),
        "inherited": inherited,
        "bytes": sum(one.bytes for one in found.artefacts),
        "counted": {
            "hours": [found.state.hours_used, spec.limits.hours],
            "api_dollars": [found.state.api_dollars, spec.limits.api_dollars_per_goal],
            "error_budget": [found.alpha_spent, spec.success.alpha],
            "other_looks": spec.success.other_looks,
        },
        "next_plan": plan.model_dump(mode="json") if plan else None,
        "next_command": f"forgemind run {shlex.quote(file)}",
    }


def lines(told: dict[str, Any]) -> list[str]:
    """The same for people."""
    origin, counted, plan = told["forked_from"], told["counted"], told["next_plan"]
    if told["already_there"]:
        head = f"{told['name']} is there already, from {origin['goal']} {origin['iteration']}"
    else:
        word = "is a new line" if told["made"] else "would be a new line"
        head = f"{told['name']} {word} from {origin['goal']} {origin['iteration']}"
    trials = ", ".join(told["inherited"].get("adapter", ())) or "none"
    found = [
        head,
        f"  contract   {told['file']}",
        *(f"  changed    {key}: {json.dumps(v)}" for key, v in origin["changed"].items()),
        f"  inherited  {sum(map(len, told['inherited'].values()))} artefacts, "
        f"{told['bytes'] / 1e6:.1f} MB: iterations 0000 to {origin['iteration']}, trials {trials}",
        f"  counted    {counted['hours'][0]:.2f} of {counted['hours'][1]:g} hours, "
        f"${counted['api_dollars'][0]:.2f} of ${counted['api_dollars'][1]:.2f} for APIs: what was "
        "used up to there",
        f"  gate       {counted['error_budget'][0]:.2g} of the error budget of "
        f"{counted['error_budget'][1]:g} is spent by all lines of the goal together",
    ]
    if plan and not told["already_there"]:
        found += [f"  next       iteration {plan['iteration']}: {plan['hypothesis']}"]
    return [*found, f"Go on with: {told['next_command']}"]
