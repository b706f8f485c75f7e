"""Openings of the sealed suite, as the signed registry record holds them: for whom, by whom, with
what totals. Never a case. Loads neither Dagster nor MLflow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from forgemind_assets.goal import Goal
from forgemind_assets.goal_loading import suite_digests
from forgemind_assets.home import Home
from forgemind_assets.lorekeeper.sealed import SealedVerdict
from forgemind_assets.lorekeeper.store import Store
from resources.forks import lines_of
from resources.registrations import Event, Registrations, open_registrations

ASSET = "sealed_report"
WORDS = {True: "holds", False: "refused", None: "no result"}


@dataclass(frozen=True)
class Opening:
    """One opening of the sealed suite; `verdict` is None where it was cut off."""

    event: Event
    verdict: SealedVerdict | None

    @property
    def suite(self) -> str:
        """SHA-256 of the suite that was opened."""
        return self.event.evidence["suite"]

    @property
    def facts(self) -> dict[str, Any]:
        """Plain data, with rates per slice."""
        event, verdict = self.event, self.verdict
        known: dict[str, Any] = {
            "at": datetime.fromtimestamp(event.at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
            "version": event.version,
            "trial": event.trial,
            "by": event.by,
            "why": event.reason,
            "suite": self.suite,
            "holds": None,
        }
        if verdict is None:
            return known | {"result": "cut off: promoting the version again goes on with it"}
        slices = sorted(verdict.score.slices.items())
        return known | {
            "holds": verdict.holds,
            "result": verdict.reason,
            "passed": verdict.score.overall.passed,
            "cases": verdict.score.overall.total,
            "slices": {name: f"{rate.passed} of {rate.total}" for name, rate in slices},
            "p_value_against_gate": verdict.gate_p_value,
            "p_value_against_stable": verdict.stable_p_value,
        }

    @property
    def sentence(self) -> str:
        """When, for which version, and what came out."""
        facts = self.facts
        return (
            f"{facts['at']} for version {facts['version']}, by {facts['by']}: "
            f"{WORDS[facts['holds']]}: {facts['result']}"
        )


def openings_of(events: Sequence[Event]) -> list[Opening]:
    """The openings that a goal's record holds, oldest first, each with its result."""
    results = {
        (event.adapter_version, event.evidence["suite"]): SealedVerdict.model_validate(
            event.evidence["verdict"]
        )
        for event in events
        if event.action == "sealed_read"
    }
    return [
        Opening(event, results.get((event.adapter_version, event.evidence["suite"])))
        for event in events
        if event.action == "sealed_opened"
    ]


def used(known: Registrations, store: Store, goal: str, suite: str) -> int:
    """How often the sealed suite was opened, by the goal and by all lines forked from it.

    And by any other goal of the installation that has the very same suite: what was learned of it
    is known, whatever name the goal had. `suite` is its SHA-256.
    """
    lines = lines_of(store, goal)
    return sum(
        one.event.goal in lines or one.suite == suite
        for name in known.goals()
        for one in openings_of(known.events(name))
    )


def openings_for(home: Home, goal: str, version: str) -> list[Opening]:
    """The openings for one version."""
    found = openings_of(open_registrations(home).events(goal))
    return [one for one in found if one.event.version == version]


def openings_used(goal: Goal, home: Home) -> int:
    """`used` for a goal as it is now."""
    suite = suite_digests(goal)["sealed"]
    return used(open_registrations(home), Store(home.store), goal.name, suite)


def sealed_facts(goal: Goal, home: Home) -> dict[str, Any]:
    """Openings used and allowed over all lines of the goal, and this line's own."""
    known = open_registrations(home)
    return {
        "openings_used": openings_used(goal, home),
        "openings_allowed": goal.spec.limits.sealed_openings,
        "openings": [one.facts for one in openings_of(known.events(goal.name))],
    }


def sealed_line(goal: Goal, home: Home) -> str:
    """`opened 1 of 5 times`."""
    return f"opened {openings_used(goal, home)} of {goal.spec.limits.sealed_openings} times"
