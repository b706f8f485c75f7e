"""Puts suites to the models of a goal: the only place that opens a suite for a model to answer."""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from forgemind_assets.forge.manifest import read_manifest
from forgemind_assets.goal import Goal
from forgemind_assets.goal_loading import load_seeds
from forgemind_assets.partitions import split_trial
from forgemind_assets.prompting import load_task_prompt, task_messages
from forgemind_assets.records import Case, Plan, TestResult, render_answer
from forgemind_assets.trial_grounds.evaluation import best_constant, evaluate, journal_name
from forgemind_assets.trial_grounds.graders.registry import open_grader
from forgemind_assets.trial_grounds.outputs import screen_outputs
from forgemind_assets.trial_grounds.racing import BLOCK, Beaten, case_order
from forgemind_assets.trial_grounds.report import Report, summarise
from forgemind_assets.warden.policy_files import effective_policy
from forgemind_assets.warden.scan_report import LayerSummary
from resources.adapters import open_adapter
from resources.classifiers import open_classifiers
from resources.predictor import LocalModel
from resources.race import Race
from resources.workshop import Workshop


@dataclass(frozen=True)
class Subject:
    """A model under test: base weights, perhaps an adapter, and the prompt it was trained on."""

    name: str
    base: Path
    adapter: Path | None
    prompt_variant: str
    model_hash: str
    quantisation: str = "none"
    verify: Callable[[], object] | None = None
    """Called before the weights are loaded; raises where a file is not what was published."""


@dataclass(frozen=True)
class Exam:
    """One suite's results and their summary."""

    report: Report
    results: list[TestResult]

    def lasting(self, seconds: float) -> "Exam":
        """The same, put together from several parts that took so long."""
        return Exam(self.report.model_copy(update={"seconds": seconds}), self.results)


def subject_of(
    goal: Goal, workshop: Workshop, trial: str, *, must_be_signed: bool = False
) -> Subject:
    """The model that a trial produced, its files verified.

    Raises AlteredArtefact or UnsafeArtefact; with `must_be_signed` also for an adapter that was
    never registered.
    """
    iteration, name = split_trial(trial)
    plan = Plan.model_validate(workshop.store.read_json(goal.name, "plan", iteration, "plan.json"))
    settings = next(t for t in plan.trials if t.name == name)
    verify = partial(
        open_adapter,
        workshop.store,
        workshop.home,
        goal.name,
        trial,
        must_be_signed=must_be_signed,
    )
    folder = verify()
    published = workshop.store.manifest(goal.name, "adapter", trial)
    base = workshop.models.clean(goal.spec.limits.base_model)
    trained = read_manifest(folder).get("kind") != "base"
    return Subject(
        name=trial,
        base=base,
        adapter=folder if trained else None,
        prompt_variant=settings.prompt_variant,
        model_hash=published.version,
        quantisation=settings.training.quantisation if settings.training else "none",
        verify=verify,
    )


def examine(
    goal: Goal,
    workshop: Workshop,
    trial: str,
    suite: str,
    cases: Sequence[Case],
    *,
    stage: str | None = None,
    of: int | None = None,
) -> Exam:
    """Tests a trial's model on cases of a suite; answers given before a crash are kept.

    `of` is how many cases there are in all, where these are a part of them.
    """
    subject = subject_of(goal, workshop, trial)
    return examine_subject(goal, workshop, subject, suite, cases, stage=stage or suite, of=of)


def examine_race(
    goal: Goal, workshop: Workshop, trial: str, suite: str, cases: Sequence[Case], race: Race
) -> tuple[Exam, Beaten | None]:
    """Tests a trial block by block until it cannot win its race any more, or all is asked.

    Returns the exam of the cases that were asked, and why it ended early; the canary cases have
    been asked before.
    """
    began, canary = time.monotonic(), [case.id for case in cases if case.canary]
    by_id = {case.id: case for case in cases}
    order = case_order(list(by_id), canary, race.seed)
    for end in range(len(canary) + BLOCK, len(order) + BLOCK, BLOCK):
        asked = [by_id[name] for name in order[:end]]
        exam = examine(goal, workshop, trial, suite, asked, of=len(order))
        passed = {result.case_id: result.passed is True for result in exam.results}
        beaten = race.after(passed, order, len(canary))
        if beaten:
            return exam.lasting(time.monotonic() - began), beaten
    whole = examine(goal, workshop, trial, suite, cases)
    return whole.lasting(time.monotonic() - began), None


def judge_outputs(
    goal: Goal, workshop: Workshop, trial: str, results: Sequence[TestResult]
) -> tuple[LayerSummary, ...]:
    """What the safety layers find in a trial's answers; no grade depends on it."""
    workshop.progress(goal.name).say("checking the answers for safety", where=trial)
    models = open_classifiers(goal, workshop, split_trial(trial)[0])
    return screen_outputs(results, effective_policy(goal.spec.policy), models)


def examine_subject(
    goal: Goal,
    workshop: Workshop,
    subject: Subject,
    suite: str,
    cases: Sequence[Case],
    *,
    stage: str,
    of: int | None = None,
    journal: Path | None = None,
) -> Exam:
    """Tests any model on any cases. `journal` keeps the answers; the trial's own if not given."""
    began = time.monotonic()
    prompts_folder = goal.folder / goal.spec.prompts
    prompt = load_task_prompt(prompts_folder, subject.prompt_variant)
    seeds = {seed.id: seed for seed in load_seeds(goal)}
    prompts = [task_messages(prompt, case.input, seeds) for case in cases]
    tokens = goal.spec.task.max_answer_tokens
    journal = journal or journal_of(goal, workshop, subject)
    progress = workshop.progress(goal.name)
    model = LocalModel(
        subject.base,
        subject.adapter,
        quantisation=subject.quantisation,
        verify=subject.verify,
        tell=lambda what: progress.say(f"testing ({stage}): {what}", where=subject.name),
    )
    grader = open_grader(goal.spec.task.grader, goal.spec.task.grader_options)
    constants = list({seed.slice: render_answer(seed.expected) for seed in seeds.values()}.values())
    results = evaluate(
        cases,
        prompts,
        lambda: model,
        grader,
        max_new_tokens=tokens,
        journal=journal,
        on_progress=lambda done, total: progress.report(
            f"testing ({stage})", done, of or total, "cases", where=subject.name
        ),
    )
    report = summarise(
        results,
        goal=goal.name,
        suite=suite,
        suite_hash=suite_hash(cases),
        model=subject.name,
        model_hash=subject.model_hash,
        prompt_variant=subject.prompt_variant,
        canary_ids=frozenset(case.id for case in cases if case.canary),
        constant=best_constant(cases, constants, grader),
        seconds=time.monotonic() - began,
    )
    return Exam(report, results)


def journal_of(goal: Goal, workshop: Workshop, subject: Subject, kind: str = "") -> Path:
    """Where the answers of a subject are kept until its work is done."""
    name = journal_name(
        subject.model_hash,
        subject.prompt_variant,
        goal.version,
        goal.spec.task.max_answer_tokens,
    )
    return workshop.work(goal.name, subject.name) / f"{kind}{name}"


def suite_hash(cases: Sequence[Case]) -> str:
    """sha256 over the cases."""
    text = "\n".join(case.model_dump_json() for case in cases)
    return hashlib.sha256(text.encode()).hexdigest()
