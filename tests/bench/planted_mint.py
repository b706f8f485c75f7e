"""What a planted value is before it stands in a text, and the ways in which it is disguised.

A split value is split within one expression (`"ab" + "cd"`, adjacent literals, `"".join`): pieces
that first go into variables are no part of this examination.
"""

import base64
import itertools
import json
import random
import string
from collections.abc import Callable
from dataclasses import dataclass

from planted_keys import BASE62

HEX = "0123456789abcdef"
URLSAFE = BASE62 + "-_"
UPPER = string.ascii_uppercase
BASE32 = UPPER + "234567"


@dataclass(frozen=True)
class Minted:
    """A value to plant, not yet in a text.

    Attributes:
        fields: (NAME, value) pairs that belong together; the last value is the most secret one.
        secret: what has to be found; part of the last value or all of it.
        named: True where nobody could tell the value from noise without its name beside it.
    """

    fields: tuple[tuple[str, str], ...]
    secret: str
    named: bool = False


def one(rng: random.Random, names: str, value: str, *, named: bool = False) -> Minted:
    """A single value under one of the names."""
    return Minted(((rng.choice(names.split()), value),), value, named)


ENCODINGS = ("base64", "hex", "zero_width", "concatenation")
# A shorter value is encoded together with its name: decoded alone, anything is noise.
SHORTEST_ALONE = 16
ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff"


@dataclass(frozen=True)
class Field:
    """One value as it is written down.

    Attributes:
        name: the variable's name, upper snake case.
        text: as it stands in data and prose; empty where only code can say it.
        python: a Python expression that gives the value.
        shell: a word of a shell command.
        bare: the value says what it is; False where the name has to stand beside it.
    """

    name: str
    text: str
    python: str
    shell: str
    bare: bool = True


def literal(rng: random.Random, value: str) -> str:
    """A Python string literal of the value."""
    if "\n" in value and "\\" not in value and rng.random() < 0.7:
        return f'"""{value}"""'
    if any(c in value for c in "'\"\\\n"):
        return repr(value)
    return rng.choice(['"', '"', "'"]).join(["", value, ""])


def plain(rng: random.Random, minted: Minted) -> list[Field]:
    return [
        Field(name, value, literal(rng, value), f"'{value}'", not minted.named)
        for name, value in minted.fields
    ]


def zero_width(rng: random.Random, minted: Minted) -> list[Field]:
    """Invisible characters in two to six places, one of them among the first seven."""
    fields = []
    for name, value in minted.fields:
        places = {rng.randint(1, min(6, len(value) - 1))}
        places |= {rng.randint(1, len(value) - 1) for _ in range(rng.randint(0, 4))}
        places.add(inside(rng, value, minted.secret))
        for place in sorted(places, reverse=True):
            value = value[:place] + rng.choice(ZERO_WIDTH) + value[place:]
        code = f'"""{value}"""' if "\n" in value and "\\" not in value else quoted(value)
        fields.append(Field(name, value, code, f"'{value}'", not minted.named))
    return fields


def inside(rng: random.Random, value: str, secret: str) -> int:
    """A place in the value that splits the secret itself, not only what stands around it."""
    start = value.find(secret)
    if start < 0:
        return len(value) // 2
    return start + rng.randint(2, len(secret) - 2)


def quoted(value: str) -> str:
    """A literal that leaves invisible characters as they are."""
    return json.dumps(value, ensure_ascii=False)


def concatenation(rng: random.Random, minted: Minted) -> list[Field]:
    """Two to five pieces; the first ends within the first twelve characters."""
    fields = []
    for name, value in minted.fields:
        cuts = {rng.randint(2, min(12, len(value) - 2))}
        cuts |= {rng.randint(3, len(value) - 2) for _ in range(rng.randint(0, 2))}
        cuts.add(inside(rng, value, minted.secret))
        ends = [0, *sorted(cuts), len(value)]
        pieces = [value[a:b] for a, b in itertools.pairwise(ends)]
        shell = "".join(f"'{piece}'" for piece in pieces)
        fields.append(Field(name, "", joined(rng, pieces), shell, not minted.named))
    return fields


def joined(rng: random.Random, pieces: list[str]) -> str:
    """One of the ways in which Python puts strings together."""
    parts = [quoted(piece) for piece in pieces]
    lines = "".join(f"\n    {part}" for part in parts)
    plus = "\n    + ".join(parts)
    forms = [" + ".join(parts), f"({lines}\n)", f'"".join([{", ".join(parts)}])', " ".join(parts)]
    return rng.choice([*forms, forms[0], f"(\n    {plus}\n)"])


def payloads(rng: random.Random, minted: Minted) -> list[tuple[str, str]]:
    """What is encoded as one piece: a value, or a value with its name where it needs one."""
    short = any(len(value) < SHORTEST_ALONE for _, value in minted.fields)
    if not (minted.named or short) and rng.random() < 0.75:
        return list(minted.fields)
    whole = "\n".join(f"{name}={value}" for name, value in minted.fields)
    if rng.random() < 0.4:
        whole = json.dumps({name.lower(): value for name, value in minted.fields})
    return [(rng.choice(["BOOTSTRAP_ENV", "PAYLOAD", "ENV_BLOB", "STATE"]), whole)]


def in_base64(rng: random.Random, minted: Minted) -> list[Field]:
    fields = []
    for name, value in payloads(rng, minted):
        data = value.encode()
        if rng.random() < 0.2:
            text, call = base64.urlsafe_b64encode(data).decode(), "base64.urlsafe_b64decode"
        else:
            text = base64.b64encode(data).decode()
            call = rng.choice(["base64.b64decode", "b64decode"])
        code = f'{call}("{text}").decode()'
        fields.append(Field(name, text, code, f"$(echo {text} | base64 -d)"))
    return fields


def in_hex(rng: random.Random, minted: Minted) -> list[Field]:
    fields = []
    for name, value in payloads(rng, minted):
        text = value.encode().hex()
        text = text.upper() if rng.random() < 0.2 else text
        call = rng.choice(["bytes.fromhex", "binascii.unhexlify"])
        code = f'{call}("{text}").decode()'
        fields.append(Field(name, text, code, f"$(echo {text} | xxd -r -p)"))
    return fields


FORMS: dict[str, Callable[[random.Random, Minted], list[Field]]] = {
    "none": plain,
    "base64": in_base64,
    "hex": in_hex,
    "zero_width": zero_width,
    "concatenation": concatenation,
}
