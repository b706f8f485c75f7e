"""Fetches the weights that a goal needs, with progress, before anything else begins."""

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from forgemind_assets.cli.live import PlainBytes, busy
from forgemind_assets.goal import Goal
from forgemind_assets.home import Home
from resources.models import ModelStore


def fetch_models(goal: Goal, home: Home, console: Console) -> None:
    """The base model and every embedded teacher; what is there already is left alone.

    Raises DownloadError or HashMismatch.
    """
    store = ModelStore(home)
    names = [goal.spec.limits.base_model]
    names += [t.model for t in goal.spec.teachers if t.kind == "embedded"]
    for name in dict.fromkeys(names):
        if store.state(name) in ("absent", "partial"):
            fetch(store, name, console)
    if store.state(goal.spec.limits.base_model) != "clean":
        with busy(console, f"Converting {goal.spec.limits.base_model} to safetensors, once"):
            store.clean(goal.spec.limits.base_model)


def fetch(store: ModelStore, name: str, console: Console) -> None:
    """One model, with a bar on a terminal and a line every few seconds elsewhere."""
    if not console.is_terminal:
        plain = PlainBytes(console, name)
        with busy(console, f"Fetching and checking {name}"):
            store.pull(name, plain.show)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(f"Fetching {name}", total=None)

        def show(done: int, total: int) -> None:
            word = "Fetching" if done < total else "Checking"
            bar.update(task, description=f"{word} {name}", completed=done, total=total)

        store.pull(name, show)
