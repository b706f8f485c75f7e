"""Puts other code beside a snippet, and changes the order of its functions."""

import ast
import random
import re
from itertools import pairwise

from forgemind_assets.foundry.rewriting import fragments
from forgemind_assets.foundry.rewriting import vocabulary as words
from forgemind_assets.foundry.rewriting.additions import filled
from forgemind_assets.foundry.rewriting.source import BUILTINS, Edit, Snippet, Source

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


def add_neighbour(source: Source, rng: random.Random, theme: words.Theme) -> list[Edit]:
    """Edits that put a harmless function, class or constant before or after the rest."""
    constant = rng.random() < 0.35
    piece = rng.choice(fragments.CONSTANT_PIECES if constant else fragments.FUNCTION_PIECES)
    text = filled(piece, rng, theme) if constant else piece
    return _beside(source, text, rng, before=constant or rng.random() < 0.5)


def add_distractor(source: Source, rng: random.Random, other: Snippet) -> list[Edit]:
    """Edits that put another snippet, known to be free of findings, beside this one.

    Empty where both bind the same names, or where the other one has a docstring or `__main__`.
    """
    if "__future__" in other.text or "__name__" in other.text:
        return []
    stranger = Source(other)
    if _bound(source) & _bound(stranger):
        return []
    here = {
        source.code(n) for n in source.module.body if isinstance(n, ast.Import | ast.ImportFrom)
    }
    imports = [n for n in stranger.module.body if isinstance(n, ast.Import | ast.ImportFrom)]
    rest = [n for n in stranger.module.body if n not in imports]
    if not rest or any(not stranger.starts_its_line(n) for n in rest):
        return []
    lines = [stranger.code(n) for n in imports if stranger.code(n) not in here]
    first = min([rest[0].lineno, *(d.lineno for d in getattr(rest[0], "decorator_list", []))])
    if any(n.lineno > first for n in imports):
        return []
    text = other.text[stranger.line_start(first) :].strip("\n")
    edits = _beside(source, text, rng, before=rng.random() < 0.5)
    if lines and edits:
        edits.append(Edit(0, 0, "".join(line + "\n" for line in lines)))
    return edits


def _bound(source: Source) -> set[str]:
    found: set[str] = set()
    for node in source.module.body:
        for inner in ast.walk(node):
            if isinstance(inner, ast.alias):
                found.add(
                    (inner.asname or inner.name).split(".")[0] + ("" if inner.asname else "/import")
                )
            elif isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                found.add(inner.id)
            elif isinstance(inner, FunctionNode | ast.ClassDef):
                found.add(inner.name)
    return found - BUILTINS


def _beside(source: Source, text: str, rng: random.Random, before: bool) -> list[Edit]:
    name = re.match(r"(?:@.*\n)?(?:async )?(?:def|class) (\w+)|(\w+) =", text)
    if name and (name[1] or name[2]) in source.words:
        return []
    gap = "\n" * rng.choice((1, 2, 3))
    if not before:
        end = len(source.text)
        return [
            Edit(
                end,
                end,
                ("" if source.text.endswith("\n") else "\n")
                + gap.replace("\n\n\n", "\n\n")
                + text
                + "\n",
            )
        ]
    body = list(source.module.body)
    at = 0
    for node in body:
        told = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not told and not isinstance(node, ast.Import | ast.ImportFrom):
            first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
            at = source.line_start(first)
            break
        at = min(len(source.text), source.line_start((node.end_lineno or node.lineno) + 1))
    lead = "\n" if at and not source.text[:at].endswith("\n\n") else ""
    return [Edit(at, at, lead + text + "\n" + gap)]


def swap_functions(source: Source, rng: random.Random) -> Snippet | None:
    """The snippet with two neighbouring top-level functions exchanged, or None."""
    body = source.module.body
    pairs = [
        (a, b)
        for a, b in pairwise(body)
        if isinstance(a, FunctionNode)
        and isinstance(b, FunctionNode)
        and source.starts_its_line(a)
        and a.name not in " ".join(source.code(d) for d in b.decorator_list)
    ]
    if not pairs:
        return None
    a, b = rng.choice(pairs)
    a0, a1, b0, b1 = (*_whole(source, a), *_whole(source, b))
    if "#" in source.text[a1:b0]:
        return None
    text, anchor = source.text, source.snippet.anchor
    new = text[:a0] + text[b0:b1] + text[a1:b0] + text[a0:a1] + text[b1:]
    if anchor is not None:
        if a0 <= anchor < a1:
            anchor += b1 - a1
        elif b0 <= anchor < b1:
            anchor -= b0 - a0
    return Snippet(new, anchor)


def _whole(source: Source, node: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[int, int]:
    first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
    return source.line_start(first), source.end(node)
