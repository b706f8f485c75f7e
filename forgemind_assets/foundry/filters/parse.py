"""Drops inputs that are no valid Python."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from forgemind_assets.foundry.rewriting.source import compiles
from forgemind_assets.records import Row


@dataclass(frozen=True)
class Parse:
    """Keeps a row whose input compiles as a module; nothing is run."""

    name: str = "parse"
    each: ClassVar[bool] = True

    def judge(self, rows: Sequence[Row]) -> list[str | None]:
        """`syntax_error`."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            return [None if compiles(row.input) else "syntax_error" for row in rows]
