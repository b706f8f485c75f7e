"""Attacks a goal's model: mutates dev cases that it passes, and has a teacher write attacks.

Of the suites only dev is opened here. What comes of it is published as `attack_report`, in the
trial's partition: counts, from which the strategy `adversarial` learns, and the texts for people.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from forgemind_assets.errors import NotAvailable, UserError
from forgemind_assets.foundry.strategies.base import Ask
from forgemind_assets.goal import Goal
from forgemind_assets.goal_loading import load_cases, load_seeds
from forgemind_assets.goal_schema import unknown_name
from forgemind_assets.partitions import BASELINE, split_trial
from forgemind_assets.records import Case, DataSettings
from forgemind_assets.trial_grounds.attack.kinds import kinds_of, known_kinds
from forgemind_assets.trial_grounds.attack.labels import LabelCheck
from forgemind_assets.trial_grounds.attack.making import Mutants, make_mutants
from forgemind_assets.trial_grounds.attack.records import Attack, Outcome
from forgemind_assets.trial_grounds.attack.report import (
    ASSET,
    TEXTS,
    AttackReport,
    Writing,
    kind_lines,
    mistakes_on,
    read_attack,
    write_attack,
)
from forgemind_assets.trial_grounds.attack.written import Written, write_attacks
from resources.dev_errors import leader_before
from resources.examiner import Subject, examine_subject, subject_of
from resources.sandbox.sandbox import Sandbox
from resources.workshop import Workshop


@dataclass(frozen=True)
class Assault:
    """What an attack may use.

    Attributes:
        cases: attacks put to the model, all kinds together.
        requests: attacks that the teacher is asked for; those whose label holds come first.
        teacher: who writes them; None: nobody.
        kinds: of mutation; empty: those of the goal.
        seed: of the random choices.
        weights: slice -> how often the teacher is asked for it, relative to the others.
    """

    cases: int
    requests: int = 0
    teacher: str | None = None
    kinds: tuple[str, ...] = ()
    seed: int = 0
    weights: Mapping[str, float] = field(default_factory=dict)


def attack(
    goal: Goal, workshop: Workshop, subject: Subject, assault: Assault, ask: Ask
) -> AttackReport:
    """Attacks a model and publishes the report.

    Dev is put to it first, as far as it has not answered it already. A mutant counts only where the
    model passes the case that it was made of.

    Raises:
        UserError: an unknown kind, or a teacher is to write and the goal says not which.
        NotAvailable: the goal's verifiers run programs, and nothing here can hold them.
    """
    began = time.monotonic()
    check(goal, assault)
    labels = _labels(goal)
    dev = load_cases(goal, "dev")
    exam = examine_subject(goal, workshop, subject, "dev", dev, stage="dev")
    passed = {result.case_id for result in exam.results if result.passed is True}
    parents = [case for case in dev if case.id in passed]
    written = _written(goal, workshop, subject, assault, labels, ask)
    own = written.attacks[: assault.cases] if written else ()
    mutants = _mutants(goal, parents, dev, labels, assault, assault.cases - len(own))
    outcomes = _put(goal, workshop, subject, [*own, *mutants.attacks])
    tried = {**mutants.tried, **(written.tried if written else {})}
    report = AttackReport(
        goal=goal.name,
        goal_version=goal.version,
        model=subject.name,
        model_hash=subject.model_hash,
        seed=assault.seed,
        dev_cases=len(dev),
        parents=len(parents),
        kinds=kind_lines(outcomes, tried, assault.teacher),
        mistakes=mistakes_on(outcomes, labels.shape, goal.spec.task.labels),
        writing=_account(written, assault.teacher),
        seconds=time.monotonic() - began,
    )
    publish(workshop, report, outcomes)
    return report


def check(goal: Goal, assault: Assault) -> None:
    """Raises UserError for what the goal does not have."""
    known = known_kinds(goal.spec)
    wrong = [unknown_name("kind", kind, known) for kind in assault.kinds if kind not in known]
    prompt = goal.folder / goal.spec.prompts / "teacher" / "attack.yaml"
    if assault.requests and assault.teacher is None:
        wrong.append(
            "a teacher is to write attacks: expected attack.teacher in the goal, found none"
        )
    if assault.requests and not prompt.is_file():
        wrong.append(f"a teacher is to write attacks: expected the prompt {prompt}, found none")
    if wrong:
        raise UserError("; ".join(wrong))


def attack_leader_before(
    goal: Goal, workshop: Workshop, iteration: str, data: DataSettings, ask: Ask
) -> AttackReport | None:
    """What an iteration's plan asks for: an attack on the trial that led on dev before it.

    None where the plan asks for none, or where no trained model leads yet.
    """
    trial = leader_before(goal, workshop.store, iteration) if data.attack_cases else None
    if trial is None or split_trial(trial)[0] == BASELINE:
        return None
    told = goal.spec.attack
    assault = Assault(
        data.attack_cases, told.requests, told.teacher, told.kinds, data.seed, data.slice_weights
    )
    return attack(goal, workshop, subject_of(goal, workshop, trial), assault, ask)


def publish(workshop: Workshop, report: AttackReport, outcomes: Sequence[Outcome]) -> None:
    """Writes the report of a model's attack; a later one replaces it."""
    meta: dict[str, Any] = {"seconds": report.seconds, "attacks": report.attacks.verified}
    with workshop.store.publish(report.goal, ASSET, report.model, meta) as folder:
        write_attack(report, outcomes, folder)


