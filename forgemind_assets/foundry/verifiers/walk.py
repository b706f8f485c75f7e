"""Walks a snippet in the order of execution and shows every expression to the rules."""

import ast
import re
from collections.abc import Callable
from dataclasses import replace

from forgemind_assets.foundry.verifiers.guards import is_check, leaves, negated, refuses, trust
from forgemind_assets.foundry.verifiers.known import MODULES
from forgemind_assets.foundry.verifiers.scene import FunctionNode, Scene, bind
from forgemind_assets.foundry.verifiers.values import (
    TRUSTED,
    UNTRUSTED,
    Value,
    either,
    joined,
    of_trust,
)

Visit = Callable[[ast.AST, Scene], None]


CHECKERS = re.compile(
    r"^_?(check|validate|ensure|verify|assert|require|authori[sz]e|guard|reject|must)_?\w*", re.I
)


def walk(scene: Scene, visit: Visit) -> None:
    """Visits all expressions of the module, functions after the statements around them."""
    later: list[FunctionNode] = []
    _block(scene, scene.tree.body, visit, later)
    module_env = dict(scene.env)
    while later:
        function = later.pop(0)
        scene.env = dict(module_env)
        scene.function = function
        _parameters(scene, function)
        _block(scene, function.body, visit, later)
        for name, value in scene.env.items():
            if name.startswith("self.") and name not in module_env:
                module_env[name] = value


def _parameters(scene: Scene, function: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    arguments = function.args
    for a in (
        *arguments.posonlyargs,
        *arguments.args,
        *arguments.kwonlyargs,
        arguments.vararg,
        arguments.kwarg,
    ):
        if a is None:
            continue
        typed = ast.unparse(a.annotation) if a.annotation else ""
        checked = re.search(
            r"^(?:Optional\[)?(int|float|bool|UUID|uuid\.UUID|Decimal|date|datetime|Literal|[\w.]*Enum)\b",
            typed,
        )
        closed = (
            checked
            or a.arg in ("self", "cls")
            or a.arg in scene_trusted(scene, a.arg)
            or _enum(scene, typed)
        )
        scene.env[a.arg] = of_trust(TRUSTED if closed else UNTRUSTED, (a.arg,))
    for decorator in function.decorator_list:
        for node in ast.walk(decorator):
            if isinstance(node, ast.Call) and any(
                isinstance(k.value, ast.Name | ast.Attribute | ast.Call)
                and k.arg == "type"
                and re.search(r"INT|int|Choice|UUID|FLOAT|float", ast.unparse(k.value))
                for k in node.keywords
            ):
                first = node.args[0] if node.args else None
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    scene.env[first.value.lstrip("-").replace("-", "_")] = of_trust(TRUSTED)
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                for found in re.findall(r"<(?:int|uuid|float):(\w+)>|\{(\w+):int\}", node.value):
                    scene.env[found[0] or found[1]] = of_trust(TRUSTED)


def scene_trusted(scene: Scene, name: str) -> tuple[str, ...]:
    """Parameters that are objects of the program, not data."""
    from forgemind_assets.foundry.verifiers.known import TRUSTED_NAMES

    return (name,) if name in TRUSTED_NAMES else ()


def _enum(scene: Scene, typed: str) -> bool:
    owner = scene.classes.get(typed)
    return owner is not None and any("Enum" in ast.unparse(b) for b in owner.bases)


def _block(scene: Scene, body: list[ast.stmt], visit: Visit, later: list[FunctionNode]) -> None:
    for statement in body:
        _statement(scene, statement, visit, later)


def _expressions(scene: Scene, node: ast.AST | None, visit: Visit) -> None:
    """Visits an expression's parts, inner ones first; comprehension variables are bound."""
    if node is None:
        return
    if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
        saved = dict(scene.env)
        for generator in node.generators:
            _expressions(scene, generator.iter, visit)
            source = scene.value(generator.iter)
            bind(scene, generator.target, of_trust(source.trust, source.names))
            for test in generator.ifs:
                if isinstance(test, ast.Compare) and any(isinstance(o, ast.In) for o in test.ops):
                    trust(scene, test)
        for part in [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]:
            _expressions(scene, part, visit)
        visit(node, scene)
        scene.env = saved
        return
    if isinstance(node, ast.Lambda):
        saved = dict(scene.env)
        for a in node.args.args:
            scene.env[a.arg] = of_trust(UNTRUSTED, (a.arg,))
        _expressions(scene, node.body, visit)
        scene.env = saved
        return
    if isinstance(node, ast.IfExp) or (
        isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And)
    ):
        saved = dict(scene.env)
        parts = (
            [node.test, node.body, node.orelse]
            if isinstance(node, ast.IfExp)
            else list(node.values)
        )
        for position, part in enumerate(parts):
            if isinstance(node, ast.IfExp) and position == 2:
                scene.env = dict(saved)
            _expressions(scene, part, visit)
            if isinstance(part, ast.Compare) and any(isinstance(o, ast.In) for o in part.ops):
                trust(scene, part)
        visit(node, scene)
        scene.env = saved
        return
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr | ast.keyword | ast.FormattedValue):
            _expressions(scene, child, visit)
    if isinstance(node, ast.NamedExpr):
        bind(scene, node.target, scene.value(node.value))
    visit(node, scene)


