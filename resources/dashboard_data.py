"""What the dashboard shows, read from the store and the ledger. Loads neither Dagster nor MLflow.

Where something cannot be read, the page says so; nothing is shown as empty that was not read.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property

from forgemind_assets.brain.champion import Champion
from forgemind_assets.brain.stop_report import StopReport
from forgemind_assets.dashboard.records import (
    AlertLine,
    GoalLine,
    GoalPage,
    ReviewPage,
    Spending,
    TeacherCost,
    TrialLine,
)
from forgemind_assets.goal import Goal
from forgemind_assets.home import Home
from forgemind_assets.lorekeeper.store import Store
from forgemind_assets.partitions import split_trial, trial_key
from forgemind_assets.records import Plan, TrialSettings
from forgemind_assets.trial_grounds.report import Report, read_report
from forgemind_assets.warden.reviews import Review
from resources.alerts import Outbox
from resources.dashboard_datasets import newest_dataset
from resources.forks import read_fork
from resources.ledger import Ledger
from resources.openings import openings_for, sealed_line
from resources.outcome import read_outcome
from resources.progress import only_waits, read_progress
from resources.registrations import open_registrations, stable_version
from resources.reviews import Reviews, open_reviews
from resources.source_accounts import goal_accounts
from resources.stop_reports import read_stop_report
from resources.stop_wishes import StopWishes
from resources.turns import read_turns, stopped_because

SUITES = {"dev": "canary_report", "full": "benchmark_report", "adversarial": "adversarial_report"}
ALERTS = 30
# More iterations than a person reads at once; the table of trials shows them all.
ACCOUNTS_OF = 5


class Source:
    """Reads an installation, anew at every call."""

    def __init__(self, home: Home, goals: Sequence[Goal]):
        self.home = home
        self.goals: Mapping[str, Goal] = {goal.name: goal for goal in goals}
        self.store = Store(home.store)

    @cached_property
    def reviews(self) -> Reviews:
        """The review queue."""
        return open_reviews(self.home)

    @cached_property
    def wishes(self) -> StopWishes:
        """What people asked of the loops."""
        return StopWishes(self.home)

    @cached_property
    def outbox(self) -> Outbox:
        """Alerts."""
        self.home.root.mkdir(parents=True, exist_ok=True)
        return Outbox(self.home.ledger_url)

    @cached_property
    def ledger(self) -> Ledger:
        """Money and answers."""
        self.home.root.mkdir(parents=True, exist_ok=True)
        return Ledger(self.home.ledger_url)

    def lines(self) -> list[GoalLine]:
        """All goals. Raises StoreError where records were tampered with."""
        queue = self.queue()
        return [self._line(goal, queue) for goal in self.goals.values()]

    def queue(self) -> list[Review]:
        """The reviews of these goals, oldest first. Raises StoreError if tampered with."""
        return [r for r in self.reviews.state() if r.question.subject.goal in self.goals]

    def alerts(self, goal: str | None = None) -> tuple[AlertLine, ...]:
        """The newest alerts, oldest first; of all goals, and of none, if no goal is named."""
        found = self.outbox.read_inbox(goal, ALERTS)
        return tuple(AlertLine(one.alert, one.undelivered) for one in found)

    def goal(self, name: str) -> GoalPage:
        """All of one goal. Raises KeyError for another's name, StoreError if tampered with."""
        goal = self.goals[name]
        trials = self._trials(name)
        champion = self._champion(name)
        sources, fork = goal_accounts(self.store, name), read_fork(self.store, name)
        return GoalPage(
            name=name,
            task=goal.spec.task.description,
            wanted=goal.spec.success.pass_rate,
            standing=self._standing(name),
            stable=self.stable(name),
            trials=trials,
            champion=self._report(name, "full", champion.trial) if champion else None,
            champion_reason=champion.reason if champion else "",
            dataset=newest_dataset(self.store, name),
            accounts=sources.iterations[-ACCOUNTS_OF:],
            effects=sources.effects,
            judges=sources.judges,
            turns=read_turns(self.store, self.ledger, name),
            stop=self._stop(name),
            origin=fork.sentence if fork else "",
            sealed=sealed_line(goal, self.home),
            wish=self._wish(name),
            costs=self._costs(goal),
            spending=self._spending(goal, [line.trial for line in trials], champion),
            alerts=self.alerts(name),
            reviews=tuple(r for r in self.queue() if r.question.subject.goal == name),
        )

    def review(self, identity: str) -> ReviewPage:
        """A review with its evidence.

        Raises:
            KeyError: there is none of exactly this id among these goals.
            StoreError: the records were tampered with.
        """
        review = {one.id: one for one in self.queue()}[identity]
        subject = review.question.subject
        stable = self.stable(subject.goal)
        promotion = review.question.kind == "promotion_to_stable"
        return ReviewPage(
            review=review,
            reports=self._reports(subject.goal, subject.partition),
            stable=stable,
            champion_reason=self._comparison(subject.goal, subject.partition),
            can_be_stable=promotion and review.status == "approved" and stable != subject.version,
            changed=tuple(self._changes(review)),
            sealed=tuple(
                one.sentence for one in openings_for(self.home, subject.goal, subject.version)
            ),
            sealed_left=sealed_line(self.goals[subject.goal], self.home) if promotion else "",
        )

    def stable(self, goal: str) -> str | None:
        """The version that `stable` points at by the signed record."""
        return stable_version(open_registrations(self.home).events(goal))

    def _changes(self, review: Review) -> list[str]:
        """What is no longer as it was when the question was asked."""
        subject, found = review.question.subject, []
        if subject.partition is None:
            return []
        asked = {"adapter": subject.adapter} if subject.adapter else {}
        for asset, version in (asked | subject.reports).items():
            exists = self.store.exists(subject.goal, asset, subject.partition)
            manifest = (
                self.store.manifest(subject.goal, asset, subject.partition) if exists else None
            )
            if manifest is None:
                found.append(f"{asset} of {subject.partition} is not in the store any more.")
            elif manifest.version != version:
                found.append(
                    f"{asset} of {subject.partition} is another one now than the question is "
                    "about: an approval would not hold for it."
                )
        return found

    def _line(self, goal: Goal, queue: Sequence[Review]) -> GoalLine:
        name, champion = goal.name, self._champion(goal.name)
        mine = [r for r in queue if r.question.subject.goal == name and r.status == "open"]
        return GoalLine(
            name=name,
            task=goal.spec.task.description,
            wanted=goal.spec.success.pass_rate,
            best=champion.full.rate if champion else None,
            iterations=len(self.store.partitions(name, "plan")),
            standing=self._standing(name),
            open_reviews=len(mine),
            stable=self.stable(name),
        )

    def _stop(self, goal: str) -> StopReport | None:
        """The report of the loop's end, while it has ended."""
        ended = read_outcome(self.home, goal) is not None
        return read_stop_report(self.store, goal) if ended else None

    def _wish(self, goal: str) -> str:
        wish = self.wishes.wished(goal)
        return wish.sentence if wish else ""

    def _standing(self, goal: str) -> str:
        outcome, progress = read_outcome(self.home, goal), read_progress(self.home, goal)
        if outcome is not None:
            return f"{'goal met' if outcome.goal_met else 'stopped'}: {outcome.reason}"
        if progress is None:
            return "not started"
        at = f"{progress['where']}, {progress['stage']}"
        if only_waits(progress):
            return at
        total = f" of {progress['total']:g}" if progress["total"] else ""
        return f"{at}: {progress['done']:g}{total} {progress['unit']}"

    def _trials(self, goal: str) -> tuple[TrialLine, ...]:
        lines: list[TrialLine] = []
        for key in self.store.partitions(goal, "plan"):
            plan = Plan.model_validate(self.store.read_json(goal, "plan", key, "plan.json"))
            leader = self._champion(goal, key)
            for trial in plan.trials:
                name = trial_key(key, trial.name)
                lines.append(
                    TrialLine(
                        iteration=key,
                        trial=name,
                        tries=self._tries(goal, plan, trial),
                        reports=self._reports(goal, name),
                        champion=leader is not None and leader.trial == name,
                        registered=self._version(goal, key, name),
                    )
                )
        return tuple(lines)

    def _tries(self, goal: str, plan: Plan, trial: TrialSettings) -> str:
        """Why a trial is tried, and why it was stopped, if it was."""
        told = trial.why or plan.hypothesis
        stopped = stopped_because(self.store, goal, trial_key(plan.iteration, trial.name))
        return f"{told} Stopped: {stopped}." if stopped else told

    def _reports(self, goal: str, trial: str | None) -> dict[str, Report]:
        found = {suite: self._report(goal, suite, trial) for suite in SUITES} if trial else {}
        return {suite: report for suite, report in found.items() if report is not None}

    def _report(self, goal: str, suite: str, trial: str) -> Report | None:
        if not self.store.exists(goal, SUITES[suite], trial):
            return None
        return read_report(self.store.folder(goal, SUITES[suite], trial))

    def _version(self, goal: str, iteration: str, trial: str) -> str | None:
        if not self.store.exists(goal, "registry_entry", iteration):
            return None
        entry = self.store.read_json(goal, "registry_entry", iteration, "entry.json")
        return entry["version"] if entry["trial"] == trial else None

    def _champion(self, goal: str, iteration: str | None = None) -> Champion | None:
        """The champion after an iteration; the newest one if none is named."""
        newest = iteration or next(reversed(self.store.partitions(goal, "champion")), None)
        if newest is None or not self.store.exists(goal, "champion", newest):
            return None
        text = self.store.read_json(goal, "champion", newest, "champion.json")
        return Champion.model_validate(text)

    def _comparison(self, goal: str, trial: str | None) -> str:
        try:
            champion = self._champion(goal, split_trial(trial or "")[0])
        except ValueError:
            return ""
        return champion.reason if champion and champion.trial == trial else ""

    def _costs(self, goal: Goal) -> tuple[TeacherCost, ...]:
        found = []
        for teacher in goal.spec.teachers:
            used = self.ledger.usage(goal.name, teacher=teacher.name)
            found.append(
                TeacherCost(
                    teacher.name,
                    used.responses,
                    used.input_tokens,
                    used.output_tokens,
                    used.dollars,
                )
            )
        return tuple(found)

    def _spending(
        self, goal: Goal, trials: Sequence[str], champion: Champion | None
    ) -> tuple[Spending, ...]:
        limits, ledger, name = goal.spec.limits, self.ledger, goal.name
        api = ledger.spent(name, "api")
        hours = champion.hours_used if champion else 0.0
        found = [
            Spending("APIs", None, api, limits.api_dollars_per_goal, "$"),
            Spending("hours of work", None, hours, limits.hours, "h"),
        ]
        for trial in reversed(trials):
            used = ledger.spent(name, "gpu", trial)
            if used:
                found.append(Spending("GPU time", trial, used, limits.gpu_dollars_per_try, "$"))
        return tuple(found)
