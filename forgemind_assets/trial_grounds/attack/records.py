"""An attack, what the model made of it, and how a change is described."""

import hashlib
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from forgemind_assets.records import Case, Record, render_answer

CONTROL = "unchanged"
"""The kind that changes nothing: how often the model fails a case that it passed before."""

WRITTEN = "written/"
"""What the kinds of a teacher's attacks begin with; the rest is the name of the trick."""


class Attack(Record):
    """One case that is to fool a model; `parent` is a dev case, or `request:<sha256>`."""

    id: str
    kind: str
    slice: str
    family: str
    parent: str
    input: str
    expected: dict[str, Any]
    verified: str
    """The reason for which the label holds: a verifier's word, or `by_construction`."""
    teacher: str | None = None

    @property
    def case(self) -> Case:
        """The attack as a case that a model can be tested on."""
        return Case(
            id=self.id,
            family=self.family,
            slice=self.slice,
            input=self.input,
            expected=self.expected,
        )


class Outcome(Record):
    """An attack, the model's answer, and whether it was right; None: it could not be graded."""

    attack: Attack
    answer: str
    passed: bool | None

    @property
    def fooled(self) -> bool:
        """Whether the model failed; the control fools nobody."""
        return self.passed is False and self.attack.kind != CONTROL


@dataclass(frozen=True)
class Specimen:
    """What a change works on.

    Attributes:
        text: the input of a dev case.
        line: the 1-based line of its finding; None without one.
        harmless: whether its label is the goal's harmless one.
        calm: inputs of other dev cases that have the harmless label.
        opposites: inputs of its family that have another label.
        limit: characters that the changed text may have.
    """

    text: str
    line: int | None = None
    harmless: bool = False
    calm: Sequence[str] = ()
    opposites: Sequence[str] = ()
    limit: int = 4000


Changed = tuple[str, int | None]
"""The new text, and the line that the finding is on now."""


@dataclass(frozen=True)
class Mutation:
    """A change that keeps the label, in words and as code; None where it does not apply."""

    words: str
    change: Callable[[Specimen, random.Random], Changed | None]


Mutations = Mapping[str, Mutation]


def digest(text: str, expected: Mapping[str, Any]) -> str:
    """Names an attack by what it says and asks: another text never has another's answer."""
    joined = f"{text}\x00{render_answer(dict(expected))}"
    return hashlib.sha256(joined.encode()).hexdigest()[:12]
