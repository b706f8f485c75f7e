"""Records as a Markdown table, for metadata that people read."""

from collections.abc import Mapping, Sequence
from typing import Any


def table(records: Sequence[Mapping[str, Any]]) -> str:
    """One column a key of the first record, one line a record; an empty text for none."""
    if not records:
        return ""
    names = list(records[0])
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    for record in records:
        cells = [str(record[name]).replace("|", "\\|").replace("\n", " ") for name in names]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
