"""What is known of each judge: how far it agrees with what is known, and so whether it is used.

A judge is measured on hand-written examples, whose labels people gave and no teacher wrote. No
row that it is to decide about is among them, and neither is an example that its own prompt shows,
so the figure is one out of sample. It is of people's examples, though: rows of teachers differ.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from forgemind_assets.foundry.judging.kappa import CONFIDENCE, Kappa, kappa_of
from forgemind_assets.foundry.judging.votes import Vote, as_word
from forgemind_assets.goal_judges import LEAST_EXAMPLES
from forgemind_assets.records import Record

# A few lucky answers must not look like skill: so many families, and so many examples with the
# harmless label as well as with others.
LEAST_FAMILIES = 10
LEAST_OF_A_KIND = 5


class Example(Record):
    """A hand-written example that judges are measured on.

    `verifier` is the label that the verifier gives it; None where it has no word.
    """

    id: str
    family: str
    label: str
    verifier: str | None = None


class Standing(Record):
    """One judge: what it was asked, how far it agrees, and what follows.

    `by_label` and `by_finding` are with the labels of the hand-written examples, `with_verifier`
    with the verifier's, by the goal's `judges.by`. `asked` counts requests for examples and rows,
    without those that the policy held back, `read` the votes among the answers, `agreed` the rows
    whose label it agrees with.
    """

    judge: str
    used: bool = False
    why: str = ""
    by_label: Kappa = Kappa()
    by_finding: Kappa = Kappa()
    with_verifier: Kappa = Kappa()
    asked: int = 0
    answered: int = 0
    read: int = 0
    rows: int = Field(default=0, description="rows that it has a word on")
    agreed: int = 0
    dollars: float = 0.0
    seconds: float = 0.0


class Pair(Record):
    """Agreement of two judges, on examples and rows."""

    first: str
    second: str
    kappa: Kappa


def measured(
    judge: str,
    examples: Sequence[Example],
    votes: Mapping[str, Vote],
    *,
    by: str,
    harmless: str,
    judges: int = 1,
) -> Standing:
    """A judge by its votes on examples, which are named by their id.

    The interval holds for all `judges` of the goal at once (Bonferroni): of five that guess, none
    is used in 39 of 40 goals.
    """
    confidence = 1 - (1 - CONFIDENCE) / max(1, judges)
    voted = [one for one in examples if one.id in votes]

    def kappa(told: Sequence[tuple[Example, str]], level: str) -> Kappa:
        words = [
            (as_word(label, level, harmless), as_word(votes[one.id].label, level, harmless))
            for one, label in told
        ]
        return kappa_of(words, [one.family for one, _ in told], confidence)

    known = [(one, one.label) for one in voted]
    by_label, by_finding = kappa(known, "label"), kappa(known, "finding")
    why = unused_because(voted, by_label, by_finding, by, harmless)
    checked = [(one, one.verifier) for one in voted if one.verifier is not None]
    return Standing(
        judge=judge,
        used=not why,
        why=why or "better than chance",
        by_label=by_label,
        by_finding=by_finding,
        with_verifier=kappa(checked, by),
    )


def unused_because(
    voted: Sequence[Example], by_label: Kappa, by_finding: Kappa, by: str, harmless: str
) -> str:
    """Why a judge is not used; empty where it is.

    One that names labels must also tell harmless from not: who only knows what a text is about
    agrees with half of the labels, whatever the text does.
    """
    kinds = Counter(one.label == harmless for one in voted)
    families = len({one.family for one in voted})
    if len(voted) < LEAST_EXAMPLES:
        return f"not used: measured on {len(voted)} examples, {LEAST_EXAMPLES} are needed"
    if families < LEAST_FAMILIES:
        return f"not used: measured on {families} families, {LEAST_FAMILIES} are needed"
    if min(kinds[True], kinds[False]) < LEAST_OF_A_KIND:
        fewest = min(kinds[True], kinds[False])
        return f"not used: {fewest} of the examples of one kind, {LEAST_OF_A_KIND} are needed"
    for kappa, what in ((by_finding, "finding"), (by_label, "label")):
        if what == "label" and by == "finding":
            continue
        if kappa.high is not None and kappa.high < 0:
            return f"worse than chance by {what}, not used"
        if kappa.low is None or kappa.low <= 0:
            return f"no better than chance by {what}, not used"
    return ""


def trust(standing: Standing, by: str) -> float:
    """The kappa that a judge surely has; -1 where that is not known."""
    low = (standing.by_label if by == "label" else standing.by_finding).low
    return -1.0 if low is None else low


def standing_record(one: Standing) -> dict[str, Any]:
    """A judge as one line of a table."""
    return {
        "judge": one.judge,
        "used": "yes" if one.used else "no",
        "why": one.why,
        "kappa_by_label": one.by_label.told,
        "kappa_by_finding": one.by_finding.told,
        "kappa_with_verifier": one.with_verifier.told,
        "asked": one.asked,
        "read": one.read,
        "rows": one.rows,
        "agreed": one.agreed,
        "dollars": round(one.dollars, 6),
        "seconds": round(one.seconds, 1),
    }


def pair_record(one: Pair) -> dict[str, Any]:
    """Two judges as one line of a table."""
    return {"judges": f"{one.first}, {one.second}", "kappa": one.kappa.told}
