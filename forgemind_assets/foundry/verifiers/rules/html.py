"""Untrusted data put into HTML (CWE-79)."""

# ruff: noqa: SIM905 - long word lists are easier to read and to change as text

import ast
import re

from forgemind_assets.foundry.verifiers.scene import Scene
from forgemind_assets.foundry.verifiers.values import TRUSTED, Value

TAG = re.compile(r"</?[a-zA-Z][a-zA-Z0-9]*[\s>/]?|<!--|&nbsp;|href=|onclick=")


HTML_CALLS = frozenset(
    "Markup mark_safe HttpResponse HTMLResponse SafeString SafeText "
    "HttpResponseBadRequest HttpResponseNotFound literal HTML Response "
    "make_response html_safe SafeUnicode write send_html html "
    "HttpResponseForbidden HttpResponseServerError markdown".split()
)


RAW_HTML = frozenset(
    "Markup mark_safe SafeString SafeText literal HTML HTMLResponse SafeUnicode".split()
)


def check(node: ast.AST, scene: Scene) -> str | None:
    """CWE-79, or None."""
    if isinstance(node, ast.Return):
        bad = _returned_html(node, scene)
    elif isinstance(node, ast.Assign | ast.AugAssign):
        bad = _assigned_html(node, scene)
    elif isinstance(node, ast.Call):
        name = scene.dotted(node.func)
        bad = _writes_html(node, name, name.rsplit(".", 1)[-1], scene)
    else:
        bad = False
    return "CWE-79" if bad else None


def _is_html(value: Value) -> bool:
    return (
        value.trust != TRUSTED
        and value.built
        and TAG.search(value.text) is not None
        and value.kind != "html_safe"
    )


def _returned_html(node: ast.Return, scene: Scene) -> bool:
    if node.value is None:
        return False
    body = (
        node.value.elts[0]
        if isinstance(node.value, ast.Tuple | ast.List) and node.value.elts
        else node.value
    )
    if isinstance(body, ast.Dict):
        pairs = zip(body.keys, body.values, strict=True)
        return "text/html" in ast.unparse(body) and any(
            _is_html(scene.value(v))
            for k, v in pairs
            if isinstance(k, ast.Constant) and k.value == "body"
        )
    value = scene.value(body)
    if _is_html(value):
        return True
    return (
        value.bad
        and _is_page(scene)
        and (value.built or isinstance(body, ast.JoinedStr | ast.BinOp))
        and not isinstance(body, ast.Dict)
    )


def _is_page(scene: Scene) -> bool:
    """Whether the function is a Flask view, whose returned text is HTML."""
    function = scene.function
    if function is None or not any(
        "route" in ast.unparse(d) or re.match(r"(app|bp|blueprint)\.(get|post)\(", ast.unparse(d))
        for d in function.decorator_list
    ):
        return False
    return "FastAPI" not in scene.code and not isinstance(function, ast.AsyncFunctionDef)


def _assigned_html(node: ast.Assign | ast.AugAssign, scene: Scene) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    if (
        isinstance(node.value, ast.Constant)
        and node.value.value is False
        and any(isinstance(t, ast.Attribute) and t.attr == "autoescape" for t in targets)
    ):
        return True
    value = scene.value(node.value)
    escaped = re.search(
        r"clean\(|sanitize|escape\(|strip_tags|linkify|defused|fromstring|etree", scene.code
    )
    return _is_html(value) and any(
        not escaped
        or isinstance(t, ast.Attribute)
        or (isinstance(t, ast.Name) and not _used_later(t, scene))
        for t in targets
    )


def _used_later(target: ast.Name, scene: Scene) -> bool:
    return any(
        isinstance(n, ast.Name) and n.id == target.id and isinstance(n.ctx, ast.Load)
        for n in ast.walk(scene.tree)
    )


