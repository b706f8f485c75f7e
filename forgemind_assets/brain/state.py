"""What the Brain knows: the tail of a goal's history, as plain records.

The state is read from runs (by tag) and from published artefacts, never from the existence of
a partition. It holds rates per slice; cases and errors of the gate are not in it.
"""

from typing import Literal

from pydantic import Field

from forgemind_assets.brain.fork import Fork
from forgemind_assets.brain.search.memory import PastTrial
from forgemind_assets.brain.slice_effects import SliceRecord
from forgemind_assets.records import Plan, Record
from forgemind_assets.trial_grounds.report import Rate, Report

Status = Literal["none", "running", "succeeded", "failed"]
Consent = Literal["none", "open", "approved", "rejected"]


class Work(Record):
    """One piece of work that a run does: preparing, one trial, concluding."""

    status: Status = "none"
    attempts: int = Field(default=0, ge=0, description="runs so far, however they ended")
    failures: int = Field(
        default=0, ge=0, description="runs that failed by themselves, not interrupted"
    )


class Score(Record):
    """One suite's result as the Brain sees it."""

    overall: Rate
    slices: dict[str, Rate] = Field(default_factory=dict)
    scores: dict[str, Rate] = Field(default_factory=dict)
    design_effect: float = Field(default=1.0, ge=1, description="of the overall rate")
    looks: int = Field(
        default=0,
        ge=0,
        description="results on the gate that its lower bound must allow for, where history asks "
        "for more than the contract does",
    )

    @staticmethod
    def of(report: Report) -> "Score":
        """The rates of a report."""
        return Score(
            overall=report.overall,
            slices=report.slices,
            scores=report.scores,
            design_effect=report.design_effect,
        )

    @property
    def rate(self) -> float:
        """Pass rate, 0 to 1."""
        return self.overall.rate


class TrialState(Record):
    """One trial: its work and, where published, its results."""

    work: Work = Work()
    test: Work = Field(default=Work(), description="on the gate, where it leads several trials")
    stopped_by_canary: bool = False
    cannot_win: str = Field(default="", description="why its race was ended early, if it was")
    beaten_by: str = Field(default="", description="the trial that it cannot win against")
    rungs: tuple[tuple[float, float], ...] = Field(
        default=(), description="(share of its steps, loss on held-out rows) of a race"
    )
    dev: Score | None = Field(default=None, description="None also for a race that was ended")
    full: Score | None = None
    adversarial: Score | None = None
    train_seconds: float | None = None

    @property
    def measured(self) -> bool:
        """Whether it has been through all of dev: only then is it compared with others."""
        return self.dev is not None and not self.stopped_by_canary and not self.cannot_win


class Yield(Record):
    """What one strategy gave in an iteration."""

    asked: int = 0
    made: int = 0
    kept: int = 0


class SourceRecord(Record):
    """What one source of rows, a strategy with a teacher, gave and cost over all iterations."""

    strategy: str
    teacher: str
    asked: int = Field(default=0, ge=0)
    kept: int = Field(default=0, ge=0, description="rows that the filters left")
    dollars: float = Field(default=0.0, ge=0)
    seconds: float = Field(default=0.0, ge=0, description="of all answers, added up")
    effect_low: float | None = Field(
        default=None, description="95 % interval of its effect on the slices of dev, if measured"
    )
    effect_high: float | None = None


class IterationState(Record):
    """One iteration: its plan, its work, its results."""

    key: str
    plan: Plan | None = None
    prepare: Work = Work()
    trials: dict[str, TrialState] = Field(default_factory=dict)
    conclude: Work = Work()
    champion: str | None = Field(default=None, description="trial that leads after this iteration")
    champion_full: Score | None = None
    leader: str | None = Field(default=None, description="best trial on dev after this iteration")
    yields: dict[str, Yield] = Field(default_factory=dict)
    sources: tuple[SourceRecord, ...] = Field(
        default=(), description="of all iterations up to this one"
    )
    rows_kept: int = 0
    slice_rows: dict[str, int] = Field(
        default_factory=dict, description="rows of this iteration that were kept, by slice"
    )
    hours: float = Field(default=0.0, description="hours of work that this iteration took")
    api_dollars: float = Field(default=0.0, description="spent on teachers in this iteration")
    promote: Work = Work()
    consent: Consent = Field(
        default="none", description="what people said of the champion's promotion, if asked"
    )
    review: str = Field(default="", description="id of the review that asks them")
    held_back: str = Field(
        default="", description="why a champion that meets the goal was not promoted, in totals"
    )
    refuted: bool = Field(default=False, description="held back by what the sealed suite says")

    @property
    def winner(self) -> str | None:
        """Name of the trial that leads on dev, the first of equals; None where none got through."""
        rates = {n: t.dev.rate for n, t in self.trials.items() if t.dev and t.measured}
        return min(rates, key=lambda name: (-rates[name], name), default=None)

    @property
    def dev(self) -> Score | None:
        """The best dev result of its trials; of those the canary stopped if there is no other."""
        if self.winner is not None:
            return self.trials[self.winner].dev
        scores = [trial.dev for trial in self.trials.values() if trial.dev is not None]
        return max(scores, key=lambda score: score.rate, default=None)


class State(Record):
    """The tail of the history, oldest first, and what has been used so far."""

    iterations: tuple[IterationState, ...] = ()
    hours_used: float = 0.0
    api_dollars: float = 0.0
    gpu_dollars: float = 0.0
    fork: Fork | None = Field(default=None, description="where the line comes from, if forked")
    stop_requested: str | None = Field(
        default=None, description="who asked for the end after the work under way, and why"
    )
    path: tuple[float, ...] = Field(
        default=(),
        description="dev pass rate of who leads on dev, after each of the newest trained "
        "iterations of this line, oldest first",
    )
    past: tuple[PastTrial, ...] = Field(
        default=(), description="trials that the iterations before the tail handed on"
    )
    slices: tuple[SliceRecord, ...] = Field(
        default=(), description="what past rows did to the slices of dev, handed on by a plan"
    )

    @property
    def last(self) -> IterationState | None:
        """The newest iteration."""
        return self.iterations[-1] if self.iterations else None
