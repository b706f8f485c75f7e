"""Strings that are put together: what they consist of, however they are written."""

import ast
import re
from collections.abc import Iterable


def string_pieces(node: ast.expr) -> list[str | ast.expr] | None:
    """Texts and expressions in the order in which they make a string; None for other expressions.

    Reads f-strings, `+` with a text on one side, `%` and `str.format` by position.
    """
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        pieces: list[str | ast.expr] = []
        for one in node.values:
            inner = one.value if isinstance(one, ast.FormattedValue) else one
            text = string_pieces(inner) if isinstance(inner, ast.Constant) else None
            pieces += text or [_bare(inner)]
        return _joined(pieces)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = string_pieces(node.left), string_pieces(node.right)
        if left is None and right is None:
            return None
        return _joined([*(left or [_bare(node.left)]), *(right or [_bare(node.right)])])
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        values = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
        return _filled(node.left, r"%[sdr]", values)
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "format"
        and not node.keywords
    ):
        return _filled(node.func.value, r"\{\d*\}", node.args)
    return None


def _filled(text: ast.expr, mark: str, values: list[ast.expr]) -> list[str | ast.expr] | None:
    if not (isinstance(text, ast.Constant) and isinstance(text.value, str)):
        return None
    between = re.split(mark, text.value)
    if len(between) != len(values) + 1:
        return None
    pieces: list[str | ast.expr] = [between[0]]
    for value, after in zip(values, between[1:], strict=True):
        pieces += [_bare(value), after]
    return _joined(pieces)


def _bare(node: ast.expr) -> ast.expr:
    """`x` for `str(x)`: a format does the same unasked."""
    is_str = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) == 1
    return node.args[0] if is_str and node.func.id == "str" else node  # type: ignore[union-attr]


def _joined(pieces: Iterable[str | ast.expr | None]) -> list[str | ast.expr]:
    """Neighbouring texts as one; empty ones left out."""
    out: list[str | ast.expr] = []
    for piece in pieces:
        if isinstance(piece, str) and out and isinstance(out[-1], str):
            out[-1] += piece
        elif piece is not None and piece != "":
            out.append(piece)
    return out
