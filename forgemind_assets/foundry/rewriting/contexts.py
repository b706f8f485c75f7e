"""Puts a snippet into another setting: a function, a view, a command, a task, a method."""

import ast
import random
import re

from forgemind_assets.foundry.rewriting import vocabulary as words
from forgemind_assets.foundry.rewriting.meaning import tells
from forgemind_assets.foundry.rewriting.renaming import function_name
from forgemind_assets.foundry.rewriting.scopes import FIXED, names
from forgemind_assets.foundry.rewriting.source import BUILTINS, Edit, Source

INDENT = "    "
# A parameter of such a type is a checked value; without its annotation it would not be.
CHECKED = re.compile(r"\b(int|float|bool|UUID|Literal|date|datetime|Decimal|[A-Z]\w*(Enum|Id|Kind|Name))\b")
DECORATED = {
    "flask": ('@app.route("/{plural}")', '@app.route("/{plural}/{verb}", methods=["POST"])', '@bp.route("/{noun}")',
              '@app.get("/{plural}")', '@blueprint.post("/{noun}")', '@app.post("/api/{plural}")'),
    "fastapi": ('@app.get("/{plural}")', '@router.post("/{plural}/{verb}")', '@router.get("/{noun}")', '@api.put("/{noun}")'),
    "task": ("@shared_task", "@app.task", "@celery.task(bind=False)", "@celery_app.task(max_retries=3)", "@huey.task()",
             '@job("default")', "@dramatiq.actor", "@celery.task(name=\"{noun}.{verb}\")"),
    "command": ("@cli.command()", "@click.command()", '@cli.command("{verb}-{noun}")', "@main.command()"),
}
FLASK_SOURCES = ('request.args.get("{0}")', 'request.args["{0}"]', 'request.form["{0}"]', 'request.form.get("{0}", "")',
                 'request.values["{0}"]', 'request.get_json()["{0}"]', 'request.args.get("{0}", "")', 'request.json["{0}"]',
                 'request.cookies.get("{0}")', 'request.headers["X-{1}"]')
DJANGO_SOURCES = ('request.GET["{0}"]', 'request.GET.get("{0}")', 'request.POST["{0}"]', 'request.POST.get("{0}", "")',
                  'request.data["{0}"]', 'request.query_params["{0}"]', 'request.GET.get("{0}", "")')
AIOHTTP_SOURCES = ('request.query["{0}"]', 'request.query.get("{0}")', 'request.match_info["{0}"]',
                   '(await request.json())["{0}"]', '(await request.post())["{0}"]', 'request.rel_url.query["{0}"]')
SCRIPT_SOURCES = ("sys.argv[{2}]", 'input("{1}: ")', "args.{0}", 'event["{0}"]', 'message["{0}"]', 'payload["{0}"]',
                  'event["queryStringParameters"]["{0}"]', 'msg.get("{0}")', 'data["{0}"]', 'params["{0}"]',
                  'st.text_input("{1}")', 'json.loads(body)["{0}"]', 'self.get_argument("{0}")', 'flask.request.args["{0}"]')


def free_names(source: Source) -> tuple[list[str], list[str]]:
    """Names that the snippet uses and does not bind: (plain values, objects), in order of use."""
    bound: set[str] = set()
    used: dict[str, int] = {}
    objects: set[str] = set()
    for chunk in source.chunks:
        for node in ast.walk(chunk.tree):
            if isinstance(node, ast.Name):
                if isinstance(node.ctx, ast.Load):
                    used[node.id] = min(used.get(node.id, 1 << 30), chunk.start(node))
                else:
                    bound.add(node.id)
            elif isinstance(node, ast.arg):
                bound.add(node.arg)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                bound.add(node.name)
            elif isinstance(node, ast.alias):
                bound.add((node.asname or node.name).split(".")[0])
            elif isinstance(node, ast.ExceptHandler) and node.name:
                bound.add(node.name)
            elif isinstance(node, ast.Attribute | ast.Call):
                base = node.value if isinstance(node, ast.Attribute) else node.func
                if isinstance(base, ast.Name):
                    objects.add(base.id)
    free = [n for n in sorted(used, key=lambda n: used[n]) if n not in bound | BUILTINS | FIXED]
    known = names(source)
    free = [n for n in free if n in known]  # what may be a module or a function stays outside
    plain = [n for n in free if n not in objects and n.islower()]
    return plain, [n for n in free if n in objects and n.islower()]


