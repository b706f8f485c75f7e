"""The rule by which a champion becomes `stable`. Pure."""

from forgemind_assets.brain.champion import Champion
from forgemind_assets.brain.decide import judge
from forgemind_assets.goal import GoalSpec
from forgemind_assets.records import Record


class Promotion(Record):
    """Whether a champion is promoted, and why."""

    promote: bool
    reason: str


class Entry(Record):
    """What the registry holds after an iteration."""

    trial: str
    version: str | None
    promoted: bool
    reason: str


def may_promote(spec: GoalSpec, winner: Champion) -> Promotion:
    """A champion is promoted when it meets the goal; until then it stays `candidate`."""
    verdict = judge(spec, winner.full)
    return Promotion(promote=verdict.met, reason=verdict.sentence)
