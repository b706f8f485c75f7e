"""What a reviewer would not call safe, although no weakness is certain.

A teacher's repair that moves or half does what it should leaves such marks. They refute a claim
that code is safe, and never confirm a weakness.
"""

import ast
import re

from forgemind_assets.foundry.verifiers.scene import Scene

STATEMENT = re.compile(
    r"(?is)^\s*(select\b.+\bfrom|insert\s+into|update\s+.+\bset|delete\s+from)\b"
)
RESOLVED = re.compile(r"\b(resolve|realpath|abspath)\(|\bsafe_join\(")
FOLDER = re.compile(r"(?i)^'/|base|root|dir|folder|upload|static|media|path")
OPENS = re.compile(r"\b(open|send_file|FileResponse|remove|unlink|rmtree|read_text|read_bytes)\(")
SECRET = re.compile(r"(?i)key|secret|token|passw|pwd|credential")
LOADERS = frozenset({"load", "loadtxt", "genfromtxt", "read_csv", "read_excel", "read_json"})
DANGEROUS = frozenset(
    {"os.system", "os.popen", "eval", "exec", "subprocess.run", "subprocess.call"}
    | {"subprocess.Popen", "subprocess.check_output", "subprocess.getoutput"}
)
TEXTS = (ast.JoinedStr, ast.BinOp, ast.Call)
CIPHER = re.compile(r"(?i)crypt|cipher|obfuscat|scrambl|encode|decode|mask")


def check(node: ast.AST, scene: Scene) -> str | None:
    """The label that a reviewer would suspect, or None."""
    if isinstance(node, ast.Call):
        return _doubted_call(node, scene)
    if isinstance(node, ast.Dict | ast.List | ast.Set | ast.Tuple):
        return "CWE-78" if _lists_dangerous_calls(node, scene) else None
    if isinstance(node, ast.Assign | ast.Return) and isinstance(node.value, TEXTS):
        value = scene.value(node.value)
        built = value.bad and value.built and value.kind != "orm"
        return "CWE-89" if built and STATEMENT.match(value.text) else None
    return "CWE-327" if _mixes_key_by_hand(node, scene) else None


def _doubted_call(node: ast.Call, scene: Scene) -> str | None:
    if _formats_untrusted_html(node, scene):
        return "CWE-79"
    if _falls_back_on_a_secret(node, scene):
        return "CWE-798"
    unresolved = _compares_unresolved_path(node, scene) or _opens_upload_by_name(node)
    return "CWE-22" if unresolved else None


def _falls_back_on_a_secret(node: ast.Call, scene: Scene) -> bool:
    """`environ.get("KEY", "default")`: whoever forgets to set it has a key that all know."""
    name = scene.dotted(node.func)
    if not name.endswith(("environ.get", "getenv")) or len(node.args) != 2:
        return False
    key, default = (getattr(argument, "value", None) for argument in node.args)
    return bool(default) and isinstance(default, str) and SECRET.search(str(key)) is not None


def _opens_upload_by_name(node: ast.Call) -> bool:
    """`load(upload.filename)` opens what the sender named, not what was sent."""
    last = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    first = node.args[0] if node.args else None
    return last in LOADERS and isinstance(first, ast.Attribute) and first.attr == "filename"


def _lists_dangerous_calls(node: ast.Dict | ast.List | ast.Set | ast.Tuple, scene: Scene) -> bool:
    """An allow-list that allows what it should keep out."""
    parts = node.values if isinstance(node, ast.Dict) else node.elts
    names = (scene.dotted(part) for part in parts if isinstance(part, ast.Name | ast.Attribute))
    return any(name in DANGEROUS for name in names)


def _formats_untrusted_html(node: ast.Call, scene: Scene) -> bool:
    """`format_html(text)` takes its first argument for HTML as it stands; it escapes the others."""
    last = scene.dotted(node.func).rsplit(".", 1)[-1]
    return last == "format_html" and bool(node.args) and scene.value(node.args[0]).bad


def _compares_unresolved_path(node: ast.Call, scene: Scene) -> bool:
    """Paths compared as they are written: `base/../other` lies in `base` by its letters."""
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    if RESOLVED.search(scene.code) is not None:
        return False
    if name == "startswith" and len(node.args) == 1:
        begins = FOLDER.search(ast.unparse(node.args[0])) is not None
        return begins and OPENS.search(scene.code) is not None
    return name == "is_relative_to"


def _mixes_key_by_hand(node: ast.AST, scene: Scene) -> bool:
    """An exclusive or of characters in a function that is to hide something."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.BitXor):
        return False
    where = scene.function.name if scene.function else ""
    return CIPHER.search(where) is not None or "ord(" in ast.unparse(node)
