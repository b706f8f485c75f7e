"""`forgemind data`: dataset versions, their cards, and a way out of the store for DVC."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from forgemind_assets.lorekeeper.store import Store

app = typer.Typer(help="Dataset versions: show a card, export a version.", no_args_is_help=True)

GoalName = Annotated[str, typer.Argument(help="Goal name, folder, or goal.yaml.")]
Iteration = Annotated[str, typer.Argument(help="Iteration, such as 0003 or 3.")]


@app.command("card", epilog="Example: forgemind data card python_security 3")
def card(
    goal: GoalName,
    iteration: Iteration,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Shows the data card of a filtered dataset: counts, sources, funnel, balance, rejections."""
    from forgemind_assets.foundry.data_card_page import page_of

    name, store, key = find_dataset(goal, iteration)
    folder = store.folder(name, "filtered_dataset", key)
    require_card(folder, name, key)
    if as_json:
        print((folder / "card.json").read_text(encoding="utf-8"), end="")
    else:
        print(page_of(folder / "card.md"), end="")


@app.command("export", epilog="Example: forgemind data export python_security 3 --dvc")
def export(
    goal: GoalName,
    iteration: Iteration,
    to: Annotated[
        Path | None, typer.Option("--to", help="Folder; data/GOAL/ITERATION if not given.")
    ] = None,
    dvc: Annotated[bool, typer.Option("--dvc", help="Track the folder with DVC.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Writes a dataset version into a folder: both tables, the card, and a manifest of hashes."""
    from resources.dataset_export import export_dataset
    from resources.dvc import dvc_command, track

    name, store, key = find_dataset(goal, iteration)
    if dvc:
        dvc_command()
    done = export_dataset(store, name, key, to or Path("data") / name / key)
    tracked = track(done.folder) if dvc else None
    told = {
        "folder": str(done.folder),
        "version": done.version,
        "files": list(done.files),
        "changed": done.changed,
        "dvc_file": str(tracked.file) if tracked else None,
    }
    if as_json:
        print(json.dumps(told, indent=1))
        return
    state = "written to" if done.changed else "is unchanged in"
    print(f"{name} {key}, version {done.version[:16]}, {state} {done.folder}")
    if tracked:
        if tracked.began:
            print(f"began a DVC project in {tracked.project}")
        print(f"tracked by {tracked.file}; commit that file, then: dvc push")


def find_dataset(goal: str, iteration: str) -> "tuple[str, Store, str]":
    """Goal name, store and partition key of a published dataset.

    Raises:
        UserError: there is none for that iteration; the message lists those that there are.
    """
    from forgemind_assets.errors import UserError
    from forgemind_assets.goal_loading import find_goal, load_goal
    from forgemind_assets.home import Home
    from forgemind_assets.lorekeeper.store import Store
    from forgemind_assets.partitions import iteration_key

    name = load_goal(find_goal(goal)).name
    store = Store(Home.from_environment().store)
    key = iteration_key(int(iteration)) if iteration.isdecimal() else iteration
    published = store.partitions(name, "filtered_dataset")
    if key not in published:
        raise UserError(
            f"{name} has no dataset of iteration {iteration!r}: expected one of "
            f"{', '.join(published) or '(none yet)'}; `forgemind run {name}` makes them"
        )
    return name, store, key


def require_card(folder: Path, goal: str, key: str) -> None:
    """Raises UserError for a dataset that was published before there were cards."""
    from forgemind_assets.errors import UserError

    if not (folder / "card.json").is_file():
        raise UserError(
            f"the dataset {key} of {goal} has no card: expected card.json in {folder}; "
            f"materialise the asset {goal}/filtered_dataset for {key} again"
        )
