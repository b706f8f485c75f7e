"""What is left of code when names, literals, layout and wording are taken away: forms and traits.

Two texts with the same form are the same program written differently. Traits are the small parts
that survive restructuring: the words of its strings, the interfaces that it calls, what it does
with them.
"""

import ast
import hashlib
import re
from collections.abc import Iterator
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import cast

from forgemind_assets.foundry.filters.string_pieces import string_pieces
from forgemind_assets.foundry.rewriting.scopes import FIXED
from forgemind_assets.foundry.rewriting.source import BUILTINS

WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
PLACEHOLDER = re.compile(r"%\(\w+\)[sdr]|%[sdr]|\{[^{}]*\}")
Functions = ast.FunctionDef | ast.AsyncFunctionDef
Scopes = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@lru_cache(maxsize=1 << 16)
def digest(text: str) -> bytes:
    """96 bits of a text: enough that no two meet, and no way back."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).digest()


class Code:
    """A parsed text and the names in it. Raises SyntaxError for what is no Python."""

    def __init__(self, text: str) -> None:
        try:
            self.tree = ast.parse(text)
        except (ValueError, RecursionError, MemoryError) as error:
            raise SyntaxError(str(error)) from error
        self.nodes = list(ast.walk(self.tree))

    @cached_property
    def real(self) -> dict[str, str]:
        """What each imported name stands for: `np` -> `numpy`, `run` -> `subprocess.run`."""
        real: dict[str, str] = {}
        for node in self.nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    root = alias.name.split(".")[0]
                    real[alias.asname or root] = alias.name if alias.asname else root
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    real[alias.asname or alias.name] = f"{node.module or ''}.{alias.name}"
        return real

    @cached_property
    def parameters(self) -> set[str]:
        """Names of parameters."""
        return {node.arg for node in self.nodes if isinstance(node, ast.arg)}

    @cached_property
    def bound(self) -> set[str]:
        """Names that the code itself gives: parameters, variables, functions, classes."""
        stored = {
            n.id for n in self.nodes if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)
        }
        defined = {n.name for n in self.nodes if isinstance(n, Functions | ast.ClassDef)}
        return self.parameters | stored | defined

    @cached_property
    def own_attributes(self) -> set[str]:
        """Attributes of `self` that the code sets, and methods that its classes define."""
        found: set[str] = set()
        for node in self.nodes:
            if isinstance(node, ast.ClassDef):
                found |= {s.name for s in node.body if isinstance(s, Functions)}
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                found |= {node.attr} if ast.unparse(node.value) == "self" else set()
        return {name for name in found if not name.startswith("__")}

    @cached_property
    def docstrings(self) -> set[ast.AST]:
        """Texts that stand alone as a statement."""
        alone = (n.value for n in self.nodes if isinstance(n, ast.Expr))
        return {value for value in alone if isinstance(value, ast.Constant)}


def normal_form(code: Code) -> bytes:
    """Hash of the syntax tree with own names numbered in order.

    Names of imports, builtins and frameworks stay. Docstrings, annotations, comments and layout
    go; strings that are put together in different ways become the same; literals stay.
    The code's tree is changed by it.
    """
    return digest(ast.dump(_Normal(code).visit(code.tree)))


class _Normal(ast.NodeTransformer):
    """Numbers own names and unifies what is only written differently."""

    def __init__(self, code: Code) -> None:
        free = {n.id for n in code.nodes if isinstance(n, ast.Name)} - code.bound
        self._real, self._parameters = code.real, code.parameters
        self._kept = BUILTINS | (free & FIXED)
        self._own_attributes = code.own_attributes
        self._numbers: dict[str, str] = {}

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, Scopes):
            node.body = without_docstring(node.body)
        if isinstance(node, Functions):
            node.returns = None
        node = super().generic_visit(node)
        for field in ("id", "name"):
            old = getattr(node, field, None)
            if isinstance(old, str) and not isinstance(node, ast.alias):
                setattr(node, field, self._name(old))
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return ast.arg(self._name(node.arg), None)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is None:
            return ast.Pass()
        return self.visit(ast.Assign([node.target], node.value))

    def visit_Import(self, node: ast.Import) -> ast.AST:
        return ast.Pass()

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        return ast.Pass()

    def visit_keyword(self, node: ast.keyword) -> ast.AST:
        name = self._name(node.arg) if node.arg in self._parameters else node.arg
        return ast.keyword(name, cast("ast.expr", self.visit(node.value)))

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        name = self._name(node.attr) if node.attr in self._own_attributes else node.attr
        return ast.Attribute(cast("ast.expr", self.visit(node.value)), name, node.ctx)

    def visit(self, node: ast.AST) -> ast.AST:
        pieces = string_pieces(node) if isinstance(node, ast.expr) else None
        if pieces is None or not any(isinstance(p, ast.expr) for p in pieces):
            return super().visit(node)
        values: list[ast.expr] = [
            ast.Constant(p) if isinstance(p, str) else self.visit(p)  # type: ignore[list-item]
            for p in pieces
        ]
        return ast.JoinedStr(values)

    def _name(self, old: str | None) -> str:
        if old is None:
            return ""
        if old in self._real:
            return self._real[old]
        return old if old in self._kept else self._numbers.setdefault(old, f"v{len(self._numbers)}")


def without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    """The statements that do something; `pass` where there is none."""
    kept = [s for s in body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
    return kept or [ast.Pass()]


def traits(code: Code) -> Iterator[str]:
    """The parts of code that stay when it is renamed, reformatted and restructured.

    Words of its strings, what it imports, calls and reaches for, and with which keywords.
    """
    for node in code.nodes:
        if isinstance(node, ast.Constant) and node not in code.docstrings:
            if isinstance(node.value, str):
                yield from _string_traits(node.value)
            elif isinstance(node.value, int | float) and abs(node.value) > 1:
                yield f"number:{node.value}"
        elif isinstance(node, ast.alias):
            yield f"import:{node.name}"
        elif isinstance(node, ast.Attribute) and node.attr not in code.own_attributes:
            yield f"attribute:{node.attr}"
            if inner := _called(node.value, code.real):
                yield f"chain:{inner}.{node.attr}"
        elif isinstance(node, ast.Call):
            yield from _call_traits(node, code.real)
        elif isinstance(node, ast.Name) and node.id in code.real:
            yield f"use:{code.real[node.id]}"
        elif isinstance(node, ast.For | ast.While | ast.Try | ast.With | ast.Raise | ast.ListComp):
            yield f"does:{type(node).__name__}"


def _string_traits(value: str) -> Iterator[str]:
    words = [word.lower() for word in WORD.findall(PLACEHOLDER.sub(" ", value))]
    yield from (f"word:{word}" for word in words)
    yield from (f"words:{a} {b}" for a, b in pairwise(words))


def _call_traits(node: ast.Call, real: dict[str, str]) -> Iterator[str]:
    name = _called(node, real)
    if name:
        yield f"call:{name}"
    for keyword in node.keywords:
        if keyword.arg:
            yield f"keyword:{name}.{keyword.arg}"
            if isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, bool):
                yield f"keyword:{name}.{keyword.arg}={keyword.value.value}"


def _called(node: ast.expr, real: dict[str, str]) -> str:
    """Last part of the called name, or what an imported name stands for; empty for own names."""
    function = node.func if isinstance(node, ast.Call) else node
    if isinstance(function, ast.Attribute):
        return function.attr
    if isinstance(function, ast.Name):
        if function.id in real:
            return real[function.id].rsplit(".", 1)[-1]
        return function.id if function.id in BUILTINS or function.id in FIXED else ""
    return ""
