"""The review queue as promotions ask it: about one version, its adapter and its reports."""

import os
from typing import Any, Literal

from forgemind_assets.brain.champion import Champion
from forgemind_assets.goal import Goal
from forgemind_assets.lorekeeper.comparison import read_reports, slice_changes
from forgemind_assets.lorekeeper.promotion import Approval
from forgemind_assets.lorekeeper.store import Store
from forgemind_assets.partitions import split_trial
from forgemind_assets.warden.concerns import rules_of
from forgemind_assets.warden.policy_files import effective_policy
from forgemind_assets.warden.reviews import (
    Question,
    Review,
    Subject,
    approvers,
    identify,
    refusals,
)
from resources.registry import Registry
from resources.reviews import open_reviews
from resources.workshop import Workshop

REPORTS = ("canary_report", "benchmark_report", "adversarial_report")
Consent = Literal["open", "approved", "rejected"]


class GoalApprovals:
    """What people said of promoting this goal's versions, under today's policy."""

    def __init__(self, goal: Goal, workshop: Workshop):
        self._goal, self._workshop = goal, workshop
        self._reviews = open_reviews(workshop.home)
        self._policy = effective_policy(goal.spec.policy).approval
        self._rules = rules_of(self._policy)

    def approved(self, goal: str, version: str, adapter_hash: str) -> Approval | None:
        """The consent to this version with these weights and today's reports, or None.

        Raises:
            StoreError: the review records were tampered with.
        """
        subject = self._subject(version)
        if goal != self._goal.name or subject.adapter != adapter_hash:
            return None
        review = self._reviews.of("promotion_to_stable", subject)
        if review is None or refusals(review, subject, self._rules):
            return None
        last = review.rulings[-1]
        names = tuple(sorted(approvers(review, self._rules)))
        return Approval(review=review.id, reviewers=names, reason=last.reason, at=last.at)

    def doubt(self, goal: str, version: str, adapter_hash: str) -> str | None:
        """Why these weights are held back as too good to be true, or None.

        Raises:
            StoreError: the review records were tampered with.
        """
        found = self._held(goal, version, adapter_hash)
        if not found:
            return None
        said = refusals(found[0], found[0].question.subject, self._rules)[0]
        return f"people were asked whether it is too good to be true: {said}"

    def ask(self, version: str, reason: str) -> Review:
        """Puts the promotion of a version before people; asked again it is the same review."""
        subject = self._subject(version)
        who = identify(None, os.environ)
        return self._reviews.ask(
            Question(
                kind="promotion_to_stable",
                subject=subject,
                reason=reason,
                evidence=evidence(self._workshop.store, subject),
                asked_by=who,
                owners=(who,),
                rules=self._rules,
            )
        )

    def standing(self, version: str) -> tuple[Consent, str]:
        """How far people are with a version's promotion, and the id of the review that decides.

        One rejection is a rejection; all that were asked must have agreed. Open if not asked.
        """
        subject = self._subject(version)
        parts: list[tuple[Consent, str]] = [
            ("rejected" if review.status == "rejected" else "open", review.id)
            for review in self._held(subject.goal, version, subject.adapter)
        ]
        if self._policy.promotion_to_stable:
            parts.append(self._consent(subject))
        order: tuple[Consent, ...] = ("rejected", "open", "approved")
        return min(parts, key=lambda part: order.index(part[0]), default=("approved", ""))

    def _consent(self, subject: Subject) -> tuple[Consent, str]:
        review = self._reviews.of("promotion_to_stable", subject)
        if review is None:
            return "open", ""
        if review.status == "rejected":
            return "rejected", review.id
        refused = refusals(review, subject, self._rules)
        return ("open" if refused else "approved"), review.id

    def _held(self, goal: str, version: str, adapter: str | None) -> list[Review]:
        """Reviews of these weights as too good to be true that do not clear them.

        Whatever reports they were asked with: a new report does not take the doubt away. Where
        the policy's rules changed and it was asked again, the newest counts, and a rejection.
        """
        newest: dict[str, Review] = {}
        for review in self._reviews.state(goal):
            question = review.question
            about = (question.subject.version, question.subject.adapter)
            if question.kind == "too_good_to_be_true" and about == (version, adapter):
                known = newest.get(question.subject.digest)
                if known is None or known.status != "rejected":
                    newest[question.subject.digest] = review
        return [r for r in newest.values() if refusals(r, r.question.subject, self._rules)]

    def _subject(self, version: str) -> Subject:
        return version_subject(self._goal, self._workshop, version)


def evidence(store: Store, subject: Subject) -> dict[str, Any]:
    """What people read: where the reports lie, and the difference to the champion before."""
    goal, trial = subject.goal, subject.partition
    if trial is None:
        return {}
    found: dict[str, Any] = {name: str(store.folder(goal, name, trial)) for name in subject.reports}
    iteration = split_trial(trial)[0]
    if not store.exists(goal, "champion", iteration):
        return found
    text = store.read_json(goal, "champion", iteration, "champion.json")
    champion = Champion.model_validate(text)
    if champion.trial != trial or champion.before is None:
        return found
    before, after = (read_reports(store, goal, one).get("full") for one in (champion.before, trial))
    moved = slice_changes(before, after) if before and after else ()
    slices = {change.slice: change.sentence for change in moved}
    return found | {"champion_before": champion.reason, "slices_against_it": slices}


def version_subject(goal: Goal, workshop: Workshop, version: str) -> Subject:
    """A version with the hashes of its adapter and reports, as they are now."""
    found = Registry(workshop.home).get(goal.name, version)
    return Subject(
        goal=goal.name,
        partition=found.trial,
        version=version,
        adapter=found.adapter_version,
        reports={
            report: workshop.store.manifest(goal.name, report, found.trial).version
            for report in REPORTS
            if workshop.store.exists(goal.name, report, found.trial)
        },
    )
