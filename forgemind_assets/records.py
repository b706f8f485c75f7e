"""The records that pass between the pillars: cases, examples, rows, settings."""

import hashlib
import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Weight = Annotated[float, Field(gt=0, le=1000)]


class Record(BaseModel):
    """Base of all records: frozen, and closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Case(BaseModel):
    """One line of a suite: an input and what a right answer must satisfy."""

    model_config = ConfigDict(frozen=True, extra="allow")

    id: str = Field(min_length=1)
    family: str = Field(min_length=1)
    slice: str = Field(min_length=1)
    input: str = Field(min_length=1)
    expected: dict[str, Any]
    canary: bool = False


class Seed(Record):
    """One hand-written example: `expected` is the whole answer that the model should give."""

    id: str = Field(min_length=1)
    family: str = Field(min_length=1)
    slice: str = Field(min_length=1)
    input: str = Field(min_length=1)
    expected: dict[str, Any]


class Row(Record):
    """One training row with its provenance.

    `answer` is the exact text that the model learns to say; `parent` is the seed or the
    teacher request (`request:<sha256>`) that the row came from; `variant` and `template` are the
    name of the prompt's wording and the hash of its file. `licence` is that of the seeds or of the
    teacher's weights, `terms` what the teacher's terms say of training on its answers.
    """

    row_id: str
    family: str
    slice: str
    input: str
    answer: str
    strategy: str
    teacher: str | None = None
    parent: str | None = None
    variant: str | None = None
    template: str | None = None
    licence: str | None = None
    terms: str | None = None

    @staticmethod
    def make(
        *,
        family: str,
        slice: str,
        input: str,
        expected: dict[str, Any],
        strategy: str,
        teacher: str | None = None,
        parent: str | None = None,
        variant: str | None = None,
        template: str | None = None,
    ) -> "Row":
        """Builds a row; its id is the hash of what the model will see."""
        answer = render_answer(expected)
        digest = hashlib.sha256(f"{input}\x00{answer}".encode()).hexdigest()[:16]
        return Row(
            row_id=digest,
            family=family,
            slice=slice,
            input=input,
            answer=answer,
            strategy=strategy,
            teacher=teacher,
            parent=parent,
            variant=variant,
            template=template,
        )


def render_answer(expected: dict[str, Any]) -> str:
    """The one line of JSON that stands for an answer."""
    return json.dumps(expected, ensure_ascii=False)


class TrainSettings(Record):
    """Every dial of one fine-tuning run."""

    learning_rate: float = Field(default=1e-3, gt=0, le=1)
    epochs: float = Field(default=3.0, gt=0, le=100)
    rank: int = Field(default=16, ge=1, le=512)
    alpha: int = Field(default=32, ge=1, le=1024)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    batch_size: int = Field(default=16, ge=1, le=1024)
    warmup_ratio: float = Field(default=0.05, ge=0, lt=1)
    weight_decay: float = Field(default=0.0, ge=0, le=1)
    max_length: int = Field(
        default=512, ge=32, le=32768, description="tokens; longer rows are refused"
    )
    answer_weights: dict[str, Weight] = Field(
        default_factory=dict,
        description="how often the first token of a JSON key's value counts in the loss",
    )
    contrast_batches: bool = Field(
        default=False, description="rows of one family and unlike slices stand side by side"
    )
    quantisation: Literal["none", "nf4"] = "none"
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    start_from: str = Field(
        default="base", description="`base`, or the trial whose adapter is continued"
    )
    early_stop_patience: int = Field(
        default=0, ge=0, description="evaluations without gain; 0 = off"
    )
    max_seconds: float | None = Field(
        default=None, gt=0, description="wall-clock limit of the training"
    )
    seed: int = 0


class DataSettings(Record):
    """How much of which data an iteration makes."""

    rows: int = Field(default=1500, ge=1, description="rows wanted after filtering")
    slice_weights: dict[str, float] = Field(default_factory=dict, description="1.0 = even share")
    strategy_shares: dict[str, float] = Field(default_factory=dict)
    request_shares: dict[str, dict[str, float]] = Field(
        default_factory=dict,
        description="strategy -> teacher -> its part of teacher_requests, relative to the others; "
        "empty: even parts",
    )
    prompt_variants: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="strategy -> wordings of its prompt; the goal's choice where it is not named",
    )
    teacher_requests: int = Field(default=0, ge=0, description="requests to all teachers together")
    attack_cases: int = Field(
        default=0,
        ge=0,
        description="attacks put to the leader on dev before any row is made; 0 = none",
    )
    reuse_iterations: tuple[str, ...] = Field(
        default=(), description="iterations whose kept rows join in"
    )
    seed: int = 0


class TrialSettings(Record):
    """One training configuration within an iteration; `name` is its letter."""

    name: str = Field(pattern=r"^[a-z]$")
    training: TrainSettings | None = Field(
        default=None, description="None: the base model as it is"
    )
    prompt_variant: str = "short"
    why: str = Field(default="", description="why it is tried beside the first, in a sentence")
    source: str = Field(default="", description="where the search has it from")
    expected: float | None = Field(
        default=None,
        description="dev pass rate that the search expected of its place: for a suggested one, of "
        "the best other candidate",
    )


class Advice(Record):
    """What a teacher is asked for beside the search's own candidates, and what came of it."""

    advisor: str = Field(description="name of the teacher")
    places: int = Field(ge=0, description="trials beside the first that are kept for it")
    settled: bool = Field(
        default=False, description="False: whoever publishes the plan is still to ask"
    )
    note: str = Field(default="", description="what came of it, in sentences")
    refused: tuple[str, ...] = Field(default=(), description="why candidates were refused")
    dollars: float = Field(default=0.0, ge=0)


class SearchSource(Record):
    """What became of the candidates of one source of the search, so far."""

    source: str
    tried: int = Field(ge=1)
    failed: int = Field(default=0, ge=0, description="broke off, or stopped by a race")
    gain: float = Field(description="mean of pass rate minus what was expected of the place")


class Plan(Record):
    """What one iteration tries, why, and what result would confirm it."""

    iteration: str = Field(pattern=r"^\d{4,}$")
    hypothesis: str
    expected_effect: str
    expected_dev_gain: float | None = Field(
        default=None, description="points of dev pass rate, 0 to 1"
    )
    rows_gain: tuple[float, float, float] | None = Field(
        default=None,
        description="points of dev that the rows are expected to bring, 0 to 1, and the bounds of "
        "80 %, by the learning curves of the slices",
    )
    rows_dollars: float | None = Field(
        default=None, description="dollars that the teachers are expected to ask for them"
    )
    last_outcome: str = Field(
        default="", description="whether the last plan's hypothesis came true"
    )
    data: DataSettings | None = Field(
        default=None, description="None: nothing is generated (baselines)"
    )
    trials: tuple[TrialSettings, ...]
    advice: Advice | None = Field(default=None, description="None: no teacher is to be asked")
    search_sources: tuple[SearchSource, ...] = Field(
        default=(), description="how each source of trials did before this plan"
    )


class TestResult(Record):
    """What one case got: the answer, and the grader's verdict.

    `passed` is None when the answer could not be graded (unscored): never wrong, never guessed.
    """

    __test__ = False

    case_id: str
    family: str
    slice: str
    prompt: str
    answer: str
    passed: bool | None
    reason: str
    scores: dict[str, float] = Field(default_factory=dict)
    fingerprint: str = Field(
        default="", description="hash of the case and the rules it was graded by; empty: not noted"
    )
