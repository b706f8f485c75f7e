"""`forgemind data`: rows before and after they are made, cards, and a way out of the store."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from forgemind_assets.lorekeeper.store import Store

app = typer.Typer(
    help="Look at rows before and after they are made; show a card, export a version.",
    no_args_is_help=True,
)

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


@app.command("show", epilog="Example: forgemind data show python_security 3 --rejected -n 5")
def show(
    goal: GoalName,
    iteration: Iteration,
    rejected: Annotated[
        bool, typer.Option("--rejected", help="Rows that a filter dropped.")
    ] = False,
    slice_: Annotated[str | None, typer.Option("--slice", help="Only this slice.")] = None,
    strategy: Annotated[str | None, typer.Option(help="Only this strategy.")] = None,
    reason: Annotated[
        str | None, typer.Option(help="Only rows rejected for this reason; implies --rejected.")
    ] = None,
    count: Annotated[int, typer.Option("-n", "--number", min=1, help="Rows to show.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Shows rows of a dataset: the input, the answer, where it came from, why it was rejected."""
    from forgemind_assets.foundry.browsing import RowQuery, browse
    from forgemind_assets.goal_loading import find_goal, load_goal

    name, store, key = find_dataset(goal, iteration)
    query = RowQuery(rejected or reason is not None, slice_, strategy, reason)
    found = browse(store.folder(name, "filtered_dataset", key), query, count)
    if as_json:
        print(json.dumps({"total": found.total, "rows": found.rows}, indent=1))
        return
    from rich.console import Console

    from forgemind_assets.cli.rows import language_of, print_rows

    console = Console()
    print_rows(console, found.rows, language_of(load_goal(find_goal(goal))))
    kind = "rejected" if query.rejected else "kept"
    console.print(f"{len(found.rows)} of {found.total:,} {kind} rows of {name} {key}")


@app.command("preview", epilog="Example: forgemind data preview python_security -n 5 --yes")
def preview(
    goal: GoalName,
    count: Annotated[int, typer.Option("-n", "--number", min=1, help="Rows a strategy.")] = 5,
    strategy: Annotated[str | None, typer.Option(help="Only this strategy.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Spend what the preview costs.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Shows rows that the next iteration would start with, before a run spends money.

    Strategies without a teacher cost nothing. Where a paid teacher would have to be asked, the
    most that it can cost is said first, and nothing is asked without --yes. The answers are kept:
    the run does not pay for them again. Exit 2: --yes is missing, or the input is bad.
    """
    from forgemind_assets.goal_loading import find_goal, load_goal
    from resources.preview import look, prospects
    from resources.workshop import Workshop

    loaded, workshop = load_goal(find_goal(goal)), Workshop()
    wanted = prospects(loaded, workshop, count, strategy)
    for one in wanted:
        if one.unasked:
            told = f"{one.strategy}: {one.unasked} requests to {one.order.teacher}"
            typer.echo(f"{told}, at most ${one.most_dollars:.6f}", err=True)
    most = sum(one.most_dollars for one in wanted)
    if most > 0 and not yes:
        typer.echo(
            f"Error: this preview may cost up to ${most:.6f}; add --yes to spend it, or "
            "--strategy to look at one that is free",
            err=True,
        )
        raise typer.Exit(2)
    found = look(loaded, workshop, wanted, count)
    if as_json:
        lines = [
            {
                "strategy": one.strategy,
                "rows": [row.model_dump() for row in one.rows],
                "account": asdict(one.account),
            }
            for one in found
        ]
        print(json.dumps({"most_dollars": most, "strategies": lines}, indent=1))
        return
    from rich.console import Console

    from forgemind_assets.cli.rows import language_of, print_rows

    console = Console()
    for one in found:
        print_rows(console, [row.model_dump() for row in one.rows], language_of(loaded))
        by = f" by {one.account.teacher}" if one.account.teacher else ""
        told = f"{one.strategy}{by}: {len(one.rows)} rows shown"
        if one.account.teacher:
            told += f"; {one.account.valid} of {one.account.asked} answers could be read"
        if one.account.trouble:
            told += f"; {one.account.trouble}"
        console.print(told)


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
