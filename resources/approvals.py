"""The review queue as promotions ask it: about one version, its adapter and its reports."""

import os
from typing import Literal

from forgemind_assets.goal import Goal
from forgemind_assets.lorekeeper.promotion import Approval
from forgemind_assets.warden.policy_files import effective_policy
from forgemind_assets.warden.reviews import (
    Question,
    Review,
    Rules,
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
        asked = effective_policy(goal.spec.policy).approval
        self._rules = Rules(persons=asked.approvers, own_goal=asked.own_goal == "allowed")

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

    def ask(self, version: str, reason: str) -> Review:
        """Puts the promotion of a version before people; asked again it is the same review."""
        subject = self._subject(version)
        who = identify(None, os.environ)
        return self._reviews.ask(
            Question(
                kind="promotion_to_stable",
                subject=subject,
                reason=reason,
                evidence={
                    name: str(self._workshop.store.folder(self._goal.name, name, subject.partition))
                    for name in subject.reports
                    if subject.partition
                },
                asked_by=who,
                owners=(who,),
                rules=self._rules,
            )
        )

    def standing(self, version: str) -> tuple[Consent, str]:
        """How far people are with a version's promotion, and the review's id; open if not asked."""
        subject = self._subject(version)
        review = self._reviews.of("promotion_to_stable", subject)
        if review is None:
            return "open", ""
        if review.status == "rejected":
            return "rejected", review.id
        refused = refusals(review, subject, self._rules)
        return ("open" if refused else "approved"), review.id

    def _subject(self, version: str) -> Subject:
        """The version with the hashes of its adapter and reports, as they are now."""
        found = Registry(self._workshop.home).get(self._goal.name, version)
        store, name = self._workshop.store, self._goal.name
        return Subject(
            goal=name,
            partition=found.trial,
            version=version,
            adapter=found.adapter_version,
            reports={
                report: store.manifest(name, report, found.trial).version
                for report in REPORTS
                if store.exists(name, report, found.trial)
            },
        )