def _statement(scene: Scene, node: ast.stmt, visit: Visit, later: list[FunctionNode]) -> None:
    if isinstance(node, FunctionNode):
        for decorator in (
            *node.decorator_list,
            *node.args.defaults,
            *[d for d in node.args.kw_defaults if d],
        ):
            _expressions(scene, decorator, visit)
        visit(node, scene)
        later.append(node)
    elif isinstance(node, ast.ClassDef):
        visit(node, scene)
        inits = [
            n
            for n in node.body
            if isinstance(n, FunctionNode) and n.name in ("__init__", "setUp", "initialize")
        ]
        later.extend(inits)
        _block(scene, [n for n in node.body if n not in inits], visit, later)
    elif isinstance(node, ast.If):
        _if(scene, node, visit, later)
    elif isinstance(node, ast.For | ast.AsyncFor):
        _expressions(scene, node.iter, visit)
        source = scene.value(node.iter)
        own = (
            either(source.parts)
            if source.parts
            else of_trust(
                source.trust, source.names, source.kind if source.kind in ("orm",) else ""
            )
        )
        bind(scene, node.target, own)
        _block(scene, node.body, visit, later)
        _block(scene, node.orelse, visit, later)
    elif isinstance(node, ast.While):
        _expressions(scene, node.test, visit)
        _block(scene, [*node.body, *node.orelse], visit, later)
    elif isinstance(node, ast.With | ast.AsyncWith):
        for item in node.items:
            _expressions(scene, item.context_expr, visit)
            if item.optional_vars is not None:
                bind(scene, item.optional_vars, scene.value(item.context_expr))
        _block(scene, node.body, visit, later)
    elif isinstance(node, ast.Try):
        _block(scene, node.body, visit, later)
        _after_try(scene, node)
        for handler in node.handlers:
            _block(scene, handler.body, visit, later)
        _block(scene, [*node.orelse, *node.finalbody], visit, later)
    elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        _assign(scene, node, visit)
    elif isinstance(node, ast.Assert):
        _expressions(scene, node.test, visit)
        trust(scene, node.test)
    elif isinstance(node, ast.Match):
        _expressions(scene, node.subject, visit)
        for case in node.cases:
            _block(scene, case.body, visit, later)
    elif isinstance(node, ast.Expr):
        _expressions(scene, node.value, visit)
        _after_call(scene, node.value)
        visit(node, scene)
    else:
        for child in ast.iter_child_nodes(node):
            _expressions(scene, child if isinstance(child, ast.expr) else None, visit)
        visit(node, scene)


def _assign(scene: Scene, node: ast.Assign | ast.AnnAssign | ast.AugAssign, visit: Visit) -> None:
    _expressions(scene, node.value, visit)
    value = scene.value(node.value)
    if isinstance(node, ast.AugAssign):
        bind(scene, node.target, joined((scene.value(node.target), value)))
    else:
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            _alias(scene, target, node.value)
            if node.value is not None:
                bind(scene, target, value)
    visit(node, scene)


