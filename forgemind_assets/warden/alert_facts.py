"""What alerts are made of: what was read about runs, spending, the loop and reviews."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from forgemind_assets.records import Record


class CheckFact(Record):
    """One evaluation of one asset check on one partition in one run."""

    run_id: str
    goal: str
    asset: str
    check: str
    partition: str | None
    passed: bool
    severity: Literal["WARN", "ERROR"]
    blocking: bool
    description: str
    metadata: dict[str, Any] = Field(default_factory=dict)
    at: float


class RunFact(Record):
    """A run that ended in failure. `final`: nobody will try its work again by itself."""

    run_id: str
    goal: str
    phase: str
    partition: str | None
    failures: int
    allowed: int
    final: bool
    message: str
    at: float


class SpendingFact(Record):
    """What was used of one limit. `scope` is the trial where each has a limit of its own."""

    goal: str
    what: str
    scope: str | None
    used: float
    limit: float
    unit: Literal["$", "h"]
    at: float


class StopFact(Record):
    """The Brain's decision to stop, after the newest iteration."""

    goal: str
    iteration: str | None
    reason: str
    goal_met: bool
    at: float


class ReviewFact(Record):
    """A review that waits for people."""

    review: str
    goal: str
    partition: str | None
    kind: str
    reason: str
    persons: int
    at: float


class Facts(Record):
    """All that one look at an installation found."""

    checks: tuple[CheckFact, ...] = ()
    runs: tuple[RunFact, ...] = ()
    spending: tuple[SpendingFact, ...] = ()
    stops: tuple[StopFact, ...] = ()
    reviews: tuple[ReviewFact, ...] = ()


def redact(facts: Facts, secrets: Mapping[str, str]) -> Facts:
    """The facts with every secret replaced by its name: `secrets` maps a value to a name.

    Done before anything is shortened: half a secret is still one.
    """
    longest_first = sorted(secrets, key=len, reverse=True)

    def clean(value: Any) -> Any:
        if isinstance(value, str):
            for secret in longest_first:
                value = value.replace(secret, f"[{secrets[secret]}]")
            return value
        if isinstance(value, dict):
            return {clean(name): clean(inner) for name, inner in value.items()}
        return [clean(inner) for inner in value] if isinstance(value, list | tuple) else value

    return Facts.model_validate(clean(facts.model_dump())) if secrets else facts
