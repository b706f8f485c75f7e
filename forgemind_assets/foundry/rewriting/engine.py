"""Composes rewrites at random: which ones, how often, in which order."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from forgemind_assets.foundry.rewriting import (
    additions,
    blocks,
    built_strings,
    contexts,
    data_strings,
    definitions,
    equivalents,
    imports,
    layout,
    neighbours,
    renaming,
    variables,
)
from forgemind_assets.foundry.rewriting.source import (
    AnchorLost,
    Edit,
    Snippet,
    Source,
    apply_edits,
    compiles,
)
from forgemind_assets.foundry.rewriting.vocabulary import Theme

Edits = Callable[[Source, random.Random, Theme], list[Edit]]


@dataclass(frozen=True)
class Rewrite:
    """One kind of change, and how often it is tried.

    `grows` marks those that make the snippet longer; they are skipped where it is long already.
    """

    name: str
    edits: Edits
    chance: float
    grows: bool = False


def _plain(function: Callable[[Source, random.Random], list[Edit]]) -> Edits:
    return lambda source, rng, theme: function(source, rng)


# Structure first, names after it (so that added code is renamed too), layout last.
REWRITES: tuple[Rewrite, ...] = (
    Rewrite("remove_docstrings", _plain(additions.remove_docstrings), 0.5),
    Rewrite("remove_comments", _plain(additions.remove_comments), 0.6),
    Rewrite("unwrap_function", _plain(definitions.unwrap_function), 0.15),
    Rewrite("equivalent_calls", _plain(equivalents.change_calls), 0.45),
    Rewrite("equivalent_sources", _plain(equivalents.change_sources), 0.5),
    Rewrite("built_strings", _plain(built_strings.change_built_strings), 0.6),
    Rewrite("inline_variable", _plain(variables.inline_variable), 0.25),
    Rewrite("introduce_variable", variables.introduce_variable, 0.3),
    Rewrite("wrap_script", contexts.wrap_script, 0.5, grows=True),
    Rewrite("to_method", definitions.to_method, 0.12, grows=True),
    Rewrite("to_async", _plain(definitions.to_async), 0.08),
    Rewrite("decorate", definitions.decorate, 0.1),
    Rewrite("add_guard", _plain(blocks.add_guard), 0.06, grows=True),
    Rewrite("wrap_block", blocks.wrap_block, 0.1, grows=True),
    Rewrite("add_statement", additions.add_statement, 0.15, grows=True),
    Rewrite("add_docstring", additions.add_docstring, 0.08, grows=True),
    Rewrite("add_comment", additions.add_comment, 0.12, grows=True),
    Rewrite("add_hints", _plain(additions.add_hints), 0.15),
    Rewrite("add_neighbour", neighbours.add_neighbour, 0.12, grows=True),
    Rewrite("import_style", _plain(imports.change_import_style), 0.25),
    Rewrite("show_imports", _plain(imports.show_imports), 0.12),
    Rewrite("data_strings", data_strings.change_data_strings, 0.9),
    Rewrite("rename", renaming.rename, 0.95),
    # after the names: a name whose import is gone could be anything
    Rewrite("hide_imports", _plain(imports.hide_imports), 0.3),
    Rewrite("quotes", _plain(layout.change_quotes), 0.35),
    Rewrite("join_calls", _plain(layout.join_calls), 0.3),
    Rewrite("split_calls", _plain(layout.split_calls), 0.06, grows=True),
    Rewrite("blank_lines", _plain(layout.change_blank_lines), 0.4),
    Rewrite("indent", _plain(layout.change_indent), 0.1),
)
DISTRACTOR_CHANCE = 0.12
SWAP_CHANCE = 0.3
SPREAD = (0.5, 1.0, 1.0, 1.5)


def rewrite(
    snippet: Snippet, rng: random.Random, distractor: Snippet | None, limit: int
) -> Snippet | None:
    """One rewriting of a snippet, at most `limit` characters; None where it went wrong.

    `distractor` is a snippet without a finding that may be put beside it.
    """
    theme = Theme.draw(rng)
    strength = rng.choice(SPREAD)
    current, source = snippet, Source(snippet)
    for step in REWRITES:
        if step.name == "import_style" and distractor is not None:
            current, source = _step(source, neighbours.add_distractor(source, rng, distractor))
        chance = step.chance if step.chance > 0.8 else min(0.9, step.chance * strength)
        if rng.random() >= chance or (step.grows and len(current.text) > 0.8 * limit):
            continue
        current, source = _step(source, step.edits(source, rng, theme))
    if rng.random() < SWAP_CHANCE:
        current = neighbours.swap_functions(source, rng) or current
    current = _trimmed(current)
    return current if len(current.text) <= limit and compiles(current.text) else None


def rewrite_by(names: tuple[str, ...], snippet: Snippet, rng: random.Random) -> Snippet | None:
    """The snippet after the named rewrites, each tried once; None where none of them changes it.

    Raises SyntaxError for text that is no Python, KeyError for a name that is no rewrite.
    """
    known = {step.name: step for step in REWRITES}
    theme, current, source = Theme.draw(rng), snippet, Source(snippet)
    for name in names:
        current, source = _step(source, known[name].edits(source, rng, theme))
    changed = current.text != snippet.text and compiles(current.text)
    return _trimmed(current) if changed else None


def _step(source: Source, edits: list[Edit]) -> tuple[Snippet, Source]:
    """The snippet after a rewrite; the one before it where the rewrite cannot be applied."""
    if not edits:
        return source.snippet, source
    try:
        after = apply_edits(source.snippet, edits)
        return after, Source(after)
    except (AnchorLost, SyntaxError, ValueError):
        return source.snippet, source


def _trimmed(snippet: Snippet) -> Snippet:
    """Without blank lines at the start, and with one line end at the end."""
    text = snippet.text
    body = text.lstrip("\n")
    cut = len(text) - len(body)
    return Snippet(body.rstrip() + "\n", None if snippet.anchor is None else snippet.anchor - cut)
