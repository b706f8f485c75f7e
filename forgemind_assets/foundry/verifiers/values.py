"""What the analysis knows of a value: how far it is trusted, and the text in it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

TRUSTED, UNKNOWN, UNTRUSTED = 0, 1, 2


@dataclass(frozen=True)
class Value:
    """An abstract value.

    Attributes:
        trust: TRUSTED, UNKNOWN or UNTRUSTED (the greater, the worse).
        text: constant text that the value is made of, in order.
        lead: constant text before the first part that is not constant.
        head: trust of that first part.
        kind: what it is, where that matters: `orm`, `sql_text`, `html_safe`, `list`, ...
        built: whether it was put together from constant and other text.
        names: variables that it was made from.
        parts: values of a list's elements.
    """

    trust: int = TRUSTED
    text: str = ""
    lead: str = ""
    head: int = TRUSTED
    kind: str = ""
    built: bool = False
    names: frozenset[str] = frozenset()
    parts: tuple["Value", ...] = ()

    def trusted(self) -> "Value":
        """The same value after a check."""
        return replace(
            self, trust=TRUSTED, head=TRUSTED, parts=tuple(p.trusted() for p in self.parts)
        )

    @property
    def bad(self) -> bool:
        """Whether it holds untrusted data."""
        return self.trust == UNTRUSTED


def constant(text: str) -> Value:
    """A constant string."""
    return Value(text=text, lead=text)


def of_trust(trust: int, names: Iterable[str] = (), kind: str = "") -> Value:
    """A value of which only its trust is known."""
    return Value(trust=trust, head=trust, kind=kind, names=frozenset(names))


def joined(values: Iterable[Value]) -> Value:
    """The values written one after the other."""
    trust, text, lead, head = TRUSTED, "", "", TRUSTED
    names: frozenset[str] = frozenset()
    fixed, dynamic = True, False
    for value in values:
        trust = max(trust, value.trust)
        names |= value.names
        text += value.text
        pure = (
            value.text == value.lead and not value.built and value.trust == TRUSTED and value.text
        )
        if fixed:
            lead += value.lead
            if not pure:
                head, fixed = max(value.head, TRUSTED), False
        dynamic = dynamic or not pure
    return Value(trust, text, lead, head, built=dynamic and bool(text), names=names)


def either(values: Iterable[Value]) -> Value:
    """One of the values, nobody knows which."""
    options = list(values)
    if not options:
        return Value()
    worst = max(options, key=lambda v: v.trust)
    names = frozenset().union(*(v.names for v in options))
    return replace(worst, names=names, text="".join(dict.fromkeys(v.text for v in options)))
