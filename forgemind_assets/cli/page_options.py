"""The options of the commands that serve a page on loopback."""

from typing import Annotated

import typer

Port = Annotated[int, typer.Option(help="Port on loopback; 0 picks a free one.")]
OpenPage = Annotated[bool, typer.Option("--open", help="Open the page in the default browser.")]
Also = Annotated[
    list[str] | None,
    typer.Option(
        metavar="HOST:PORT",
        help="A further address under which your browser sees the page, as through an SSH "
        "tunnel. May be repeated.",
    ),
]
