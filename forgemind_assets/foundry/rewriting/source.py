"""A snippet with a tracked finding, span edits on its text, and its parsed form."""

import ast
import builtins
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from forgemind_assets.foundry.rewriting.literals import Literal, read_literals

COMPILE_FLAGS = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
WORD = re.compile(r"[A-Za-z_]\w*")
BUILTINS = frozenset(dir(builtins))


class AnchorLost(ValueError):
    """An edit would replace the text that the finding points at."""


@dataclass(frozen=True)
class Edit:
    """Replace `text[start:end]`; an insertion has `start == end`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Snippet:
    """Code, and the offset of the first token on the finding's line (None: no finding)."""

    text: str
    anchor: int | None

    @staticmethod
    def at_line(text: str, line: int | None) -> "Snippet":
        """A snippet whose finding is on a 1-based line. Raises ValueError beyond the end."""
        if line is None:
            return Snippet(text, None)
        lines = text.split("\n")
        if not 1 <= line <= len(lines):
            raise ValueError(f"line {line} is not one of the snippet's {len(lines)} lines")
        body = lines[line - 1]
        before = sum(len(part) + 1 for part in lines[: line - 1])
        return Snippet(text, before + len(body) - len(body.lstrip()))

    @property
    def line(self) -> int | None:
        """1-based line of the finding."""
        return None if self.anchor is None else self.text.count("\n", 0, self.anchor) + 1


def apply_edits(snippet: Snippet, edits: Iterable[Edit]) -> Snippet:
    """Applies non-overlapping edits and moves the finding with its text.

    An insertion at the finding goes before it. Raises ValueError where edits overlap and
    AnchorLost where one replaces the finding's own text.
    """
    ordered = sorted(edits, key=lambda e: (e.start, e.end))
    out: list[str] = []
    at, anchor, shift = 0, snippet.anchor, 0
    for edit in ordered:
        if edit.start < at:
            raise ValueError(f"edits overlap at offset {edit.start}")
        out += [snippet.text[at : edit.start], edit.text]
        at = edit.end
        if anchor is not None:
            shift += _anchor_shift(edit, anchor)
    out.append(snippet.text[at:])
    return Snippet("".join(out), None if anchor is None else anchor + shift)


def _anchor_shift(edit: Edit, anchor: int) -> int:
    if edit.end <= anchor and (edit.start < anchor or edit.start == edit.end):
        return len(edit.text) - (edit.end - edit.start)
    if edit.start < anchor < edit.end:
        raise AnchorLost(f"the edit {edit.start}..{edit.end} replaces the finding at {anchor}")
    return 0


class Chunk:
    """A tree whose node positions map to offsets of the whole text."""

    def __init__(self, tree: ast.AST, text: str, base: int) -> None:
        self.tree = tree
        self.base = base
        self._lines = text.split("\n")
        self._ascii = text.isascii()
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line) + 1)

    def at(self, lineno: int, column: int) -> int:
        """Offset of a 1-based line and a column in UTF-8 bytes."""
        if not self._ascii:
            column = len(self._lines[lineno - 1].encode()[:column].decode())
        return self.base + self._starts[lineno - 1] + column

    def start(self, node: ast.AST) -> int:
        """Offset of the node's first character (decorators not included)."""
        return self.at(node.lineno, node.col_offset)  # type: ignore[attr-defined]

    def end(self, node: ast.AST) -> int:
        """Offset after the node's last character."""
        return self.at(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]

    def line_start(self, lineno: int) -> int:
        """Offset of the first column of a 1-based line."""
        return self.base + self._starts[lineno - 1]


class Source(Chunk):
    """A parsed snippet: nodes with parents, string literals and f-string expressions.

    Raises SyntaxError for text that does not parse.
    """

    def __init__(self, snippet: Snippet) -> None:
        super().__init__(ast.parse(snippet.text), snippet.text, 0)
        self.snippet = snippet
        self.text = snippet.text
        self.module: ast.Module = self.tree  # type: ignore[assignment]

    def code(self, node: ast.AST) -> str:
        """Source text of a node."""
        return self.text[self.start(node) : self.end(node)]

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """Parent of every node; what is inside an f-string is left out."""
        found: dict[ast.AST, ast.AST] = {}
        stack: list[ast.AST] = [self.module]
        while stack:
            node = stack.pop()
            if isinstance(node, ast.JoinedStr):
                continue
            for child in ast.iter_child_nodes(node):
                found[child] = node
                stack.append(child)
        return found

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """All nodes outside f-strings in source order where they have a position."""
        placed = [n for n in self.parents if hasattr(n, "lineno")]
        return sorted(placed, key=lambda n: (n.lineno, n.col_offset))  # type: ignore[attr-defined]

    @cached_property
    def strings(self) -> list[tuple[ast.Constant | ast.JoinedStr, list[Literal]]]:
        """String nodes (str or f-string, no bytes) with the literals that they consist of."""
        found: list[tuple[ast.Constant | ast.JoinedStr, list[Literal]]] = []
        for node in self.nodes:
            if isinstance(node, ast.JoinedStr) or (
                isinstance(node, ast.Constant) and isinstance(node.value, str)
            ):
                found.append((node, read_literals(self.text, self.start(node), self.end(node))))
        return found

    @cached_property
    def chunks(self) -> list[Chunk]:
        """The module and the expressions within f-strings, each with true offsets."""
        found: list[Chunk] = [self]
        for _, literals in self.strings:
            for literal in literals:
                found += _field_chunks(self.text, literal)
        return found

    @cached_property
    def words(self) -> set[str]:
        """All identifiers that occur anywhere in the text."""
        return set(WORD.findall(self.text))

    def docstrings(self) -> set[ast.AST]:
        """Constant nodes that are docstrings."""
        found: set[ast.AST] = set()
        for node in [self.module, *self.parents]:
            if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                first = node.body[0] if node.body else None
                if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                    found.add(first.value)
        return found

    def starts_its_line(self, node: ast.AST) -> bool:
        """Whether only blanks stand before the node on its line."""
        begin = self.line_start(node.lineno)  # type: ignore[attr-defined]
        return not self.text[begin : self.start(node)].strip()

    def ends_its_line(self, node: ast.AST) -> bool:
        """Whether nothing stands behind the node on its last line."""
        stop = self.text.find("\n", self.end(node))
        return not self.text[self.end(node) : len(self.text) if stop < 0 else stop].strip()

    def indent(self, node: ast.AST) -> str:
        """Blanks before the node on its line."""
        begin = self.line_start(node.lineno)  # type: ignore[attr-defined]
        line = self.text[begin : self.start(node)]
        return line[: len(line) - len(line.lstrip())]


def _field_chunks(text: str, literal: Literal) -> list[Chunk]:
    found: list[Chunk] = []
    for field in literal.fields:
        code = f"({text[field.start : field.end]}\n)"
        try:
            tree = ast.parse(code, mode="eval")
        except SyntaxError:
            continue
        found.append(Chunk(tree, code, field.start - 1))
    return found


def compiles(text: str) -> bool:
    """Whether the text is a valid module (`await` allowed at the top level)."""
    try:
        compile(text, "<snippet>", "exec", COMPILE_FLAGS, dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return True
