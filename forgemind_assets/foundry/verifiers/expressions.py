"""The value of every kind of expression."""

# ruff: noqa: SIM905 - long word lists are easier to read and to change as text

import ast
import re
from collections.abc import Mapping

from forgemind_assets.foundry.verifiers.calls import call_value
from forgemind_assets.foundry.verifiers.known import (
    MODULES,
    REQUEST,
    TRUSTED_NAMES,
    TRUSTED_ROOTS,
    WSGI_KEYS,
)
from forgemind_assets.foundry.verifiers.scene import Reader, Scene, bind
from forgemind_assets.foundry.verifiers.values import (
    TRUSTED,
    UNKNOWN,
    UNTRUSTED,
    Value,
    constant,
    either,
    joined,
    of_trust,
)

BUILTIN_TRUSTED = frozenset("True False None __file__ __name__ self cls".split())


def _inner(scene: Scene, node: ast.Await | ast.Starred | ast.NamedExpr) -> Value:
    return scene.value(node.value)


def _name(scene: Scene, node: ast.Name) -> Value:
    if node.id in scene.env:
        known = scene.env[node.id]
        return Value(**{**known.__dict__, "names": known.names | {node.id}})
    if (
        node.id in BUILTIN_TRUSTED
        or node.id in TRUSTED_NAMES
        or node.id in MODULES
        or node.id in scene.imports
        or node.id.isupper()
        or node.id in scene.functions
    ):
        return of_trust(TRUSTED, (node.id,))
    if node.id[0].isupper() or (node.id.startswith("_") and node.id[1:].isupper()):
        return of_trust(TRUSTED, (node.id,))
    return of_trust(UNTRUSTED, (node.id,))


def _constant(scene: Scene, node: ast.Constant) -> Value:
    if isinstance(node.value, str):
        return constant(node.value)
    return (
        constant(node.value.decode("latin-1"))
        if isinstance(node.value, bytes)
        else Value(kind="constant")
    )


def _joined_str(scene: Scene, node: ast.JoinedStr) -> Value:
    return joined(scene.value(part) for part in node.values)


def _formatted(scene: Scene, node: ast.FormattedValue) -> Value:
    spec = node.format_spec
    numeric = spec is not None and re.search(r"[dfxbeE%]'?$", ast.unparse(spec))
    return of_trust(TRUSTED) if numeric else scene.value(node.value)


def _binop(scene: Scene, node: ast.BinOp) -> Value:
    left, right = scene.value(node.left), scene.value(node.right)
    if isinstance(node.op, ast.Div):
        both = joined((left, right))
        return Value(**{**both.__dict__, "kind": "path"})
    if left.kind == "markup":
        return of_trust(left.trust, left.names, "html_safe")
    if isinstance(node.op, ast.Mod):
        return _percent(scene, node, left)
    if isinstance(node.op, ast.Mult):
        return (
            left
            if not isinstance(node.left, ast.Constant | ast.List) or left.text
            else of_trust(TRUSTED)
            if isinstance(node.left, ast.Constant)
            else left
        )
    if isinstance(node.op, ast.Add) and "list" in (left.kind, right.kind):
        return Value(
            max(left.trust, right.trust),
            left.text + right.text,
            left.lead,
            left.head,
            "list",
            True,
            left.names | right.names,
            left.parts + right.parts,
        )
    return joined((left, right))


