"""A loop's past as people look at it: each turn with its trials, its cost, and what came of it."""

from pydantic import Field

from forgemind_assets.records import Plan, Record
from forgemind_assets.trial_grounds.report import Rate


class Attempt(Record):
    """One trained configuration; `dev` is None where it was stopped or failed before its end."""

    trial: str
    learning_rate: float
    rank: int
    alpha: int
    epochs: float
    rows: int | None = Field(default=None, description="rows that it was trained on")
    dev: float | None = None
    stopped: str = Field(default="", description="why it was stopped, if it was")
    why: str = ""


class Turn(Record):
    """One iteration. Rates are those on dev, of the best of its trials, 0 to 1."""

    iteration: str
    hypothesis: str
    expected: str
    sources: str = Field(default="", description="how the sources of its trials did before it")
    outcome: str = ""
    decision: str = Field(default="", description="why the champion stayed or was replaced")
    dev: float | None = None
    best_dev: float | None = Field(default=None, description="of the loop up to here")
    slices: dict[str, Rate] = Field(default_factory=dict)
    hours: float = 0.0
    dollars: float = 0.0
    attempts: tuple[Attempt, ...] = ()


def outcome_of(plan: Plan, dev: float | None, before: float | None) -> str:
    """Whether a plan's hypothesis came true, in a sentence.

    `before` is what it set out from: the iteration before it, or the better baseline.
    """
    if dev is None:
        return "No trial came through dev, so the hypothesis was not put to the test."
    if plan.expected_dev_gain is None or before is None:
        return f"Measured: {dev:.1%} on dev."
    gain = dev - before
    word = "Came true" if gain >= plan.expected_dev_gain else "Did not come true"
    return (
        f"{word}: {dev:.1%} on dev, {100 * gain:+.1f} points where "
        f"{100 * plan.expected_dev_gain:+.1f} or more would confirm it."
    )
