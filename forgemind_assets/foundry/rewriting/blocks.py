"""Puts statements into `try`, `with`, `if` or `for`, and early returns before them."""

import ast
import random

from forgemind_assets.foundry.rewriting import fragments
from forgemind_assets.foundry.rewriting import vocabulary as words
from forgemind_assets.foundry.rewriting.additions import filled
from forgemind_assets.foundry.rewriting.scopes import names
from forgemind_assets.foundry.rewriting.source import Edit, Source

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


def add_guard(source: Source, rng: random.Random) -> list[Edit]:
    """Edits that let a function return early when one of its values is missing."""
    table = names(source)
    for node in source.nodes:
        if not isinstance(node, FunctionNode) or any(
            isinstance(n, ast.Yield) for n in ast.walk(node)
        ):
            continue
        plain = [a.arg for a in node.args.args if a.arg in table and not table[a.arg].attributes]
        docstrings = source.docstrings()
        body = [s for s in node.body if not (isinstance(s, ast.Expr) and s.value in docstrings)]
        if (
            not plain
            or not body
            or body[0].lineno == node.lineno
            or not source.starts_its_line(body[0])
        ):
            continue
        name, indent = rng.choice(plain), source.indent(body[0])
        test = rng.choice((f"not {name}", f"{name} is None", f'{name} == ""', f"not {name}"))
        action = rng.choice(
            (
                "return None",
                "return",
                "return []",
                "return None",
                'raise ValueError("missing value")',
                "return {}",
            )
        )
        first = body[0]
        line = min([first.lineno, *(d.lineno for d in getattr(first, "decorator_list", []))])
        at = source.line_start(line)
        return [Edit(at, at, f"{indent}if {test}:\n{indent}    {action}\n")]
    return []


def wrap_block(source: Source, rng: random.Random, theme: words.Theme) -> list[Edit]:
    """Edits that put the last statements of a function into `try`, `with`, `if` or `for`."""
    inside = {
        line
        for _, literals in source.strings
        for one in literals
        if len(one.quote) == 3
        for line in range(
            source.text.count("\n", 0, one.start) + 2, source.text.count("\n", 0, one.end) + 2
        )
    }
    options = [
        n for n in source.nodes if isinstance(n, FunctionNode) and n.body[-1].lineno > n.lineno
    ]
    bodies = [n.body for n in options] or [source.module.body]
    body = rng.choice(bodies)
    docstrings = source.docstrings()
    allowed = [
        i
        for i, s in enumerate(body)
        if not isinstance(s, ast.Import | ast.ImportFrom | FunctionNode | ast.ClassDef)
        and not (isinstance(s, ast.Expr) and s.value in docstrings)
        and source.starts_its_line(s)
    ]
    if not allowed:
        return []
    first = body[rng.choice(allowed)]
    chosen = body[body.index(first) :]
    if any(
        isinstance(s, ast.Import | ast.ImportFrom | FunctionNode | ast.ClassDef) for s in chosen
    ):
        return []
    lines = range(first.lineno, (chosen[-1].end_lineno or 0) + 1)
    if len(lines) > 8 or any(line in inside for line in lines):
        return []
    shape = filled(rng.choice(fragments.BLOCK_PIECES), rng, theme)
    before, _, after = shape.partition("@")
    indent = source.indent(first)
    start = source.line_start(first.lineno)
    edits = [Edit(start, start, "".join(f"{indent}{x}\n" for x in before.strip().split("\n")))]
    edits += [
        Edit(source.line_start(n), source.line_start(n), "    ")
        for n in lines
        if source.text[source.line_start(n) :].split("\n", 1)[0].strip()
    ]
    end = (
        source.line_start(lines[-1] + 1)
        if lines[-1] < source.text.count("\n") + 1
        else len(source.text)
    )
    tail = "".join(f"{indent}{x}\n" for x in after.strip("\n").split("\n") if x)
    if tail:
        newline = "" if source.text[:end].endswith("\n") else "\n"
        edits.append(Edit(end, end, newline + tail))
    return edits
