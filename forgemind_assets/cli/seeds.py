"""`forgemind seeds`: how much of a result is the luck of its training seed."""

from typing import Annotated

import typer


def seeds(
    goal: Annotated[str, typer.Argument(help="Goal name, folder, or goal.yaml.")],
    trial: Annotated[str, typer.Argument(help="The trial to train anew, such as 0003-a.")],
    against: Annotated[
        str, typer.Option(help="The trial whose result on dev it is compared with.")
    ],
    count: Annotated[
        int, typer.Option("--seeds", min=2, max=20, help="Fresh seeds; each takes one training.")
    ] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")] = False,
) -> None:
    """Trains a trial's configuration with fresh seeds, as many steps as the first time, and tests
    each on dev: mean, spread, and the interval of the gain over seeds and families.


    Begins again where it was interrupted. The gate is not looked at.
    """
    from rich.console import Console

    from forgemind_assets.cli.live import Ticker
    from forgemind_assets.goal_loading import find_goal, load_goal
    from forgemind_assets.quiet import quieten
    from forgemind_assets.trial_grounds.seeds import fresh_seeds
    from resources.training_room import planned_trial
    from resources.training_seeds import dev_results, retrain
    from resources.workshop import Workshop

    quieten()
    loaded, workshop = load_goal(find_goal(goal)), Workshop()
    for one in (trial, against):
        dev_results(loaded, workshop, one)
    settings = planned_trial(loaded, workshop, trial)[1].training
    shown_as = f"{loaded.name}.seeds"
    progress = workshop.progress(shown_as)

    def show(name: str, now) -> None:  # noqa: ANN001 - a TrainProgress, whose module is heavy
        loss = round(now.loss, 3)
        progress.report("training", now.step, now.steps, "steps", where=name, loss=loss)

    chosen = fresh_seeds(settings.seed if settings else 0, count)
    with Ticker(Console(stderr=as_json), workshop.home, shown_as).running():
        found = retrain(loaded, workshop, trial, against, chosen, show)
    typer.echo(found.model_dump_json(indent=1) if as_json else found.sentence)
