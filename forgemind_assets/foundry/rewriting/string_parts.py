"""Reads strings that are built from parts: f-strings, `.format`, `%` and `+`."""

import ast
import re
import string
from dataclasses import dataclass

from forgemind_assets.foundry.rewriting.literals import Literal, read_literals
from forgemind_assets.foundry.rewriting.source import Source

ATOM = (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.Constant)


@dataclass(frozen=True)
class Part:
    """A piece of text, or (`code` set) an expression with its conversion and format spec."""

    text: str = ""
    code: str = ""
    atom: bool = True
    conversion: str = ""
    spec: str = ""


class NotBuilt(ValueError):
    """The expression is not a string built in a way that can be rewritten."""


def read_built(source: Source, node: ast.AST) -> tuple[str, list[Part]]:
    """Style (`f`, `format`, `%`, `+`) and parts of a built string. Raises NotBuilt."""
    if isinstance(node, ast.JoinedStr):
        return "f", _from_joined(source, node)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return "%", _from_percent(source, node)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return "+", _from_plus(source, node)
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "format"
    ):
        return "format", _from_format(source, node)
    raise NotBuilt


def _value(source: Source, node: ast.AST) -> str:
    """The text of a constant string. Raises NotBuilt for raw text with backslashes and bytes."""
    if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        raise NotBuilt
    return node.value


def _expression(source: Source, node: ast.AST) -> Part:
    code = source.code(node)
    if "\n" in code or isinstance(
        node, ast.NamedExpr | ast.Await | ast.Yield | ast.Starred | ast.Lambda
    ):
        raise NotBuilt
    return Part(code=code, atom=isinstance(node, ATOM))


def _from_joined(source: Source, node: ast.JoinedStr) -> list[Part]:
    parts: list[Part] = []
    for literal in read_literals(source.text, source.start(node), source.end(node)):
        parts += _literal_parts(source.text, literal)
    return _merge(parts)


def _literal_parts(text: str, literal: Literal) -> list[Part]:
    start, end = literal.body
    parts: list[Part] = []
    at = start
    fields = sorted(literal.fields, key=lambda f: f.outer_start)
    for part in fields:
        if part.outer_start < at or "{" in part.spec or "=" in part.conversion:
            raise NotBuilt
        parts.append(Part(text=_decode(text[at : part.outer_start], literal)))
        code = text[part.start : part.end].strip()
        parts.append(_field_part(code, part.conversion, part.spec))
        at = part.outer_end
    parts.append(Part(text=_decode(text[at:end], literal)))
    return parts


def _field_part(code: str, conversion: str, spec: str) -> Part:
    if "\n" in code:
        raise NotBuilt
    tree = ast.parse(code, mode="eval").body
    return Part(code=code, atom=isinstance(tree, ATOM), conversion=conversion, spec=spec)


def _decode(body: str, literal: Literal) -> str:
    if "f" in literal.prefix.lower():
        body = body.replace("{{", "{").replace("}}", "}")
    if literal.raw or "\\" not in body:
        return body
    quote = '"""' if literal.quote not in ('"', '"""') or body.endswith("'") else "'''"
    if quote in body or body.endswith(quote[0]):
        raise NotBuilt
    value = ast.literal_eval(f"{quote}{body}{quote}")
    return str(value)


def _from_percent(source: Source, node: ast.BinOp) -> list[Part]:
    template = _value(source, node.left)
    values = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
    if isinstance(node.right, ast.Dict):
        raise NotBuilt
    pieces = re.split(r"(%[sd%])", template)
    if "%" in "".join(p for i, p in enumerate(pieces) if i % 2 == 0):
        raise NotBuilt
    parts, at = list[Part](), 0
    for piece in pieces:
        if piece in ("%s", "%d"):
            if at >= len(values):
                raise NotBuilt
            parts.append(_expression(source, values[at]))
            at += 1
        else:
            parts.append(Part(text="%" if piece == "%%" else piece))
    if at != len(values):
        raise NotBuilt
    return _merge(parts)


def _from_format(source: Source, node: ast.Call) -> list[Part]:
    assert isinstance(node.func, ast.Attribute)
    template = _value(source, node.func.value)
    named = {k.arg: k.value for k in node.keywords if k.arg}
    if len(named) != len(node.keywords):
        raise NotBuilt
    parts, at = list[Part](), 0
    try:
        fields = list(string.Formatter().parse(template))
    except ValueError as error:
        raise NotBuilt from error
    for text, name, spec, conversion in fields:
        parts.append(Part(text=text))
        if name is None:
            continue
        if name == "":
            key, at = at, at + 1
        else:
            key = int(name) if name.isdigit() else name
        value = (
            named.get(key)
            if isinstance(key, str)
            else (node.args[key] if key < len(node.args) else None)
        )
        if value is None or "{" in (spec or ""):
            raise NotBuilt
        plain = _expression(source, value)
        parts.append(
            Part(code=plain.code, atom=plain.atom, conversion=conversion or "", spec=spec or "")
        )
    return _merge(parts)


def _from_plus(source: Source, node: ast.BinOp) -> list[Part]:
    operands: list[ast.AST] = []
    rest: ast.AST = node
    while isinstance(rest, ast.BinOp) and isinstance(rest.op, ast.Add):
        operands.insert(0, rest.right)
        rest = rest.left
    operands.insert(0, rest)
    parts: list[Part] = []
    for operand in operands:
        if isinstance(operand, ast.Constant):
            parts.append(Part(text=_value(source, operand)))
        elif isinstance(operand, ast.JoinedStr):
            parts += _from_joined(source, operand)
        elif _is_str_call(operand):
            parts.append(_expression(source, operand.args[0]))  # type: ignore[attr-defined]
        else:
            parts.append(_expression(source, operand))
    if not any(p.text for p in parts) or not any(p.code for p in parts):
        raise NotBuilt
    return _merge(parts)


def _is_str_call(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "str"
        and len(node.args) == 1
    )


def _merge(parts: list[Part]) -> list[Part]:
    merged: list[Part] = []
    for part in parts:
        if part.code:
            merged.append(part)
        elif part.text:
            if merged and not merged[-1].code:
                merged[-1] = Part(text=merged[-1].text + part.text)
            else:
                merged.append(part)
    if not any(p.code for p in merged) or not any(p.text for p in merged):
        raise NotBuilt
    return merged
