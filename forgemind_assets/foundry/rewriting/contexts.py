"""Puts the statements of a script into a function, view, command, task or method."""

import ast
import random

from forgemind_assets.foundry.rewriting import vocabulary as words
from forgemind_assets.foundry.rewriting.scopes import FIXED, names
from forgemind_assets.foundry.rewriting.settings import INDENT, header_lines
from forgemind_assets.foundry.rewriting.source import BUILTINS, Edit, Source


def free_names(source: Source) -> tuple[list[str], list[str]]:
    """Names that the snippet uses and does not bind: (plain values, objects), in order of use."""
    bound: set[str] = set()
    used: dict[str, int] = {}
    objects: set[str] = set()
    for chunk in source.chunks:
        for node in ast.walk(chunk.tree):
            if isinstance(node, ast.Name):
                if isinstance(node.ctx, ast.Load):
                    used[node.id] = min(used.get(node.id, 1 << 30), chunk.start(node))
                else:
                    bound.add(node.id)
            elif isinstance(node, ast.arg):
                bound.add(node.arg)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                bound.add(node.name)
            elif isinstance(node, ast.alias):
                bound.add((node.asname or node.name).split(".")[0])
            elif isinstance(node, ast.ExceptHandler) and node.name:
                bound.add(node.name)
            elif isinstance(node, ast.Attribute | ast.Call):
                base = node.value if isinstance(node, ast.Attribute) else node.func
                if isinstance(base, ast.Name):
                    objects.add(base.id)
    free = [n for n in sorted(used, key=lambda n: used[n]) if n not in bound | BUILTINS | FIXED]
    known = names(source)
    free = [n for n in free if n in known]  # what may be a module or a function stays outside
    plain = [n for n in free if n not in objects and n.islower()]
    return plain, [n for n in free if n in objects and n.islower()]


def is_script(source: Source) -> bool:
    """Whether the snippet is statements without any function or class."""
    return not any(
        isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) for n in source.nodes
    )


def wrap_script(source: Source, rng: random.Random, theme: words.Theme) -> list[Edit]:
    """Edits that put the statements of a script into a function, view, command, task or method."""
    if not is_script(source):
        return []
    body = [n for n in source.module.body if not isinstance(n, ast.Import | ast.ImportFrom)]
    first = _first_statement(source, body)
    if first is None or any(not source.starts_its_line(n) for n in body):
        return []
    tail = list(source.module.body[source.module.body.index(first) :])
    if any(isinstance(n, ast.Import | ast.ImportFrom) for n in tail) or "__name__" in source.text:
        return []
    if (
        any(
            isinstance(n, ast.Name) and n.id.isupper() and isinstance(n.ctx, ast.Store)
            for n in source.nodes
        )
        and rng.random() < 0.7
    ):
        return []
    plain, objects = free_names(source)
    if any("__" in n for n in (*plain, *objects)):
        return []
    header, lines = header_lines(source, plain, objects, rng, theme)
    depth = INDENT * (2 if header[0].startswith("class ") else 1)
    start = source.line_start(first.lineno)
    edits = [
        Edit(start, start, "\n".join(header) + "\n" + "".join(f"{depth}{line}\n" for line in lines))
    ]
    edits += indent_lines(source, first.lineno, depth)
    last = body[-1]
    if (
        isinstance(last, ast.Expr)
        and isinstance(last.value, ast.Call | ast.Await)
        and rng.random() < 0.3
    ):
        at = source.start(last)
        if source.snippet.anchor != at:
            edits.append(Edit(at, at, "return "))
    elif (
        isinstance(last, ast.Assign)
        and isinstance(last.targets[0], ast.Name)
        and rng.random() < 0.6
    ):
        end, gap = len(source.text), "" if source.text.endswith("\n") else "\n"
        edits.append(Edit(end, end, f"{gap}{depth}return {last.targets[0].id}\n"))
    return edits


def _first_statement(source: Source, body: list[ast.stmt]) -> ast.stmt | None:
    for node in body:
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not docstring:
            return node
    return None


def indent_lines(source: Source, first: int, depth: str) -> list[Edit]:
    """Edits that indent all lines from `first` on, those within string literals left out."""
    inside: set[int] = set()
    for _, literals in source.strings:
        for literal in literals:
            begin = source.text.count("\n", 0, literal.start) + 1
            inside.update(range(begin + 1, source.text.count("\n", 0, literal.end) + 2))
    edits: list[Edit] = []
    for number, line in enumerate(source.text.split("\n"), 1):
        if number >= first and line.strip() and number not in inside:
            at = source.line_start(number)
            edits.append(Edit(at, at, depth))
    return edits
