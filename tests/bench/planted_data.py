"""Carriers that hold data: settings files, JSON, and logs."""

import json
import random
import re

from planted_mint import Field
from planted_words import draw, filled, fit

LEVELS = ["DEBUG", "INFO", "INFO", "INFO", "WARNING", "ERROR"]


def label(field: Field) -> str:
    """The name in lower case, in one of the usual spellings of a key."""
    return field.name.lower()


def one_line(text: str) -> str:
    """The text with its line ends written as backslash and n."""
    return text.replace("\n", "\\n")


def env(rng: random.Random, fields: list[Field], family: str) -> str:
    """A dotenv file."""
    export = rng.choice(["", "", "", "export "])
    lines = []
    for field in fields:
        text = field.text
        if "\n" in text or " " in text or '"' in text:
            text = f"'{one_line(text)}'" if '"' in text else f'"{one_line(text)}"'
        elif rng.random() < 0.3:
            text = f'"{text}"'
        lines.append(f"{export}{field.name}={text}")
    return fit(rng, "\n".join(lines), lambda rng: env_line(rng, export))


def env_line(rng: random.Random, export: str) -> str:
    templates = [
        "LOG_LEVEL=$adj",
        "$NOUN_$FIELD=$num",
        "$NOUN_ENABLED=true",
        "$NOUN_HOST=$noun.internal",
        "PORT=$port",
        "CACHE_URL=redis://localhost:6379/$digit",
        "$NOUN_DIR=/srv/$noun/$adj",
        "TIMEOUT_SECONDS=$num",
    ]
    if rng.random() < 0.1:
        return filled(rng, "# $sentence")
    return export + filled(rng, rng.choice(templates))


def yaml_scalar(rng: random.Random, text: str, indent: str) -> str:
    """The text as a block, a quoted or a plain scalar."""
    if "\n" in text and '"' not in text:
        return "|\n" + "\n".join(f"{indent}  {line}".rstrip() for line in text.split("\n"))
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9_.+/=-]*", text) and rng.random() < 0.5:
        return text
    return json.dumps(text, ensure_ascii=False)


def yaml_pairs(rng: random.Random, fields: list[Field], indent: str, *, upper: bool) -> str:
    return "\n".join(
        f"{indent}{field.name if upper else label(field)}: {yaml_scalar(rng, field.text, indent)}"
        for field in fields
    )


def yaml(rng: random.Random, fields: list[Field], family: str) -> str:
    """A configuration file, a compose file, a workflow or a Kubernetes object."""
    numbers = iter(range(1000))
    frames = [
        ("$noun_$adj:\n  $field: $num\n", "  ", False),
        ("services:\n  $noun:\n    image: $noun/$adj:$semver\n    environment:\n", "      ", True),
        ("jobs:\n  $verb:\n    runs-on: ubuntu-latest\n    env:\n", "      ", True),
    ]
    if family == "secret":
        frames.append(
            ("apiVersion: v1\nkind: Secret\nmetadata:\n  name: $noun\nstringData:\n", "  ", True)
        )
    else:
        frames.append(("$nouns:\n  - id: $big\n    $field: $adj\n", "    ", False))
    head, indent, upper = rng.choice(frames)
    core = filled(rng, head) + yaml_pairs(rng, fields, indent, upper=upper)
    return fit(rng, core, lambda rng: yaml_block(rng, next(numbers)))


def yaml_block(rng: random.Random, number: int) -> str:
    templates = [
        f"$noun_{number}:\n  $field: $num\n  kind: $adj",
        f"$adj_{number}: $big",
        f"# $sentence\n$verb_{number}: [$noun, $noun2, $noun3]",
        f"$noun_{number}_path: /var/lib/$noun/$adj",
    ]
    return filled(rng, rng.choice(templates))


def json_text(rng: random.Random, fields: list[Field], family: str) -> str:
    """A JSON object, nested or flat, on one line or indented."""
    pairs: dict[str, object] = {label(field): field.text for field in fields}
    if rng.random() < 0.5:
        pairs = {filled(rng, "$noun_$adj"): pairs}
    items = list(pairs.items())
    indent = rng.choice([None, 2, 2, 4])
    size = rng.randint(1, 12)
    while len(items) < size + len(pairs):
        items.insert(rng.randint(0, len(items)), json_pair(rng, len(items)))
    text = json.dumps(dict(items), indent=indent, ensure_ascii=False)
    while len(text) < 80 or (len(text) > 800 and len(items) > len(pairs)):
        if len(text) < 80:
            items.append(json_pair(rng, len(items)))
        else:
            items.remove(next(item for item in items if item[0] not in pairs))
        text = json.dumps(dict(items), indent=indent, ensure_ascii=False)
    return text


def json_pair(rng: random.Random, number: int) -> tuple[str, object]:
    value = rng.choice(
        [rng.randint(0, 900), filled(rng, "$adj $noun"), True, None, filled(rng, "$semver")]
    )
    if rng.random() < 0.2:
        value = [filled(rng, "$noun"), filled(rng, "$noun")]
    return f"{filled(rng, '$noun_$field')}_{number}", value


def log(rng: random.Random, fields: list[Field], family: str) -> str:
    """Lines of a log of which one says too much."""
    pairs = " ".join(f"{label(field)}={one_line(field.text)}" for field in fields)
    quoted = ", ".join(f"'{label(field)}': '{one_line(field.text)}'" for field in fields)
    frames = [
        f"$noun.client: $verb failed, settings were {pairs}",
        f"$noun.http: POST /$nouns/$big body={{{quoted}}} status=422",
        f"$noun.worker: retry $digit of 9 with {pairs} after $num ms",
    ]
    first = fields[0]
    if len(fields) == 1 and "\n" not in first.text and first.bare and " " not in first.text:
        frames += [
            f"$noun.proxy: GET /v1/$nouns?{label(first)}={first.text}&page=$digit 200 $big",
            f"$noun.audit: unexpected value {first.text} in field $field",
        ]
        if family == "secret":
            frames.append(f"$noun.http: > Authorization: Bearer {first.text}")
    core = f"{stamp(rng)} {filled(rng, rng.choice(frames))}"
    return fit(rng, core, log_line)


def stamp(rng: random.Random) -> str:
    form = rng.choice(["$year-$month-$dayT$timeZ", "$year-$month-$day $time,$num", "[$time]"])
    return f"{filled(rng, form)} {rng.choice(LEVELS)}"


def log_line(rng: random.Random) -> str:
    templates = [
        "$noun.worker: $verb finished in $num ms",
        "$noun.http: GET /$nouns/$big 200",
        f"$noun.db: pool size $digit, waiting $digit2, id {draw(rng, '0123456789abcdef', 8)}",
        "$noun.main: $sentence",
    ]
    return f"{stamp(rng)} {filled(rng, rng.choice(templates))}"
