"""What a safety layer is given, what it says, and what it says when it could not run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from forgemind_assets.warden.decoding import Readings, readings
from forgemind_assets.warden.views import Span, View


@dataclass(frozen=True)
class Subject:
    """One thing to judge as a whole: a prompt, an answer, a training row.

    Attributes:
        id: the row's id or the request's key.
        parts: its texts by name, such as `input` and `answer`.
        slice: the row's slice; thresholds may differ by slice.
        languages: the programming language of a part that is all code, such as `python`.
    """

    id: str
    parts: Mapping[str, str]
    slice: str = ""
    languages: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Passage:
    """One part of a subject, with its readings, which all layers share."""

    text: str
    part: str = "text"
    language: str = ""

    @cached_property
    def readings(self) -> Readings:
        """The text normalised and decoded."""
        return readings(self.text)

    @property
    def views(self) -> tuple[View, ...]:
        """All readings, the normalised text first."""
        return self.readings.views


@dataclass(frozen=True, slots=True)
class Verdict:
    """One finding. It never holds what was found, only a redacted form.

    Attributes:
        layer: name of the layer.
        version: the layer's version; it changes when its answers may.
        score: 0 (harmless) to 1 (certain).
        reason: stable snake_case name of what was found.
        span: start and end in the part, in characters.
        part: name of the part.
        where: `text`, or how the finding was hidden, outermost first: `base64+zero_width`.
        shown: the finding, redacted.
    """

    layer: str
    version: str
    score: float
    reason: str
    span: Span
    part: str = "text"
    where: str = "text"
    shown: str = ""


@dataclass(frozen=True, slots=True)
class NotRun:
    """A layer could not judge a text: not the same as finding nothing.

    Attributes:
        layer: name of the layer.
        version: its version; empty where there is no such layer.
        reason: stable snake_case name of why.
        detail: what a person should know or do, without any of the text.
    """

    layer: str
    version: str
    reason: str
    detail: str = ""


Outcome = tuple[Verdict, ...] | NotRun
"""The findings in one passage (empty: the layer ran and found nothing), or why it did not run."""


class Layer(Protocol):
    """A safety layer."""

    @property
    def name(self) -> str:
        """The layer's name in the policy."""
        ...

    @property
    def version(self) -> str:
        """Changes when the layer's answers may."""
        ...

    def judge(self, passages: Sequence[Passage]) -> list[Outcome]:
        """One outcome a passage, in their order. Raises nothing for what a text holds."""
        ...


class Classifier(Protocol):
    """A model that scores texts, such as Detoxify or a moderation API. It is an effect."""

    def scores(self, texts: Sequence[str]) -> Sequence[Mapping[str, float] | NotRun]:
        """For each text a score (0 to 1) per category, or why there is none."""
        ...


@dataclass(frozen=True)
class MissingLayer:
    """Stands in for a layer that cannot be made here: it judges nothing, and says so."""

    name: str
    reason: str = "model_missing"
    detail: str = ""
    version: str = ""

    def judge(self, passages: Sequence[Passage]) -> list[Outcome]:
        """NotRun for every passage."""
        return [NotRun(self.name, self.version, self.reason, self.detail)] * len(passages)


def redacted(kind: str, text: str) -> str:
    """`ghp_… (github_token, 40 characters)`: at most 4 and at most a fifth of the characters."""
    head = text[: min(4, len(text) // 5)]
    head = head if head.isprintable() else ""
    return f"{head}… ({kind}, {len(text)} characters)"