def _alias(scene: Scene, target: ast.expr, value: ast.expr | None) -> None:
    """`run = os.system` gives a function another name."""
    if not isinstance(target, ast.Name):
        return
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "getattr" and len(value.args) > 1:
        owner, attribute = value.args[0], value.args[1]
        if isinstance(attribute, ast.Constant) and isinstance(owner, ast.Name):
            scene.imports[target.id] = f"{scene.dotted(owner)}.{attribute.value}"
    elif isinstance(value, ast.Name) and value.id in (
        "eval",
        "exec",
        "compile",
        "__import__",
        "open",
    ):
        scene.imports[target.id] = value.id
    elif isinstance(value, ast.Attribute) and isinstance(value.value, ast.Name):
        root = value.value.id
        if root in MODULES and root not in scene.env:
            scene.imports[target.id] = scene.dotted(value)


def _after_call(scene: Scene, node: ast.expr) -> None:
    """`check(x)` vouches for x; `xs.append(v)` puts v into xs."""
    call = node.value if isinstance(node, ast.Await) else node
    if not isinstance(call, ast.Call):
        return
    name = scene.dotted(call.func).rsplit(".", 1)[-1]
    if CHECKERS.match(name) or name in ("relative_to",):
        trust(scene, call)
    if (
        name in ("append", "add", "extend", "insert", "write")
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
    ):
        target = call.func.value.id
        old = scene.env.get(target)
        if old is not None and call.args:
            new = joined((old, scene.value(call.args[-1])))
            scene.env[target] = replace(
                new, kind=old.kind, parts=(*old.parts, scene.value(call.args[-1]))
            )


def _after_try(scene: Scene, node: ast.Try) -> None:
    """`try: x.relative_to(base)` / `int(x)` whose handler leaves vouches for x."""
    if not node.handlers or not all(leaves(scene, h.body) for h in node.handlers):
        return
    for statement in node.body:
        for inner in ast.walk(statement):
            if isinstance(inner, ast.Call):
                name = scene.dotted(inner.func).rsplit(".", 1)[-1]
                if name in (
                    "relative_to",
                    "int",
                    "UUID",
                    "ip_address",
                    "index",
                    "validate",
                    "fromisoformat",
                ) or CHECKERS.match(name):
                    trust(scene, inner)


def _if(scene: Scene, node: ast.If, visit: Visit, later: list[FunctionNode]) -> None:
    _expressions(scene, node.test, visit)
    before = dict(scene.env)
    positive = is_check(node.test) and not negated(node.test)
    if positive:
        trust(scene, node.test)
    _block(scene, node.body, visit, later)
    after_body = scene.env
    body_leaves = leaves(scene, node.body)
    scene.env = dict(before)
    if is_check(node.test) and negated(node.test):
        trust(scene, node.test)
    _block(scene, node.orelse, visit, later)
    else_leaves = bool(node.orelse) and leaves(scene, node.orelse)
    after_else = scene.env
    if body_leaves:
        scene.env = after_else
        if is_check(node.test) and (negated(node.test) or refuses(node.test)):
            trust(scene, node.test)
        elif not negated(node.test) and not refuses(node.test):
            untrusted_again = dict(before)
            untrusted_again.update({k: v for k, v in after_else.items() if k not in before})
            scene.env = untrusted_again if not node.orelse else after_else
    elif else_leaves:
        scene.env = after_body
    else:
        scene.env = _merged(after_body, after_else)


def _merged(one: dict[str, Value], two: dict[str, Value]) -> dict[str, Value]:
    merged: dict[str, Value] = {}
    for name in one.keys() | two.keys():
        a, b = one.get(name), two.get(name)
        merged[name] = either((a, b)) if a is not None and b is not None else (a or b or Value())
        if a is b and a is not None:
            merged[name] = a
    return merged


def returned_value(scene: Scene, function: ast.FunctionDef | ast.AsyncFunctionDef) -> Value:
    """The value of a function whose parameters are bound in `scene.env`."""
    results: list[Value] = []

    def visit(node: ast.AST, inner: Scene) -> None:
        if isinstance(node, ast.Return):
            results.append(inner.value(node.value))

    _block(scene, function.body, visit, [])
    return either(results) if results else Value()