def _writes_html(node: ast.Call, name: str, last: str, scene: Scene) -> bool:
    values = [scene.value(a) for a in node.args] + [
        scene.value(k.value)
        for k in node.keywords
        if k.arg
        in (
            "content",
            "text",
            "body",
            "html",
            "response",
            "data",
            "unsafe_allow_html",
            "html_message",
            "source",
            "value",
        )
    ]
    if last in RAW_HTML:
        return any(v.bad and v.kind != "html_safe" for v in values[:1])
    plain = (
        re.search(
            r"text/plain|application/json|text/csv|JSONResponse|image/(?!svg)|octet",
            ast.unparse(node),
        )
        is not None
    )
    if (
        last
        in (
            "HttpResponse",
            "HttpResponseBadRequest",
            "HttpResponseNotFound",
            "HttpResponseForbidden",
            "HttpResponseServerError",
            "make_response",
        )
        and not plain
    ):
        return any(v.bad and v.kind != "html_safe" for v in values[:1])
    if last in ("Response", "write", "finish") and not plain and values and _is_html(values[0]):
        return True
    if last in ("Response",) and re.search(r"text/html", ast.unparse(node)):
        return any(v.bad for v in values)
    if last in ("Loader", "Context", "SandboxedEnvironment", "ImmutableSandboxedEnvironment"):
        auto = scene.keyword(node, "autoescape")
        return isinstance(auto, ast.Constant) and not auto.value
    if last in ("Environment", "Template") and (
        name.startswith("jinja2") or last == "Environment" or "render" in scene.code
    ):
        return _unescaped_template(node, name, last, scene)
    if last in ("render_template_string", "from_string", "render_template") and node.args:
        template = scene.value(node.args[0])
        return "|safe" in template.text.replace(" ", "") and any(
            scene.value(k.value).bad for k in node.keywords
        )
    if last == "append" and values and _is_html(values[0]):
        return re.search(r"clean\(|sanitize|escape|etree|strip_tags", scene.code) is None
    if plain or last in (
        "print",
        "info",
        "debug",
        "error",
        "warning",
        "exception",
        "append",
        "format",
        "join",
        "escape",
        "execute",
        "search",
        "sub",
        "compile",
        "match",
        "find",
        "xpath",
        "fromstring",
        "XML",
        "parseString",
        "log",
        "replace",
        "findall",
        "encode",
        "str",
        "list",
        "extend",
        "insert",
        "dumps",
        "jsonify",
        "JSONResponse",
        "JsonResponse",
        "strip",
        "clean",
        "split",
        "startswith",
        "add",
    ):
        return False
    return any(_is_html(v) for v in values) and (
        last in HTML_CALLS
        or last[:1].isupper()
        or last
        in (
            "send",
            "send_message",
            "write_text",
            "write_html",
            "set_content",
            "attach",
            "add_alternative",
            "send_mail",
            "respond",
            "set_html",
            "setHtml",
            "show",
            "inject",
            "display",
            "text",
            "sendall",
            "end",
            "put",
            "publish",
            "set",
            "emit",
            "html_response",
            "writelines",
            "body",
            "fragment",
            "send_email",
            "render",
        )
    )


def _unescaped_template(node: ast.Call, name: str, last: str, scene: Scene) -> bool:
    auto = scene.keyword(node, "autoescape")
    template = scene.value(node.args[0]) if node.args else Value()
    if name.startswith("string.") and TAG.search(template.text):
        return re.search(r"escape", scene.code) is None
    if re.search(r"\|\s*safe\b", template.text):
        return True
    if isinstance(auto, ast.Constant):
        return auto.value is False and ("render" in scene.code or last == "Environment")
    if auto is not None or any(k.arg is None for k in node.keywords):
        return False
    if last == "Environment":
        return "jinja2" in name or "jinja2" in scene.code or name == "Environment"
    if not name.startswith("jinja2") or not node.args:
        return False
    template = scene.value(node.args[0])
    parent = scene.parents.get(node)
    return (
        TAG.search(template.text) is not None
        and template.trust == TRUSTED
        and ("render" in scene.code or isinstance(parent, ast.Attribute))
        and "|e" not in template.text.replace(" ", "")
    )
