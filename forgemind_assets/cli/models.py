"""`forgemind models`: the catalogue of weights and what of it is on this machine."""

import json
from typing import Annotated

import typer

app = typer.Typer(help="Model weights: list the catalogue, fetch a model.", no_args_is_help=True)


@app.command("list", epilog="Example: forgemind models list --json")
def list_models(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Shows every model of the catalogue, and whether it is on this machine."""
    from forgemind_assets.home import Home
    from resources.models import ModelStore

    listed = ModelStore(Home.from_environment()).list()
    if as_json:
        rows = [
            {
                "name": m.entry.name,
                "state": m.state,
                "roles": list(m.entry.roles),
                "licence": m.entry.licence,
                "architecture": m.entry.architecture,
                "parameters": m.entry.parameters,
                "bytes": m.entry.bytes or None,
                "sources": _sources(m.entry),
                "path": str(m.path) if m.path else None,
            }
            for m in listed
        ]
        typer.echo(json.dumps(rows, indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("model", "state", "roles", "parameters", "download", "licence", "from", box=None)
    for m in listed:
        size = f"{m.entry.bytes / 1e6:,.0f} MB" if m.entry.bytes else ""
        count = f"{m.entry.parameters / 1e6:,.0f} M"
        sources = ", ".join(_sources(m.entry))
        roles = ", ".join(m.entry.roles)
        table.add_row(m.entry.name, m.state, roles, count, size, m.entry.licence, sources)
    Console().print(table)


@app.command("pull", epilog="Example: forgemind models pull smollm2-135m-instruct")
def pull(name: Annotated[str, typer.Argument(help="Name in the catalogue.")]) -> None:
    """Fetches the weights of one model; an interrupted download is taken up again."""
    from rich.console import Console

    from forgemind_assets.cli.weights import fetch
    from forgemind_assets.home import Home
    from resources.models import ModelStore

    store = ModelStore(Home.from_environment())
    fetch(store, name, Console())
    typer.echo(f"{name} is at {store.pull(name)}")


def _sources(entry) -> list[str]:  # noqa: ANN001 - a ModelEntry, imported only where it is used
    named = {
        "index": entry.files,
        "hub": entry.hub,
        "release": entry.release,
        "path": entry.path,
    }
    return [name for name, source in named.items() if source]
