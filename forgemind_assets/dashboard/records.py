"""What the pages show: plain records, read elsewhere."""

from dataclasses import dataclass, field
from typing import Any

from forgemind_assets.brain.stop_report import StopReport
from forgemind_assets.brain.turns import Turn
from forgemind_assets.foundry.accounts import IterationAccounts
from forgemind_assets.foundry.browsing import RowQuery
from forgemind_assets.foundry.effects import Effect
from forgemind_assets.foundry.judging.standing import Standing
from forgemind_assets.trial_grounds.report import Report
from forgemind_assets.warden.alerts import Alert
from forgemind_assets.warden.reviews import Review
from forgemind_assets.warden.scan_report import LayerSummary


@dataclass(frozen=True)
class GoalLine:
    """One goal in the list."""

    name: str
    task: str
    wanted: float
    best: float | None
    iterations: int
    standing: str
    open_reviews: int
    stable: str | None


@dataclass(frozen=True)
class TrialLine:
    """One trial; a report is missing where its suite has not run on it.

    `tries` is why it is tried: the iteration's hypothesis for the first, the search's words for
    those beside it; then why it was stopped, if it was.
    """

    iteration: str
    trial: str
    tries: str
    reports: dict[str, Report]
    champion: bool
    registered: str | None


@dataclass(frozen=True)
class Stage:
    """One stage of the filter funnel."""

    name: str
    rows_in: int
    rows_out: int
    reasons: str


@dataclass(frozen=True)
class Dataset:
    """The newest filtered dataset; `layers` is None where its safety layers are not recorded."""

    iteration: str
    kept: int
    rejected: int
    funnel: tuple[Stage, ...]
    layers: tuple[LayerSummary, ...] | None


@dataclass(frozen=True)
class TeacherCost:
    """What the answers of one teacher have used, as the ledger holds it."""

    teacher: str
    responses: int
    input_tokens: int
    output_tokens: int
    dollars: float


@dataclass(frozen=True)
class Spending:
    """What is used of one limit; `scope` is the trial where the limit is one trial's."""

    what: str
    scope: str | None
    used: float
    limit: float
    unit: str


@dataclass(frozen=True)
class AlertLine:
    """One alert of the inbox."""

    alert: Alert
    undelivered: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class GoalPage:
    """All that the page of a goal shows."""

    name: str
    task: str
    wanted: float
    standing: str
    stable: str | None
    trials: tuple[TrialLine, ...]
    champion: Report | None
    champion_reason: str
    dataset: Dataset | None
    accounts: tuple[IterationAccounts, ...]
    effects: tuple[Effect, ...]
    costs: tuple[TeacherCost, ...]
    spending: tuple[Spending, ...]
    alerts: tuple[AlertLine, ...]
    reviews: tuple[Review, ...]
    judges: tuple[Standing, ...] = ()
    turns: tuple[Turn, ...] = ()
    stop: StopReport | None = None
    origin: str = ""
    """Where the goal was forked from, in words; empty for one that was not."""
    sealed: str = ""
    """How often the sealed suite was opened, of how often it may be."""
    wish: str = ""
    """Who asked the loop to end, and why; empty where nobody did."""


@dataclass(frozen=True)
class StopForm:
    """What a goal's page needs to let a person ask for the end of its loop."""

    token: str
    reviewer: str
    reason: str = ""


@dataclass(frozen=True)
class RowsPage:
    """Some rows of a dataset; `number` counts pages from 1, `choices` are values to filter by."""

    goal: str
    iteration: str
    query: RowQuery
    total: int
    number: int
    pages: int
    rows: tuple[dict[str, Any], ...]
    choices: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class ReviewForm:
    """What a page needs to let a person decide; None in its place where only looking is allowed.

    `reviewer` is the name that is recorded where no other is stated.
    """

    tokens: dict[str, str]
    reviewer: str
    reason: str = ""


@dataclass(frozen=True)
class ReviewPage:
    """A review with its evidence. `reports` are those of the trial as they are now.

    `can_be_stable`: it is an approved promotion whose version is not `stable` by the record.
    """

    review: Review
    reports: dict[str, Report]
    stable: str | None
    champion_reason: str
    can_be_stable: bool
    changed: tuple[str, ...] = ()
    sealed: tuple[str, ...] = ()
    """Openings of the sealed suite for this version, in totals."""
    sealed_left: str = ""
    making: str = ""
    """How far its promotion has come, while it is under way."""
    refused: str = ""
    """Why its last promotion came to nothing."""
