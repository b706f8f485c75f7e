"""Untrusted text in SQL, in shell commands and in code."""

# ruff: noqa: SIM905 - long word lists are easier to read and to change as text

import ast
import re

from forgemind_assets.foundry.verifiers.scene import Scene
from forgemind_assets.foundry.verifiers.values import TRUSTED, UNTRUSTED, Value

SQL_CALLS = frozenset(
    """execute executemany executescript exec_driver_sql raw RawSQL read_sql read_sql_query
    mogrify execute_async fetch fetchrow fetchval fetch_all fetch_one fetch_val iterate
    copy_expert prepare execute_sql query sql run_query select_all get_df extra text
    literal_column from_statement run_raw execute_query sql_query execute_batch execute_values
    executebatch query_df callproc query_dataframe command query_arrow execute_insert
    select_rows insert_rows copy""".split()
)
SQL_TEXT = re.compile(
    r"(?i)\b(select\b.*\b(from|count|\*|case)|select\s|insert\s+(or\s+\w+\s+)?into|update\s+\S*\s*set|update\s|delete\s+from|from\s|where\s|order\s+by|"
    r"drop\s+\w|create\s+\w|alter\s+\w|values\s*\(|join\s|union\s|truncate\s|grant\s|call\s|exec\s|copy\s|set\s|like\s|pragma\s|having\s|limit\s|attach\s|into\s|group\s+by|and\s|interval|vacuum|analyze|refresh|use\s)"
)
# A receiver of one of these names makes `.query(x)` or `.fetch(x)` SQL even without a keyword.
SQL_RECEIVER = re.compile(
    r"(?i)(^|[._])(cur|curs|cursor|conn|con|connection|db|database|session|engine|pool|c|duckdb|client|bq|tx|objects|transaction|pg|sqlite|store|handle|dbh|crs)\d?(\(\))?$"
)
SHELL_CALLS = frozenset(
    """os.system os.popen os.popen2 os.popen3 subprocess.getoutput subprocess.getstatusoutput
    commands.getoutput commands.getstatusoutput asyncio.create_subprocess_shell
    asyncio.subprocess.create_subprocess_shell pexpect.spawn pexpect.run popen2.popen2 pty.spawn
    create_subprocess_shell pexpect.spawnu anyio.run_process trio.run_process os.execl_""".split()
)
PROCESS_CALLS = frozenset(
    "subprocess.run subprocess.call subprocess.check_call "
    "subprocess.check_output subprocess.Popen".split()
)
REMOTE_SHELL = frozenset(
    "exec_command sudo local exec_run exec_create subprocess_shell run_command "
    "send_command sendline create_process".split()
)
SHELLS = re.compile(r"^(/\w+)*/?(sh|bash|zsh|dash|ksh|cmd|cmd\.exe|powershell|pwsh)$")
CODE_CALLS = frozenset(
    """eval exec compile __import__ builtins.eval builtins.exec importlib.import_module
    import_module importlib.__import__ pandas.eval numexpr.evaluate code.interact
    runpy.run_path runpy.run_module sympy.sympify sympify execfile timeit.timeit cProfile.run
    profile.run numpy.fromregex_ sys.settrace_ flask.render_template_string
    render_template_string pydoc.locate pkgutil.resolve_name
    django.utils.module_loading.import_string import_string code.compile_command
    code.InteractiveConsole parse_expr sympy.parsing.sympy_parser.parse_expr
    mako.template.Template jinja2.Template django.template.Template Template
    tornado.template.Template pydoc.safeimport ne.evaluate imp.load_source
    types.FunctionType""".split()
)
CODE_METHODS = frozenset("eval query from_string runsource runcode push run_cell run_code".split())
FRAME = re.compile(
    r"(?i)(df|frame|table|data|sales|dataset|pd|records|series|sheet|orders|rows)\w*$"
)


def check(node: ast.AST, scene: Scene) -> str | None:
    """CWE-89, CWE-78, CWE-94, or None."""
    if not isinstance(node, ast.Call):
        return None
    name = scene.dotted(node.func)
    last = name.rsplit(".", 1)[-1]
    if _is_code(node, name, last, scene):
        return "CWE-94"
    if _is_shell(node, name, last, scene):
        return "CWE-78"
    return "CWE-89" if _is_sql(node, name, last, scene) else None


