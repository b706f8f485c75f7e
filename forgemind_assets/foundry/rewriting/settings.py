"""Settings that a script can be put into: views, commands, tasks, and their data sources."""

import random

from forgemind_assets.foundry.rewriting import vocabulary as words
from forgemind_assets.foundry.rewriting.renaming import function_name
from forgemind_assets.foundry.rewriting.source import Source

INDENT = "    "


DECORATED = {
    "flask": (
        '@app.route("/{plural}")',
        '@app.route("/{plural}/{verb}", methods=["POST"])',
        '@bp.route("/{noun}")',
        '@app.get("/{plural}")',
        '@blueprint.post("/{noun}")',
        '@app.post("/api/{plural}")',
    ),
    "fastapi": (
        '@app.get("/{plural}")',
        '@router.post("/{plural}/{verb}")',
        '@router.get("/{noun}")',
        '@api.put("/{noun}")',
    ),
    "task": (
        "@shared_task",
        "@app.task",
        "@celery.task(bind=False)",
        "@celery_app.task(max_retries=3)",
        "@huey.task()",
        '@job("default")',
        "@dramatiq.actor",
        '@celery.task(name="{noun}.{verb}")',
    ),
    "command": (
        "@cli.command()",
        "@click.command()",
        '@cli.command("{verb}-{noun}")',
        "@main.command()",
    ),
}


FLASK_SOURCES = (
    'request.args.get("{0}")',
    'request.args["{0}"]',
    'request.form["{0}"]',
    'request.form.get("{0}", "")',
    'request.values["{0}"]',
    'request.get_json()["{0}"]',
    'request.args.get("{0}", "")',
    'request.json["{0}"]',
    'request.cookies.get("{0}")',
    'request.headers["X-{1}"]',
)


DJANGO_SOURCES = (
    'request.GET["{0}"]',
    'request.GET.get("{0}")',
    'request.POST["{0}"]',
    'request.POST.get("{0}", "")',
    'request.data["{0}"]',
    'request.query_params["{0}"]',
    'request.GET.get("{0}", "")',
)


AIOHTTP_SOURCES = (
    'request.query["{0}"]',
    'request.query.get("{0}")',
    'request.match_info["{0}"]',
    '(await request.json())["{0}"]',
    '(await request.post())["{0}"]',
    'request.rel_url.query["{0}"]',
)


SCRIPT_SOURCES = (
    "sys.argv[{2}]",
    'input("{1}: ")',
    "args.{0}",
    'event["{0}"]',
    'message["{0}"]',
    'payload["{0}"]',
    'event["queryStringParameters"]["{0}"]',
    'msg.get("{0}")',
    'data["{0}"]',
    'params["{0}"]',
    'st.text_input("{1}")',
    'json.loads(body)["{0}"]',
    'self.get_argument("{0}")',
    'flask.request.args["{0}"]',
)


def header_lines(
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
    word = (
        "async def"
        if needs_async or kind == "aiohttp" or (kind == "fastapi" and rng.random() < 0.5)
        else "def"
    )
    parameters = [*objects, *plain]
    rng.shuffle(parameters)
    if kind == "method":
        cls = theme.noun(rng).capitalize() + rng.choice(words.CLASS_ENDINGS)
        return [f"class {cls}:", f"{INDENT}{word} {name}({', '.join(['self', *parameters])}):"], []
    if kind == "flask":
        return [*decorator_lines("flask", rng, theme), f"{word} {name}():"], _bindings(
            plain, FLASK_SOURCES, rng
        )
    if kind == "django":
        return [f"{word} {name}(request):"], _bindings(plain, DJANGO_SOURCES, rng)
    if kind == "aiohttp":
        return [f"{word} {name}(request):"], _bindings(plain, AIOHTTP_SOURCES, rng)
    if kind == "script":
        given = "event, context" if rng.random() < 0.5 else ""
        return [f"{word} {name}({given}):"], _bindings(plain, SCRIPT_SOURCES, rng)
    if kind == "command":
        arguments = [
            f'@click.argument("{p}")'
            if rng.random() < 0.6
            else f'@click.option("--{p.replace("_", "-")}")'
            for p in plain
        ]
        return [
            *decorator_lines("command", rng, theme),
            *arguments,
            f"{word} {name}({', '.join(plain)}):",
        ], []
    if kind in ("fastapi", "task"):
        typed = [f"{p}: str" if kind == "fastapi" else p for p in plain]
        return [*decorator_lines(kind, rng, theme), f"{word} {name}({', '.join(typed)}):"], []
    typed = [f"{p}: str" if p in plain and rng.random() < 0.3 else p for p in parameters]
    return [f"{word} {name}({', '.join(typed)}):"], []


def decorator_lines(kind: str, rng: random.Random, theme: words.Theme) -> list[str]:
    """A decorator of one of the kinds in `DECORATED`."""
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
