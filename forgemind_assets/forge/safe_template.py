"""Chat templates: which Jinja a model's folder may bring.

A chat template is a program from a stranger. transformers runs it in Jinja's sandbox; here it is
read as a syntax tree first, and refused unless it can only put text together: no private names,
no import, no format strings, and no more work than a long conversation needs.
"""

import re
from collections.abc import Iterator
from typing import Any

from forgemind_assets.errors import UnsafeArtefact
from forgemind_assets.forge.safe_template_work import EndlessTemplate, bound_work

LIMIT = 200_000
"""Characters. The longest template in common use (gpt-oss) has 17,000."""

NUMBER_LIMIT = 100_000
_DUNDER = re.compile(r"__[a-z]+__")
_FILTERS = (
    "abs capitalize count d default dictsort escape e first float indent int items join last "
    "length list lower map max min reject rejectattr replace reverse round safe select selectattr "
    "sort string sum title tojson trim truncate unique upper wordcount"
)
FILTERS = frozenset(_FILTERS.split())
FORBIDDEN_NAMES = frozenset({"lipsum", "cycler", "joiner", "self", "caller", "varargs", "kwargs"})
_FORBIDDEN_METHODS = (
    "center encode expandtabs format format_map fromkeys ljust mro rjust translate zfill"
)
FORBIDDEN_METHODS = frozenset(_FORBIDDEN_METHODS.split())
ATTRIBUTE_FILTERS = frozenset({"map", "selectattr", "rejectattr", "sort", "sum", "unique", "join"})


def check_template(text: str, where: str) -> None:
    """Raises UnsafeArtefact unless the chat template is harmless; `where` names it in errors."""
    if len(text) > LIMIT:
        raise UnsafeArtefact(
            f"{where}: refused, expected a chat template of at most {LIMIT:,} characters, found "
            f"{len(text):,}"
        )
    from jinja2 import TemplateSyntaxError

    try:
        tree = _parse(text)
        for node in _walk(tree):
            complaint = _complaint(node)
            if complaint:
                raise UnsafeArtefact(
                    f"{where}: refused, line {node.lineno} of the chat template {complaint}; a "
                    "template may only put the conversation into text: write one without it"
                )
        bound_work(tree)
    except (TemplateSyntaxError, RecursionError) as error:
        raise UnsafeArtefact(f"{where}: refused, no chat template in Jinja: {error}") from None
    except EndlessTemplate as error:
        raise UnsafeArtefact(
            f"{where}: refused, the chat template {error}; write one whose work is bounded"
        ) from None


def _nodes() -> Any:
    from jinja2 import nodes

    return nodes


def _parse(text: str) -> Any:
    """The syntax tree, with the tags that transformers adds. Nothing is compiled or run."""
    from jinja2 import Environment, nodes
    from jinja2.ext import Extension

    class Generation(Extension):
        """`{% generation %}` marks what the assistant says; here it is only its content."""

        tags = {"generation"}  # noqa: RUF012 - jinja's own way

        def parse(self, parser: Any) -> Any:
            line = next(parser.stream).lineno
            body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
            return nodes.Scope(body).set_lineno(line)

    extensions = [Generation, "jinja2.ext.loopcontrols"]
    return Environment(extensions=extensions, autoescape=True).parse(text)


def _walk(node: Any) -> Iterator[Any]:
    yield node
    for child in node.iter_child_nodes():
        yield from _walk(child)


def _complaint(node: Any) -> str | None:
    """What is wrong with one node, or None."""
    n = _nodes()
    if isinstance(node, n.Include | n.Import | n.FromImport | n.Extends | n.Block):
        return f"uses {type(node).__name__.lower()}, which reaches another template"
    if isinstance(node, n.Getattr | n.NSRef):
        name = node.attr
        if name.startswith("_") or name in FORBIDDEN_METHODS:
            return f"reaches the attribute {name!r}"
    if isinstance(node, n.Getitem) and not _is_plain_key(node.arg):
        return "takes an item by a private name"
    if isinstance(node, n.Name) and (node.name.startswith("__") or node.name in FORBIDDEN_NAMES):
        return f"uses the name {node.name!r}"
    if isinstance(node, n.Filter | n.Test):
        return _filter_complaint(node)
    if isinstance(node, n.Const) and _DUNDER.search(str(node.value)):
        return f"spells the private name {node.value!r}"
    if isinstance(node, n.Const) and type(node.value) is int and abs(node.value) > NUMBER_LIMIT:
        return f"has a number beyond {NUMBER_LIMIT:,}"
    if isinstance(node, n.Pow):
        return "raises to a power"
    if isinstance(node, n.Mul) and not _is_small_product(node):
        return "multiplies what may be large"
    if isinstance(node, n.Mod) and isinstance(getattr(node.left, "value", None), str):
        return "formats a text with %"
    return None


def _is_plain_key(key: Any) -> bool:
    """A constant key must not be private, nor put together; a variable is the sandbox's."""
    n = _nodes()
    if isinstance(key, n.Const):
        return not (isinstance(key.value, str) and key.value.startswith("_"))
    if isinstance(key, n.Add):
        return not any(isinstance(part.value, str) for part in key.find_all(n.Const))
    return not isinstance(key, n.Concat)


def _filter_complaint(node: Any) -> str | None:
    n = _nodes()
    if isinstance(node, n.Filter) and node.name not in FILTERS:
        return f"uses the filter {node.name!r}"
    if isinstance(node, n.Filter) and node.name in ATTRIBUTE_FILTERS:
        given = [*node.args, *(pair.value for pair in node.kwargs)]
        for value in given:
            if isinstance(value, n.Const) and "_" in str(value.value)[:1] + _after_dots(value):
                return f"reaches the attribute {value.value!r} through {node.name!r}"
    return None


def _after_dots(value: Any) -> str:
    """The letters that follow a dot: `a.__class__` reaches a private name too."""
    steps = str(value.value).split(".")[1:]
    return "".join(step[:1] for step in steps)


def _is_small_product(node: Any) -> bool:
    n = _nodes()
    sides = (node.left, node.right)
    numbers = [s.value for s in sides if isinstance(s, n.Const) and type(s.value) is int]
    if not numbers or any(abs(number) > 100 for number in numbers):
        return False
    return all(isinstance(s, n.Const | n.Name | n.Getattr | n.Filter) for s in sides)
