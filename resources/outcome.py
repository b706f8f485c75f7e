"""How a loop ended: one small file for each goal, written by whoever drove it."""

import json

from forgemind_assets.brain.decide import AwaitReview, Stop
from forgemind_assets.faults import fault
from forgemind_assets.home import Home
from forgemind_assets.lorekeeper.store import write_atomic


def outcome_of(decision: Stop | AwaitReview) -> Stop:
    """How a drive ends: a review waits for people, and nobody need sit beside it."""
    if isinstance(decision, AwaitReview):
        return Stop(decision.reason, goal_met=True, kind="goal_met")
    return decision


def write_outcome(home: Home, goal: str, stop: Stop) -> None:
    """Records the stop."""
    home.run.mkdir(parents=True, exist_ok=True)
    entry = {"reason": stop.reason, "goal_met": stop.goal_met, "kind": stop.kind}
    write_atomic(home.run / f"{goal}.outcome.json", json.dumps(entry))
    fault("outcome.written")


def read_outcome(home: Home, goal: str) -> Stop | None:
    """The recorded stop, or None while the loop goes on."""
    path = home.run / f"{goal}.outcome.json"
    if not path.exists():
        return None
    return Stop(**json.loads(path.read_text(encoding="utf-8")))


def clear_outcome(home: Home, goal: str) -> None:
    """Forgets an earlier stop: the loop is driven again."""
    (home.run / f"{goal}.outcome.json").unlink(missing_ok=True)
