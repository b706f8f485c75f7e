"""A line of a goal that was forked from an iteration of another, and what it changes. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

from forgemind_assets.goal import GoalSpec
from forgemind_assets.partitions import iteration_key, iteration_number
from forgemind_assets.records import Record, TrainSettings

# Keys of `search` whose name in the settings of a training is another one.
RENAMED = {"train_seconds": "max_seconds"}
TRAINING = (
    "learning_rate", "epochs", "rank", "batch_size", "max_length", "answer_weights",
    "contrast_batches", "early_stop_patience", "train_seconds", "seed",
)  # fmt: skip


class Fork(Record):
    """Where a line comes from: the artefacts of `goal` up to `iteration` are its history."""

    goal: str
    goal_version: str = Field(description="of the contract that the line's was made from")
    iteration: str = Field(pattern=r"^\d{4,}$")
    changed: dict[str, Any] = Field(description="dotted key of the contract: its value in the line")
    max_iterations: int = Field(description="of the line, when it was forked")
    file: str = Field(description="the line's contract, beside that of `goal`")

    @property
    def first(self) -> str:
        """The first iteration of the line itself."""
        return iteration_key(iteration_number(self.iteration) + 1)

    @property
    def sentence(self) -> str:
        """`forked from python_security 0002 with search.learning_rate 0.002`."""
        told = ", ".join(f"{key} {plain(value)}" for key, value in self.changed.items())
        return f"forked from {self.goal} {self.iteration} with {told}"


@dataclass(frozen=True)
class Wishes:
    """What the first plan of a forked line takes from the contract, not from the plan before it."""

    training: Mapping[str, Any] = field(default_factory=dict[str, Any])
    rows: int | None = None
    teacher_requests: int | None = None
    seed: int | None = None
    prompt_variant: str | None = None
    other_strategies: bool = False
    told: str = ""


NO_WISHES = Wishes()


def wishes(spec: GoalSpec, fork: Fork | None, key: str, fresh: TrainSettings) -> Wishes:
    """The wishes for the plan of iteration `key`; none but for the first one of a forked line.

    `fresh` are the training settings as the contract suggests them.
    """
    if fork is None or key != fork.first:
        return NO_WISHES
    named = {path.split(".")[1] for path in fork.changed if path.startswith("search.")}
    settings = {RENAMED.get(name, name) for name in TRAINING if name in named}
    training = {name: getattr(fresh, name) for name in sorted(settings)}
    if "rank" in named:
        training["alpha"] = fresh.alpha
    search = spec.search
    return Wishes(
        training=training,
        rows=search.rows if "rows" in named else None,
        teacher_requests=search.teacher_requests if "teacher_requests" in named else None,
        seed=search.seed if "seed" in named else None,
        prompt_variant=search.prompt_variants[0] if "prompt_variants" in named else None,
        other_strategies=any(path.split(".")[0] == "strategies" for path in fork.changed),
        told=f"{fork.sentence[0].upper()}{fork.sentence[1:]}. ",
    )


def plain(value: Any) -> str:
    """A value of a contract in one line."""
    simple = isinstance(value, str) and value.isprintable()
    return value if simple else json.dumps(value, ensure_ascii=False)