def is_script(source: Source) -> bool:
    """Whether the snippet is statements without any function or class."""
    return not any(isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) for n in source.nodes)


def wrap_script(source: Source, rng: random.Random, theme: words.Theme) -> list[Edit]:
    """Edits that put the statements of a script into a function, view, command, task or method."""
    if not is_script(source):
        return []
    body = [n for n in source.module.body if not isinstance(n, ast.Import | ast.ImportFrom)]
    first = _first_statement(source, body)
    if first is None or any(not source.starts_its_line(n) for n in body):
        return []
    tail = [n for n in source.module.body[source.module.body.index(first) :]]
    if any(isinstance(n, ast.Import | ast.ImportFrom) for n in tail) or "__name__" in source.text:
        return []
    if any(isinstance(n, ast.Name) and n.id.isupper() and isinstance(n.ctx, ast.Store) for n in source.nodes) and rng.random() < 0.7:
        return []
    plain, objects = free_names(source)
    if any("__" in n for n in (*plain, *objects)):
        return []
    header, lines = _header(source, plain, objects, rng, theme)
    depth = INDENT * (2 if header[0].startswith("class ") else 1)
    start = source.line_start(first.lineno)
    edits = [Edit(start, start, "\n".join(header) + "\n" + "".join(f"{depth}{line}\n" for line in lines))]
    edits += _indent_lines(source, first.lineno, depth)
    last = body[-1]
    if isinstance(last, ast.Expr) and isinstance(last.value, ast.Call | ast.Await) and rng.random() < 0.3:
        at = source.start(last)
        if source.snippet.anchor != at:
            edits.append(Edit(at, at, "return "))
    elif isinstance(last, ast.Assign) and isinstance(last.targets[0], ast.Name) and rng.random() < 0.6:
        edits.append(Edit(len(source.text), len(source.text), f"{'' if source.text.endswith(chr(10)) else chr(10)}{depth}return {last.targets[0].id}\n"))
    return edits


def _first_statement(source: Source, body: list[ast.stmt]) -> ast.stmt | None:
    for node in body:
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not docstring:
            return node
    return None


def _indent_lines(source: Source, first: int, depth: str) -> list[Edit]:
    inside: set[int] = set()
    for _, literals in source.strings:
        for literal in literals:
            begin = source.text.count("\n", 0, literal.start) + 1
            inside.update(range(begin + 1, source.text.count("\n", 0, literal.end) + 2))
    edits: list[Edit] = []
    for number, line in enumerate(source.text.split("\n"), 1):
        if number >= first and line.strip() and number not in inside:
            at = source.line_start(number)
            edits.append(Edit(at, at, depth))
    return edits


