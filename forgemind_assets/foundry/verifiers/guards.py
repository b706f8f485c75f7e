"""Tests that vouch for a value: allow-lists, patterns, resolved paths, signatures."""

# ruff: noqa: SIM905 - long word lists are easier to read and to change as text

import ast
import re

from forgemind_assets.foundry.verifiers.scene import Scene
from forgemind_assets.foundry.verifiers.values import (
    TRUSTED,
    of_trust,
)

LEAVES = (ast.Return, ast.Raise, ast.Continue, ast.Break)


LEAVING_CALLS = re.compile(r"(abort|exit|_exit|fail|error|BadRequest|usage|skip|Abort)$")


CHECK = re.compile(
    r"\.(isdigit|isalnum|isalpha|isidentifier|isnumeric|isdecimal|match|fullmatch|search|is_relative_to|"
    r"startswith|issubset|compare_digest|hostname|netloc|is_global|is_private|is_loopback|exists_in|"
    r"commonpath|verify)\b|\bin\b|commonpath|compare_digest|^is_|\bis_\w+\(|valid|allowed|check|=="
)


# A scheme, a file ending or an empty value says nothing about where a name leads.
WEAK_CHECK = re.compile(
    r"^(?!.*(hostname|netloc|\.host\b)).*(\.scheme\b)|"
    r"startswith\(\(?'(?!https?://[^/']+/)|^\w+ (==|!=) ''$|\.method\b|"
    r"^(not )?\(?'[^'/\\]*[\w][^'/\\]*' (not )?in "
)


def leaves(scene: Scene, body: list[ast.stmt]) -> bool:
    """Whether what follows a block is not reached from it, or reached with a constant instead."""
    last = body[-1]
    if isinstance(last, LEAVES):
        return True
    if isinstance(last, ast.If):
        return bool(last.orelse) and leaves(scene, last.body) and leaves(scene, last.orelse)
    if isinstance(last, ast.Expr) and isinstance(last.value, ast.Call):
        return LEAVING_CALLS.search(scene.dotted(last.value.func)) is not None
    # a fallback, such as `if sort not in ALLOWED: sort = "name"`, vouches as well
    return isinstance(last, ast.Assign) and isinstance(last.value, ast.Constant) and len(body) == 1


def is_check(test: ast.expr) -> bool:
    """Whether a test says something about where its values come from or lead."""
    text = ast.unparse(test)
    return CHECK.search(text) is not None and WEAK_CHECK.search(text) is None


def negated(test: ast.expr) -> bool:
    """Whether the test is true for what is refused: `not ...`, `x not in ...`, `a != b`."""
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or):
        return any(negated(v) for v in test.values)
    if isinstance(test, ast.BoolOp):
        return all(negated(v) for v in test.values)
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return True
    return isinstance(test, ast.Compare) and any(
        isinstance(o, ast.NotIn | ast.NotEq | ast.IsNot) for o in test.ops
    )


def refuses(test: ast.expr) -> bool:
    """Tests that name the bad case without a negation, such as `".." in name`."""
    text = ast.unparse(test)
    return (
        re.search(r"'\.\.'|is_private|is_loopback|'/' in|is_absolute|is_link_local|search\(", text)
        is not None
    )


def trust(scene: Scene, node: ast.AST) -> None:
    """Vouches for all variables in a test, and for those that they were made from."""
    for inner in _checked_parts(node):
        if isinstance(inner, ast.Subscript):
            scene.env["@" + ast.unparse(inner)] = of_trust(TRUSTED)
            continue
        name = inner.id if isinstance(inner, ast.Name) else scene.dotted(inner)
        if isinstance(inner, ast.Name) and (
            inner.id in scene.functions or inner.id in scene.imports
        ):
            continue
        known = scene.env.get(name)
        related = known.names if known is not None else frozenset()
        scene.env[name] = known.trusted() if known is not None else of_trust(TRUSTED, (name,))
        for other in related:
            if other in scene.env:
                scene.env[other] = scene.env[other].trusted()
        for other, value in list(scene.env.items()):
            if name in value.names and value.trust:
                scene.env[other] = value.trusted()


# Parts of a value that speak for the whole of it.
SPEAKING = frozenset("hostname netloc host suffix parents parent scheme name parts".split())


def _checked_parts(node: ast.AST) -> list[ast.AST]:
    """Names, attributes and items that a test speaks of; the base of an item is not one of them."""
    found: list[ast.AST] = []
    stack: list[ast.AST] = [node]
    while stack:
        inner = stack.pop()
        if isinstance(inner, ast.Name):
            found.append(inner)
        elif isinstance(inner, ast.Subscript):
            found.append(inner)
            stack.append(inner.slice)
        elif isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute):
            stack += [inner.func.value, *inner.args, *(k.value for k in inner.keywords)]
        elif isinstance(inner, ast.Attribute):
            found.append(inner)
            if inner.attr in SPEAKING:
                stack.append(inner.value)
        elif isinstance(inner, ast.Compare) and isinstance(inner.ops[0], ast.In | ast.NotIn):
            stack += _members(inner)
        else:
            stack += list(ast.iter_child_nodes(inner))
    return found


def _members(test: ast.Compare) -> list[ast.AST]:
    """What `a in b` vouches for: a; for b only where b is what is looked into."""
    container = test.comparators[0]
    looked_into = isinstance(test.left, ast.Constant) or (
        isinstance(container, ast.Attribute) and container.attr in ("parents", "parts")
    )
    return [test.left, container] if looked_into else [test.left]
