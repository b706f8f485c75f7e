"""What people are told: facts of a run, of spending, of the loop and of reviews, as alerts.

Everything here is pure. An alert's `key` is the same however often its facts are read, and
differs for every other event: the outbox keeps one alert for each key.
"""

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal
from urllib.parse import quote, urlencode

from pydantic import Field

from forgemind_assets.records import Record
from forgemind_assets.warden.alert_facts import (
    CheckFact,
    Facts,
    ReviewFact,
    RunFact,
    SpendingFact,
    StopFact,
)

Kind = Literal["check_failed", "run_failed", "approval_needed", "budget_warning", "stopped"]
Severity = Literal["info", "warning", "error"]
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "error")
# Percent of a limit at which people are warned, highest first.
LEVELS: tuple[tuple[int, Severity], ...] = ((100, "error"), (80, "warning"), (50, "info"))
# The asset that a question is about, where it is not a dataset.
REVIEWED = {"promotion_to_stable": "registry_entry", "suite_proposal": "champion"}
# Metadata of a check under these names are its threshold; any other number is its figure.
THRESHOLDS = ("threshold", "needed", "wanted", "limit", "maximum", "minimum", "at_least", "at_most")


class Alert(Record):
    """One thing that happened once, as people are told of it. Its texts are single lines."""

    key: str = Field(description="unique for the event: kind and hash of what makes it this one")
    kind: Kind
    goal: str
    partition: str | None
    severity: Severity
    title: str
    figure: str = Field(description="what was found, with its unit")
    threshold: str = Field(description="what was expected")
    link: str = Field(description="address in the Dagster UI")
    what_to_do: str
    happened: float = Field(description="seconds since 1970")


def alerts_from(facts: Facts, ui: str) -> list[Alert]:
    """The alerts of some facts, oldest first; `ui` is the address that links begin with."""
    found = [check_alert(fact, ui) for fact in facts.checks if not fact.passed]
    found += [run_alert(fact, ui) for fact in facts.runs if fact.final]
    found += [budget_alert(fact, *level, ui) for fact in facts.spending for level in reached(fact)]
    found += [stop_alert(fact, ui) for fact in facts.stops]
    found += [review_alert(fact, ui) for fact in facts.reviews]
    return sorted(found, key=lambda alert: (alert.happened, alert.key))


def check_alert(fact: CheckFact, ui: str) -> Alert:
    """A failed check, with the figures that its metadata name."""
    figure, threshold = figures(fact.metadata)
    blocked = " What follows in this run was not made." if fact.blocking else ""
    do = str(fact.metadata.get("what_to_do") or "Open the check: its metadata say what it found.")
    return _alert(
        "check_failed",
        (fact.run_id, fact.asset, fact.check, fact.partition),
        goal=fact.goal,
        partition=fact.partition,
        severity="error" if fact.severity == "ERROR" else "warning",
        title=f"Check {fact.check} of {fact.asset} failed: {fact.description}",
        figure=figure or fact.description or "the check failed",
        threshold=threshold or "the check must pass",
        link=asset_link(ui, fact.goal, fact.asset, fact.partition, fact.check),
        what_to_do=do + blocked,
        happened=fact.at,
    )


def run_alert(fact: RunFact, ui: str) -> Alert:
    """A run whose work nobody will try again."""
    return _alert(
        "run_failed",
        (fact.run_id,),
        goal=fact.goal,
        partition=fact.partition,
        severity="error",
        title=f"{fact.phase} failed for good: {fact.message}",
        figure=f"{fact.failures} failed runs of this work",
        threshold=f"at most {fact.allowed - 1} failures are tried again",
        link=f"{ui}/runs/{quote(fact.run_id, safe='')}",
        what_to_do="Read the run's log, mend the cause, and start the same command again.",
        happened=fact.at,
    )


def reached(fact: SpendingFact) -> list[tuple[int, Severity]]:
    """The highest warning level that is reached, as a list of one or none.

    Spending that passes two levels at once is one event. A limit of 0 allows only what is free.
    """
    share = fact.used / fact.limit * 100 if fact.limit > 0 else 0.0
    # Ten digits are finer than a billionth of a dollar on any limit, and 0.8 * 0.1 is not 0.08.
    return [level for level in LEVELS if round(share, 10) >= level[0]][:1]


