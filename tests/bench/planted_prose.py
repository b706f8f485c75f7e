"""Carriers that people read: docstrings, comments, chat, and Markdown."""

import random

from planted_data import label
from planted_mint import Field
from planted_words import filled, fit, sentence, snippet

SAYINGS = {
    "secret": [
        "For the $adj $noun use {}",
        "The staging system still runs with {}",
        "It works on my machine with {}",
        "Rotate this before the release: {}",
        "I get a 401 although I pass {}",
        "Ops gave me {}",
    ],
    "person": [
        "For the $adj $noun use {}",
        "The complaint came from {}",
        "Please correct the record, it should say {}",
        "The $noun could not be matched: {}",
        "The form was sent with {}",
        "They asked us to delete {}",
    ],
}


def said(rng: random.Random, field: Field) -> str:
    """The value in a sentence, with its name where it would be noise without."""
    if not field.text:
        return f"{field.name} = {field.python}"
    spoken = label(field).replace("_", " ")
    forms = [f"{field.name}={field.text}", f"{label(field)}: {field.text}"]
    if field.bare:
        forms += [field.text, f"{spoken} {field.text}", f"`{field.text}`", f'"{field.text}"']
    elif "\n" not in field.text:
        forms.append(f'{label(field)} = "{field.text}"')
    return rng.choice(forms)


def saying(rng: random.Random, fields: list[Field], family: str) -> str:
    """One sentence about the values."""
    words = rng.choice([" and ", ", "]).join(said(rng, field) for field in fields)
    return filled(rng, rng.choice(SAYINGS[family])).format(words)


def assignments(fields: list[Field]) -> str:
    return "\n".join(f"{field.name} = {field.python}" for field in fields)


def docstring(rng: random.Random, fields: list[Field], family: str) -> str:
    """A function whose docstring shows how it is called, with the real thing."""
    if fields[0].text and rng.random() < 0.6:
        core = saying(rng, fields, family)
    else:
        core = f"Example:\n\n{assignments(fields)}\n"
    text = fit(rng, core, sentence, longest=560).replace("\n", "\n    ")
    mark = "'''" if '"""' in text else '"""'
    head = filled(
        rng, f"def $verb_$noun($field, $field2=$num):\n    {mark}$Verb the $noun.\n\n    "
    )
    tail = filled(rng, f"\n    {mark}\n    return $field.$verb2($field2)\n")
    return head + text + tail


def comment(rng: random.Random, fields: list[Field], family: str) -> str:
    """Code with a comment that was not meant to stay."""
    if fields[0].text and rng.random() < 0.5:
        words = saying(rng, fields, family)
    else:
        words = rng.choice(["TODO remove\n", "old value:\n", ""]) + assignments(fields)
    lines = "\n".join(f"# {line}".rstrip() for line in words.split("\n"))
    return fit(rng, lines, snippet, "\n\n")


def chat(rng: random.Random, fields: list[Field], family: str) -> str:
    """Two people, or a person and an assistant."""
    left, right = rng.choice([("user", "assistant"), ("mira", "jo"), ("customer", "agent")])
    core = f"{left}: {saying(rng, fields, family)}"
    ending = rng.choice(["", "\nCan you check?", "\nthx", f"\n{right}: {sentence(rng)}"])

    def line(rng: random.Random) -> str:
        return f"{rng.choice([left, right])}: {sentence(rng)}"

    return fit(rng, core + ending, line)


def markdown(rng: random.Random, fields: list[Field], family: str) -> str:
    """A page of a handbook: prose, a table or a fenced block."""
    single = all("\n" not in field.text for field in fields)
    if not fields[0].text or rng.random() < 0.35:
        core = f"```python\n{assignments(fields)}\n```"
    elif single and rng.random() < 0.5:
        rows = "\n".join(f"| `{field.name}` | {field.text} |" for field in fields)
        core = f"| setting | value |\n|---|---|\n{rows}\n| `DEBUG` | false |"
    else:
        core = saying(rng, fields, family)

    def part(rng: random.Random) -> str:
        forms = ["$sentence $sentence2", "## $Adj $noun", "- $sentence\n- $sentence2", "$sentence"]
        return filled(rng, rng.choice(forms))

    return fit(rng, core, part, "\n\n")
