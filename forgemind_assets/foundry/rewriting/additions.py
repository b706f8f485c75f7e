"""Adds what changes nothing: comments, docstrings, hints, log lines, guards, neighbours."""

import ast
import random
import re

from forgemind_assets.foundry.rewriting import fragments
from forgemind_assets.foundry.rewriting import vocabulary as words
from forgemind_assets.foundry.rewriting.scopes import names
from forgemind_assets.foundry.rewriting.source import BUILTINS, Edit, Snippet, Source

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


def _filled(text: str, rng: random.Random, theme: words.Theme) -> str:
    noun = theme.noun(rng)
    return text.format(noun=noun, NOUN=noun.upper(), noun2=theme.noun(rng), message=rng.choice(words.MESSAGES))


def _body_statements(source: Source) -> list[ast.stmt]:
    """Statements of functions and of the module that begin their line, imports left out."""
    found: list[ast.stmt] = []
    docstrings = source.docstrings()
    for node in [source.module, *source.nodes]:
        if not isinstance(node, ast.Module | FunctionNode | ast.With | ast.If | ast.For | ast.Try):
            continue
        for statement in node.body:
            plain = not isinstance(statement, ast.Import | ast.ImportFrom | FunctionNode | ast.ClassDef)
            told = isinstance(statement, ast.Expr) and statement.value in docstrings
            if plain and not told and source.starts_its_line(statement) and statement.lineno != getattr(node, "lineno", 0):
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
        text = _filled(rng.choice(fragments.STATEMENT_PIECES), rng, theme)
        target = text.split(" = ")[0]
        if target.isidentifier() and target in source.words:
            continue
        at = source.line_start(place.lineno)
        edits.append(Edit(at, at, f"{source.indent(place)}{text}\n"))
    return edits


def add_comment(source: Source, rng: random.Random, theme: words.Theme) -> list[Edit]:
    """Edits that add one comment, on a line of its own or behind a statement."""
    places = _body_statements(source) or [n for n in source.module.body if source.starts_its_line(n)]
    if not places:
        return []
    place = rng.choice(places)
    text = rng.choice(words.COMMENTS) if rng.random() < 0.8 else f"{theme.noun(rng)}: {rng.choice(words.MESSAGES)}"
    if rng.random() < 0.3 and place.lineno == place.end_lineno and source.ends_its_line(place):
        return [Edit(source.end(place), source.end(place), f"  # {text}")]
    at = source.line_start(place.lineno)
    return [Edit(at, at, f"{source.indent(place)}# {text[:1].upper() + text[1:] if rng.random() < 0.4 else text}\n")]


