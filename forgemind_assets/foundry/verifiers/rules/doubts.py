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
TEXTS = (ast.JoinedStr, ast.BinOp, ast.Call)
CIPHER = re.compile(r"(?i)crypt|cipher|obfuscat|scrambl|encode|decode|mask")


def check(node: ast.AST, scene: Scene) -> str | None:
    """The label that a reviewer would suspect, or None."""
    if isinstance(node, ast.Call):
        if _formats_untrusted_html(node, scene):
            return "CWE-79"
        return "CWE-22" if _compares_unresolved_path(node, scene) else None
    if isinstance(node, ast.Assign | ast.Return) and isinstance(node.value, TEXTS):
        value = scene.value(node.value)
        built = value.bad and value.built and value.kind != "orm"
        return "CWE-89" if built and STATEMENT.match(value.text) else None
    return "CWE-327" if _mixes_key_by_hand(node, scene) else None


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
