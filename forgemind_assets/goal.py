"""The goal contract: what `goal.yaml` may say, and the compiled goal."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from forgemind_assets.goal_filters import Filters
from forgemind_assets.goal_judges import Judges
from forgemind_assets.goal_suites import ClosedSuites, Suites
from forgemind_assets.records import Record, Weight
from forgemind_assets.warden.policy import Policy
from forgemind_assets.warden.terms import OWN, Terms

BASELINE_VARIANTS = ("zero_shot", "few_shot")
Variant = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]*$")]


class Task(Record):
    """What the model is to do."""

    description: str = Field(min_length=1)
    labels: tuple[str, ...] = Field(
        default=(),
        description="closed set of answers, where the task has one; the first is the default",
    )
    answer_schema: dict[str, Any] = Field(description="JSON schema of the answer")
    max_answer_tokens: int = Field(default=64, ge=1, le=4096)
    grader: str = Field(default="json_label", description="registered name of the grader")
    grader_options: dict[str, Any] = Field(default_factory=dict)


class Success(Record):
    """When the goal is met."""

    suite: Literal["full"] = "full"
    pass_rate: float = Field(gt=0, le=1)
    confidence: float | None = Field(
        default=None,
        gt=0.5,
        lt=1,
        description="if set, the lower bound at this confidence must reach it; it holds for all "
        "iterations of the loop at once",
    )
    alpha: float = Field(
        default=0.05,
        gt=0,
        le=0.5,
        description="probability that the loop ever calls a model better that is not",
    )
    other_looks: int = Field(
        default=0,
        ge=0,
        description="results on the gate that other lines of the same goal have or may come to; "
        "`forgemind fork` writes it, and `confidence` allows for it",
    )
    canary_pass_rate: float = Field(
        default=0.3, ge=0, le=1, description="a trial below this on the canary cases is stopped"
    )


class Futility(Record):
    """When a loop ends before its limits, since the goal is out of reach under them."""

    below: float = Field(
        default=0.05,
        ge=0,
        le=0.5,
        description="probability of meeting the goal with what the limits still allow, below "
        "which the loop ends; 0 = never",
    )
    after: int = Field(
        default=4, ge=3, description="trained iterations before which it never ends so"
    )


class Limits(Record):
    """What the loop may use. Money is in US dollars."""

    base_model: str = Field(description="name in the model catalogue")
    quantisation: Literal["none", "4bit"] = "none"
    gpu_dollars_per_try: float = Field(ge=0)
    gpu_dollars_per_hour: float = Field(
        default=0.0, ge=0, description="price of one hour of the machine that trains; 0 = your own"
    )
    api_dollars_per_goal: float = Field(ge=0)
    max_iterations: int = Field(ge=1, le=100_000, description="not counting the baselines")
    hours: float = Field(gt=0)
    futility: Futility = Futility()
    sealed_openings: int = Field(
        default=5,
        ge=1,
        le=1000,
        description="how often a promotion may open the sealed suite, over all lines of the goal",
    )


class Prices(Record):
    """US dollars per million tokens."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)