def _is_sql(node: ast.Call, name: str, last: str, scene: Scene) -> bool:
    if last not in SQL_CALLS or name in ("subprocess.call", "re.sub"):
        return False
    values = [scene.value(a) for a in node.args[:1]]
    values += [
        scene.value(k.value)
        for k in node.keywords
        if k.arg
        in ("sql", "query", "where", "select", "tables", "order_by", "statement", "stmt", "command")
    ]
    if last == "extra":
        values += [
            scene.value(k.value) for k in node.keywords if k.arg not in ("params", "select_params")
        ]
    receiver = ast.unparse(node.func.value) if isinstance(node.func, ast.Attribute) else ""
    if last == "raw" and not re.search(r"(?i)objects|manager|query|model|orm", receiver):
        values = [v for v in values if SQL_TEXT.search(v.text)]
    for value in values:
        if value.kind == "orm" or not value.bad or value.kind == "html_safe":
            continue
        plain = SQL_TEXT.search(value.text) is not None
        certain = last in (
            "execute",
            "executescript",
            "executemany",
            "raw",
            "extra",
            "text",
            "RawSQL",
            "exec_driver_sql",
            "read_sql",
            "read_sql_query",
            "literal_column",
            "mogrify",
            "from_statement",
        )
        if last == "text" and not (name.endswith("sqlalchemy.text") or name == "text"):
            continue
        if (plain and (value.built or certain)) or (
            (certain or SQL_RECEIVER.search(receiver)) and (value.built or certain)
        ):
            return True
    return False


def _is_shell(node: ast.Call, name: str, last: str, scene: Scene) -> bool:
    first = scene.argument(node, 0, "args", "cmd", "command")
    if first is None:
        return False
    value = scene.value(first)
    if name in SHELL_CALLS or re.search(
        r"get_ipython\(\)\.(system|getoutput)$", ast.unparse(node.func)
    ):
        rest = scene.value(node.args[1]) if len(node.args) > 1 else Value()
        return value.bad or (bool(SHELLS.match(value.text)) and "-c" in rest.text and rest.bad)
    if name in PROCESS_CALLS or last in ("Popen", "check_output", "check_call"):
        return value.bad and (_through_shell(node, scene) or _runs_shell(value))
    if _true(scene.keyword(node, "shell")):
        return value.bad
    if last == "create_subprocess_exec" or name.startswith(("os.exec", "os.spawn")):
        rest = [scene.value(a) for a in node.args]
        return (
            any(v.bad for v in rest)
            and any(SHELLS.match(v.text) for v in rest)
            and any(v.text == "-c" for v in rest)
        )
    if last in REMOTE_SHELL:
        return value.bad and (value.built or last in ("exec_command", "sudo"))
    if last in ("run", "create_process", "execute") and isinstance(node.func, ast.Attribute):
        owner = ast.unparse(node.func.value)
        remote = re.search(
            r"(?i)\b(c|ctx|conn|connection|ssh|remote|host|fabric|invoke|shell|docker)\b", owner
        )
        return value.bad and value.built and remote is not None and not SQL_TEXT.search(value.text)
    return False


def _runs_shell(value: Value) -> bool:
    """Whether a list of arguments is `[shell, "-c", untrusted]`, or ssh with a built command."""
    parts = value.parts
    for at, part in enumerate(parts[:-1]):
        if SHELLS.match(part.text) and not part.built:
            rest = parts[at + 1 :]
            for position, option in enumerate(rest[:-1]):
                if re.fullmatch(r"-\w*c|/c|-Command", option.text) and rest[position + 1].bad:
                    return True
    head = parts[0].text if parts else ""
    if head in ("ssh", "su", "sudo") or head.endswith("/ssh"):
        return any(p.bad and p.built and " " in p.text for p in parts[1:])
    return False


def _through_shell(node: ast.Call, scene: Scene) -> bool:
    if any(k.arg is None for k in node.keywords):
        return re.search(r"shell['\"]?\s*[=:]\s*True", scene.code) is not None
    shell = scene.keyword(node, "shell")
    return shell is not None and not (isinstance(shell, ast.Constant) and not shell.value)


def _true(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and bool(node.value)


def _is_code(node: ast.Call, name: str, last: str, scene: Scene) -> bool:
    if any(
        isinstance(k.value, ast.Name)
        and k.value.id in ("eval", "exec")
        and k.arg in ("type", "key", "converter", "parser", "callback")
        for k in node.keywords
    ):
        return True
    if name == "map" and node.args and ast.unparse(node.args[0]) in ("eval", "exec"):
        return any(scene.value(a).bad for a in node.args[1:])
    first = scene.argument(node, 0, "source", "expr", "template_string", "text", "source_code")
    if first is None:
        return False
    value = scene.value(first)
    if name == "compile" or name == "builtins.compile":
        return value.trust == UNTRUSTED
    if name in CODE_CALLS:
        unknown = value.trust != TRUSTED and not value.text
        return value.bad or (name in ("eval", "exec") and unknown)
    if last in ("import_string", "from_string", "render_template_string", "import_module"):
        return value.bad
    if last in CODE_METHODS and isinstance(node.func, ast.Attribute):
        owner = ast.unparse(node.func.value)
        if last in ("runsource", "runcode", "run_cell", "run_code"):
            return value.bad
        return value.bad and FRAME.search(owner) is not None and not SQL_TEXT.search(value.text)
    if last == "Template" or name.endswith(".Template"):
        return value.bad
    return False
