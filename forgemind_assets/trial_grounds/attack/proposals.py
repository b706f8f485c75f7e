"""Which attacks may be proposed for the adversarial suite, and how a person is asked."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from forgemind_assets.trial_grounds.attack.records import WRITTEN, Attack, Outcome
from forgemind_assets.warden.concerns import Concern

Near = Callable[[Sequence[str]], Sequence[bool]]
"""Whether each of some texts is too near to one that is known, and nothing else."""
LINES = "suite_lines"


@dataclass(frozen=True)
class Barrier:
    """What keeps an attack from being proposed: a stable reason, and who says so."""

    reason: str
    near: Near


@dataclass(frozen=True)
class Selection:
    """What is proposed, and how many were dropped for which reason."""

    chosen: tuple[Outcome, ...]
    dropped: dict[str, int]


def select(
    outcomes: Iterable[Outcome],
    barriers: Sequence[Barrier],
    asked: frozenset[str],
    like_another: Callable[[str, Sequence[str]], bool],
    *,
    count: int,
) -> Selection:
    """Up to `count` attacks that fooled the model, of each kind as many as of the others.

    Only a teacher's own text is taken: a mutant is kin of a dev case. One that was proposed before
    (its id is in `asked`) is not proposed again, and of attacks that are alike the first counts.
    """
    fooled = [one for one in outcomes if one.fooled]
    own = [one for one in fooled if one.attack.kind.startswith(WRITTEN)]
    dropped = Counter(made_of_a_dev_case=len(fooled) - len(own))
    new = [one for one in own if one.attack.id not in asked]
    dropped["asked_before"] = len(own) - len(new)
    for barrier in barriers:
        near = barrier.near([one.attack.input for one in new])
        dropped[barrier.reason] += sum(near)
        new = [one for one, found in zip(new, near, strict=True) if not found]
    chosen: list[Outcome] = []
    for one in _by_kind(new):
        if len(chosen) == count:
            break
        if like_another(one.attack.input, [other.attack.input for other in chosen]):
            dropped["like_another_proposal"] += 1
        else:
            chosen.append(one)
    return Selection(tuple(chosen), {name: n for name, n in dropped.items() if n})


def _by_kind(outcomes: Sequence[Outcome]) -> list[Outcome]:
    groups: defaultdict[str, list[Outcome]] = defaultdict(list)
    for one in outcomes:
        groups[one.attack.kind].append(one)
    longest = max((len(group) for group in groups.values()), default=0)
    ordered = [groups[name] for name in sorted(groups)]
    return [group[n] for n in range(longest) for group in ordered if n < len(group)]


def proposal(outcome: Outcome, goal: str, model: str) -> Concern:
    """The question to a person: the ready line, why its label holds, and what fooled whom."""
    attack = outcome.attack
    return Concern(
        kind="suite_proposal",
        reason=f"an attack of the kind {attack.kind}, slice {attack.slice}, fooled {model}: is it "
        "a fair case with a right label for the adversarial suite?",
        evidence={
            "input": attack.input.rstrip("\n").split("\n"),
            "expected": attack.expected,
            "verified_by": attack.verified,
            "answer_of_the_model": outcome.answer,
            "model": model,
            "written_by": attack.teacher or "",
            "request": attack.parent,
            LINES: [suite_line(attack)],
            "when_approved": f"nothing is added by itself; forgemind attack {goal} --approved "
            "prints the approved lines, to be put into the adversarial suite by you",
        },
        marks={},
    )


def suite_line(attack: Attack) -> str:
    """The attack as a line of a suite, a family of its own; no letter of it moves a cursor."""
    case: dict[str, Any] = attack.case.model_dump(exclude={"canary"})
    return json.dumps(case | {"written_by": attack.teacher})
