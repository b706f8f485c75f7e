"""Changes how modules are imported, hides imports, or shows those that a snippet lacks."""

# ruff: noqa: SIM905 - long word lists are easier to read and to change as text

import ast
import random

from forgemind_assets.foundry.rewriting.source import BUILTINS, Edit, Source

ALIASES = {
    "subprocess": ("sp", "subproc", "_subprocess"),
    "pickle": ("pkl", "pk", "_pickle_mod"),
    "random": ("rnd", "rng_mod", "_random"),
    "hashlib": ("hl", "_hashlib"),
    "requests": ("rq", "http", "req_lib"),
    "sqlite3": ("sqlite", "sq", "_sqlite"),
    "yaml": ("yml", "_yaml"),
    "json": ("js", "_json"),
    "os": ("_os",),
    "ssl": ("_ssl", "ssl_mod"),
    "httpx": ("hx",),
    "tarfile": ("tf", "tar_mod"),
    "zipfile": ("zf", "zip_mod"),
    "shutil": ("sh_util", "_shutil"),
    "secrets": ("sec", "_secrets"),
    "marshal": ("_marshal",),
    "html": ("_html", "html_lib"),
    "uuid": ("_uuid",),
    "joblib": ("jl",),
    "torch": ("th",),
    "paramiko": ("pmk",),
    "psycopg2": ("pg", "pg2"),
}
FRAMEWORKS = (
    "flask",
    "fastapi",
    "django",
    "aiohttp",
    "starlette",
    "tornado",
    "click",
    "typer",
    "celery",
    "rest_framework",
    "sqlalchemy",
    "pydantic",
    "typing",
    "dataclasses",
    "bottle",
    "sanic",
    "quart",
)
SHOWABLE = frozenset(
    """os sys re json pickle yaml subprocess requests httpx random hashlib ssl socket torch joblib
    marshal shelve dill cloudpickle jsonpickle secrets uuid time math shutil tarfile zipfile
    tempfile logging paramiko sqlite3 psycopg2 pymysql bleach shlex string base64 hmac bcrypt
    keyring boto3 importlib ast asyncio html urllib3 smtplib click""".split()
)
STANDARD_ALIAS = {
    "np": "import numpy as np",
    "pd": "import pandas as pd",
    "st": "import streamlit as st",
}


def _imports(source: Source) -> list[ast.Import | ast.ImportFrom]:
    return [n for n in source.module.body if isinstance(n, ast.Import | ast.ImportFrom)]


def _uses(source: Source, name: str) -> list[tuple[int, str | None, int]]:
    """Offset of each use of a name, the attribute read from it, and the end of both."""
    found: list[tuple[int, str | None, int]] = []
    for chunk in source.chunks:
        parents: dict[ast.AST, ast.Attribute] = {}
        for node in ast.walk(chunk.tree):
            if isinstance(node, ast.Attribute):
                parents[node.value] = node
            if isinstance(node, ast.Name) and node.id == name:
                found.append((chunk.start(node), None, chunk.end(node)))
        for value, attribute in parents.items():
            if isinstance(value, ast.Name) and value.id == name:
                found.remove((chunk.start(value), None, chunk.end(value)))
                found.append((chunk.start(value), attribute.attr, chunk.end(attribute)))
    return found


def change_import_style(source: Source, rng: random.Random) -> list[Edit]:
    """Edits that write one `import x` as `from x import y` or `import x as z`, or back."""
    options = [
        n
        for n in _imports(source)
        if len(n.names) == 1 and source.starts_its_line(n) and source.ends_its_line(n)
    ]
    rng.shuffle(options)
    for node in options:
        edits = (
            _to_from(source, node, rng) if isinstance(node, ast.Import) else _to_plain(source, node)
        )
        if edits:
            return edits
    return []