def read_outcomes(workshop: Workshop, report: AttackReport) -> pl.DataFrame:
    """Each attack of a published report, with the model's answer."""
    return pl.read_parquet(workshop.store.folder(report.goal, ASSET, report.model) / TEXTS)


def published(goal: Goal, workshop: Workshop, model: str) -> AttackReport | None:
    """The report of the last attack on a model, if there is one."""
    if not workshop.store.exists(goal.name, ASSET, model):
        return None
    return read_attack(workshop.store.folder(goal.name, ASSET, model))


def _labels(goal: Goal) -> LabelCheck:
    sandbox = Sandbox()
    labels = LabelCheck.of(goal, load_seeds(goal), sandbox)
    refusal = sandbox.refusal() if any(v.runs_programs for v in labels.verifiers) else None
    if refusal is not None:
        raise NotAvailable("no_isolation", f"this goal's verifiers run programs: {refusal}")
    return labels


def _mutants(
    goal: Goal,
    parents: Sequence[Case],
    dev: Sequence[Case],
    labels: LabelCheck,
    assault: Assault,
    budget: int,
) -> Mutants:
    return make_mutants(
        parents,
        dev,
        kinds_of(goal.spec, assault.kinds),
        labels,
        budget=budget,
        seed=assault.seed,
        limit=goal.spec.filters.max_input_chars,
    )


def _written(
    goal: Goal,
    workshop: Workshop,
    subject: Subject,
    assault: Assault,
    labels: LabelCheck,
    ask: Ask,
) -> Written | None:
    if assault.teacher is None or not assault.requests:
        return None
    progress = workshop.progress(goal.name)
    return write_attacks(
        goal,
        labels,
        ask,
        assault.teacher,
        requests=assault.requests,
        seed=assault.seed,
        weights=assault.weights,
        on_progress=lambda done, total: progress.report(
            "attacks (written)", done, total, "answers", where=subject.name
        ),
    )


def _put(
    goal: Goal, workshop: Workshop, subject: Subject, attacks: Sequence[Attack]
) -> list[Outcome]:
    cases = [one.case for one in attacks]
    exam = examine_subject(goal, workshop, subject, "attack", cases, stage="attack")
    return [
        Outcome(attack=one, answer=result.answer, passed=result.passed)
        for one, result in zip(attacks, exam.results, strict=True)
    ]


def _account(written: Written | None, teacher: str | None) -> Writing | None:
    if written is None or teacher is None:
        return None
    return Writing(
        teacher=teacher,
        asked=written.asked,
        answered=written.answered,
        valid=written.valid,
        dollars=written.dollars,
        seconds=written.seconds,
    )
