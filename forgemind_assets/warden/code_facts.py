"""What a piece of Python does, read from its syntax tree: calls by full name, texts, origins.

Nothing is imported or run. Aliases (`import socket as s`), late imports (`__import__("os")`)
and `getattr(os, "system")` are seen through.
"""

import ast
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

MAX_CHARS = 200_000
MIN_PAYLOAD = 20
"""Shortest decoded part, in characters, that is read as code of its own."""
_FENCE = re.compile(
    r"```[ \t]*(?:python3?|py)?[ \t]*\n(.*?)(?:\n[ \t]*```|\Z)", re.DOTALL | re.IGNORECASE
)


class Unparsable(ValueError):
    """The text holds no Python that parses; the message says why."""


@dataclass
class Facts:
    """One parsed piece.

    Attributes:
        tree: the module.
        start: offset of the piece in its text.
        shift: lines that were put before it so that it parses.
        calls: full name and node of every call, in the order of a walk.
        strings: every text constant.
        origins: what each variable was made by: `s` -> `socket.socket()`.
    """

    tree: ast.Module
    start: int = 0
    shift: int = 0
    calls: list[tuple[str, ast.Call]] = field(default_factory=list)
    strings: list[str] = field(default_factory=list)
    origins: dict[str, str] = field(default_factory=dict)
    _aliases: dict[str, str] = field(default_factory=dict)

    def name(self, node: ast.AST) -> str:
        """Full dotted name of an expression, `()` for a call; empty where it has none."""
        if isinstance(node, ast.Name):
            return self._aliases.get(node.id) or self.origins.get(node.id) or node.id
        if isinstance(node, ast.Attribute):
            known = self.origins.get(f"{_plain(node.value)}.{node.attr}")
            return known or f"{self.name(node.value)}.{node.attr}"
        if isinstance(node, ast.Call):
            late = self._late(node)
            return late or f"{self.name(node.func)}()"
        if isinstance(node, ast.Await | ast.Subscript | ast.Starred):
            return self.name(node.value)
        return ""

    def _late(self, node: ast.Call) -> str:
        func = self.name(node.func)
        texts = [
            a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)
        ]
        if func in ("__import__", "importlib.import_module", "builtins.__import__") and texts:
            return texts[0]
        if func == "getattr" and texts and node.args:
            return f"{self.name(node.args[0])}.{texts[0]}"
        return ""

    def span(self, text: str, node: ast.AST) -> tuple[int, int]:
        """Where a node stands in the whole text, in characters."""
        lines = text[self.start :].split("\n")
        first, last = node.lineno - self.shift, node.end_lineno - self.shift  # type: ignore[attr-defined]
        starts = [self.start]
        for line in lines:
            starts.append(starts[-1] + len(line) + 1)

        def at(line: int, column: int) -> int:
            return starts[line - 1] + len(lines[line - 1].encode()[:column].decode(errors="ignore"))

        return at(first, node.col_offset), at(last, node.end_col_offset)  # type: ignore[attr-defined]

    def called(self, *endings: str) -> list[ast.Call]:
        """Calls whose full name is one of `endings` or ends in `.` and one of them."""
        return [
            node
            for name, node in self.calls
            if any(name == end or name.endswith(f".{end}") for end in endings)
        ]

    def says(self, pattern: str) -> bool:
        """Whether any text constant matches."""
        wanted = re.compile(pattern, re.IGNORECASE)
        return any(wanted.search(text) for text in self.strings)

    def within(self, node: ast.AST, *endings: str) -> bool:
        """Whether an expression holds such a call, or a variable that was made by one."""
        for inner in ast.walk(node):
            name = (
                self.name(inner) if isinstance(inner, ast.Call | ast.Name | ast.Attribute) else ""
            )
            parts = name.replace("()", "").split(".")
            joined = ".".join(parts)
            if any(f".{end}." in f".{joined}." for end in endings):
                return True
        return False