def add_docstring(source: Source, rng: random.Random, theme: words.Theme) -> list[Edit]:
    """Edits that give one function a docstring."""
    known = source.docstrings()
    options = [
        n for n in source.nodes
        if isinstance(n, FunctionNode) and n.body[0].lineno > n.lineno
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
        if first.value in known and source.starts_its_line(first) and source.ends_its_line(first) and isinstance(first.value.value, str):
            start, end = source.line_start(first.lineno), source.line_start((first.end_lineno or 0) + 1)
            if source.snippet.anchor is None or not start <= source.snippet.anchor < end:
                edits.append(Edit(start, end, ""))
    return edits


def remove_comments(source: Source, rng: random.Random) -> list[Edit]:
    """Edits that drop comments."""
    edits: list[Edit] = []
    spans = [(one.start, one.end) for _, literals in source.strings for one in literals]
    for match in re.finditer(r"(?m)^([ \t]*)#[^\n]*\n|[ \t]+#[^\n]*$", source.text):
        if not any(s < match.end() and match.start() < e for s, e in spans):
            if source.snippet.anchor is None or not match.start() <= source.snippet.anchor < match.end():
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
    return re.search(rf"\b{re.escape(name)}[\[(]|\bin {re.escape(name)}\b|[*]{re.escape(name)}\b", source.text) is not None


def _return_hint(source: Source, node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[Edit]:
    if node.returns or any(isinstance(n, ast.Return | ast.Yield) and n.value for n in ast.walk(node)):
        return []
    before = source.line_start(node.body[0].lineno)
    head = source.text[source.start(node) : before]
    found = re.search(r"\)\s*:\s*$", head.rstrip() + "\n")
    if found is None or node.body[0].lineno == node.lineno or "#" in head or '"""' in head:
        return []
    at = source.start(node) + found.start() + 1
    return [Edit(at, at, " -> None")]


def add_guard(source: Source, rng: random.Random) -> list[Edit]:
    """Edits that let a function return early when one of its values is missing."""
    table = names(source)
    for node in source.nodes:
        if not isinstance(node, FunctionNode) or any(isinstance(n, ast.Yield) for n in ast.walk(node)):
            continue
        plain = [a.arg for a in node.args.args if a.arg in table and not table[a.arg].attributes]
        docstrings = source.docstrings()
        body = [s for s in node.body if not (isinstance(s, ast.Expr) and s.value in docstrings)]
        if not plain or not body or body[0].lineno == node.lineno or not source.starts_its_line(body[0]):
            continue
        name, indent = rng.choice(plain), source.indent(body[0])
        test = rng.choice((f"not {name}", f"{name} is None", f'{name} == ""', f"not {name}"))
        action = rng.choice(("return None", "return", "return []", "return None", 'raise ValueError("missing value")', "return {}"))
        first = body[0]
        line = min([first.lineno, *(d.lineno for d in getattr(first, "decorator_list", []))])
        at = source.line_start(line)
        return [Edit(at, at, f"{indent}if {test}:\n{indent}    {action}\n")]
    return []


def wrap_block(source: Source, rng: random.Random, theme: words.Theme) -> list[Edit]:
    """Edits that put the last statements of a function into `try`, `with`, `if` or `for`."""
    inside = {
        line for _, literals in source.strings for one in literals if len(one.quote) == 3
        for line in range(source.text.count("\n", 0, one.start) + 2, source.text.count("\n", 0, one.end) + 2)
    }
    options = [n for n in source.nodes if isinstance(n, FunctionNode) and n.body[-1].lineno > n.lineno]
    bodies = [n.body for n in options] or [source.module.body]
    body = rng.choice(bodies)
    docstrings = source.docstrings()
    allowed = [
        i for i, s in enumerate(body)
        if not isinstance(s, ast.Import | ast.ImportFrom | FunctionNode | ast.ClassDef)
        and not (isinstance(s, ast.Expr) and s.value in docstrings) and source.starts_its_line(s)
    ]
    if not allowed:
        return []
    first = body[rng.choice(allowed)]
    chosen = body[body.index(first) :]
    if any(isinstance(s, ast.Import | ast.ImportFrom | FunctionNode | ast.ClassDef) for s in chosen):
        return []
    lines = range(first.lineno, (chosen[-1].end_lineno or 0) + 1)
    if len(lines) > 8 or any(line in inside for line in lines):
        return []
    shape = _filled(rng.choice(fragments.BLOCK_PIECES), rng, theme)
    before, _, after = shape.partition("@")
    indent = source.indent(first)
    start = source.line_start(first.lineno)
    edits = [Edit(start, start, "".join(f"{indent}{x}\n" for x in before.strip().split("\n")))]
    edits += [Edit(source.line_start(n), source.line_start(n), "    ") for n in lines if source.text[source.line_start(n) :].split("\n", 1)[0].strip()]
    end = source.line_start(lines[-1] + 1) if lines[-1] < source.text.count("\n") + 1 else len(source.text)
    tail = "".join(f"{indent}{x}\n" for x in after.strip("\n").split("\n") if x)
    if tail:
        newline = "" if source.text[:end].endswith("\n") else "\n"
        edits.append(Edit(end, end, newline + tail))
    return edits


def add_neighbour(source: Source, rng: random.Random, theme: words.Theme) -> list[Edit]:
    """Edits that put a harmless function, class or constant before or after the rest."""
    constant = rng.random() < 0.35
    piece = rng.choice(fragments.CONSTANT_PIECES if constant else fragments.FUNCTION_PIECES)
    text = _filled(piece, rng, theme) if constant else piece
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
    here = {source.code(n) for n in source.module.body if isinstance(n, ast.Import | ast.ImportFrom)}
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
                found.add((inner.asname or inner.name).split(".")[0] + ("" if inner.asname else "/import"))
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
        return [Edit(end, end, ("" if source.text.endswith("\n") else "\n") + gap.replace("\n\n\n", "\n\n") + text + "\n")]
    body = [n for n in source.module.body]
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
        (a, b) for a, b in zip(body, body[1:], strict=False)
        if isinstance(a, FunctionNode) and isinstance(b, FunctionNode)
        and source.starts_its_line(a) and a.name not in " ".join(source.code(d) for d in b.decorator_list)
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
