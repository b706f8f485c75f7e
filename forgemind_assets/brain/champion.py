"""The comparison of an iteration's trials with the champion before them. Pure."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from forgemind_assets.brain.state import Score
from forgemind_assets.records import Record
from forgemind_assets.trial_grounds.statistics import mcnemar_exact


class Candidate(Record):
    """A trial with its results; `passed` says for each gate case whether it passed."""

    trial: str
    dev: Score
    full: Score
    passed: dict[str, bool] = Field(description="gate case id -> passed; never shown to the Brain")


class Champion(Record):
    """Who leads after an iteration, and why."""

    trial: str
    full: Score
    dev: Score
    before: str | None = None
    changed: bool
    reason: str
    gained: int = Field(default=0, description="gate cases that only the new one passes")
    lost: int = Field(default=0, description="gate cases that only the one before passes")
    p_value: float | None = Field(default=None, description="exact McNemar, two-sided")
    hours_used: float = Field(default=0.0, description="hours of the whole loop so far")
    iteration_hours: float = 0.0


def crown(
    candidates: list[Candidate],
    before: Champion | None,
    before_passed: Mapping[str, bool],
) -> Champion | None:
    """The champion after an iteration, or None where there has never been one.

    The best of the trials is chosen on dev; it replaces the champion only when it passes more
    gate cases, counted on the same cases.
    """
    best = max(candidates, key=lambda c: (c.dev.rate, c.full.rate, c.trial), default=None)
    if best is None:
        if before is None:
            return None
        return before.model_copy(
            update={
                "before": before.trial,
                "changed": False,
                "reason": f"no trial finished: {before.trial} stays",
                "gained": 0,
                "lost": 0,
                "p_value": None,
            }
        )
    if before is None:
        return Champion(
            trial=best.trial,
            full=best.full,
            dev=best.dev,
            changed=True,
            reason=f"{best.trial} is the first champion at {best.full.rate:.1%}",
        )
    return duel(best, before, before_passed)


def duel(best: Candidate, before: Champion, before_passed: Mapping[str, bool]) -> Champion:
    """The paired comparison of one candidate with the champion."""
    shared = best.passed.keys() & before_passed.keys()
    gained = sum(best.passed[i] and not before_passed[i] for i in shared)
    lost = sum(before_passed[i] and not best.passed[i] for i in shared)
    facts: dict[str, Any] = {
        "before": before.trial,
        "gained": gained,
        "lost": lost,
        "p_value": mcnemar_exact(gained, lost),
    }
    numbers = (
        f"{best.full.rate:.1%} against {before.full.rate:.1%} on {len(shared)} shared cases: "
        f"{gained} gained, {lost} lost, p = {facts['p_value']:.2g}"
    )
    if gained > lost:
        return Champion(
            trial=best.trial,
            full=best.full,
            dev=best.dev,
            changed=True,
            reason=f"{best.trial} replaces {before.trial}: {numbers}",
            **facts,
        )
    return Champion(
        trial=before.trial,
        full=before.full,
        dev=before.dev,
        changed=False,
        reason=f"{before.trial} stays: {best.trial} had {numbers}",
        **facts,
    )
