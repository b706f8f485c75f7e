"""The names of a snippet: what they are, and everywhere that they are written."""

# ruff: noqa: SIM905 - long word lists are easier to read and to change as text

import ast
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from forgemind_assets.foundry.rewriting.source import BUILTINS, Chunk, Source

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef

# Objects that frameworks and customs give a fixed name: renaming them misleads a reader.
FIXED = frozenset(
    """self cls request req app router bp blueprint api cli g session current_user current_app
    settings st os sys re json pickle yaml subprocess requests httpx random hashlib ssl socket
    urllib np pd plt ET etree minidom torch joblib marshal shelve dill cloudpickle jsonpickle
    secrets uuid time datetime math pathlib shutil tarfile zipfile tempfile logging logger log
    models objects Path Flask render_template render_template_string jsonify Response redirect
    escape html Markup mark_safe format_html text select paramiko aiohttp asyncio flask django
    sqlite3 psycopg2 psycopg pymysql MySQLdb asyncpg sqlalchemy connection connections db
    bleach markupsafe jinja2 shlex string base64 hmac bcrypt argon2 keyring boto3 importlib
    ast operator web send_file send_from_directory secure_filename abort HTTPException
    HttpResponse JsonResponse HTMLResponse Depends Query File UploadFile StringIO BytesIO io
    codecs csv click typer argparse celery shared_task User Markup settings_ event context
    args parser defusedxml lxml xml xmlrpc urllib3 pycurl smtplib ftplib imaplib ldap3 redis
    pymongo AES DES DES3 ARC4 ARC2 Blowfish RSA PKCS1_OAEP Cipher algorithms modes hashes
    padding rsa ec dsa Fernet crypt passlib jwt itsdangerous pwd_context pytest np numpy
    pandas ns xp config env environ loop reactor tornado metrics statsd tracer counter lock
    timer suppress huey dramatiq graphene strawberry graphql bottle falcon sanic""".split()
)


@dataclass
class Name:
    """One identifier: its role and the offsets at which it is written."""

    text: str
    role: str = "free"
    places: set[int] = field(default_factory=set)
    value: ast.expr | None = None
    attributes: set[str] = field(default_factory=set)
    called: bool = False


Entry = Callable[[str], Name]


def names(source: Source) -> dict[str, Name]:
    """All names that may be renamed, by their text.

    Roles: `function`, `class`, `param`, `local`, `constant`, `attribute` (of self), `free`.
    """
    table: dict[str, Name] = {}
    closed = _closed_names(source)

    def entry(text: str) -> Name:
        return table.setdefault(text, Name(text))

    local_callables = {n.name for n in source.nodes if isinstance(n, FunctionNode | ast.ClassDef)}
    for chunk in source.chunks:
        for node in ast.walk(chunk.tree) if chunk is not source else source.nodes:
            _record(source, chunk, node, entry, local_callables)
    _record_self_attributes(source, entry)
    return {
        t: n
        for t, n in table.items()
        if t not in closed and n.places and not _dunder(t) and not _may_be_imported(n)
    }


# What is done with the values and objects of a program, rather than with a module.
OBJECT_ATTRIBUTES = frozenset(
    """execute executemany executescript fetchall fetchone fetch fetchrow fetchval cursor commit
    rollback close acquire read write seek readline readlines append extend add strip lower
    upper split encode decode get items keys values pop id pk name title text data content
    body filename save format status_code raise_for_status join startswith endswith replace
    username email slug label code objects query filter exec_command update findall find iter
    add_argument parse_args send recv transaction session scalars description author created
    owner user path url file size total price caption bio comment message subject status count
    rows""".split()
)


def _may_be_imported(name: Name) -> bool:
    """Whether a name that the snippet does not bind could be a module, a class or a function."""
    if name.role != "free":
        return False
    if name.text[0].isupper() and not name.text.isupper():
        return not name.attributes & {"objects", "query"}
    return name.called or not name.attributes <= OBJECT_ATTRIBUTES


def _dunder(text: str) -> bool:
    return text.startswith("__") or text == "_"


def _record(source: Source, chunk: Chunk, node: ast.AST, entry: Entry, callables: set[str]) -> None:
    if isinstance(node, ast.Name):
        name = entry(node.id)
        name.places.add(chunk.start(node))
        if chunk is not source:
            return
        parent = source.parents.get(node)
        if isinstance(node.ctx, ast.Store):
            if name.role == "free":
                name.role = "constant" if node.id.isupper() else "local"
            _remember_value(source, name, node, parent)
        elif isinstance(parent, ast.Attribute):
            name.attributes.add(parent.attr)
        elif isinstance(parent, ast.Call) and parent.func is node:
            name.called = True
    elif isinstance(node, ast.arg):
        name = entry(node.arg)
        name.role = "param"
        name.places.add(chunk.start(node))
    elif isinstance(node, FunctionNode | ast.ClassDef):
        name = entry(node.name)
        name.role = "class" if isinstance(node, ast.ClassDef) else "function"
        head = source.text.index(node.name, source.start(node) + 4)
        name.places.add(head)
    elif isinstance(node, ast.ExceptHandler) and node.name:
        stop = source.start(node.body[0])
        found = re.compile(rf"\bas\s+({re.escape(node.name)})\b").search(
            source.text, source.start(node), stop
        )
        if found:
            name = entry(node.name)
            name.role = "local"
            name.places.add(found.start(1))
    elif isinstance(node, ast.Call) and getattr(node.func, "id", None) in callables:
        for keyword in node.keywords:
            if keyword.arg:
                entry(keyword.arg).places.add(chunk.start(keyword))