def budget_alert(fact: SpendingFact, percent: int, severity: Severity, ui: str) -> Alert:
    """A warning level of one limit. A raised limit has its own warnings."""
    where = f" of {fact.scope}" if fact.scope else ""
    full = percent >= 100
    return _alert(
        "budget_warning",
        (fact.goal, fact.what, fact.scope, fact.limit, percent),
        goal=fact.goal,
        partition=fact.scope,
        severity=severity,
        title=f"{percent} % of the limit for {fact.what}{where} is used",
        figure=f"{_amount(fact.used, fact.unit)} used ({fact.used / fact.limit:.0%})",
        threshold=f"limit {_amount(fact.limit, fact.unit)}",
        link=asset_link(ui, fact.goal, "goal"),
        what_to_do="Nothing more is paid from it; raise the limit in goal.yaml to go on."
        if full
        else "Nothing, if this is as planned; the loop stops by itself at the limit.",
        happened=fact.at,
    )


def stop_alert(fact: StopFact, ui: str) -> Alert:
    """The end of a goal's loop."""
    do = "Look at the champion and its reports." if fact.goal_met else (
        f"forgemind report {fact.goal} says what is missing; change the goal or its limits and run "
        "it again, or leave it."
    )  # fmt: skip
    return _alert(
        "stopped",
        (fact.goal, fact.iteration, fact.reason),
        goal=fact.goal,
        partition=fact.iteration,
        severity="info" if fact.goal_met else "warning",
        title="The goal is met" if fact.goal_met else "The loop has stopped, the goal is not met",
        figure=fact.reason,
        threshold="the goal's pass rate and limits, in goal.yaml",
        link=asset_link(ui, fact.goal, "champion", fact.iteration),
        what_to_do=do,
        happened=fact.at,
    )


def review_alert(fact: ReviewFact, ui: str) -> Alert:
    """A question that waits for people."""
    asset = REVIEWED.get(fact.kind, "filtered_dataset")
    people = "one person" if fact.persons == 1 else f"{fact.persons} persons"
    return _alert(
        "approval_needed",
        (fact.review,),
        goal=fact.goal,
        partition=fact.partition,
        severity="warning",
        title=f"Approval needed: {fact.kind.replace('_', ' ')}",
        figure=fact.reason,
        threshold=f"the policy asks for the decision of {people}",
        link=asset_link(ui, fact.goal, asset, fact.partition),
        what_to_do=f"forgemind review show {fact.review}, then approve or reject with a reason.",
        happened=fact.at,
    )


def figures(metadata: Mapping[str, Any]) -> tuple[str, str]:
    """Figure and threshold among a check's metadata, as `name = value`; empty where none is."""
    numbers = {
        name: value
        for name, value in metadata.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    wanted = [f"{n} = {v:g}" for n, v in numbers.items() if n in THRESHOLDS]
    found = [f"{n} = {v:g}" for n, v in numbers.items() if n not in THRESHOLDS]
    return ", ".join(found[:3]), ", ".join(wanted[:2])


def asset_link(
    ui: str, goal: str, asset: str, partition: str | None = None, check: str | None = None
) -> str:
    """Address of an asset in the Dagster UI, at one check or partition if named."""
    view = {"view": "checks", "checkDetail": check} if check else {"view": "partitions"}
    query = (view if check or partition else {}) | ({"partition": partition} if partition else {})
    path = f"{ui}/assets/{quote(goal, safe='')}/{quote(asset, safe='')}"
    return f"{path}?{urlencode(query)}" if query else path


def plain(text: str, limit: int) -> str:
    """One line without control, formatting or other invisible characters, at most `limit` long.

    What an alert says may come from a teacher or a model: it must not forge a log line, a mail
    header, a terminal's colours, or the order of the letters.
    """
    visible = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text)
    short = " ".join(visible.split())
    return short if len(short) <= limit else short[: limit - 1] + "…"


def at_least(alerts: Iterable[Alert], severity: Severity) -> list[Alert]:
    """The alerts of a severity or a graver one."""
    return [a for a in alerts if SEVERITIES.index(a.severity) >= SEVERITIES.index(severity)]


def event_key(kind: Kind, parts: Sequence[Any]) -> str:
    """`check_failed-` and 32 hexadecimal digits: safe in a header, an address and a file name."""
    text = json.dumps([kind, *parts], ensure_ascii=False, separators=(",", ":"))
    return f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def _alert(kind: Kind, parts: Sequence[Any], **values: Any) -> Alert:
    limits = {"title": 240, "figure": 300, "threshold": 200, "what_to_do": 300}
    cut = {name: plain(values[name], limit) for name, limit in limits.items()}
    return Alert.model_validate(values | cut | {"key": event_key(kind, parts), "kind": kind})


def _amount(value: float, unit: Literal["$", "h"]) -> str:
    return f"${value:,.2f}" if unit == "$" else f"{value:,.2f} h"
