"""The records of a data card, and the card as JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

NOT_STATED = "not stated"


@dataclass(frozen=True)
class Source:
    """What one strategy got from one teacher; `teacher` is empty where none was asked.

    `parents` counts the seeds and teacher requests that the kept rows came from. `licence` or
    `terms` is empty where it does not concern the source, and `NOT_STATED` where it should.
    """

    strategy: str
    teacher: str
    rows_in: int
    rows_kept: int
    keep_ratio: float
    families: int
    parents: int
    licence: str
    terms: str


@dataclass(frozen=True)
class Permission:
    """The rows under one licence and one teacher's terms."""

    licence: str
    terms: str
    rows_in: int
    rows_kept: int


@dataclass(frozen=True)
class TeacherLine:
    """One teacher of the goal, and how many of its rows were made and kept."""

    name: str
    kind: str
    model: str
    rows_in: int
    rows_kept: int
    licence: str
    terms: str


@dataclass(frozen=True)
class Stage:
    """One filter: its settings, the rows in and out, and how often each reason was given.

    `alone` rows would it have dropped of the whole input, `only` of them no other filter; `note`
    says why it did not run.
    """

    stage: str
    settings: str
    rows_in: int
    rows_out: int
    reasons: Mapping[str, int]
    alone: int
    only: int
    note: str


@dataclass(frozen=True)
class Share:
    """Kept rows of one slice or one label. Lengths are characters of the input."""

    name: str
    rows: int
    share: float
    families: int
    median_chars: int
    most_chars: int


@dataclass(frozen=True)
class Example:
    """A rejected row. `excerpt` is empty where its text must not be shown."""

    row_id: str
    slice: str
    strategy: str
    excerpt: str


@dataclass(frozen=True)
class Rejection:
    """Rows that one stage rejected for one reason, with a few examples."""

    stage: str
    reason: str
    rows: int
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class Judge:
    """A model that judged rows of others, or would have: how far it agrees, as text.

    Kappa is Cohen's, with its interval: with the labels of hand-written examples (`by_label`,
    `by_finding`) and with the verifier's. `rows` it had a word on, `agreed` of them.
    """

    name: str
    used: bool
    why: str
    by_label: str
    by_finding: str
    with_verifier: str
    rows: int
    agreed: int


@dataclass(frozen=True)
class DataCard:
    """The whole card. `rows_sha256` stands for the kept rows, whatever their order."""

    goal: str
    goal_version: str
    iteration: str
    task: str
    rows_sha256: str
    rows_in: int
    rows_kept: int
    rows_rejected: int
    keep_ratio: float
    families: int
    sources: tuple[Source, ...]
    permissions: tuple[Permission, ...]
    teachers: tuple[TeacherLine, ...]
    filters: tuple[Stage, ...]
    slices: tuple[Share, ...]
    classes: tuple[Share, ...]
    rejections: tuple[Rejection, ...]
    judges: tuple[Judge, ...] = ()

    def json(self) -> str:
        """The card as JSON with sorted keys."""
        return json.dumps(asdict(self), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
