"""Carriers of planted values: Python, shell, and the table of all of them."""

import random
from collections.abc import Callable

from planted_data import env, json_text, label, log, yaml
from planted_mint import Field
from planted_prose import chat, comment, docstring, markdown
from planted_words import filled, fit, snippet

Carrier = Callable[[random.Random, list[Field], str], str]

# {name} and {value} stand once for each field; a form takes any number of fields, line by line.
LINES = [
    "{NAME} = {value}",
    "{NAME}: str = {value}",
    'os.environ["{NAME}"] = {value}',
    'os.environ.setdefault("{NAME}", {value})',
    '{name} = os.getenv("{NAME}", {value})',
    'settings["{name}"] = {value}',
    'app.config["{NAME}"] = {value}',
    'monkeypatch.setenv("{NAME}", {value})',
    "self.{name} = {value}",
    'parser.add_argument("--{name}", default={value})',
    'logger.debug("{name} is %s", {value})',
    'assert response.json()["{name}"] == {value}',
    "{name} = {value}",
]
# {pairs} and {args}: the fields as items of a dict, and as keyword arguments.
BLOCKS = [
    '$noun = {{"$field": $num, {pairs}, "$field2": "$adj"}}',
    "client = $NounClient($field=$num, {args})",
    "def $verb_$noun($noun, $field=$num, *, {args}):\n    return $noun.$verb2($field)",
    "$nouns = [\n    {{{pairs}}},\n    None,\n]",
    "response = requests.post(\n    BASE + '/$nouns',\n    json={{{pairs}}},\n    timeout=$num,\n)",
    "with $Noun({args}) as $noun:\n    $noun.$verb($num)",
    "@pytest.fixture\ndef $adj_$noun():\n    return {{{pairs}}}",
    "class $NounSettings:\n    $field = $num\n    options = dict({args})",
    "expected = dict({args})\nassert $verb_$noun($num) == expected",
    "async def $verb_$noun(session):\n    return await session.$verb2({args})",
]
SHELL = [
    "export {NAME}={value}",
    "{NAME}={value} ./bin/$verb-$noun --$field $num",
    "docker run --rm -e {NAME}={value} $noun/$adj:$semver",
    "./manage.py $verb_$noun --{flag} {value}",
    "curl -sS https://$noun.internal/$nouns -d {name}={value}",
    "helm upgrade $noun charts/$noun --set {name}={value}",
]


def python(rng: random.Random, fields: list[Field], family: str) -> str:
    """Statements of many kinds among ordinary code."""
    if rng.random() < 0.5:
        bare = all(field.bare for field in fields)
        form = rng.choice([*LINES, "print({value})"] if bare else LINES)
        core = "\n".join(
            form.format(NAME=field.name, name=label(field), value=field.python) for field in fields
        )
    else:
        pairs = ", ".join(f'"{label(field)}": {field.python}' for field in fields)
        args = ", ".join(f"{label(field)}={field.python}" for field in fields)
        form = filled(rng, rng.choice(BLOCKS))
        core = form.format(pairs=pairs, args=args)
    return fit(rng, core, snippet, "\n\n")


def shell(rng: random.Random, fields: list[Field], family: str) -> str:
    """Commands typed or kept in a script."""
    form = filled(rng, rng.choice(SHELL))
    core = "\n".join(
        form.format(
            NAME=field.name,
            name=label(field),
            flag=label(field).replace("_", "-"),
            value=field.shell,
        )
        for field in fields
    )
    return fit(rng, core, shell_line)


def shell_line(rng: random.Random) -> str:
    templates = [
        "set -euo pipefail",
        "cd /srv/$noun && git pull --ff-only",
        "docker compose up -d $noun $noun2",
        'echo "$verb the $adj $noun"',
        "python -m app.$verb --$field $num --year $year",
        "# $sentence",
        'for f in data/$noun/*.csv; do wc -l "$$f"; done'.replace("$$", "${f:+}$"),
        "systemctl restart $noun-$noun2.service",
        "tail -n $num /var/log/$noun.log | grep -v $adj",
    ]
    return filled(rng, rng.choice(templates))


CARRIERS: dict[str, Carrier] = {
    "python": python,
    "env": env,
    "yaml": yaml,
    "json": json_text,
    "shell": shell,
    "log": log,
    "docstring": docstring,
    "comment": comment,
    "chat": chat,
    "markdown": markdown,
}
# A third is Python, for that is what the rows are.
WEIGHTS = {"python": 30, "docstring": 8, "comment": 9, "json": 8} | dict.fromkeys(
    ["env", "yaml", "shell", "log", "chat", "markdown"], 8
)
SPEAK_CODE = ("python", "docstring", "comment", "shell", "markdown")


def carry(rng: random.Random, fields: list[Field], encoding: str, family: str) -> tuple[str, str]:
    """A carrier's name, and its text with the fields in it."""
    able = SPEAK_CODE if encoding == "concatenation" else tuple(CARRIERS)
    name = rng.choices(able, [WEIGHTS[carrier] for carrier in able])[0]
    return name, CARRIERS[name](rng, fields, family)
