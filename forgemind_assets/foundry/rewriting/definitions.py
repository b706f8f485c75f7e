"""Changes the form of a function: its body alone, a method, a coroutine, an endpoint."""

import ast
import random
import re

from forgemind_assets.foundry.rewriting import vocabulary as words
from forgemind_assets.foundry.rewriting.contexts import indent_lines
from forgemind_assets.foundry.rewriting.meaning import tells
from forgemind_assets.foundry.rewriting.scopes import names
from forgemind_assets.foundry.rewriting.settings import INDENT, decorator_lines
from forgemind_assets.foundry.rewriting.source import Edit, Source

# A parameter of such a type is a checked value; without its annotation it would not be.
CHECKED = re.compile(
    r"\b(int|float|bool|UUID|Literal|date|datetime|Decimal|[A-Z]\w*(Enum|Id|Kind|Name))\b"
)


def unwrap_function(source: Source, rng: random.Random) -> list[Edit]:
    """Edits that leave only the body of a snippet's single, undecorated function."""
    body = [n for n in source.module.body if not isinstance(n, ast.Import | ast.ImportFrom)]
    if len(body) != 1 or not isinstance(body[0], ast.FunctionDef) or body[0].decorator_list:
        return []
    function = body[0]
    returns = [n for n in ast.walk(function) if isinstance(n, ast.Return)]
    nested = [
        n
        for n in ast.walk(function)
        if isinstance(n, ast.Yield | ast.YieldFrom | ast.FunctionDef | ast.Nonlocal | ast.Global)
    ]
    if (
        len(nested) > 1
        or any(r is not function.body[-1] for r in returns)
        or len(function.body) > 7
    ):
        return []
    if (
        tells(function.name)
        or function.body[0].lineno == function.lineno
        or (function.args.defaults and rng.random() < 0.8)
    ):
        return []
    if any(a.annotation and CHECKED.search(source.code(a.annotation)) for a in function.args.args):
        return []
    depth = function.body[0].col_offset
    start, end = source.line_start(function.lineno), source.line_start(function.body[0].lineno)
    edits = [Edit(start, end, "")]
    if any(isinstance(n, ast.Constant) for n in function.body[:1]) or has_multiline_string(source):
        return []
    for number in range(function.body[0].lineno, len(source.text.split("\n")) + 1):
        at = source.line_start(number)
        line = source.text[at : at + depth]
        if line.strip(" \t"):
            return []
        if len(line) == depth:
            edits.append(Edit(at, at + depth, ""))
    if returns:
        edits += _without_return(source, returns[0], rng)
        if len(edits) and edits[-1].text == "<none>":
            return []
    anchor = source.snippet.anchor
    if anchor is not None and start <= anchor < end:
        return []
    return edits


def _without_return(source: Source, node: ast.Return, rng: random.Random) -> list[Edit]:
    start = source.start(node)
    if node.value is None or isinstance(node.value, ast.Name | ast.Constant):
        if source.snippet.line == node.lineno:
            return [Edit(start, start, "<none>")]
        return [
            Edit(start, source.end(node), "pass" if node.value is None else source.code(node.value))
        ]
    new = (
        ""
        if isinstance(node.value, ast.Call) and rng.random() < 0.4
        else rng.choice(("result = ", "out = ", "data = ", "res = "))
    )
    return [Edit(start, source.start(node.value), new)]


def has_multiline_string(source: Source) -> bool:
    """Whether a string literal in triple quotes stands in the snippet."""
    return any(len(one.quote) == 3 for _, literals in source.strings for one in literals)


def to_method(source: Source, rng: random.Random, theme: words.Theme) -> list[Edit]:
    """Edits that put the last function of a snippet into a class."""
    if not source.module.body:
        return []
    function = source.module.body[-1]
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) or function.decorator_list:
        return []
    if len(re.findall(rf"\b{re.escape(function.name)}\b", source.text)) > 1 or has_multiline_string(
        source
    ):
        return []
    head = re.compile(r"\(\s*").search(source.text, source.start(function))
    if head is None or function.args.posonlyargs or "self" in source.words:
        return []
    arguments = function.args
    some = bool(arguments.args or arguments.kwonlyargs or arguments.vararg or arguments.kwarg)
    cls = theme.noun(rng).capitalize() + rng.choice(words.CLASS_ENDINGS)
    start = source.line_start(function.lineno)
    edits = [Edit(start, start, f"class {cls}:\n{_class_opening(rng, theme)}")]
    edits.append(Edit(head.end(), head.end(), "self, " if some else "self"))
    return edits + indent_lines(source, function.lineno, INDENT)


def _class_opening(rng: random.Random, theme: words.Theme) -> str:
    shape = rng.random()
    if shape < 0.6:
        return ""
    if shape < 0.8:
        return (
            f'{INDENT}"""{rng.choice(words.DOCSTRINGS).format(theme.noun(rng)).capitalize()}"""\n\n'
        )
    if shape < 0.9:
        setting = rng.choice(("timeout", "page_size", "retries", "limit"))
        return f"{INDENT}{setting} = {rng.choice((3, 5, 10, 30, 50))}\n\n"
    given = rng.choice(("options", "settings", "logger", "clock"))
    return f"{INDENT}def __init__(self, {given}=None):\n{INDENT * 2}self.ready = True\n\n"


def to_async(source: Source, rng: random.Random) -> list[Edit]:
    """Edits that make one undecorated function that nobody calls here a coroutine."""
    for node in source.module.body:
        if not isinstance(node, ast.FunctionDef) or node.decorator_list:
            continue
        if len(re.findall(rf"\b{re.escape(node.name)}\b", source.text)) > 1:
            continue
        if any(isinstance(n, ast.Yield | ast.YieldFrom) for n in ast.walk(node)):
            continue
        return (
            [Edit(source.start(node), source.start(node), "async ")]
            if source.snippet.line != node.lineno
            else []
        )
    return []


def decorate(source: Source, rng: random.Random, theme: words.Theme) -> list[Edit]:
    """Edits that make one plain function an endpoint or a task."""
    table = names(source)
    for node in source.module.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.decorator_list:
            continue
        arguments = node.args
        if arguments.vararg or arguments.kwarg or arguments.kwonlyargs or arguments.posonlyargs:
            continue
        if any(
            a.arg == "request" or (table.get(a.arg) and table[a.arg].attributes)
            for a in arguments.args
        ):
            continue
        if len(re.findall(rf"\b{re.escape(node.name)}\b", source.text)) > 1:
            continue
        kind = rng.choice(("fastapi", "task", "fastapi"))
        at = source.line_start(node.lineno)
        return [Edit(at, at, line + "\n") for line in decorator_lines(kind, rng, theme)]
    return []
