"""Writes built strings in another style: f-string, `.format`, `%` or `+`."""

import ast
import random
import re

from forgemind_assets.foundry.rewriting.literals import escape_text
from forgemind_assets.foundry.rewriting.source import Edit, Source
from forgemind_assets.foundry.rewriting.string_parts import NotBuilt, Part, read_built

NUMBER_LIKE = re.compile(
    r"\b(int|len|round|float|sum|count|hash|id)\(|(_id|_count|count|number|num|limit|offset|size|total|port)$"
)


def write_built(style: str, parts: list[Part], quote: str) -> str:
    """Source of the string in a style. Raises NotBuilt where the style cannot hold it."""
    text = "".join(p.text for p in parts)
    if quote in text and ("'" if quote == '"' else '"') not in text:
        quote = "'" if quote == '"' else '"'
    return {"f": _write_f, "format": _write_format, "%": _write_percent, "+": _write_plus}[style](
        parts, quote
    )


def _write_f(parts: list[Part], quote: str) -> str:
    out: list[str] = []
    for part in parts:
        if not part.code:
            out.append(escape_text(part.text.replace("{", "{{").replace("}", "}}"), quote))
            continue
        code = part.code
        if quote in code:
            other = "'" if quote == '"' else '"'
            if other in code:
                raise NotBuilt
            code = code.replace(quote, other)
        if "\\" in code or "#" in code or code.startswith("{"):
            raise NotBuilt
        out.append(
            "{"
            + code
            + (f"!{part.conversion}" if part.conversion else "")
            + (f":{part.spec}" if part.spec else "")
            + "}"
        )
    return f"f{quote}{''.join(out)}{quote}"


def _write_format(parts: list[Part], quote: str) -> str:
    fields, out = list[str](), list[str]()
    for part in parts:
        if part.code:
            fields.append(part.code)
            out.append(
                "{"
                + (f"!{part.conversion}" if part.conversion else "")
                + (f":{part.spec}" if part.spec else "")
                + "}"
            )
        else:
            out.append(escape_text(part.text.replace("{", "{{").replace("}", "}}"), quote))
    return f"{quote}{''.join(out)}{quote}.format({', '.join(fields)})"


def _write_percent(parts: list[Part], quote: str) -> str:
    fields, out = list[str](), list[str]()
    for part in parts:
        if part.code:
            if part.spec or part.conversion not in ("", "s", "r"):
                raise NotBuilt
            fields.append(part.code if part.atom else f"({part.code})")
            out.append("%r" if part.conversion == "r" else "%s")
        else:
            out.append(escape_text(part.text.replace("%", "%%"), quote))
    body = f"{quote}{''.join(out)}{quote}"
    simple = len(fields) == 1 and re.fullmatch(r"[A-Za-z_][\w.]*(\[[^\]]+\])?", fields[0])
    return (
        f"{body} % {fields[0]}"
        if simple
        else f"{body} % ({', '.join(fields)}{',' if len(fields) == 1 else ''})"
    )


def _write_plus(parts: list[Part], quote: str) -> str:
    out: list[str] = []
    for part in parts:
        if not part.code:
            out.append(quote + escape_text(part.text, quote) + quote)
        elif part.spec or part.conversion:
            raise NotBuilt
        elif NUMBER_LIKE.search(part.code) or not part.atom:
            out.append(f"str({part.code})")
        else:
            out.append(part.code)
    if out and not any(p[:1] in "\"'" for p in out[:2]):
        raise NotBuilt
    return " + ".join(out)


def change_built_strings(source: Source, rng: random.Random) -> list[Edit]:
    """Edits that write some of the built strings in another style."""
    edits: list[Edit] = []
    docstrings = source.docstrings()
    covered = -1
    for node in source.nodes:
        if not isinstance(node, ast.expr) or node in docstrings or source.start(node) < covered:
            continue
        try:
            style, parts = read_built(source, node)
        except (NotBuilt, SyntaxError, ValueError):
            continue
        covered = source.end(node)
        if rng.random() < 0.35:
            continue
        edit = _rewritten(source, node, style, parts, rng)
        if edit:
            edits.append(edit)
    return edits


def _rewritten(
    source: Source, node: ast.AST, style: str, parts: list[Part], rng: random.Random
) -> Edit | None:
    old = source.code(node)
    triple = '"""' in old or "'''" in old
    if triple or any("\n" in p.text for p in parts):
        return None
    wanted = [s for s in ("f", "f", "format", "%", "+") if s != style]
    quote = '"' if old.count('"') >= old.count("'") else "'"
    try:
        new = write_built(rng.choice(wanted), parts, quote)
    except NotBuilt:
        return None
    if _needs_parentheses(source, node) and not new.startswith(("f'", 'f"')):
        new = f"({new})"
    if len(new) > 150:
        return None
    return Edit(source.start(node), source.end(node), new)


def _needs_parentheses(source: Source, node: ast.AST) -> bool:
    parent = source.parents.get(node)
    if isinstance(
        parent, ast.BinOp | ast.Attribute | ast.Await | ast.UnaryOp | ast.Compare | ast.BoolOp
    ):
        return True
    return isinstance(parent, ast.Subscript) and parent.value is node
