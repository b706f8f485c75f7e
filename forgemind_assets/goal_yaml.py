"""YAML with line numbers: plain data only, every mistake collected with its place.

The reader knows YAML 1.2's core schema (`true`, `1e-3`, no dates, no `yes`), and refuses
duplicate keys, aliases and tags: a contract needs none of them, and each can hide a mistake.
"""

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from forgemind_assets.errors import Problem

Place = tuple[str | int, ...]

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

MAX_BYTES = 1_000_000
MAX_DEPTH = 40
_NULL = {"", "~", "null", "Null", "NULL"}
_TRUE = {"true", "True", "TRUE"}
_FALSE = {"false", "False", "FALSE"}
_INT = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SECRETS = re.compile(
    r"\b(sk|pk|rk)[-_][A-Za-z0-9_-]{8,}|\b(gh[pousr]|github_pat|hf|gsk|xai|glpat|xox[abp])[-_]"
    r"[A-Za-z0-9_-]{8,}|\bAIza[A-Za-z0-9_-]{20,}|\bAKIA[A-Z0-9]{12,}|\beyJ[A-Za-z0-9_-]{16,}\."
    r"|\bBearer\s+\S{8,}|://[^/\s:@]+:[^/\s@]+@"
)
_CORE_TAGS = {"tag:yaml.org,2002:" + name for name in ("map", "seq", "str", "int", "float", "bool")}
_CORE_TAGS |= {"tag:yaml.org,2002:null", "tag:yaml.org,2002:timestamp", "!"}


@dataclass
class Document:
    """A parsed file: its value, the line of every place in it, and what is wrong with it.

    `quiet` keeps its texts out of messages: a case of a gate must not leak through one.
    """

    file: str
    value: Any = None
    quiet: bool = False
    lines: dict[Place, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, place: Place) -> int | None:
        """Line of a place, or of the nearest thing around it that is there."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place)

    def problem(self, place: Place, message: str) -> None:
        """Adds a problem at a place."""
        self.problems.append(Problem(self.file, self.line(place), dotted(place), message))


def dotted(place: Place) -> str:
    """`("teachers", 0, "model")` -> `teachers[0].model`."""
    parts = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in place]
    path = "".join(parts).removeprefix(".")
    return "(not shown)" if looks_secret(path) else path


def looks_secret(text: str) -> bool:
    """Whether a text holds what looks like an API key, a token or a password in an address."""
    return bool(_SECRETS.search(text))


def read_yaml(path: Path, shown_as: str) -> Document:
    """Parses one file. Never raises for its content: see `Document.problems`."""
    document = Document(shown_as)
    text = _read_text(path, document)
    return document if text is None else _parse(text, document)


def parse_yaml(text: str, shown_as: str) -> Document:
    """Parses a text that stands in no file. Never raises for its content."""
    return _parse(text, Document(shown_as))


def _parse(text: str, document: Document) -> Document:
    shown_as = document.file
    try:
        deep = _too_deep(text)
        root = None if deep else yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = error.problem or error.context or "something else"
        where = mark.line + 1 if mark else None
        what = what.removeprefix("but ").removeprefix("found ")
        message = f"expected well-formed YAML, found: {what}"
        document.problems.append(Problem(shown_as, where, "", message))
        return document
    except yaml.YAMLError:
        message = "expected well-formed YAML, found a character that YAML forbids"
        document.problems.append(Problem(shown_as, _forbidden_line(text), "", message))
        return document
    if deep:
        message = f"expected at most {MAX_DEPTH} levels, found lists or mappings nested deeper"
        document.problems.append(Problem(shown_as, deep, "", message))
        return document
    if root is None:
        message = "expected a mapping, found an empty file"
        document.problems.append(Problem(shown_as, 1, "", message))
        return document
    document.lines[()] = root.start_mark.line + 1
    document.value = _build(root, (), document, set())
    return document


def _too_deep(text: str) -> int | None:
    """Line at which nesting passes `MAX_DEPTH`: composing recurses in C, without a guard."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            return event.start_mark.line + 1
    return None


def _read_text(path: Path, document: Document) -> str | None:
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        message = f"expected a readable file, found: {reason}"
        document.problems.append(Problem(document.file, None, "", message))
        return None
    if len(data) > MAX_BYTES:
        message = f"expected at most {MAX_BYTES:,} bytes, found {len(data):,}"
        document.problems.append(Problem(document.file, None, "", message))
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = "expected UTF-8 text, found bytes that are not"
        document.problems.append(Problem(document.file, line, "", message))
        return None


def _forbidden_line(text: str) -> int | None:
    for number, line in enumerate(text.split("\n"), 1):
        if any(not (c.isprintable() or c in "\t\r\x85\ufeff") for c in line):
            return number
    return None


def _build(node: yaml.Node, place: Place, document: Document, seen: set[int]) -> Any:
    if id(node) in seen:
        document.problem(place, "expected the value itself, found an alias (`*name`)")
        return None
    seen.add(id(node))
    if node.tag not in _CORE_TAGS:
        document.problem(place, f"expected a plain value, found the tag {_short_tag(node.tag)}")
        return None
    if isinstance(node, yaml.MappingNode):
        return _build_mapping(node, place, document, seen)
    if isinstance(node, yaml.SequenceNode):
        items = []
        for index, item in enumerate(node.value):
            document.lines[*place, index] = item.start_mark.line + 1
            items.append(_build(item, (*place, index), document, seen))
        return items
    quoted = isinstance(node, yaml.ScalarNode) and node.style
    return node.value if quoted else scalar(node.value)


def _build_mapping(
    node: yaml.MappingNode, place: Place, document: Document, seen: set[int]
) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            message = "expected a word as key, found a list or mapping"
            document.problems.append(Problem(document.file, line, dotted(place), message))
            continue
        here = (*place, key_node.value)
        if key_node.value in result:
            message = (
                f"expected each key once, found it again (first on line {document.line(here)})"
            )
            document.problems.append(Problem(document.file, line, dotted(here), message))
            continue
        document.lines[here] = line
        result[key_node.value] = _build(value_node, here, document, seen)
    return result


def _short_tag(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")


def scalar(text: str) -> Any:
    """The value of an unquoted word under YAML 1.2's core schema."""
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text
