"""Unsafe deserialisation and XML with entities."""

import ast
import re

from forgemind_assets.foundry.verifiers.scene import Scene
from forgemind_assets.foundry.verifiers.values import TRUSTED

LOADERS = re.compile(
    r"^(c?[pP]ickle|_pickle|dill|cloudpickle|marshal|six\.moves\.cPickle|pickle5|joblib|sklearn\.externals\.joblib|"
    r"jsonpickle|pandas|shelve|hickle|torch|numpy|yaml|ruamel\.yaml|skops|multiprocessing|"
    r"keras|tensorflow\.keras|streamlit|kombu|celery|compress_pickle|klepto|jsonpickle\.unpickler|lightgbm|xgboost)\."
)
UNSAFE = frozenset("loads load Unpickler decode read_pickle open unsafe_load unsafe_load_all full_load full_load_all load_all _load_ Unpickle".split())
XML_CALLS = re.compile(
    r"^(xml\.etree\.(c?ElementTree|ElementInclude)\.(parse|fromstring|fromstringlist|XML|XMLID|iterparse|XMLPullParser|ElementTree)|"
    r"xml\.dom\.(minidom|pulldom|expatbuilder)\.(parse|parseString)|xml\.sax\.(parse|parseString)|"
    r"xml\.parsers\.expat\.ParserCreate|expat\.ParserCreate|xml\.sax\.expatreader\.create_parser|"
    r"xmlrpc\.client\.loads|pandas\.read_xml|plistlib_\.loads|"
    r"lxml\.(etree|objectify)\.(parse|fromstring|fromstringlist|XML|XMLID|iterparse)|lxml\.html\.fromstring_)$"
)
SAX_FEATURES = re.compile(r"feature_external_(ges|pes)|external-general-entities|external-parameter-entities")


def check(node: ast.AST, scene: Scene) -> str | None:
    """CWE-502, CWE-611, or None."""
    if _is_pickle_setting(node, scene):
        return "CWE-502"
    if not isinstance(node, ast.Call):
        return None
    name = scene.dotted(node.func)
    if _is_xml(node, name, scene):
        return "CWE-611"
    return "CWE-502" if _is_deserialisation(node, name, scene) else None


def _untrusted(node: ast.Call, scene: Scene) -> bool:
    """Whether what is loaded may come from elsewhere; unknown counts, a constant does not."""
    values = [scene.value(a) for a in node.args[:1]]
    values += [scene.value(k.value) for k in node.keywords[:1] if not node.args]
    return not values or any(v.trust != TRUSTED for v in values)


PICKLE_FUNCTION = re.compile(r"^(c?[pP]ickle|_pickle|dill|cloudpickle|marshal|jsonpickle)\.(loads?|decode)$|^yaml\.(unsafe_load|full_load)$")


def _is_pickle_setting(node: ast.AST, scene: Scene) -> bool:
    """A loader handed over as a function, or a framework told to accept pickles."""
    parent = scene.parents.get(node)
    if isinstance(node, ast.Attribute | ast.Name) and isinstance(parent, ast.keyword | ast.Dict | ast.Call | ast.Tuple):
        called = isinstance(parent, ast.Call) and parent.func is node
        return not called and PICKLE_FUNCTION.match(scene.dotted(node)) is not None
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        if node.value.endswith("PickleSerializer"):
            return True
        if node.value == "pickle":
            top: ast.AST = node
            while top in scene.parents and not isinstance(top, ast.stmt | ast.keyword):
                top = scene.parents[top]
            return re.search(r"(?i)accept|serializer", ast.unparse(top)) is not None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr == "recv_pyobj"
    return False


def _is_deserialisation(node: ast.Call, name: str, scene: Scene) -> bool:
    last = name.rsplit(".", 1)[-1]
    module = name.rsplit(".", 1)[0]
    if last not in UNSAFE or not LOADERS.match(name):
        return last == "load" and _is_unpickler(node, scene)
    if module in ("yaml", "ruamel.yaml"):
        return _yaml(node, last, scene)
    if module == "torch":
        return last == "load" and not _is(node, scene, "weights_only", True) and _untrusted(node, scene)
    if module == "numpy":
        return last == "load" and _is(node, scene, "allow_pickle", True) and _untrusted(node, scene)
    if module == "pandas":
        return last == "read_pickle" and _untrusted(node, scene)
    if module == "jsonpickle":
        return last in ("decode", "loads") and _untrusted(node, scene)
    if module == "shelve":
        return last == "open" and _untrusted(node, scene)
    if module in ("multiprocessing", "streamlit", "keras", "tensorflow.keras", "kombu", "celery", "lightgbm", "xgboost", "skops"):
        return False
    if last == "Unpickler":
        return False
    return last in ("load", "loads") and _untrusted(node, scene)