def _percent(scene: Scene, node: ast.BinOp, template: Value) -> Value:
    operands = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
    values = [scene.value(o) for o in operands]
    pieces = re.split(r"(%(?:\(\w+\))?[-0-9.]*[a-z])", template.text)
    out: list[Value] = []
    if isinstance(node.right, ast.Dict):
        values = [either(values)] * (len(pieces) // 2)
    at = 0
    for piece in pieces:
        if re.fullmatch(r"%(?:\(\w+\))?[-0-9.]*[a-z]", piece):
            value = values[at] if at < len(values) else either(values)
            out.append(of_trust(TRUSTED) if piece[-1] in "dfxi" else value)
            at += 1
        elif piece:
            out.append(constant(piece))
    result = joined([*out] or values)
    return result if template.trust == TRUSTED else joined((template, *values))


def _attribute(scene: Scene, node: ast.Attribute) -> Value:
    name = scene.dotted(node)
    if name in scene.env:
        return scene.env[name]
    root = name.split(".")[0]
    if REQUEST.match(name) or name in ("sys.argv",):
        return of_trust(UNTRUSTED, (name,))
    if root in TRUSTED_ROOTS or re.search(r"(?:^|\.)(config|settings|environ|conf)$", name):
        return of_trust(TRUSTED, (name,))
    if node.attr.isupper():
        return of_trust(TRUSTED)
    if root == "self":
        known = scene.env.get("self." + name.split(".")[1])
        if known:
            return known
        if name.startswith("self.request"):
            return of_trust(UNTRUSTED, (name,))
        return of_trust(UNKNOWN, (name,))
    base = scene.value(node.value)
    if base.kind == "args":
        return of_trust(TRUSTED if _closed_option(scene, node.attr) else UNTRUSTED, (name,))
    if (
        node.attr in ("id", "pk", "name", "stem", "suffix")
        and base.kind == "path"
        and node.attr != "suffix"
    ):
        return Value(names=base.names, kind="basename")
    if node.attr == "__name__":
        return of_trust(TRUSTED)
    return Value(
        base.trust,
        "",
        "",
        base.trust,
        base.kind if base.kind in ("orm", "path") else "",
        names=base.names,
    )


def _closed_option(scene: Scene, name: str) -> bool:
    """Whether a command line option is a number or one of given choices."""
    option = name.replace("_", "[-_]")
    return (
        re.search(
            rf"add_argument\((?:[^()]|\([^()]*\))*['\"]-*{option}['\"](?:[^()]|\([^()]*\))*(choices=|type=(?:int|float)\b)",
            scene.code,
        )
        is not None
    )


def _subscript(scene: Scene, node: ast.Subscript) -> Value:
    checked = scene.env.get("@" + ast.unparse(node))
    if checked is not None:
        return checked
    base = scene.value(node.value)
    name = scene.dotted(node.value)
    if name.endswith("environ") and isinstance(node.slice, ast.Constant):
        wsgi = WSGI_KEYS.match(str(node.slice.value)) and name != "os.environ"
        return of_trust(UNTRUSTED if wsgi else TRUSTED)
    if base.kind == "splitext" or (base.kind == "split" and isinstance(node.slice, ast.UnaryOp)):
        return of_trust(base.trust, base.names)
    if base.trust == TRUSTED:
        return of_trust(TRUSTED)
    return of_trust(base.trust, base.names)


def _collection(scene: Scene, node: ast.List | ast.Tuple | ast.Set) -> Value:
    values = [scene.value(e) for e in node.elts]
    whole = joined(values)
    return Value(
        whole.trust,
        whole.text,
        whole.lead,
        whole.head,
        "list",
        whole.built,
        whole.names,
        tuple(values),
    )


def _dict(scene: Scene, node: ast.Dict) -> Value:
    worst = either(scene.value(v) for v in node.values)
    return of_trust(worst.trust, worst.names, "dict")


def _conditional(scene: Scene, node: ast.IfExp) -> Value:
    test = scene.value(node.test)
    body = scene.value(node.body)
    if isinstance(node.test, ast.Compare) and any(isinstance(o, ast.In) for o in node.test.ops):
        tested = {n.id for n in ast.walk(node.test.left) if isinstance(n, ast.Name)}
        if isinstance(node.body, ast.Name) and node.body.id in tested:
            body = body.trusted()
    del test
    return either((body, scene.value(node.orelse)))


def _comprehension(scene: Scene, node: ast.ListComp | ast.GeneratorExp | ast.SetComp) -> Value:
    saved = dict(scene.env)
    for generator in node.generators:
        source = scene.value(generator.iter)
        bind(scene, generator.target, of_trust(source.trust, source.names, ""))
        for test in generator.ifs:
            if isinstance(test, ast.Compare) and any(
                isinstance(o, ast.In | ast.Eq) for o in test.ops
            ):
                for name in ast.walk(generator.target):
                    if isinstance(name, ast.Name):
                        scene.env[name.id] = of_trust(TRUSTED)
    value = scene.value(node.elt)
    scene.env = saved
    return value


READERS: Mapping[type, Reader] = {
    ast.Name: _name,
    ast.Constant: _constant,
    ast.JoinedStr: _joined_str,
    ast.FormattedValue: _formatted,
    ast.BinOp: _binop,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.List: _collection,
    ast.Tuple: _collection,
    ast.Set: _collection,
    ast.Dict: _dict,
    ast.IfExp: _conditional,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.Call: call_value,
    ast.Await: _inner,
    ast.Starred: _inner,
    ast.NamedExpr: _inner,
    ast.Compare: lambda scene, node: of_trust(TRUSTED),
    ast.Lambda: lambda scene, node: of_trust(TRUSTED),
    ast.Slice: lambda scene, node: of_trust(TRUSTED),
}  # type: ignore[assignment]
