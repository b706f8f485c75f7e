"""Gives an argument a variable of its own, or puts a variable's value where it is used."""

# ruff: noqa: SIM905 - long word lists are easier to read and to change as text

import ast
import random

from forgemind_assets.foundry.rewriting import vocabulary as words
from forgemind_assets.foundry.rewriting.renaming import BY_VALUE, value_name
from forgemind_assets.foundry.rewriting.source import BUILTINS, Edit, Source

SIMPLE = (ast.Assign, ast.Expr, ast.Return, ast.AugAssign, ast.AnnAssign, ast.With, ast.For)
DEFERRED = (
    ast.Lambda,
    ast.comprehension,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
    ast.IfExp,
    ast.BoolOp,
    ast.Compare,
    ast.NamedExpr,
    ast.Starred,
)
# Calls that are hardly ever the finding themselves, so that they may leave its line.
NEUTRAL_CALLS = frozenset(
    """get getlist get_argument get_json format join str int strip lower upper title replace split
    len repr text decode encode quote escape strftime isoformat input""".split()
)
BUILT = (ast.JoinedStr, ast.BinOp, ast.Call, ast.Subscript)


def introduce_variable(source: Source, rng: random.Random, theme: words.Theme) -> list[Edit]:
    """Edits that compute one argument of a call in a statement before it."""
    options = [n for n in source.nodes if isinstance(n, ast.Call) and _statement(source, n)]
    rng.shuffle(options)
    for call in options:
        arguments = [a for a in call.args if _worth_a_name(source, a)]
        if arguments:
            edits = _introduced(source, call, rng.choice(arguments), rng, theme)
            if edits:
                return edits
    return []


def _statement(source: Source, call: ast.Call) -> ast.stmt | None:
    """The simple statement that evaluates the call at once and first; None if there is none."""
    node: ast.AST = call
    while not isinstance(node, ast.stmt):
        parent = source.parents.get(node)
        if parent is None or isinstance(parent, DEFERRED):
            return None
        if isinstance(parent, ast.Call) and any(a is node for a in parent.args[1:]):
            return None
        node = parent
    if not isinstance(node, SIMPLE) or not source.starts_its_line(node):
        return None
    if isinstance(node, ast.With) and call not in ast.walk(node.items[0]):
        return None
    if isinstance(node, ast.For) and call not in ast.walk(node.iter):
        return None
    above = source.parents.get(node)
    if isinstance(above, ast.ClassDef) or _is_elif_like(above, node):
        return None
    return node


def _is_elif_like(parent: ast.AST | None, node: ast.AST) -> bool:
    """Whether the statement shares its line with a header such as `if x: run()`."""
    return parent is not None and getattr(parent, "lineno", -1) == getattr(node, "lineno", -2)


def _worth_a_name(source: Source, argument: ast.expr) -> bool:
    if isinstance(argument, ast.Constant):
        on_finding = argument.lineno == source.snippet.line
        return isinstance(argument.value, str) and len(argument.value) > 11 and not on_finding
    if not isinstance(argument, BUILT):
        return False
    code = source.code(argument)
    if source.snippet.line in range(
        argument.lineno, (argument.end_lineno or 0) + 1
    ) and _has_telling_call(argument):
        return False
    return len(code) > 8 and "await " not in code and "yield" not in code and code.count("\n") < 6


def _has_telling_call(argument: ast.expr) -> bool:
    for node in ast.walk(argument):
        if isinstance(node, ast.Call):
            called = (
                node.func.attr
                if isinstance(node.func, ast.Attribute)
                else getattr(node.func, "id", "")
            )
            if called not in NEUTRAL_CALLS:
                return True
    return False


