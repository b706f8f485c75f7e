"""Adds and removes what changes nothing: statements, comments, docstrings, hints."""

import ast
import random
import re

from forgemind_assets.foundry.rewriting import fragments
from forgemind_assets.foundry.rewriting import vocabulary as words
from forgemind_assets.foundry.rewriting.scopes import names
from forgemind_assets.foundry.rewriting.source import Edit, Source

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


def filled(text: str, rng: random.Random, theme: words.Theme) -> str:
    """A fragment with its holes filled with nouns of the theme and a message."""
    noun = theme.noun(rng)
    return text.format(
        noun=noun, NOUN=noun.upper(), noun2=theme.noun(rng), message=rng.choice(words.MESSAGES)
    )


def _body_statements(source: Source) -> list[ast.stmt]:
    """Statements of functions and of the module that begin their line, imports left out."""
    found: list[ast.stmt] = []
    docstrings = source.docstrings()
    for node in [source.module, *source.nodes]:
        if not isinstance(node, ast.Module | FunctionNode | ast.With | ast.If | ast.For | ast.Try):
            continue
        for statement in node.body:
            plain = not isinstance(
                statement, ast.Import | ast.ImportFrom | FunctionNode | ast.ClassDef
            )
            told = isinstance(statement, ast.Expr) and statement.value in docstrings
            if (
                plain
                and not told
                and source.starts_its_line(statement)
                and statement.lineno != getattr(node, "lineno", 0)
            ):
                found.append(statement)
    return found


def add_statement(source: Source, rng: random.Random, theme: words.Theme) -> list[Edit]:
    """Edits that put one or two harmless statements before others."""
    places = _body_statements(source)
    if not places:
        return []
    edits: list[Edit] = []
    for _ in range(rng.choice((1, 1, 1, 2))):
        place = rng.choice(places)
        text = filled(rng.choice(fragments.STATEMENT_PIECES), rng, theme)
        target = text.split(" = ")[0]
        if target.isidentifier() and target in source.words:
            continue
        at = source.line_start(place.lineno)
        edits.append(Edit(at, at, f"{source.indent(place)}{text}\n"))
    return edits


def add_comment(source: Source, rng: random.Random, theme: words.Theme) -> list[Edit]:
    """Edits that add one comment, on a line of its own or behind a statement."""
    places = _body_statements(source) or [
        n for n in source.module.body if source.starts_its_line(n)
    ]
    if not places:
        return []
    place = rng.choice(places)
    text = (
        rng.choice(words.COMMENTS)
        if rng.random() < 0.8
        else f"{theme.noun(rng)}: {rng.choice(words.MESSAGES)}"
    )
    if rng.random() < 0.3 and place.lineno == place.end_lineno and source.ends_its_line(place):
        return [Edit(source.end(place), source.end(place), f"  # {text}")]
    at = source.line_start(place.lineno)
    told = text[:1].upper() + text[1:] if rng.random() < 0.4 else text
    return [Edit(at, at, f"{source.indent(place)}# {told}\n")]


def add_docstring(source: Source, rng: random.Random, theme: words.Theme) -> list[Edit]:
    """Edits that give one function a docstring."""
    known = source.docstrings()
    options = [
        n
        for n in source.nodes
        if isinstance(n, FunctionNode)
        and n.body[0].lineno > n.lineno
        and not (isinstance(n.body[0], ast.Expr) and n.body[0].value in known)
        and source.starts_its_line(n.body[0])
    ]
    if not options:
        return []
    first = rng.choice(options).body[0]
    text = rng.choice(words.DOCSTRINGS).format(theme.noun(rng))
    at = source.line_start(first.lineno)
    return [Edit(at, at, f'{source.indent(first)}"""{text[:1].upper() + text[1:]}"""\n')]


def remove_docstrings(source: Source, rng: random.Random) -> list[Edit]:
    """Edits that drop docstrings which have a line of their own and a statement after them."""
    edits: list[Edit] = []
    known = source.docstrings()
    for node in [source.module, *source.nodes]:
        body = getattr(node, "body", None)
        if not isinstance(body, list) or len(body) < 2 or not isinstance(body[0], ast.Expr):
            continue
        first = body[0]
        if (
            isinstance(first.value, ast.Constant)
            and first.value in known
            and source.starts_its_line(first)
            and source.ends_its_line(first)
            and isinstance(first.value.value, str)
        ):
            start, end = (
                source.line_start(first.lineno),
                source.line_start((first.end_lineno or 0) + 1),
            )
            if source.snippet.anchor is None or not start <= source.snippet.anchor < end:
                edits.append(Edit(start, end, ""))
    return edits


def remove_comments(source: Source, rng: random.Random) -> list[Edit]:
    """Edits that drop comments."""
    edits: list[Edit] = []
    spans = [(one.start, one.end) for _, literals in source.strings for one in literals]
    for match in re.finditer(r"(?m)^([ \t]*)#[^\n]*\n|[ \t]+#[^\n]*$", source.text):
        within = any(s < match.end() and match.start() < e for s, e in spans)
        anchor = source.snippet.anchor
        if not within and (anchor is None or not match.start() <= anchor < match.end()):
            edits.append(Edit(match.start(), match.end(), ""))
    return edits


def add_hints(source: Source, rng: random.Random) -> list[Edit]:
    """Edits that annotate plain parameters with `str`, and functions without a value with None."""
    table = names(source)
    edits: list[Edit] = []
    for node in source.nodes:
        if not isinstance(node, FunctionNode):
            continue
        for argument in node.args.args:
            known = table.get(argument.arg)
            if argument.annotation or known is None or known.attributes or rng.random() < 0.3:
                continue
            if _is_indexed(source, argument.arg) or node.args.defaults:
                continue
            edits.append(Edit(source.end(argument), source.end(argument), ": str"))
        edits += _return_hint(source, node)
    return edits


def _is_indexed(source: Source, name: str) -> bool:
    """Whether the name is called, indexed or looped over, so that it is hardly a string."""
    return (
        re.search(
            rf"\b{re.escape(name)}[\[(]|\bin {re.escape(name)}\b|[*]{re.escape(name)}\b",
            source.text,
        )
        is not None
    )


def _return_hint(source: Source, node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[Edit]:
    if node.returns or any(
        isinstance(n, ast.Return | ast.Yield) and n.value for n in ast.walk(node)
    ):
        return []
    before = source.line_start(node.body[0].lineno)
    head = source.text[source.start(node) : before]
    found = re.search(r"\)\s*:\s*$", head.rstrip() + "\n")
    if found is None or node.body[0].lineno == node.lineno or "#" in head or '"""' in head:
        return []
    at = source.start(node) + found.start() + 1
    return [Edit(at, at, " -> None")]
