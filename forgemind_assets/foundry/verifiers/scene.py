"""One snippet under analysis: imports, variables, and the value of any expression."""

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from forgemind_assets.foundry.verifiers.known import (
    BUILDERS,
    INCOMING,
    KEEPERS,
    MODULE_ALIASES,
    MODULES,
    REMOTE,
    REQUEST,
    SANITIZER,
    SANITIZERS,
    TRUSTED_CALLS,
    TRUSTED_NAMES,
    TRUSTED_ROOTS,
    WSGI_KEYS,
)
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

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
BUILTIN_TRUSTED = frozenset("True False None __file__ __name__ self cls".split())


@dataclass
class Scene:
    """State of the walk: what names mean at this point of the code."""

    tree: ast.Module
    code: str
    imports: dict[str, str] = field(default_factory=dict)
    functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = field(default_factory=dict)
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    env: dict[str, Value] = field(default_factory=dict)
    function: ast.FunctionDef | ast.AsyncFunctionDef | None = None
    parents: dict[ast.AST, ast.AST] = field(default_factory=dict)
    depth: int = 0

    @staticmethod
    def of(code: str) -> "Scene":
        """Parses a snippet. Raises SyntaxError."""
        scene = Scene(ast.parse(code), code)
        for node in ast.walk(scene.tree):
            for child in ast.iter_child_nodes(node):
                scene.parents[child] = node
            if isinstance(node, ast.Import):
                for a in node.names:
                    scene.imports[a.asname or a.name.split(".")[0]] = a.name if a.asname else a.name.split(".")[0]
            elif isinstance(node, ast.ImportFrom):
                for a in node.names:
                    scene.imports[a.asname or a.name] = f"{node.module or ''}.{a.name}"
            elif isinstance(node, FunctionNode):
                scene.functions[node.name] = node
            elif isinstance(node, ast.ClassDef):
                scene.classes[node.name] = node
        return scene

    def dotted(self, node: ast.AST) -> str:
        """Full name of a function or attribute, through imports; `?` stands for an expression."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if isinstance(node, ast.Name):
            root = self.imports.get(node.id) or MODULE_ALIASES.get(node.id, node.id)
        else:
            root = "?"
        return ".".join([root, *reversed(parts)])

    def value(self, node: ast.AST | None) -> Value:
        """The value of an expression at this point."""
        if node is None:
            return Value()
        reader = _READERS.get(type(node))
        return reader(self, node) if reader else either(self.value(c) for c in ast.iter_child_nodes(node) if isinstance(c, ast.expr))

    def keyword(self, call: ast.Call, name: str) -> ast.expr | None:
        """The keyword argument of a call."""
        return next((k.value for k in call.keywords if k.arg == name), None)

    def argument(self, call: ast.Call, position: int, *names: str) -> ast.expr | None:
        """An argument by position, or by one of its names."""
        if position < len(call.args) and not any(isinstance(a, ast.Starred) for a in call.args[: position + 1]):
            return call.args[position]
        return next((k.value for k in call.keywords if k.arg in names), None)


def _name(scene: Scene, node: ast.Name) -> Value:
    if node.id in scene.env:
        known = scene.env[node.id]
        return Value(**{**known.__dict__, "names": known.names | {node.id}})
    if node.id in BUILTIN_TRUSTED or node.id in TRUSTED_NAMES or node.id in MODULES or node.id in scene.imports or node.id.isupper() or node.id in scene.functions:
        return of_trust(TRUSTED, (node.id,))
    if node.id[0].isupper() or (node.id.startswith("_") and node.id[1:].isupper()):
        return of_trust(TRUSTED, (node.id,))
    return of_trust(UNTRUSTED, (node.id,))


def _constant(scene: Scene, node: ast.Constant) -> Value:
    if isinstance(node.value, str):
        return constant(node.value)
    return constant(node.value.decode("latin-1")) if isinstance(node.value, bytes) else Value(kind="constant")


def _joined_str(scene: Scene, node: ast.JoinedStr) -> Value:
    return joined(scene.value(part) for part in node.values)


def _formatted(scene: Scene, node: ast.FormattedValue) -> Value:
    spec = node.format_spec
    if isinstance(spec, ast.JoinedStr) and len(spec.values) == 1 and isinstance(spec.values[0], ast.Constant):
        if re.search(r"[dfxbeE%]$", str(spec.values[0].value)):
            return of_trust(TRUSTED)
    return scene.value(node.value)


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
        return left if not isinstance(node.left, ast.Constant | ast.List) or left.text else of_trust(TRUSTED) if isinstance(node.left, ast.Constant) else left
    if isinstance(node.op, ast.Add) and "list" in (left.kind, right.kind):
        return Value(max(left.trust, right.trust), left.text + right.text, left.lead, left.head, "list", True, left.names | right.names, left.parts + right.parts)
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
    if node.attr in ("id", "pk", "name", "stem", "suffix") and base.kind == "path" and node.attr != "suffix":
        return Value(names=base.names, kind="basename")
    if node.attr == "__name__":
        return of_trust(TRUSTED)
    return Value(base.trust, "", "", base.trust, base.kind if base.kind in ("orm", "path") else "", names=base.names)


def _closed_option(scene: Scene, name: str) -> bool:
    """Whether a command line option is a number or one of given choices."""
    option = name.replace("_", "[-_]")
    return re.search(rf"add_argument\((?:[^()]|\([^()]*\))*['\"]-*{option}['\"](?:[^()]|\([^()]*\))*(choices=|type=(?:int|float)\b)", scene.code) is not None


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
    return Value(whole.trust, whole.text, whole.lead, whole.head, "list", whole.built, whole.names, tuple(values))


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
            if isinstance(test, ast.Compare) and any(isinstance(o, ast.In | ast.Eq) for o in test.ops):
                for name in ast.walk(generator.target):
                    if isinstance(name, ast.Name):
                        scene.env[name.id] = of_trust(TRUSTED)
    value = scene.value(node.elt)
    scene.env = saved
    return value


def bind(scene: Scene, target: ast.AST, value: Value) -> None:
    """Gives a target (name, tuple, attribute) a value."""
    if isinstance(target, ast.Name):
        scene.env[target.id] = value
    elif isinstance(target, ast.Attribute):
        scene.env[scene.dotted(target)] = value
    elif isinstance(target, ast.Starred):
        bind(scene, target.value, value)
    elif isinstance(target, ast.Tuple | ast.List):
        for position, element in enumerate(target.elts):
            own = value.parts[position] if len(value.parts) == len(target.elts) else of_trust(value.trust, value.names)
            bind(scene, element, own)
    elif isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
        old = scene.env.get(target.value.id, Value())
        scene.env[target.value.id] = either((old, value))


def _call(scene: Scene, node: ast.Call) -> Value:
    name = scene.dotted(node.func)
    last = name.rsplit(".", 1)[-1]
    arguments = [scene.value(a) for a in (*node.args, *(k.value for k in node.keywords))]
    if name in BUILDERS or (name == "text" and False):
        return of_trust(max((a.trust for a in arguments if a.kind == "sql_text"), default=TRUSTED), kind="orm")
    if name in TRUSTED_CALLS or last in SANITIZERS or SANITIZER.search(last):
        return Value(names=frozenset().union(*(a.names for a in arguments)), kind="html_safe" if SANITIZER.search(last) or last in ("escape", "format_html", "clean") else "")
    if REQUEST.match(name) or name in ("input", "sys.stdin.read", "sys.stdin.readline"):
        return of_trust(UNTRUSTED, (name,))
    if isinstance(node.func, ast.Name) and node.func.id in scene.functions and node.func.id not in scene.imports and scene.depth < 3:
        return _local_call(scene, node, scene.functions[node.func.id])
    if last in ("parse_args", "parse_known_args"):
        return of_trust(UNTRUSTED, (), "args")
    if last in INCOMING or REMOTE.match(name) or re.search(r"Consumer$|Subscriber$", last):
        return of_trust(UNTRUSTED, frozenset().union(*(a.names for a in arguments)))
    if last == "Markup":
        inner = arguments[0] if arguments else Value()
        return Value(**{**inner.__dict__, "kind": "markup" if inner.trust == TRUSTED else ""})
    if isinstance(node.func, ast.Attribute):
        return _method(scene, node, name, last, arguments)
    whole = either(arguments)
    if last in KEEPERS:
        joined_value = joined(arguments)
        return Value(joined_value.trust, joined_value.text, joined_value.lead, joined_value.head, "path" if last == "Path" else whole.kind if last in ("list", "tuple", "sorted", "set", "str") else "", joined_value.built, whole.names, whole.parts)
    if last[:1].isupper():
        return of_trust(min(whole.trust, UNKNOWN) if not arguments else whole.trust, whole.names)
    return of_trust(whole.trust if arguments else UNKNOWN, whole.names)


def _method(scene: Scene, node: ast.Call, name: str, last: str, arguments: list[Value]) -> Value:
    assert isinstance(node.func, ast.Attribute)
    base = scene.value(node.func.value)
    whole = either(arguments)
    names = base.names | whole.names
    if base.kind == "markup" and last in ("format", "join", "__mod__"):
        return of_trust(TRUSTED, names, "html_safe")
    if name.startswith(("os.path.", "posixpath.", "pathlib.")) or last in ("joinpath", "with_suffix", "with_name"):
        if last in ("basename", "getsize", "exists", "getmtime"):
            return of_trust(TRUSTED, names)
        both = joined(arguments if name.startswith("os.path") else [base, *arguments])
        return Value(both.trust, both.text, both.lead, both.head, "path", both.built, both.names)
    if last in ("resolve", "absolute", "expanduser"):
        return Value(**{**base.__dict__, "kind": "path"})
    if last == "format":
        return _formatted_call(scene, node, base)
    if last == "join":
        inner = arguments[0] if arguments else Value()
        result = joined([base, inner]) if base.text.strip() else inner
        return Value(result.trust, result.text, result.lead or inner.lead, max(result.head, inner.head), "", result.built or inner.built, result.names)
    if last == "get" and base.kind == "dict" and base.trust == TRUSTED:
        return of_trust(arguments[1].trust if len(arguments) > 1 else TRUSTED)
    model = isinstance(node.func.value, ast.Attribute) and node.func.value.attr in ("objects", "query")
    if last in ("get", "pop", "setdefault") and base.trust == TRUSTED and not model and name.split(".")[0] not in scene.imports:
        return of_trust(arguments[1].trust if len(arguments) > 1 else TRUSTED)
    if base.kind == "orm":
        return of_trust(max([base.trust, *(a.trust for a in arguments if a.kind == "sql_text")]), kind="orm")
    if last in ("replace", "translate", "strip", "lower", "upper", "lstrip", "rstrip", "title", "encode", "decode", "removeprefix", "removesuffix", "casefold", "expandtabs", "zfill", "capitalize", "splitlines", "split", "partition"):
        return Value(base.trust, base.text, base.lead, base.head, base.kind, base.built, base.names)
    if last in ("isdigit", "isalnum", "startswith", "endswith", "exists", "is_file", "is_relative_to", "index", "count", "hexdigest", "digest", "total_seconds", "isoformat", "strftime", "timestamp"):
        return of_trust(TRUSTED, names)
    if model or last in ("execute", "query", "fetchone", "fetchall", "first", "one", "all", "scalar"):
        return of_trust(UNKNOWN, ())
    if base.trust == TRUSTED and base.names and name.split(".")[0] not in scene.imports:
        return of_trust(whole.trust, names) if arguments else of_trust(TRUSTED, names)
    if name.split(".")[0] in scene.imports or base.trust == TRUSTED:
        return of_trust(whole.trust if arguments else UNKNOWN, names)
    return of_trust(max(base.trust, whole.trust), names)


def _formatted_call(scene: Scene, node: ast.Call, template: Value) -> Value:
    values = [scene.value(a) for a in node.args]
    named = {k.arg: scene.value(k.value) for k in node.keywords if k.arg}
    out: list[Value] = []
    at = 0
    for piece in re.split(r"(\{[^{}]*\})", template.text):
        if piece.startswith("{"):
            key = re.split(r"[:!.\[]", piece[1:-1])[0]
            if key == "" and at < len(values):
                out.append(values[at])
            elif key.isdigit() and int(key) < len(values):
                out.append(values[int(key)])
            else:
                out.append(named.get(key) or either([*values, *named.values()]))
            at += 1
            if re.search(r":[^}]*[dfx]\}$", piece):
                out[-1] = of_trust(TRUSTED)
        elif piece:
            out.append(constant(piece))
    every = [*values, *named.values()]
    return joined(out) if template.trust == TRUSTED and out else joined((template, *every))


def _local_call(scene: Scene, node: ast.Call, function: ast.FunctionDef | ast.AsyncFunctionDef) -> Value:
    """The value that a function of the snippet returns for these arguments."""
    from forgemind_assets.foundry.verifiers.walk import returned_value

    saved, saved_function, depth = scene.env, scene.function, scene.depth
    env = {k: v for k, v in scene.env.items()}
    parameters = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
    if parameters[:1] in (["self"], ["cls"]):
        parameters = parameters[1:]
    for parameter, argument in zip(parameters, node.args, strict=False):
        env[parameter] = scene.value(argument)
    for keyword in node.keywords:
        if keyword.arg:
            env[keyword.arg] = scene.value(keyword.value)
    scene.env, scene.depth = env, depth + 1
    try:
        return returned_value(scene, function)
    finally:
        scene.env, scene.function, scene.depth = saved, saved_function, depth


_READERS: dict[type, Callable[[Scene, ast.AST], Value]] = {
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
    ast.Call: _call,
    ast.Await: lambda scene, node: scene.value(node.value),
    ast.Starred: lambda scene, node: scene.value(node.value),
    ast.NamedExpr: lambda scene, node: scene.value(node.value),
    ast.Compare: lambda scene, node: of_trust(TRUSTED),
    ast.Lambda: lambda scene, node: of_trust(TRUSTED),
    ast.Slice: lambda scene, node: of_trust(TRUSTED),
}  # type: ignore[assignment]
