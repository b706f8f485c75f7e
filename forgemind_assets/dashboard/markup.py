"""HTML that is built from values, so that no text can become markup by being forgotten.

Text is escaped because it is not `Html`; only `tag` and the functions here make `Html`. What a
teacher or a model wrote is shown as it was written: characters that would hide or turn other
letters around stand as their number.
"""

import html
import unicodedata
from collections.abc import Iterable

LONGEST_TEXT = 4_000
VOID = frozenset({"meta", "link", "input", "br", "hr"})
KEPT = frozenset("\n\t")


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


Content = Html | str | int | None


def visible(text: str, limit: int = LONGEST_TEXT) -> str:
    """A text of at most `limit` letters in which nothing is hidden.

    Control, format and private characters (Unicode categories Cc, Cf, Cs, Co, Cn: bidirectional
    overrides, zero-width letters, lone surrogates) are replaced by `⟨U+202E⟩`.
    """
    left_out = len(text) - limit
    shown = "".join(_visible(letter) for letter in text[:limit])
    return f"{shown}… ({left_out:,} letters more)" if left_out > 0 else shown


def _visible(letter: str) -> str:
    hidden = unicodedata.category(letter)[0] == "C" and letter not in KEPT
    return f"⟨U+{ord(letter):04X}⟩" if hidden else letter


def escaped(content: Content) -> Html:
    """Markup as it is; anything else as text."""
    if isinstance(content, Html):
        return content
    if content is None:
        return Html("")
    return Html(html.escape(visible(str(content)), quote=True))


def joined(parts: Iterable[Content], between: str = "") -> Html:
    """Several contents, one after the other."""
    return Html(html.escape(between).join(escaped(part) for part in parts))


def tag(name: str, /, *content: Content, **attributes: str | int | bool | None) -> Html:
    """One element. An attribute that is None or False is left out; `class_` is `class`.

    Underscores in an attribute's name stand for dashes: `aria_label`.
    """
    written = "".join(
        f" {_attribute(key)}" if value is True else f' {_attribute(key)}="{_quoted(value)}"'
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in VOID:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{joined(content)}</{name}>")


def _attribute(key: str) -> str:
    return key if key == "viewBox" else key.rstrip("_").replace("_", "-")


def _quoted(value: str | int) -> str:
    return html.escape(visible(str(value)), quote=True)


def table(
    caption: str, columns: Iterable[str], rows: Iterable[Iterable[Content]], numbers: int = 0
) -> Html:
    """A table whose first column names the row; the last `numbers` columns hold figures.

    On a narrow page each row is a card whose cells carry their column's name; a wide table
    scrolls by itself, by keyboard too.
    """
    names = list(columns)
    first = len(names) - numbers

    def line(cells: Iterable[Content]) -> Html:
        made: list[Html] = []
        for index, cell in enumerate(cells):
            figure = "number" if index >= first else None
            if index == 0:
                made.append(tag("th", cell, scope="row"))
            else:
                made.append(tag("td", cell, class_=figure, data_label=names[index]))
        return tag("tr", *made)

    heads = [
        tag("th", name, scope="col", class_="number" if index >= first else None)
        for index, name in enumerate(names)
    ]
    body = [line(cells) for cells in rows]
    if not body:
        return tag("p", f"{caption}: none yet.", class_="quiet")
    whole = tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", *heads)),
        tag("tbody", *body),
    )
    return tag("div", whole, class_="scroll", tabindex=0, role="region", aria_label=caption)


def pairs(found: Iterable[tuple[Content, Content]]) -> Html:
    """Names and what they stand for."""
    made = [joined([tag("dt", name), tag("dd", value)]) for name, value in found]
    return tag("dl", *made)


def section(identity: str, title: str, *content: Content) -> Html:
    """A part of a page with its heading, reachable as `#identity`."""
    heading = tag("h2", title, id=f"{identity}-title")
    return tag("section", heading, *content, id=identity, aria_labelledby=f"{identity}-title")