def _header(
    source: Source, plain: list[str], objects: list[str], rng: random.Random, theme: words.Theme
) -> tuple[list[str], list[str]]:
    """Header lines and the first lines of the body that bind what the snippet needs."""
    needs_async = "await " in source.text or "async " in source.text
    name = function_name(rng, theme)
    kinds = ["plain", "plain", "plain", "method", "method"]
    if "request." not in source.text and not needs_async:
        kinds += ["flask", "flask", "django", "task", "command", "fastapi", "script"]
    if "request." not in source.text:
        kinds += ["aiohttp", "fastapi"]
    kind = rng.choice(kinds)
    word = "async def" if needs_async or kind == "aiohttp" or (kind == "fastapi" and rng.random() < 0.5) else "def"
    parameters = [*objects, *plain]
    rng.shuffle(parameters)
    if kind == "method":
        cls = theme.noun(rng).capitalize() + rng.choice(words.CLASS_ENDINGS)
        return [f"class {cls}:", f"{INDENT}{word} {name}({', '.join(['self', *parameters])}):"], []
    if kind == "flask":
        return [*_decorators("flask", rng, theme), f"{word} {name}():"], _bindings(plain, FLASK_SOURCES, rng)
    if kind == "django":
        return [f"{word} {name}(request):"], _bindings(plain, DJANGO_SOURCES, rng)
    if kind == "aiohttp":
        return [f"{word} {name}(request):"], _bindings(plain, AIOHTTP_SOURCES, rng)
    if kind == "script":
        given = "event, context" if rng.random() < 0.5 else ""
        return [f"{word} {name}({given}):"], _bindings(plain, SCRIPT_SOURCES, rng)
    if kind == "command":
        arguments = [f'@click.argument("{p}")' if rng.random() < 0.6 else f'@click.option("--{p.replace("_", "-")}")' for p in plain]
        return [*_decorators("command", rng, theme), *arguments, f"{word} {name}({', '.join(plain)}):"], []
    if kind in ("fastapi", "task"):
        typed = [f"{p}: str" if kind == "fastapi" else p for p in plain]
        return [*_decorators(kind, rng, theme), f"{word} {name}({', '.join(typed)}):"], []
    typed = [f"{p}: str" if p in plain and rng.random() < 0.3 else p for p in parameters]
    return [f"{word} {name}({', '.join(typed)}):"], []


def _decorators(kind: str, rng: random.Random, theme: words.Theme) -> list[str]:
    noun = theme.noun(rng)
    verb = rng.choice(words.VERBS).rstrip("_")
    return [rng.choice(DECORATED[kind]).format(noun=noun, plural=words.plural(noun), verb=verb)]


def _bindings(plain: list[str], sources: tuple[str, ...], rng: random.Random) -> list[str]:
    form = rng.choice(sources)
    lines: list[str] = []
    for position, name in enumerate(plain, 1):
        if rng.random() < 0.2:
            form = rng.choice(sources)
        lines.append(f"{name} = " + form.format(name, name.replace("_", "-").title(), position))
    return lines


def unwrap_function(source: Source, rng: random.Random) -> list[Edit]:
    """Edits that leave only the body of a snippet's single, undecorated function."""
    body = [n for n in source.module.body if not isinstance(n, ast.Import | ast.ImportFrom)]
    if len(body) != 1 or not isinstance(body[0], ast.FunctionDef) or body[0].decorator_list:
        return []
    function = body[0]
    returns = [n for n in ast.walk(function) if isinstance(n, ast.Return)]
    nested = [n for n in ast.walk(function) if isinstance(n, ast.Yield | ast.YieldFrom | ast.FunctionDef | ast.Nonlocal | ast.Global)]
    if len(nested) > 1 or any(r is not function.body[-1] for r in returns) or len(function.body) > 7:
        return []
    if tells(function.name) or function.body[0].lineno == function.lineno or (function.args.defaults and rng.random() < 0.8):
        return []
    if any(a.annotation and CHECKED.search(source.code(a.annotation)) for a in function.args.args):
        return []
    depth = function.body[0].col_offset
    start, end = source.line_start(function.lineno), source.line_start(function.body[0].lineno)
    edits = [Edit(start, end, "")]
    if any(isinstance(n, ast.Constant) for n in function.body[:1]) or _has_multiline_string(source):
        return []
    for number in range(function.body[0].lineno, len(source.text.split("\n")) + 1):
        at = source.line_start(number)
        line = source.text[at : at + depth]
        if line.strip(" \t"):
            return []
        if len(line) == depth:
            edits.append(Edit(at, at + depth, ""))
    if returns:
        edits += _without_return(source, returns[0], rng)
        if len(edits) and edits[-1].text == "<none>":
            return []
    anchor = source.snippet.anchor
    if anchor is not None and start <= anchor < end:
        return []
    return edits