def _is_unpickler(node: ast.Call, scene: Scene) -> bool:
    owner = node.func.value if isinstance(node.func, ast.Attribute) else None
    if isinstance(owner, ast.Call) and isinstance(owner.func, ast.Name) and owner.func.id in scene.classes:
        own = scene.classes[owner.func.id]
        if any(scene.dotted(b).endswith("Unpickler") for b in own.bases):
            return "raise" not in ast.unparse(own)
    if isinstance(owner, ast.Name) and re.search(rf"\b{re.escape(owner.id)} = YAML\([^)]*typ=['\"]unsafe", scene.code):
        return True
    if isinstance(owner, ast.Call) and scene.dotted(owner.func).endswith("YAML"):
        return "unsafe" in ast.unparse(owner)
    if isinstance(owner, ast.Call) and scene.dotted(owner.func).endswith(".Unpickler"):
        return _untrusted(owner, scene)
    return isinstance(owner, ast.Name) and re.search(rf"\b{re.escape(owner.id)} = [\w.]*\bUnpickler\(", scene.code) is not None


def _yaml(node: ast.Call, last: str, scene: Scene) -> bool:
    if last in ("unsafe_load", "unsafe_load_all", "full_load", "full_load_all"):
        return _untrusted(node, scene)
    if last not in ("load", "load_all"):
        return False
    loader = scene.argument(node, 1, "Loader")
    text = scene.dotted(loader) if isinstance(loader, ast.Name | ast.Attribute) else ""
    if isinstance(loader, ast.Name) and loader.id in scene.classes:
        text = " ".join(scene.dotted(b) for b in scene.classes[loader.id].bases)
    if loader is not None and re.search(r"Safe|BaseLoader", text):
        return False
    return _untrusted(node, scene)


def _is(node: ast.Call, scene: Scene, keyword: str, wanted: bool) -> bool:
    value = scene.keyword(node, keyword)
    return isinstance(value, ast.Constant) and value.value is wanted


def _is_xml(node: ast.Call, name: str, scene: Scene) -> bool:
    if re.search(r"\.setFeature$", name) and node.args:
        on = scene.argument(node, 1, "value")
        return bool(SAX_FEATURES.search(ast.unparse(node.args[0]))) and isinstance(on, ast.Constant) and bool(on.value)
    if name.endswith("xmltodict.parse"):
        return _is(node, scene, "disable_entities", False) and _untrusted(node, scene)
    if name.endswith(("XMLParser", "iterparse")) and "lxml" in name and _is(node, scene, "resolve_entities", True):
        return True
    if not XML_CALLS.match(name):
        return _parser_method(node, name, scene)
    if "lxml" in name:
        parser = scene.argument(node, 1, "parser")
        if "iterparse" in name:
            return not _is(node, scene, "resolve_entities", False) and _untrusted(node, scene)
        if parser is not None and _safe_parser(parser, scene):
            return False
    if "ParserCreate" in name or "create_parser" in name:
        return "ExternalEntityRefHandler" in scene.code or "make_parser" in name or _feeds(scene)
    return _untrusted(node, scene)


def _feeds(scene: Scene) -> bool:
    return re.search(r"\.(Parse|ParseFile|feed)\(", scene.code) is not None


def _safe_parser(parser: ast.expr, scene: Scene) -> bool:
    """Whether a parser was made with `resolve_entities=False`, here or where it was assigned."""
    if isinstance(parser, ast.Call):
        return _safe_parser_call(parser, scene)
    wanted = scene.dotted(parser)
    found = False
    for statement in ast.walk(scene.tree):
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call):
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
    return _is(call, scene, "resolve_entities", False)


def _parser_method(node: ast.Call, name: str, scene: Scene) -> bool:
    """`parser.parse(x)` and `parser.feed(x)` of a parser that was made in the snippet."""
    last = name.rsplit(".", 1)[-1]
    if last not in ("parse", "feed", "Parse", "ParseFile") or not isinstance(node.func, ast.Attribute):
        return False
    owner = node.func.value
    made = scene.dotted(owner.func) if isinstance(owner, ast.Call) else ""
    if isinstance(owner, ast.Name | ast.Attribute):
        wanted = scene.dotted(owner)
        for statement in ast.walk(scene.tree):
            if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call) and any(scene.dotted(t) == wanted for t in statement.targets):
                made = scene.dotted(statement.value.func)
                if "lxml" in made and _safe_parser_call(statement.value, scene):
                    return False
    if not re.match(r"xml\.sax\.make_parser|xml\.etree\.ElementTree\.(XMLParser|XMLPullParser|ElementTree)|lxml\.etree\.(XMLParser|XMLPullParser)|xml\.(sax\.expatreader|parsers\.expat)|expat\.", made):
        return False
    if "sax" in made and re.search(r"setFeature\([\w.]*feature_external_ges, *(False|0)\)", scene.code):
        return False
    return _untrusted(node, scene)
