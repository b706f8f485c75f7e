"""Texts made from other texts by replacing spans, with the way back to where they came from."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace `text[start:end]` of the parent; `how` says what was undone, such as `base64`."""

    start: int
    end: int
    text: str
    how: str


class View:
    """One reading of a text: the text itself, or what is left after a decoding step.

    Attributes:
        text: what the layers scan.
        parent: the view that it was made from; None for the original.
    """

    __slots__ = ("__dict__", "_edits", "_ends", "_starts", "parent", "text")

    def __init__(self, text: str, parent: "View | None" = None, edits: Sequence[Edit] = ()) -> None:
        self.text = text
        self.parent = parent
        self._edits = edits
        self._starts: list[int] = []
        self._ends: list[int] = []
        shift = 0
        for edit in edits:
            self._starts.append(edit.start + shift)
            shift += len(edit.text) - (edit.end - edit.start)
            self._ends.append(edit.end + shift)

    @cached_property
    def lower(self) -> str:
        """The text in lower case, of the same length."""
        lowered = self.text.lower()
        if len(lowered) == len(self.text):
            return lowered
        return "".join(c.lower() if len(c.lower()) == 1 else c for c in self.text)

    def derive(self, edits: Sequence[Edit]) -> "View":
        """The view after `edits`, which are sorted and do not overlap."""
        parts: list[str] = []
        at = 0
        for edit in edits:
            parts += (self.text[at : edit.start], edit.text)
            at = edit.end
        parts.append(self.text[at:])
        return View("".join(parts), self, edits)

    def decoded(self) -> list[tuple[int, str]]:
        """Start and text of each part that the last step put in."""
        pairs = zip(self._starts, self._edits, strict=True)
        return [(start, edit.text) for start, edit in pairs if edit.text]

    def source(self, start: int, end: int) -> Span:
        """The span of the original text that `text[start:end]` came from."""
        view = self
        while view.parent is not None:
            start, end = view._start_in_parent(start), view._end_in_parent(end)
            view = view.parent
        return start, max(start, end)

    def how(self, start: int, end: int) -> str:
        """What was undone to see `text[start:end]`, outermost first; `text` if nothing was."""
        names: list[str] = []
        view = self
        while view.parent is not None:
            first = max(bisect_right(view._starts, start) - 1, 0)
            last = bisect_left(view._starts, end)
            touched = range(first, last)
            found = {view._edits[i].how for i in touched if view._touches(i, start, end)}
            names[:0] = sorted(found - set(names))
            start, end = view._start_in_parent(start), view._end_in_parent(end)
            view = view.parent
        return "+".join(names) or "text"

    def _touches(self, index: int, start: int, end: int) -> bool:
        if self._starts[index] == self._ends[index]:
            return start < self._starts[index] < end
        return self._starts[index] < end and start < self._ends[index]

    def _start_in_parent(self, at: int) -> int:
        index = bisect_right(self._starts, at) - 1
        if index < 0:
            return at
        if at < self._ends[index]:
            return self._edits[index].start
        return at - self._ends[index] + self._edits[index].end

    def _end_in_parent(self, end: int) -> int:
        if end <= 0:
            return end
        last = end - 1
        index = bisect_right(self._starts, last) - 1
        if index < 0:
            return end
        if last < self._ends[index]:
            return self._edits[index].end
        return last - self._ends[index] + self._edits[index].end + 1