def read(text: str, *, only_code: bool, inner: Iterable[tuple[int, str]] = ()) -> list[Facts]:
    """The Python in a text: all of it, or its fenced blocks, and what was decoded in it.

    Args:
        text: code, or prose with code.
        only_code: whether the whole text is meant to be Python.
        inner: start and text of parts that may be code of their own, such as a payload.

    Raises:
        Unparsable: where `only_code` is set and the text does not parse, or it is too long or
            nested too deeply to be parsed.
    """
    if len(text) > MAX_CHARS:
        raise Unparsable("too_long")
    blocks = [(0, text), *((m.start(1), m[1]) for m in _FENCE.finditer(text))]
    found: list[Facts] = []
    for start, block in blocks:
        tree, shift = _parsed(block)
        if tree is not None:
            found.append(_facts(tree, start, shift))
            if start == 0:
                break
    for start, block in inner:
        tree, shift = _parsed(block) if len(block) >= MIN_PAYLOAD else (None, 0)
        if tree is not None:
            found.append(_facts(tree, start, shift))
    if only_code and not found:
        raise Unparsable("syntax_error")
    return found


def _parsed(text: str) -> tuple[ast.Module | None, int]:
    """The tree, and how many lines were put before an indented piece."""
    indented = text.lstrip("\n")[:1] in (" ", "\t")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse("if 1:\n" + text if indented else text), int(indented)
    except (SyntaxError, ValueError):
        return None, 0
    except (RecursionError, MemoryError) as error:
        raise Unparsable("nested_too_deeply") from error


def _facts(tree: ast.Module, start: int, shift: int) -> Facts:
    facts = Facts(tree, start, shift)
    nodes = sorted(
        _walk(tree), key=lambda n: (getattr(n, "lineno", 0), getattr(n, "col_offset", 0))
    )
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.split(".")[0]
                facts._aliases[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                facts._aliases[alias.asname or alias.name] = f"{node.module or ''}.{alias.name}"
    for node in nodes:
        _note(facts, node)
    return facts


def _note(facts: Facts, node: ast.AST) -> None:
    if isinstance(node, ast.Assign):
        _note_origin(facts, node.targets, node.value)
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
        _note_origin(facts, [node.target], node.value)
    elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
        _note_origin(facts, [node.target], node.iter)
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        _note_origin(facts, [node.optional_vars], node.context_expr)
    elif isinstance(node, ast.Call):
        facts.calls.append((facts.name(node.func), node))
    elif isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
        value = node.value
        facts.strings.append(value if isinstance(value, str) else value.decode("latin-1"))


def _note_origin(facts: Facts, targets: Iterable[ast.expr], value: ast.expr) -> None:
    made_by = facts.name(value)
    if not made_by or not (isinstance(value, ast.Call | ast.Attribute | ast.Await | ast.Name)):
        calls = [facts.name(inner) for inner in ast.walk(value) if isinstance(inner, ast.Call)]
        made_by = next((name for name in calls if name), "")
    for target in targets:
        for item in target.elts if isinstance(target, ast.Tuple | ast.List) else [target]:
            if made_by and made_by.count(".") < 12 and isinstance(item, ast.Name | ast.Attribute):
                facts.origins[_plain(item)] = made_by


def _plain(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return f"{_plain(node.value)}.{node.attr}" if isinstance(node, ast.Attribute) else "?"


def _walk(tree: ast.Module) -> Iterator[ast.AST]:
    """Every node; a `withitem` and a `comprehension` come with their own place."""
    for node in ast.walk(tree):
        if isinstance(node, ast.withitem):
            node.lineno, node.col_offset = node.context_expr.lineno, node.context_expr.col_offset  # type: ignore[attr-defined]
        elif isinstance(node, ast.comprehension):
            node.lineno, node.col_offset = node.iter.lineno, node.iter.col_offset  # type: ignore[attr-defined]
        yield node
