"""Untrusted XML given to parsers that may resolve entities (CWE-611)."""

import ast
import re

from forgemind_assets.foundry.verifiers.rules.arguments import is_constant, untrusted
from forgemind_assets.foundry.verifiers.scene import Scene

XML_CALLS = re.compile(
    r"^(xml\.etree\.(c?ElementTree|ElementInclude)\.(parse|fromstring|fromstringlist|XML|XMLID|iterparse|XMLPullParser|ElementTree)|"
    r"xml\.dom\.(minidom|pulldom|expatbuilder)\.(parse|parseString)|xml\.sax\.(parse|parseString)|"
    r"xml\.parsers\.expat\.ParserCreate|expat\.ParserCreate|xml\.sax\.expatreader\.create_parser|"
    r"xmlrpc\.client\.loads|pandas\.read_xml|plistlib_\.loads|"
    r"lxml\.(etree|objectify)\.(parse|fromstring|fromstringlist|XML|XMLID|iterparse)|lxml\.html\.fromstring_)$"
)


SAX_FEATURES = re.compile(
    r"feature_external_(ges|pes)|external-general-entities|external-parameter-entities"
)


def check(node: ast.AST, scene: Scene) -> str | None:
    """CWE-611, or None."""
    if not isinstance(node, ast.Call):
        return None
    return "CWE-611" if _is_xml(node, scene.dotted(node.func), scene) else None


def _is_xml(node: ast.Call, name: str, scene: Scene) -> bool:
    if re.search(r"\.setFeature$", name) and node.args:
        on = scene.argument(node, 1, "value")
        return (
            bool(SAX_FEATURES.search(ast.unparse(node.args[0])))
            and isinstance(on, ast.Constant)
            and bool(on.value)
        )
    if name.endswith("xmltodict.parse"):
        return is_constant(node, scene, "disable_entities", False) and untrusted(node, scene)
    if (
        name.endswith(("XMLParser", "iterparse"))
        and "lxml" in name
        and is_constant(node, scene, "resolve_entities", True)
    ):
        return True
    if not XML_CALLS.match(name):
        return _parser_method(node, name, scene)
    if "lxml" in name:
        parser = scene.argument(node, 1, "parser")
        if "iterparse" in name:
            return not is_constant(node, scene, "resolve_entities", False) and untrusted(
                node, scene
            )
        if parser is not None and _safe_parser(parser, scene):
            return False
    if "ParserCreate" in name or "create_parser" in name:
        return "ExternalEntityRefHandler" in scene.code or "make_parser" in name or _feeds(scene)
    return untrusted(node, scene)


def _feeds(scene: Scene) -> bool:
    return re.search(r"\.(Parse|ParseFile|feed)\(", scene.code) is not None


def _safe_parser(parser: ast.expr, scene: Scene) -> bool:
    """Whether a parser was made with `resolve_entities=False`, here or where it was assigned."""
    if isinstance(parser, ast.Call):
        return _safe_parser_call(parser, scene)
    wanted = scene.dotted(parser)
    found = False
    for statement in ast.walk(scene.tree):
        if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.Call):
            continue
        if any(scene.dotted(t) == wanted for t in statement.targets):
            found = _safe_parser_call(statement.value, scene)
    return found


def _safe_parser_call(call: ast.Call, scene: Scene) -> bool:
    name = scene.dotted(call.func)
    if isinstance(call.func, ast.Name) and call.func.id in scene.functions:
        return "resolve_entities=False" in ast.unparse(scene.functions[call.func.id])
    if "defusedxml" in name:
        return True
    if any(k.arg is None for k in call.keywords):
        return re.search(r"['\"]?resolve_entities['\"]?\s*[:=]\s*False", scene.code) is not None
    return is_constant(call, scene, "resolve_entities", False)


def _parser_method(node: ast.Call, name: str, scene: Scene) -> bool:
    """`parser.parse(x)` and `parser.feed(x)` of a parser that was made in the snippet."""
    last = name.rsplit(".", 1)[-1]
    if last not in ("parse", "feed", "Parse", "ParseFile") or not isinstance(
        node.func, ast.Attribute
    ):
        return False
    owner = node.func.value
    made = scene.dotted(owner.func) if isinstance(owner, ast.Call) else ""
    if isinstance(owner, ast.Name | ast.Attribute):
        wanted = scene.dotted(owner)
        for statement in ast.walk(scene.tree):
            if (
                isinstance(statement, ast.Assign)
                and isinstance(statement.value, ast.Call)
                and any(scene.dotted(t) == wanted for t in statement.targets)
            ):
                made = scene.dotted(statement.value.func)
                if "lxml" in made and _safe_parser_call(statement.value, scene):
                    return False
    if not re.match(
        r"xml\.sax\.make_parser|xml\.etree\.ElementTree\.(XMLParser|XMLPullParser|ElementTree)|lxml\.etree\.(XMLParser|XMLPullParser)|xml\.(sax\.expatreader|parsers\.expat)|expat\.",
        made,
    ):
        return False
    if "sax" in made and re.search(
        r"setFeature\([\w.]*feature_external_ges, *(False|0)\)", scene.code
    ):
        return False
    return untrusted(node, scene)
