"""Looks at the gate, kept in the signed registry record: what each took of a goal's two budgets.

A result on the gate is looked at when an iteration is concluded. The look is recorded before the
conclusion is published, in the record of the goal that all its lines come from, so that nothing
that happens to artefacts gives it back: neither a trial that is made again and concluded anew, nor
a conclusion or a line that is deleted, nor a limit that is raised or lowered. The same comparison
of the same results is one look however often it is concluded.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import Field

from forgemind_assets.brain.state import Score
from forgemind_assets.faults import fault
from forgemind_assets.goal import Goal
from forgemind_assets.partitions import iteration_number, split_trial
from forgemind_assets.records import Record
from forgemind_assets.trial_grounds.report import Report
from resources.forks import root_of
from resources.registrations import Event, open_registrations
from resources.workshop import Workshop

MOST_LOOKS = 10**9


class Look(Record):
    """One look, as its entry in the record holds it."""

    line: str
    iteration: str
    content: str = Field(description="SHA-256 over the results that were compared")
    level: float | None = Field(description="what the p value had to reach; None: no comparison")
    spent: float = Field(description="of success.alpha")
    looks: int = Field(description="results that its lower bound allows for")


@dataclass(frozen=True)
class Allowance:
    """What a look may take.

    Attributes:
        spent: of success.alpha, by all other looks of all lines of the goal.
        looks: results that the lower bound must hold for, all at once.
        earlier: the very same look, where it was taken before.
    """

    spent: float
    looks: int
    earlier: Look | None = None


def content_of(trial: str, passed: Mapping[str, bool], rival: str, held: Mapping[str, bool]) -> str:
    """What makes two looks the same: who is compared, and each result on each case."""
    told = [trial, sorted(passed.items()), rival, sorted(held.items())]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def allowance(goal: Goal, workshop: Workshop, iteration: str, content: str = "") -> Allowance:
    """What the looks so far leave for one at a result of an iteration."""
    known = looks_of(_events(goal, workshop))
    same = [one for one in known if _is(one, goal.name, iteration, content)]
    others = [one for one in known if one not in same]
    planned = goal.spec.limits.max_iterations + 1 - iteration_number(iteration)
    return Allowance(
        spent=math.fsum(one.spent for one in others),
        looks=same[-1].looks if same else next_looks(goal.spec.looks, others, max(1, planned)),
        earlier=same[-1] if same else None,
    )


def spent_by_looks(goal: Goal, workshop: Workshop) -> float:
    """What all recorded looks of all lines of a goal took of `success.alpha`."""
    return math.fsum(one.spent for one in looks_of(_events(goal, workshop)))


def next_looks(least: int, known: list[Look], planned: int) -> int:
    """How many results the next bound must allow for, so that all bounds ever given hold at once.

    A bound that allows for n results takes 1/n of what the goal's confidence leaves for error. What
    is left of it is shared among the looks that the limit still allows and one that is kept back,
    as `next_level` shares alpha, so a limit that is raised, or a line that is forked, has something
    to go on with and never more than that.
    """
    left = 1 - math.fsum(1 / one.looks for one in known)
    if left * MOST_LOOKS <= planned + 1:
        return MOST_LOOKS
    return max(least, math.ceil((planned + 1) / left - 1e-9))


def record_look(goal: Goal, workshop: Workshop, tested: str, look: Look, told: str) -> None:
    """Records a look at a trial's result with what it took, and the sentence that came of it."""
    open_registrations(workshop.home).record(
        "gate_looked",
        goal=root_of(workshop.store, goal.name),
        version="",
        trial=tested,
        adapter_version=workshop.store.manifest(goal.name, "adapter", tested).version,
        reason=told,
        by="champion",
        evidence=look.model_dump(mode="json"),
    )
    fault("look.recorded")


def score_of_gate(goal: Goal, workshop: Workshop, trial: str, report: Report) -> Score:
    """A gate report as the goal check takes it: with the looks that its bound must allow for."""
    events = _events(goal, workshop)
    own = [e for e in events if e.adapter_version == report.model_hash and e.trial == trial]
    known = looks_of(own)
    looks = known[-1].looks if known else allowance(goal, workshop, split_trial(trial)[0]).looks
    return Score.of(report).model_copy(update={"looks": looks})


def looks_of(events: list[Event]) -> list[Look]:
    """The looks that a record holds, oldest first."""
    return [Look.model_validate(e.evidence) for e in events if e.action == "gate_looked"]


def _is(one: Look, line: str, iteration: str, content: str) -> bool:
    return (one.line, one.iteration, one.content) == (line, iteration, content)


def _events(goal: Goal, workshop: Workshop) -> list[Event]:
    return open_registrations(workshop.home).events(root_of(workshop.store, goal.name))