def _to_from(source: Source, node: ast.Import, rng: random.Random) -> list[Edit]:
    module, alias = node.names[0].name, node.names[0].asname
    if alias or "." in module:
        return []
    uses = _uses(source, module)
    if not uses or any(attribute is None for _, attribute, _ in uses):
        return []
    wanted = sorted({a for _, a, _ in uses if a})
    if rng.random() < 0.5 and module in ALIASES:
        new = rng.choice(ALIASES[module])
        if new in source.words:
            return []
        edits = [Edit(s, s + len(module), new) for s, _, _ in uses]
        return [*edits, Edit(source.start(node), source.end(node), f"import {module} as {new}")]
    if len(wanted) > 3 or any(a in BUILTINS or _used_alone(source, a) for a in wanted):
        return []
    edits = [Edit(s, e, a or "") for s, a, e in uses]
    return [
        *edits,
        Edit(source.start(node), source.end(node), f"from {module} import {', '.join(wanted)}"),
    ]


def _used_alone(source: Source, name: str) -> bool:
    """Whether a name is used otherwise than as an attribute."""
    for chunk in source.chunks:
        for node in ast.walk(chunk.tree):
            if isinstance(node, ast.Name) and node.id == name:
                return True
            if isinstance(node, ast.arg) and node.arg == name:
                return True
            if (
                isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
                and node.name == name
            ):
                return True
            if isinstance(node, ast.alias) and (node.asname or node.name) == name:
                return True
    return False


def _to_plain(source: Source, node: ast.ImportFrom) -> list[Edit]:
    if node.level or not node.module or "." in node.module or node.module in FRAMEWORKS:
        return []
    if node.module not in SHOWABLE or node.names[0].asname or node.names[0].name == "*":
        return []
    if _used_alone(source, node.module):
        return []
    name = node.names[0].name
    uses = _uses(source, name)
    stores = any(
        isinstance(n, ast.Name) and n.id == name and not isinstance(n.ctx, ast.Load)
        for n in source.nodes
    )
    if not uses or stores:
        return []
    edits = [Edit(s, s + len(name), f"{node.module}.{name}") for s, _, _ in uses]
    return [*edits, Edit(source.start(node), source.end(node), f"import {node.module}")]


def hide_imports(source: Source, rng: random.Random) -> list[Edit]:
    """Edits that drop the imports whose names say by themselves what they are."""
    edits: list[Edit] = []
    for node in _imports(source):
        framework = (
            isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in FRAMEWORKS
        )
        plain = isinstance(node, ast.Import) and all(
            not a.asname and "." not in a.name for a in node.names
        )
        if (framework or plain) and source.starts_its_line(node) and source.ends_its_line(node):
            start = source.line_start(node.lineno)
            end = min(len(source.text), source.line_start((node.end_lineno or node.lineno) + 1))
            if source.snippet.anchor is None or not start <= source.snippet.anchor < end:
                edits.append(Edit(start, end, ""))
    kept = [n for n in source.module.body if not isinstance(n, ast.Import | ast.ImportFrom)]
    return edits if kept else []


def show_imports(source: Source, rng: random.Random) -> list[Edit]:
    """Edits that import the known modules which a snippet uses without importing them."""
    used = {
        n.value.id
        for n in source.nodes
        if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name)
    }
    bound = {
        n.id for n in source.nodes if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)
    }
    bound |= {n.arg for n in source.nodes if isinstance(n, ast.arg)}
    bound |= {(n.asname or n.name).split(".")[0] for n in source.nodes if isinstance(n, ast.alias)}
    lines = [f"import {m}\n" for m in sorted(used & SHOWABLE - bound)]
    lines += [STANDARD_ALIAS[m] + "\n" for m in sorted((used & set(STANDARD_ALIAS)) - bound)]
    if not lines:
        return []
    rng.shuffle(lines)
    at = _first_code(source)
    gap = "" if _imports(source) else "\n" * rng.choice((1, 1, 2, 0))
    return [Edit(at, at, "".join(lines) + gap)]


def _first_code(source: Source) -> int:
    """Offset after the module docstring and `from __future__`, where imports may stand."""
    at = 0
    for node in source.module.body:
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        if not docstring and not future:
            break
        at = min(len(source.text), source.line_start((node.end_lineno or node.lineno) + 1))
    return at