class Teacher(Record):
    """An OpenAI-compatible endpoint that writes training data."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$")
    kind: Literal["embedded", "openai"]
    model: str = Field(description="catalogue name if embedded, the API's model name otherwise")
    base_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s/?#@]+(/[^\s?#@]*)?$",
        description="None: OpenAI's own address",
    )
    api_key_env: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        description="NAME of the environment variable that holds the key, never the key",
    )
    prices: Prices | None = Field(default=None, description="required for kind `openai`")
    concurrency: int = Field(
        default=4, ge=1, le=1024, description="most requests at a time; refusals lower it"
    )
    requests_per_minute: int | None = Field(
        default=None, ge=1, description="None: no limit is known, and what is refused teaches it"
    )
    tokens_per_minute: int | None = Field(
        default=None, ge=1, description="prompt and answer together; None as above"
    )
    redraws: int = Field(
        default=0,
        ge=0,
        le=5,
        description="further seeds that are tried, and paid, while an answer misses its schema",
    )
    timeout_seconds: float = Field(default=120.0, gt=0)
    max_tokens: int = Field(default=320, ge=1)
    temperature: float = Field(default=0.9, ge=0, le=2)
    terms: Terms | None = Field(
        default=None,
        description="what an API's terms say of training on its answers; None: nobody has read "
        "them. Those of an embedded teacher follow from the licence in the catalogue",
    )


class Strategy(Record):
    """A way of getting examples, and its options. A strategy asks `teacher`, or all `teachers`."""

    name: str
    teacher: str | None = None
    teachers: tuple[str, ...] = Field(
        default=(), description="several in place of one; the plan shares the requests among them"
    )
    options: dict[str, Any] = Field(default_factory=dict)

    @property
    def asked(self) -> tuple[str, ...]:
        """The names of the teachers that it asks, whether they are one or several."""
        return self.teachers if self.teacher is None else (self.teacher,)


class Tripwires(Record):
    """What is measured beside the task, so that a good result is not taken for more than it is."""

    general_ability: bool = Field(
        default=True,
        description="24 general prompts, compared with the base model; a warning, never a stop",
    )


class Search(Record):
    """Where the Brain starts and what it may choose from."""

    rows: int = Field(default=1500, ge=1, description="training rows of the first iteration")
    trials: int = Field(
        default=1,
        ge=1,
        le=26,
        description="configurations tried in an iteration, at once as far as the machine allows",
    )
    advisor: str | None = Field(
        default=None, description="teacher that suggests configurations; None: nobody does"
    )
    advisor_share: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="part of the trials beside the first that are kept for its suggestions, as "
        "long as they do no worse than the others",
    )
    teacher_requests: int = Field(default=0, ge=0, description="teacher requests of an iteration")
    learning_rate: float = Field(default=1e-3, gt=0, le=1)
    epochs: float = Field(default=2.0, gt=0, le=100)
    rank: int = Field(default=16, ge=1, le=512)
    batch_size: int = Field(default=16, ge=1, le=1024)
    max_length: int = Field(default=512, ge=32)
    answer_weights: dict[str, Weight] = Field(
        default_factory=dict,
        description="how often the first token of a key's value counts in the loss; 1 otherwise",
    )
    contrast_batches: bool = Field(
        default=True, description="rows of one family and unlike slices stand side by side"
    )
    early_stop_patience: int = Field(
        default=0, ge=0, description="epochs without gain on held-out rows; 0 = off"
    )
    prompt_variants: tuple[Variant, ...] = Field(default=("short",), min_length=1)
    train_seconds: float | None = Field(
        default=None, gt=0, description="wall-clock limit of one training"
    )
    seed: int = 0


class AttackSettings(Record):
    """How the loop attacks its leader on dev before it makes the next data. Off by default."""

    cases: int = Field(
        default=0,
        ge=0,
        le=10_000,
        description="attacks put to the leader on dev; 0 = none are made",
    )
    kinds: tuple[str, ...] = Field(
        default=(), description="kinds of mutation; empty: all that the inputs can take"
    )
    teacher: str | None = Field(default=None, description="writes attacks, too")
    requests: int = Field(
        default=0, ge=0, description="attacks that the teacher is asked for; they count in `cases`"
    )


class GoalSpec(Record):
    """`goal.yaml`, as written."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    task: Task
    success: Success
    limits: Limits
    teachers: tuple[Teacher, ...] = ()
    strategies: tuple[Strategy, ...] = Field(min_length=1)
    suites: Suites
    seeds: str = "seeds.jsonl"
    seeds_licence: str = Field(
        default=OWN, min_length=1, description="SPDX name; `own`: written by the goal's owner"
    )
    prompts: str = Field(
        default="prompts", description="folder with task/*.yaml and teacher/*.yaml"
    )
    filters: Filters = Filters()
    judges: Judges | None = Field(default=None, description="None: no model judges another's rows")
    search: Search = Search()
    attack: AttackSettings = AttackSettings()
    tripwires: Tripwires = Tripwires()
    policy: Policy = Field(
        default=Policy(), description="what differs from the Warden's default policy"
    )

    @property
    def looks(self) -> int:
        """Results on the gate that a lower bound must hold for, all at once.

        One of each iteration, one of the baselines, and one that is kept back for a limit that is
        raised later.
        """
        return self.limits.max_iterations + 2 + self.success.other_looks


class Goal(Record):
    """A compiled goal: the contract, where it lies, and the hash of all it names."""

    spec: GoalSpec
    folder: Path
    version: str = Field(description="sha256 over goal.yaml, suites, seeds and prompts")
    file: str = Field(default="goal.yaml", description="the contract's file, relative to `folder`")

    @property
    def name(self) -> str:
        """The goal's name: asset key prefix, MLflow model name, folder in the store."""
        return self.spec.name

    def with_gates_closed(self) -> "Goal":
        """The goal as the Foundry gets it: to ask for a gate is a FirewallBreach."""
        spec = self.spec.model_copy(update={"suites": ClosedSuites.of(self.spec.suites)})
        return self.model_copy(update={"spec": spec})
