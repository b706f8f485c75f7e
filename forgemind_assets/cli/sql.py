"""`forgemind sql`: questions to everything that ForgeMind has stored."""

import json
from typing import Annotated

import typer


def sql(
    query: Annotated[str, typer.Argument(help="SQL as DuckDB speaks it; SHOW TABLES lists them.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON list, for scripts.")] = False,
) -> None:
    """Runs SQL over datasets, reports and the ledger. It reads copies: nothing can be changed.

    Tables: rows, rejected_rows, reports, cases, and those of the ledger, such as spending,
    responses, alerts and review_records.
    """
    from forgemind_assets.home import Home
    from resources.query import Workbench

    names, records = Workbench(Home.from_environment()).ask(query)
    if as_json:
        found = [dict(zip(names, record, strict=True)) for record in records]
        typer.echo(json.dumps(found, indent=1, default=str))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from forgemind_assets.warden.alerts import plain

    table = Table(*names, box=None)
    for record in records:
        table.add_row(*(Text(plain(str(value), 200)) for value in record))
    if names:
        Console().print(table)
