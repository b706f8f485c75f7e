"""Puts before people what a machine noticed in an iteration. Asked again it is the same review."""

import os
from collections.abc import Mapping, Sequence

import polars as pl

from forgemind_assets.brain.champion import Champion
from forgemind_assets.foundry.tables import REUSED_REJECTED
from forgemind_assets.goal import Goal
from forgemind_assets.partitions import BASELINE, split_trial
from forgemind_assets.trial_grounds.report import Report, read_report
from forgemind_assets.warden.concerns import (
    Concern,
    joined,
    quarantined_rows,
    rules_of,
    silent_layers,
    solved_the_impossible,
    too_good_to_be_true,
)
from forgemind_assets.warden.policy import Approval, Stage
from forgemind_assets.warden.policy_files import effective_policy
from forgemind_assets.warden.reviews import Question, Review, Subject, identify
from forgemind_assets.warden.scan_report import LayerSummary
from forgemind_assets.warden.screening import read_stages
from resources.approvals import version_subject
from resources.reviews import open_reviews
from resources.tripwires import impossible_of
from resources.workshop import Workshop


def ask_about_iteration(goal: Goal, workshop: Workshop, iteration: str) -> None:
    """Everything that the published artefacts of an iteration give reason to ask.

    Each step asks for itself; this asks again what a crash between publishing and asking lost.
    """
    if workshop.store.exists(goal.name, "raw_dataset", iteration):
        ask_about_teachers(goal, workshop, iteration)
    if workshop.store.exists(goal.name, "filtered_dataset", iteration):
        ask_about_rows(goal, workshop, iteration)
    for trial in workshop.store.partitions(goal.name, "benchmark_report"):
        if split_trial(trial)[0] == iteration:
            ask_about_outputs(goal, workshop, trial)


def ask_about_teachers(goal: Goal, workshop: Workshop, iteration: str) -> None:
    """Layers that did not judge what the teachers were asked or said."""
    folder = workshop.store.folder(goal.name, "raw_dataset", iteration)
    ask_about_layers(goal, workshop, iteration, "raw_dataset", read_stages(folder))


def ask_about_rows(goal: Goal, workshop: Workshop, iteration: str) -> None:
    """Layers that did not judge the rows, and rows in quarantine."""
    folder = workshop.store.folder(goal.name, "filtered_dataset", iteration)
    ask_about_layers(goal, workshop, iteration, "raw_dataset", read_stages(folder))
    path = folder / "rejected.parquet"
    files = (path, folder / REUSED_REJECTED)
    rejected = [
        row
        for file in files
        if file.exists()
        for row in pl.read_parquet(file, columns=["row_id", "reason"]).rows()
    ]
    concern = quarantined_rows(rejected, str(path), approval_of(goal))
    if concern is not None:
        version = workshop.store.manifest(goal.name, "filtered_dataset", iteration).version
        ask(goal, workshop, concern, subject_of(goal, concern, iteration, version))


def ask_about_outputs(goal: Goal, workshop: Workshop, trial: str) -> None:
    """Layers that did not judge a model's answers."""
    folder = workshop.store.folder(goal.name, "benchmark_report", trial)
    ask_about_layers(goal, workshop, trial, "adapter", read_stages(folder))


def ask_about_layers(
    goal: Goal,
    workshop: Workshop,
    partition: str,
    judged: str,
    stages: Mapping[Stage, Sequence[LayerSummary]],
) -> None:
    """Asks about silent layers; `judged` is the asset whose version they should have judged."""
    concern = silent_layers(stages, approval_of(goal))
    if concern is not None:
        version = workshop.store.manifest(goal.name, judged, partition).version
        ask(goal, workshop, concern, subject_of(goal, concern, partition, version))


def ask_about_result(goal: Goal, workshop: Workshop, winner: Champion, version: str) -> None:
    """Asks once about a champion's version that is too good to be true, with every reason."""
    found = [_gain(goal, workshop, winner), _impossible(goal, workshop, winner.trial)]
    concern = joined([one for one in found if one is not None])
    if concern is not None:
        ask(goal, workshop, concern, version_subject(goal, workshop, version))


def _gain(goal: Goal, workshop: Workshop, winner: Champion) -> Concern | None:
    """A gain over the champion before that is too large."""
    if not winner.changed or winner.before is None:
        return None
    before = read_report(workshop.store.folder(goal.name, "benchmark_report", winner.before))
    return too_good_to_be_true(
        winner.full.rate,
        before.pass_rate,
        before_did_the_task=did_the_task(winner.before, before),
        approval=approval_of(goal),
    )


def _impossible(goal: Goal, workshop: Workshop, trial: str) -> Concern | None:
    """More of the impossible cases passed than chance allows."""
    verdict = impossible_of(goal, workshop.store, trial)
    if verdict is None or verdict.holds:
        return None
    return solved_the_impossible(verdict.sentence, approval_of(goal))


def did_the_task(trial: str, report: Report) -> bool:
    """Whether a model was trained, or was better than always giving its best single answer."""
    return split_trial(trial)[0] != BASELINE or report.interval[0] > report.constant_rate


def ask(goal: Goal, workshop: Workshop, concern: Concern, subject: Subject) -> Review:
    """Records the question under the policy's rules."""
    who = identify(None, os.environ)
    question = Question(
        kind=concern.kind,
        subject=subject,
        reason=concern.reason,
        evidence=concern.evidence,
        asked_by=who,
        owners=(who,),
        rules=rules_of(approval_of(goal)),
    )
    return open_reviews(workshop.home).ask(question)


def subject_of(goal: Goal, concern: Concern, partition: str, version: str) -> Subject:
    """What a concern is about: a version, and what was noticed about it."""
    return Subject(goal=goal.name, partition=partition, version=version, reports=concern.marks)


def approval_of(goal: Goal) -> Approval:
    """When people are asked."""
    return effective_policy(goal.spec.policy).approval
