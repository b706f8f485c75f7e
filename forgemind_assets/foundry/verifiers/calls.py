"""The value of a call: sources, sanitisers, string methods, functions of the snippet."""

import ast
import re

from forgemind_assets.foundry.verifiers.known import (
    BUILDERS,
    INCOMING,
    KEEPERS,
    REMOTE,
    REQUEST,
    SANITIZER,
    SANITIZERS,
    TRUSTED_CALLS,
)
from forgemind_assets.foundry.verifiers.scene import Scene
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


def call_value(scene: Scene, node: ast.Call) -> Value:
    """The value that a call returns."""
    name = scene.dotted(node.func)
    last = name.rsplit(".", 1)[-1]
    arguments = [scene.value(a) for a in (*node.args, *(k.value for k in node.keywords))]
    if name in BUILDERS:
        return of_trust(
            max((a.trust for a in arguments if a.kind == "sql_text"), default=TRUSTED), kind="orm"
        )
    if name in TRUSTED_CALLS or last in SANITIZERS or SANITIZER.search(last):
        return Value(
            names=frozenset().union(*(a.names for a in arguments)),
            kind="html_safe"
            if SANITIZER.search(last) or last in ("escape", "format_html", "clean")
            else "",
        )
    if REQUEST.match(name) or name in ("input", "sys.stdin.read", "sys.stdin.readline"):
        return of_trust(UNTRUSTED, (name,))
    if (
        isinstance(node.func, ast.Name)
        and node.func.id in scene.functions
        and node.func.id not in scene.imports
        and scene.depth < 3
    ):
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
        return Value(
            joined_value.trust,
            joined_value.text,
            joined_value.lead,
            joined_value.head,
            "path"
            if last == "Path"
            else whole.kind
            if last in ("list", "tuple", "sorted", "set", "str")
            else "",
            joined_value.built,
            whole.names,
            whole.parts,
        )
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
    if name.startswith(("os.path.", "posixpath.", "pathlib.")) or last in (
        "joinpath",
        "with_suffix",
        "with_name",
    ):
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
        return Value(
            result.trust,
            result.text,
            result.lead or inner.lead,
            max(result.head, inner.head),
            "",
            result.built or inner.built,
            result.names,
        )
    if last == "get" and base.kind == "dict" and base.trust == TRUSTED:
        return of_trust(arguments[1].trust if len(arguments) > 1 else TRUSTED)
    model = isinstance(node.func.value, ast.Attribute) and node.func.value.attr in (
        "objects",
        "query",
    )
    if (
        last in ("get", "pop", "setdefault")
        and base.trust == TRUSTED
        and not model
        and name.split(".")[0] not in scene.imports
    ):
        return of_trust(arguments[1].trust if len(arguments) > 1 else TRUSTED)
    if base.kind == "orm":
        return of_trust(
            max([base.trust, *(a.trust for a in arguments if a.kind == "sql_text")]), kind="orm"
        )
    if last in (
        "replace",
        "translate",
        "strip",
        "lower",
        "upper",
        "lstrip",
        "rstrip",
        "title",
        "encode",
        "decode",
        "removeprefix",
        "removesuffix",
        "casefold",
        "expandtabs",
        "zfill",
        "capitalize",
        "splitlines",
        "split",
        "partition",
    ):
        return Value(base.trust, base.text, base.lead, base.head, base.kind, base.built, base.names)
    if last in (
        "isdigit",
        "isalnum",
        "startswith",
        "endswith",
        "exists",
        "is_file",
        "is_relative_to",
        "index",
        "count",
        "hexdigest",
        "digest",
        "total_seconds",
        "isoformat",
        "strftime",
        "timestamp",
    ):
        return of_trust(TRUSTED, names)
    if model or last in (
        "execute",
        "query",
        "fetchone",
        "fetchall",
        "first",
        "one",
        "all",
        "scalar",
    ):
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


def _local_call(
    scene: Scene, node: ast.Call, function: ast.FunctionDef | ast.AsyncFunctionDef
) -> Value:
    """The value that a function of the snippet returns for these arguments."""
    from forgemind_assets.foundry.verifiers.walk import returned_value

    saved, saved_function, depth = scene.env, scene.function, scene.depth
    env = dict(scene.env.items())
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
