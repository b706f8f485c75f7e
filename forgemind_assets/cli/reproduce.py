"""`forgemind reproduce`: rebuilds a registered version and says what matched."""

import json
from pathlib import Path
from typing import Annotated

import typer


def reproduce(
    goal: Annotated[str, typer.Argument(help="Goal name, folder, or goal.yaml.")],
    version: Annotated[str, typer.Argument(help="Number of a registered version.")],
    work: Annotated[
        Path | None, typer.Option(help="Where to build; by default in the home folder.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")] = False,
) -> None:
    """Trains a version's adapter anew from its manifest and data, and compares the hashes.

    Exit 0: the same adapter. Exit 1: another one, or none; the first thing that differs is named.
    """
    from forgemind_assets.cli.live import Ticker
    from forgemind_assets.goal_loading import find_goal, load_goal
    from forgemind_assets.quiet import quieten
    from resources.reproduction import reproduce as rebuild
    from resources.workshop import Workshop

    quieten()
    loaded, workshop = load_goal(find_goal(goal)), Workshop()
    shown_as = f"{loaded.name}.reproduce"
    progress = workshop.progress(shown_as)

    def show(now) -> None:  # noqa: ANN001 - a TrainProgress, whose module is heavy
        loss = round(now.loss, 3)
        progress.report("rebuilding", now.step, now.steps, "steps", where=version, loss=loss)

    from rich.console import Console

    console = Console(stderr=as_json)
    with Ticker(console, workshop.home, shown_as).running():
        outcome = rebuild(loaded, workshop, version, work, show)
    if as_json:
        typer.echo(json.dumps(outcome.model_dump(mode="json"), indent=1))
    else:
        threads = outcome.threads or "an unknown number of"
        typer.echo(
            f"{loaded.name} version {version} ({outcome.trial}) was trained in "
            f"{outcome.precision} on {outcome.device} with {threads} threads by the "
            f"{outcome.engine} engine; rebuilt in the same precision."
            if outcome.found
            else f"{loaded.name} version {version} ({outcome.trial}) was trained in "
            f"{outcome.precision} on {outcome.device}."
        )
        for missing in outcome.not_recorded:
            typer.echo(f"not recorded by this version: {missing}")
        for difference in outcome.differences:
            typer.echo(f"differs: {difference.sentence}")
        typer.echo(f"Result: {outcome.sentence}")
    raise typer.Exit(0 if outcome.same else 1)