def _without_return(source: Source, node: ast.Return, rng: random.Random) -> list[Edit]:
    start = source.start(node)
    if node.value is None or isinstance(node.value, ast.Name | ast.Constant):
        if source.snippet.line == node.lineno:
            return [Edit(start, start, "<none>")]
        return [Edit(start, source.end(node), "pass" if node.value is None else source.code(node.value))]
    new = "" if isinstance(node.value, ast.Call) and rng.random() < 0.4 else rng.choice(("result = ", "out = ", "data = ", "res = "))
    return [Edit(start, source.start(node.value), new)]


def _has_multiline_string(source: Source) -> bool:
    return any(len(one.quote) == 3 for _, literals in source.strings for one in literals)


def to_method(source: Source, rng: random.Random, theme: words.Theme) -> list[Edit]:
    """Edits that put the last function of a snippet into a class."""
    if not source.module.body:
        return []
    function = source.module.body[-1]
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) or function.decorator_list:
        return []
    if len(re.findall(rf"\b{re.escape(function.name)}\b", source.text)) > 1 or _has_multiline_string(source):
        return []
    head = re.compile(r"\(\s*").search(source.text, source.start(function))
    if head is None or function.args.posonlyargs or "self" in source.words:
        return []
    arguments = function.args
    some = bool(arguments.args or arguments.kwonlyargs or arguments.vararg or arguments.kwarg)
    cls = theme.noun(rng).capitalize() + rng.choice(words.CLASS_ENDINGS)
    start = source.line_start(function.lineno)
    edits = [Edit(start, start, f"class {cls}:\n{_class_opening(rng, theme)}")]
    edits.append(Edit(head.end(), head.end(), "self, " if some else "self"))
    return edits + _indent_lines(source, function.lineno, INDENT)


def _class_opening(rng: random.Random, theme: words.Theme) -> str:
    shape = rng.random()
    if shape < 0.6:
        return ""
    if shape < 0.8:
        return f'{INDENT}"""{rng.choice(words.DOCSTRINGS).format(theme.noun(rng)).capitalize()}"""\n\n'
    if shape < 0.9:
        return f"{INDENT}{rng.choice(('timeout', 'page_size', 'retries', 'limit'))} = {rng.choice((3, 5, 10, 30, 50))}\n\n"
    return f"{INDENT}def __init__(self, {rng.choice(('options', 'settings', 'logger', 'clock'))}=None):\n{INDENT * 2}self.ready = True\n\n"


def to_async(source: Source, rng: random.Random) -> list[Edit]:
    """Edits that make one undecorated function that nobody calls here a coroutine."""
    for node in source.module.body:
        if not isinstance(node, ast.FunctionDef) or node.decorator_list:
            continue
        if len(re.findall(rf"\b{re.escape(node.name)}\b", source.text)) > 1:
            continue
        if any(isinstance(n, ast.Yield | ast.YieldFrom) for n in ast.walk(node)):
            continue
        return [Edit(source.start(node), source.start(node), "async ")] if source.snippet.line != node.lineno else []
    return []


def decorate(source: Source, rng: random.Random, theme: words.Theme) -> list[Edit]:
    """Edits that make one plain function an endpoint or a task."""
    table = names(source)
    for node in source.module.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.decorator_list:
            continue
        arguments = node.args
        if arguments.vararg or arguments.kwarg or arguments.kwonlyargs or arguments.posonlyargs:
            continue
        if any(a.arg == "request" or table.get(a.arg) and table[a.arg].attributes for a in arguments.args):
            continue
        if len(re.findall(rf"\b{re.escape(node.name)}\b", source.text)) > 1:
            continue
        kind = rng.choice(("fastapi", "task", "fastapi"))
        at = source.line_start(node.lineno)
        return [Edit(at, at, line + "\n") for line in _decorators(kind, rng, theme)]
    return []
