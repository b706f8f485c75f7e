"""Untrusted data given to loaders that can run code (CWE-502)."""

# ruff: noqa: SIM905 - long word lists are easier to read and to change as text

import ast
import re

from forgemind_assets.foundry.verifiers.rules.arguments import is_constant, untrusted
from forgemind_assets.foundry.verifiers.scene import Scene

LOADERS = re.compile(
    r"^(c?[pP]ickle|_pickle|dill|cloudpickle|marshal|six\.moves\.cPickle|pickle5|joblib|sklearn\.externals\.joblib|"
    r"jsonpickle|pandas|shelve|hickle|torch|numpy|yaml|ruamel\.yaml|skops|multiprocessing|"
    r"keras|tensorflow\.keras|streamlit|kombu|celery|compress_pickle|klepto|jsonpickle\.unpickler|lightgbm|xgboost)\."
)


UNSAFE = frozenset(
    "loads load Unpickler decode read_pickle open unsafe_load unsafe_load_all "
    "full_load full_load_all load_all _load_ Unpickle".split()
)


def check(node: ast.AST, scene: Scene) -> str | None:
    """CWE-502, or None."""
    if _is_pickle_setting(node, scene):
        return "CWE-502"
    if not isinstance(node, ast.Call):
        return None
    return "CWE-502" if _is_deserialisation(node, scene.dotted(node.func), scene) else None


PICKLE_FUNCTION = re.compile(
    r"^(c?[pP]ickle|_pickle|dill|cloudpickle|marshal|jsonpickle)\.(loads?|decode)$|^yaml\.(unsafe_load|full_load)$"
)


def _is_pickle_setting(node: ast.AST, scene: Scene) -> bool:
    """A loader handed over as a function, or a framework told to accept pickles."""
    parent = scene.parents.get(node)
    if isinstance(node, ast.Attribute | ast.Name) and isinstance(
        parent, ast.keyword | ast.Dict | ast.Call | ast.Tuple
    ):
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
        return (
            last == "load"
            and not is_constant(node, scene, "weights_only", True)
            and untrusted(node, scene)
        )
    if module == "numpy":
        return (
            last == "load"
            and is_constant(node, scene, "allow_pickle", True)
            and untrusted(node, scene)
        )
    if module == "pandas":
        return last == "read_pickle" and untrusted(node, scene)
    if module == "jsonpickle":
        return last in ("decode", "loads") and untrusted(node, scene)
    if module == "shelve":
        return last == "open" and untrusted(node, scene)
    if module in (
        "multiprocessing",
        "streamlit",
        "keras",
        "tensorflow.keras",
        "kombu",
        "celery",
        "lightgbm",
        "xgboost",
        "skops",
    ):
        return False
    if last == "Unpickler":
        return False
    return last in ("load", "loads") and untrusted(node, scene)


def _is_unpickler(node: ast.Call, scene: Scene) -> bool:
    owner = node.func.value if isinstance(node.func, ast.Attribute) else None
    if (
        isinstance(owner, ast.Call)
        and isinstance(owner.func, ast.Name)
        and owner.func.id in scene.classes
    ):
        own = scene.classes[owner.func.id]
        if any(scene.dotted(b).endswith("Unpickler") for b in own.bases):
            return "raise" not in ast.unparse(own)
    if isinstance(owner, ast.Name) and re.search(
        rf"\b{re.escape(owner.id)} = YAML\([^)]*typ=['\"]unsafe", scene.code
    ):
        return True
    if isinstance(owner, ast.Call) and scene.dotted(owner.func).endswith("YAML"):
        return "unsafe" in ast.unparse(owner)
    if isinstance(owner, ast.Call) and scene.dotted(owner.func).endswith(".Unpickler"):
        return untrusted(owner, scene)
    return (
        isinstance(owner, ast.Name)
        and re.search(rf"\b{re.escape(owner.id)} = [\w.]*\bUnpickler\(", scene.code) is not None
    )


def _yaml(node: ast.Call, last: str, scene: Scene) -> bool:
    if last in ("unsafe_load", "unsafe_load_all", "full_load", "full_load_all"):
        return untrusted(node, scene)
    if last not in ("load", "load_all"):
        return False
    loader = scene.argument(node, 1, "Loader")
    text = scene.dotted(loader) if isinstance(loader, ast.Name | ast.Attribute) else ""
    if isinstance(loader, ast.Name) and loader.id in scene.classes:
        text = " ".join(scene.dotted(b) for b in scene.classes[loader.id].bases)
    if loader is not None and re.search(r"Safe|BaseLoader", text):
        return False
    return untrusted(node, scene)
