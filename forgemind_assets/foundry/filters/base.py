"""What a filter is, and what some filters need from outside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from forgemind_assets.foundry.filters.near_index import NearIndex
from forgemind_assets.foundry.judging.panel import Panel
from forgemind_assets.foundry.verifiers.programs import ProgramRunner
from forgemind_assets.foundry.verifiers.verdict import Verdict
from forgemind_assets.records import Row
from forgemind_assets.warden.verdict import Classifier


class Filter(Protocol):
    """One stage: for each row, None to keep it, or a stable snake_case reason to drop it.

    A stage that could not judge keeps all rows and says why in an attribute `note`. One whose
    word on a row does not depend on the other rows says so with an attribute `each = True`: it is
    then asked once for what it drops in its turn and for what it would have dropped alone. One
    that pays for each row says so with `pays = True`, and is asked only about rows that reach it.
    """

    @property
    def name(self) -> str:
        """The stage's name."""
        ...

    def judge(self, rows: Sequence[Row]) -> list[str | None]:
        """Reasons in the order of the rows. Takes any rows, also those with a broken answer."""
        ...


class Embedder(Protocol):
    """Turns texts into vectors whose scalar product is their likeness."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of length 1, `(texts, width)`. Raises NotAvailable without a model."""
        ...


class Perplexity(Protocol):
    """A language model that says how much a text surprises it."""

    def log_probabilities(self, texts: Sequence[str]) -> Sequence[float]:
        """Mean log-probability of each text's tokens, in nats. Raises NotAvailable."""
        ...


@dataclass(frozen=True)
class Equipment:
    """What filters use and do not own; without it they say that they did not run.

    Attributes:
        classifiers: of the safety layers, by layer.
        embedder: for semantic duplicates and decontamination by meaning.
        perplexity: the base model.
        earlier: near-duplicate index of the rows that earlier iterations kept.
        programs: what runs a hostile program; None where nothing does.
        verdicts: of the goal's verifiers by their number, as far as they were asked.
        panel: models that judge the rows of others; None where the goal asks for none.
    """

    classifiers: Mapping[str, Classifier] = field(default_factory=dict)
    embedder: Embedder | None = None
    perplexity: Perplexity | None = None
    earlier: NearIndex | None = None
    programs: ProgramRunner | None = None
    verdicts: dict[int, dict[str, Verdict | None]] = field(default_factory=dict)
    panel: Panel | None = None


def judges_each(stage: Any) -> bool:
    """Whether a stage judges each row by itself."""
    return getattr(stage, "each", False)


def pays_each(stage: Any) -> bool:
    """Whether a stage pays for each row that it judges."""
    return getattr(stage, "pays", False)


def note_of(stage: Any) -> str:
    """Why a stage did not run; empty for one that did."""
    return getattr(stage, "note", "")