def _remember_value(source: Source, name: Name, node: ast.Name, parent: ast.AST | None) -> None:
    if name.value is not None or parent is None:
        return
    if isinstance(parent, ast.Assign | ast.AnnAssign | ast.NamedExpr):
        name.value = parent.value
    elif isinstance(parent, ast.withitem):
        name.value = parent.context_expr


def _closed_names(source: Source) -> set[str]:
    """Names that must stay: imported, global, fixed by custom, or named in decorators."""
    closed = set(FIXED | BUILTINS)
    functions: defaultdict[str, int] = defaultdict(int)
    for node in source.nodes:
        if isinstance(node, ast.alias):
            closed.add((node.asname or node.name).split(".")[0])
        elif isinstance(node, ast.Global | ast.Nonlocal):
            closed.update(node.names)
        elif isinstance(node, ast.MatchAs | ast.MatchStar | ast.MatchMapping):
            closed.update(source.words)
        elif isinstance(node, FunctionNode):
            functions[node.name] += 1
            closed |= _closed_in_function(source, node)
        elif isinstance(node, ast.ClassDef):
            closed |= _class_body_names(node)
        elif isinstance(node, ast.Name) and node.id in ("locals", "globals", "vars"):
            closed.update(source.words)
    closed |= {n for n, count in functions.items() if count > 1}
    closed |= set(re.findall(r"[@$]([A-Za-z_]\w*)", source.text))
    return closed


def _closed_in_function(source: Source, node: FunctionNode) -> set[str]:
    """Parameters that decorators speak of, and methods that a base class calls."""
    closed: set[str] = set()
    told = " ".join(source.code(d) for d in node.decorator_list)
    arguments = node.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [a for a in (arguments.vararg, arguments.kwarg) if a]
    if re.search(r"option|argument|parametrize|fixture|validator|command|slash|tool\b", told):
        closed |= {a.arg for a in every}
    else:
        closed |= {a.arg for a in every if re.search(rf"\b{re.escape(a.arg)}\b", told)}
    parent = source.parents.get(node)
    if isinstance(parent, ast.ClassDef):
        if parent.bases or node.decorator_list or node.name.startswith("_"):
            closed.add(node.name)
        if parent.bases:
            closed |= {a.arg for a in every}
        if re.search(rf"(?<!self)\.{re.escape(node.name)}\b", source.text):
            closed.add(node.name)
    elif re.search(rf"\.{re.escape(node.name)}\b", source.text):
        closed.add(node.name)
    return closed


def _class_body_names(node: ast.ClassDef) -> set[str]:
    closed: set[str] = set()
    for statement in node.body:
        if isinstance(statement, ast.Assign):
            closed |= {t.id for t in statement.targets if isinstance(t, ast.Name)}
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            closed.add(statement.target.id)
    return closed


def _record_self_attributes(source: Source, entry: Entry) -> None:
    """Attributes that this snippet itself sets on `self`, and methods called on it."""
    uses: defaultdict[str, list[int]] = defaultdict(list)
    own: set[str] = set()
    foreign: set[str] = set()
    based = any(isinstance(n, ast.ClassDef) and n.bases for n in source.nodes)
    for chunk in source.chunks:
        for node in ast.walk(chunk.tree) if chunk is not source else source.nodes:
            if not isinstance(node, ast.Attribute):
                continue
            if isinstance(node.value, ast.Name) and node.value.id == "self":
                uses[node.attr].append(chunk.end(node) - len(node.attr))
                if isinstance(node.ctx, ast.Store):
                    own.add(node.attr)
            else:
                foreign.add(node.attr)
    methods = {
        n.name
        for n in source.nodes
        if isinstance(n, FunctionNode) and isinstance(source.parents.get(n), ast.ClassDef)
    }
    for attribute, places in uses.items():
        if attribute in foreign or (attribute not in own and attribute not in methods):
            continue
        if based and attribute not in own:
            continue
        name = entry(attribute)
        if name.role in ("free", "param", "local"):
            name.role = "attribute" if name.role == "free" else name.role
        name.places.update(places)
