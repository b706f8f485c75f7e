"""The policy of a goal: which safety layers must run where, and when a person must decide.

A goal states only what it wants different from `default_policy.yaml`. Only people change a
policy: no plan, search or teacher has a way to it.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, Field, model_validator

from forgemind_assets.records import Record
from forgemind_assets.warden.patterns import compile_pattern
from forgemind_assets.warden.terms import Training

Stage = Literal["teacher_prompts", "teacher_answers", "training_rows", "model_outputs"]
Need = Literal["required", "optional", "off"]
STAGES: tuple[Stage, ...] = get_args(Stage)


def _compiles(pattern: str) -> str:
    compile_pattern(pattern)
    return pattern


Pattern = Annotated[str, Field(min_length=1), AfterValidator(_compiles)]
Score = Annotated[float, Field(ge=0, le=1)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Thresholds(Record):
    """Scores from which a text is held back. None: as in the default policy, or never."""

    quarantine_at: Score | None = Field(
        default=None, description="from here on a person must look at the text"
    )
    drop_at: Score | None = Field(default=None, description="from here on the text is dropped")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        low, high = self.quarantine_at, self.drop_at
        if low is not None and high is not None and low > high:
            raise ValueError(f"expected quarantine_at at most drop_at ({high:g}), found {low:g}")
        return self


class LayerPolicy(Thresholds):
    """How much one safety layer is needed at each stage, and its thresholds."""

    teacher_prompts: Need = "off"
    teacher_answers: Need = "off"
    training_rows: Need = "off"
    model_outputs: Need = "off"
    by_slice: dict[str, Thresholds] = Field(
        default_factory=dict, description="other thresholds for the rows of a slice"
    )

    def need(self, stage: Stage) -> Need:
        """`required`, `optional` or `off`."""
        return getattr(self, stage)

    def limits(self, slice: str) -> Thresholds:
        """The thresholds for the rows of a slice."""
        special = self.by_slice.get(slice)
        if special is None:
            return self
        return Thresholds(
            quarantine_at=_either(special.quarantine_at, self.quarantine_at),
            drop_at=_either(special.drop_at, self.drop_at),
        )


class GoalRule(Record):
    """A regular expression of the goal's own; its name is the verdict's reason."""

    name: Name
    pattern: Pattern
    score: Score = 1.0
    ignore_case: bool = False


class Approval(Record):
    """When a person must decide, and who may."""

    promotion_to_stable: bool = True
    approvers: int = Field(default=1, ge=1, le=10, description="different persons")
    own_goal: Literal["forbidden", "allowed"] = Field(
        default="allowed", description="whether the goal's owner may approve"
    )
    quarantine: bool = Field(default=True, description="rows were put into quarantine")
    layer_not_run: bool = Field(default=True, description="a safety layer did not run")
    too_good_to_be_true: float | None = Field(
        default=0.4,
        gt=0,
        le=1,
        description="gain of the pass rate in one iteration (points) that is asked about",
    )


class Policy(Record):
    """What the Warden enforces. Only people change it."""

    layers: dict[str, LayerPolicy] = Field(default_factory=dict)
    rules: tuple[GoalRule, ...] = ()
    training: Training = Training()
    approval: Approval = Approval()

    def layer(self, name: str) -> LayerPolicy:
        """The layer's part; a layer that is not named is off."""
        return self.layers.get(name, LayerPolicy())


def overlaid(default: Policy, given: Policy) -> Policy:
    """The default with what `given` states in its place. Lists are replaced, mappings joined."""
    merged = _merge(default.model_dump(), given.model_dump(exclude_unset=True))
    return Policy.model_validate(merged)


def _either(first: float | None, second: float | None) -> float | None:
    return second if first is None else first


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            merged[key] = _merge(old, value)
        else:
            merged[key] = value
    return merged


def contradictions(policy: Policy) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What no single field shows: a rule that is named twice."""
    seen: set[str] = set()
    for index, rule in enumerate(policy.rules):
        if rule.name in seen:
            yield ("rules", index, "name"), f"expected each name once, found {rule.name!r} again"
        seen.add(rule.name)
