"""Rewrites of a Python snippet that keep what it is about: renamed, reformatted, paraphrased.

They share no code with the rewriting engine or with the filter that they are to test.
"""

# ruff: noqa: SIM905 - a long list of words is easier to read as text

import ast
import builtins
import random
import re
from collections.abc import Callable

WORDS = (
    "amber birch cedar delta ember fjord grove haven inlet jetty knoll lagoon meadow nectar "
    "orchid pebble quartz ridge summit thicket umber valley willow yonder zephyr"
).split()
SENTENCES = (
    "Does its part of the work and hands the outcome back.",
    "Called by the front end; see the handbook.",
    "Keeps the old behaviour for existing callers.",
    "Small piece of a larger service.",
)
COMMENTS = ("# see the ticket", "# keep in step with the client", "# reviewed twice")
BUILTINS = frozenset(dir(builtins)) | {"self", "cls"}


def names_of(tree: ast.AST) -> list[str]:
    """Names that the snippet itself binds: parameters, variables, functions, classes."""
    found: dict[str, None] = {}
    imported = {
        (a.asname or a.name).split(".")[0]
        for n in ast.walk(tree)
        if hasattr(n, "names") and not isinstance(n, ast.Global | ast.Nonlocal)
        for a in n.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found[node.name] = None
        elif isinstance(node, ast.arg):
            found[node.arg] = None
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found[node.id] = None
    return [n for n in found if n not in BUILTINS | imported and not n.startswith("__")]


class Renamer(ast.NodeTransformer):
    """Gives names other names, wherever they stand."""

    def __init__(self, names: dict[str, str]):
        self.names = names

    def visit(self, node: ast.AST) -> ast.AST:
        for field in ("id", "arg", "name"):
            old = getattr(node, field, None)
            if isinstance(old, str) and not isinstance(node, ast.alias | ast.keyword):
                setattr(node, field, self.names.get(old, old))
        if isinstance(node, ast.Attribute) and _is_self(node.value):
            node.attr = self.names.get(node.attr, node.attr)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            called = getattr(node.func, "id", getattr(node.func, "attr", ""))
            for keyword in node.keywords if called in self.names else ():
                keyword.arg = self.names.get(keyword.arg or "", keyword.arg)
        return self.generic_visit(node)


def _is_self(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


def renamed(tree: ast.Module, rng: random.Random) -> ast.Module:
    """Every own name replaced."""
    own = names_of(tree)
    fresh = [f"{a}_{b}" for a in WORDS for b in WORDS if a != b]
    table = dict(zip(own, rng.sample(fresh, len(own)), strict=True))
    for old in own:
        if old[:1].isupper():
            table[old] = table[old].title().replace("_", "")
    return Renamer(table).visit(tree)


def reformatted(tree: ast.Module, rng: random.Random) -> str:
    """Other indentation, quotes, blank lines and comments; the old comments go."""
    step = rng.choice([2, 3, 4, 8])
    lines = []
    for line in ast.unparse(ast.fix_missing_locations(tree)).split("\n"):
        body = line.lstrip(" ")
        lines.append(" " * ((len(line) - len(body)) // 4 * step) + body)
    text = "\n".join(lines)
    if '"""' in text or "'''" in text:  # a text over several lines must not gain any
        return text + "\n"
    out = []
    for line in lines:
        if rng.random() < 0.15:
            out.append("")
        if line and not line.endswith("\\") and rng.random() < 0.1:
            line += "  " + rng.choice(COMMENTS)
        out.append(line)
    return "\n".join(out) + "\n"


def _parts(node: ast.expr) -> list[str | ast.expr] | None:
    """Texts and expressions that a string expression joins; None for anything else."""
    if isinstance(node, ast.JoinedStr):
        parts: list[str | ast.expr] = []
        for one in node.values:
            if isinstance(one, ast.Constant):
                parts.append(one.value)
            elif isinstance(one, ast.FormattedValue) and one.format_spec is None:
                if one.conversion != -1:
                    return None
                parts.append(one.value)
            else:
                return None
        return parts
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _parts(node.left), _parts(node.right)
        if left is None and right is None:
            return None
        return [*(left or [node.left]), *(right or [node.right])]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return _filled(node.left, r"%s", _tuple(node.right))
    is_format = (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "format"
        and not node.keywords
    )
    return _filled(node.func.value, r"\{\}", node.args) if is_format else None  # type: ignore


def _tuple(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.Tuple) else [node]


def _filled(text: ast.expr, mark: str, values: list[ast.expr]) -> list[str | ast.expr] | None:
    if not (isinstance(text, ast.Constant) and isinstance(text.value, str)):
        return None
    pieces = re.split(mark, text.value)
    if len(pieces) != len(values) + 1 or "%" in "".join(pieces) or "{" in "".join(pieces):
        return None
    parts: list[str | ast.expr] = [pieces[0]]
    for value, piece in zip(values, pieces[1:], strict=True):
        parts += [value, piece]
    return parts


class OtherStrings(ast.NodeTransformer):
    """f-strings, formats, % and concatenations turned into one another."""

    def __init__(self, rng: random.Random):
        self.rng = rng

    def visit(self, node: ast.AST) -> ast.AST:
        parts = _parts(node) if isinstance(node, ast.expr) else None
        if parts is None or not any(isinstance(p, ast.expr) for p in parts):
            return self.generic_visit(node)
        if not any(isinstance(p, str) and p for p in parts):
            return self.generic_visit(node)
        return self._built([self.visit(p) if isinstance(p, ast.expr) else p for p in parts])

    def _built(self, parts: list) -> ast.expr:
        way = self.rng.choice(["f", "format", "percent", "plus"])
        values = [p for p in parts if isinstance(p, ast.expr)]
        texts = [p for p in parts if isinstance(p, str)]
        if way in ("format", "percent") and any(c in t for t in texts for c in "{}%"):
            way = "f"
        if way == "f":
            return ast.JoinedStr(
                [
                    ast.Constant(p) if isinstance(p, str) else ast.FormattedValue(p, -1)
                    for p in parts
                ]
            )
        if way == "plus":
            made = [
                ast.Constant(p)
                if isinstance(p, str)
                else ast.Call(ast.Name("str", ast.Load()), [p], [])
                for p in parts
                if p != ""
            ]
            whole = made[0]
            for one in made[1:]:
                whole = ast.BinOp(whole, ast.Add(), one)
            return whole
        mark = "{}" if way == "format" else "%s"
        text = ast.Constant("".join(p if isinstance(p, str) else mark for p in parts))
        if way == "format":
            return ast.Call(ast.Attribute(text, "format", ast.Load()), values, [])
        return ast.BinOp(text, ast.Mod(), ast.Tuple(values, ast.Load()))


def bodies(tree: ast.AST) -> list[list[ast.stmt]]:
    """All blocks of statements."""
    return [
        block
        for node in ast.walk(tree)
        for field in ("body", "orelse", "finalbody")
        if isinstance(block := getattr(node, field, None), list) and block
    ]


def _touched(node: ast.AST) -> tuple[set[str], set[str]]:
    """Names that a statement reads and writes."""
    reads, writes = set(), set()
    for one in ast.walk(node):
        if isinstance(one, ast.Name):
            (reads if isinstance(one.ctx, ast.Load) else writes).add(one.id)
        elif isinstance(one, ast.alias):
            writes.add((one.asname or one.name).split(".")[0])
        elif isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            writes.add(one.name)
    return reads, writes


def reordered(tree: ast.Module, rng: random.Random) -> None:
    """Neighbouring statements that do not depend on each other change places."""
    movable = (ast.Assign, ast.AnnAssign, ast.Import, ast.ImportFrom, ast.FunctionDef)
    for block in bodies(tree):
        for place in range(len(block) - 1):
            one, other = block[place], block[place + 1]
            if not (isinstance(one, movable) and isinstance(other, movable)):
                continue
            (reads, writes), (reads_2, writes_2) = _touched(one), _touched(other)
            if not (writes & (reads_2 | writes_2) or writes_2 & reads) and rng.random() < 0.7:
                block[place], block[place + 1] = other, one


def helper_extracted(tree: ast.Module, rng: random.Random) -> None:
    """One returned or assigned expression becomes a function of its own."""
    places = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Return | ast.Assign)
        and isinstance(node.value, ast.Call | ast.BinOp)
    ]
    if not places or any(isinstance(n, ast.Await | ast.Yield) for n in ast.walk(tree)):
        return
    place = rng.choice(places)
    own = set(names_of(tree)) | {"self"}
    used = sorted({n.id for n in ast.walk(place.value) if isinstance(n, ast.Name) and n.id in own})
    name = f"_{rng.choice(['make', 'build', 'prepare', 'run'])}_{rng.choice(WORDS)}"
    arguments = ast.arguments(
        [], [ast.arg("me" if u == "self" else u) for u in used], None, [], [], None, []
    )
    inner = Renamer({"self": "me"}).visit(ast.parse(ast.unparse(place.value), mode="eval").body)
    helper = ast.FunctionDef(name, arguments, [ast.Return(inner)], [], lineno=1)
    place.value = ast.Call(ast.Name(name, ast.Load()), [ast.Name(u, ast.Load()) for u in used], [])
    after = [i for i, n in enumerate(tree.body) if isinstance(n, ast.Import | ast.ImportFrom)]
    tree.body.insert(after[-1] + 1 if after else 0, helper)


def docstrings_reworded(tree: ast.Module, rng: random.Random) -> None:
    """Every docstring replaced, and some given to functions without one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            text = ast.Expr(ast.Constant(rng.choice(SENTENCES)))
            if ast.get_docstring(node) is not None:
                node.body[0] = text
            elif rng.random() < 0.5:
                node.body.insert(0, text)


def constants_changed(tree: ast.Module, rng: random.Random) -> None:
    """Other numbers, and other words in half of the plain texts."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            if type(node.value) is int and node.value not in (0, 1):
                node.value += rng.choice([1, 2, 5, 10])
            elif (
                isinstance(node.value, str)
                and re.fullmatch(r"[A-Za-z][\w .-]{2,40}", node.value)
                and rng.random() < 0.5
            ):
                node.value = f"{rng.choice(WORDS)} {rng.choice(WORDS)}"[: len(node.value)]


def named_steps(tree: ast.Module, rng: random.Random) -> None:
    """What is returned, or passed as first argument, gets a variable."""
    for block in bodies(tree):
        for place, node in reversed(list(enumerate(block))):
            if isinstance(node, ast.Return) and isinstance(node.value, ast.Call):
                name = f"{rng.choice(WORDS)}_{rng.choice(WORDS)}"
                block[place : place + 1] = [
                    ast.Assign([ast.Name(name, ast.Store())], node.value, lineno=1),
                    ast.Return(ast.Name(name, ast.Load())),
                ]


def branches_turned(tree: ast.Module, rng: random.Random) -> None:
    """`if a: x else: y` becomes `if not a: y else: x`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and node.orelse and not isinstance(node.orelse[0], ast.If):
            node.test = ast.UnaryOp(ast.Not(), node.test)
            node.body, node.orelse = node.orelse, node.body


STEPS: tuple[Callable[[ast.Module, random.Random], object], ...] = (
    lambda tree, rng: OtherStrings(rng).visit(tree),
    reordered,
    helper_extracted,
    docstrings_reworded,
    constants_changed,
    named_steps,
    branches_turned,
)


def verbatim(code: str, rng: random.Random) -> str:
    """As it is."""
    return code


def renamed_and_reformatted(code: str, rng: random.Random) -> str:
    """Every own name replaced, and laid out anew."""
    return reformatted(renamed(ast.parse(code), rng), rng)


def paraphrased(code: str, rng: random.Random, least: int = 2) -> str | None:
    """Restructured by each step that fits with a chance of 70 %, and renamed in half of the cases.

    None where fewer than `least` steps change anything: there is too little to restructure.
    """
    tree, changes = ast.parse(code), 0
    for step in rng.sample(STEPS, len(STEPS)):
        if rng.random() < 0.7:
            before = ast.dump(tree)
            step(tree, rng)
            tree = ast.parse(ast.unparse(ast.fix_missing_locations(tree)))
            changes += ast.dump(tree) != before
    if changes < least:
        return None
    if rng.random() < 0.5:
        tree = renamed(tree, rng)
    return reformatted(tree, rng)