def _introduced(
    source: Source, call: ast.Call, argument: ast.expr, rng: random.Random, theme: words.Theme
) -> list[Edit]:
    statement = _statement(source, call)
    assert statement is not None
    start, end = source.start(argument), source.end(argument)
    anchor = source.snippet.anchor
    if anchor is not None and start <= anchor < end:
        return []
    code = source.code(argument)
    name = _name_for(code, source, rng, theme)
    if name in source.words or name in BUILTINS:
        return []
    indent = source.indent(statement)
    value = f"({code})" if "\n" in code and not isinstance(argument, ast.Call) else code
    at = source.line_start(statement.lineno)
    edits = [Edit(at, at, f"{indent}{name} = {value}\n")]
    while (
        start
        and source.text[start - 1] == "("
        and source.text[end : end + 1] == ")"
        and source.text[start - 2] in "(, "
    ):
        start, end = start - 1, end + 1
    return [*edits, Edit(start, end, name)]


def _name_for(code: str, source: Source, rng: random.Random, theme: words.Theme) -> str:
    options = next((o for pattern, o in BY_VALUE if o and pattern.search(code)), ())
    if options and rng.random() < 0.8:
        return rng.choice(options)
    return value_name(rng, theme)


def inline_variable(source: Source, rng: random.Random) -> list[Edit]:
    """Edits that replace the only use of a variable, in the next statement, by its value."""
    options = [n for n in source.nodes if isinstance(n, ast.Assign) and _only_target(n)]
    rng.shuffle(options)
    for assignment in options:
        edits = _inlined(source, assignment)
        if edits:
            return edits
    return []


def _only_target(node: ast.Assign) -> bool:
    return len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)


def _inlined(source: Source, assignment: ast.Assign) -> list[Edit]:
    target = assignment.targets[0]
    assert isinstance(target, ast.Name)
    following = _next_statement(source, assignment)
    code = source.code(assignment.value)
    if following is None or "\n" in code or "await " in code or "yield" in code:
        return []
    if not source.starts_its_line(assignment) or not source.ends_its_line(assignment):
        return []
    uses = [
        n
        for chunk in source.chunks
        for n in ast.walk(chunk.tree)
        if isinstance(n, ast.Name) and n.id == target.id
    ]
    use = next(
        (
            n
            for n in source.nodes
            if isinstance(n, ast.Name) and n.id == target.id and n is not target
        ),
        None,
    )
    if (
        len(uses) != 2
        or use is None
        or use not in set(ast.walk(following))
        or not _at_once(source, use, following)
    ):
        return []
    start = source.line_start(assignment.lineno)
    end = source.line_start((assignment.end_lineno or assignment.lineno) + 1)
    anchor = source.snippet.anchor
    if anchor is not None and start <= anchor < end:
        return []
    parent = source.parents.get(use)
    bare = isinstance(
        parent, ast.Call | ast.keyword | ast.Return | ast.Assign | ast.Tuple | ast.Expr
    )
    atom = isinstance(
        assignment.value,
        ast.Name | ast.Call | ast.Attribute | ast.Subscript | ast.Constant | ast.JoinedStr,
    )
    if isinstance(parent, ast.Call) and parent.func is use and not atom:
        return []
    if isinstance(assignment.value, ast.Tuple) and not code.startswith("("):
        return []
    text = code if bare or atom else f"({code})"
    if len(source.text.split("\n")[use.lineno - 1]) + len(text) > 130:
        return []
    return [Edit(start, end, ""), Edit(source.start(use), source.end(use), text)]


def _next_statement(source: Source, node: ast.stmt) -> ast.stmt | None:
    parent = source.parents.get(node)
    for block in ("body", "orelse", "finalbody"):
        statements = getattr(parent, block, None)
        if isinstance(statements, list) and node in statements:
            at = statements.index(node)
            found = statements[at + 1] if at + 1 < len(statements) else None
            return found if isinstance(found, SIMPLE) else None
    return None


def _at_once(source: Source, use: ast.AST, statement: ast.stmt) -> bool:
    """Whether the statement reads the name exactly once, not in a body or a deferred part."""
    node = use
    while node is not statement:
        parent = source.parents.get(node)
        if parent is None or isinstance(parent, (*DEFERRED, ast.FunctionDef)):
            return False
        if (
            parent is statement
            and isinstance(statement, ast.With | ast.For)
            and isinstance(node, ast.stmt)
        ):
            return False
        node = parent
    return True
