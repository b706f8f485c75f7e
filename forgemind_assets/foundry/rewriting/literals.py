"""String literals in source text: prefix, quotes, body, and the fields of f-strings."""

import re
from dataclasses import dataclass

HEAD = re.compile(r"([rRbBuUfF]{0,2})(\"\"\"|'''|\"|')")
OPENING = "([{"
CLOSING = ")]}"


@dataclass(frozen=True)
class Field:
    """A replacement field; the span is that of its expression, `outer` includes the braces."""

    start: int
    end: int
    outer_start: int
    outer_end: int
    conversion: str
    spec: str


@dataclass(frozen=True)
class Literal:
    """One string literal: `text[start:end]`, whose body lies between the quotes."""

    start: int
    end: int
    prefix: str
    quote: str
    fields: tuple[Field, ...]

    @property
    def body(self) -> tuple[int, int]:
        """Offsets of the text between the quotes."""
        return self.start + len(self.prefix) + len(self.quote), self.end - len(self.quote)

    @property
    def raw(self) -> bool:
        """Whether backslashes stand for themselves."""
        return "r" in self.prefix.lower()


def read_literals(text: str, start: int, end: int) -> list[Literal]:
    """The literals within `text[start:end]`, which holds one or more joined by blanks.

    Raises ValueError where something else than a literal, blanks or a comment is found.
    """
    found: list[Literal] = []
    at = start
    while at < end:
        if text[at] in " \t\n\\\r":
            at += 1
        elif text[at] == "#":
            at = text.index("\n", at)
        else:
            literal = read_literal(text, at)
            found.append(literal)
            at = literal.end
    return found


def read_literal(text: str, start: int) -> Literal:
    """The literal that begins at `start`. Raises ValueError where none begins."""
    head = HEAD.match(text, start)
    if head is None:
        raise ValueError(f"no string literal at offset {start}")
    prefix, quote = head.groups()
    formatted, raw = "f" in prefix.lower(), "r" in prefix.lower()
    fields: list[Field] = []
    at = head.end()
    while not text.startswith(quote, at):
        char = text[at] if at < len(text) else ""
        if not char:
            raise ValueError(f"the string literal at offset {start} does not end")
        escaped = char == "\\" and not (raw and formatted and text[at + 1] in "{}")
        if escaped or (formatted and text[at : at + 2] in ("{{", "}}")):
            at += 2
        elif formatted and char == "{":
            field, inner = _read_field(text, at)
            fields += [field, *inner]
            at = field.outer_end
        else:
            at += 1
    return Literal(start, at + len(quote), prefix, quote, tuple(fields))


def _read_field(text: str, start: int) -> tuple[Field, list[Field]]:
    """The field whose brace is at `start`, and the fields within its format spec."""
    at = _expression_end(text, start + 1)
    end = at
    if text[at] == "=":
        at += 1
        while text[at] == " ":
            at += 1
    conversion = ""
    if text[at] == "!":
        conversion, at = text[at + 1], at + 2
    spec_start, inner = at + 1, list[Field]()
    if text[at] == ":":
        at += 1
        while text[at] != "}":
            if text[at] == "{":
                field, deeper = _read_field(text, at)
                inner += [field, *deeper]
                at = field.outer_end
            else:
                at += 1
    if text[at] != "}":
        raise ValueError(f"the replacement field at offset {start} does not end")
    debug = "=" if text[end] == "=" else ""
    spec = text[spec_start:at] if at >= spec_start else ""
    return Field(start + 1, end, start, at + 1, debug + conversion, spec), inner


def _expression_end(text: str, at: int) -> int:
    depth = 0
    while True:
        char = text[at]
        if char in "\"'":
            at = read_literal(text, at).end
            continue
        if char in OPENING:
            depth += 1
        elif char in CLOSING and depth:
            depth -= 1
        elif depth == 0 and (char in "}:" or _ends_expression(text, at)):
            return at
        at += 1


def _ends_expression(text: str, at: int) -> bool:
    if text[at] == "!":
        return text[at + 1] != "="
    if text[at] != "=":
        return False
    return text[at + 1] != "=" and text[at - 1] not in "=!<>"


def quote_text(value: str, prefer: str = '"', formatted: bool = False) -> str:
    """`value` as a body with the quotes around it, escaped where needed.

    With `formatted`, backslash escapes stay out of the fields because the caller escapes
    only text parts.
    """
    other = "'" if prefer == '"' else '"'
    quote = other if prefer in value and other not in value else prefer
    return quote + escape_text(value, quote) + quote


def escape_text(value: str, quote: str) -> str:
    """`value` as the body of a literal with these single-character quotes."""
    plain = value.replace("\\", "\\\\").replace(quote, "\\" + quote)
    return plain.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
