"""Makes the datasets of an iteration: asks the teachers, filters, and counts what each gave."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from forgemind_assets.errors import EmptyStage
from forgemind_assets.foundry.accounts import (
    SourceAccount,
    filtered_accounts,
    made_accounts,
    slice_sources,
)
from forgemind_assets.foundry.data_card import make_card
from forgemind_assets.foundry.data_card_page import card_file
from forgemind_assets.foundry.filters.base import Filter
from forgemind_assets.foundry.filters.safety import Safety
from forgemind_assets.foundry.generate import generate
from forgemind_assets.foundry.pipeline import pipeline_for, run_filters
from forgemind_assets.foundry.screened_teachers import ANSWERS, PROMPTS, ScreenedTeachers
from forgemind_assets.foundry.strategies.base import Ask, Question, Reply
from forgemind_assets.foundry.tables import (
    funnel_records,
    read_rows,
    write_rejected,
    write_rows,
)
from forgemind_assets.goal import Goal
from forgemind_assets.goal_loading import load_seeds
from forgemind_assets.records import Plan
from forgemind_assets.warden.policy import Stage
from forgemind_assets.warden.policy_files import effective_policy
from forgemind_assets.warden.scan_report import LayerSummary
from forgemind_assets.warden.screening import write_stages
from resources.classifiers import open_classifiers
from resources.concerns import ask_about_layers, ask_about_rows, ask_about_teachers
from resources.dev_errors import mistakes_before
from resources.filter_equipment import open_equipment, remember
from resources.judges import open_panel, panel_facts, write_judgements
from resources.ledger import Ledger
from resources.teachers import TeacherAnswer, TeacherRequest, open_teacher
from resources.workshop import Workshop


def make_raw(goal: Goal, workshop: Workshop, iteration: str) -> dict[str, Any]:
    """Publishes the raw dataset and returns the facts about it."""
    began = time.monotonic()
    plan = Plan.model_validate(workshop.store.read_json(goal.name, "plan", iteration, "plan.json"))
    if plan.data is None:
        raise ValueError(f"the plan of iteration {iteration} asks for no data")
    progress = workshop.progress(goal.name)
    teachers = screened_teachers(goal, workshop, iteration)
    seeds = load_seeds(goal)
    made = generate(
        goal,
        plan.data,
        seeds,
        teachers,
        lambda stage, done, total: progress.report(stage, done, total, "rows", where=iteration),
        mistakes_before(goal, workshop.store, iteration, seeds),
    )
    usage = workshop.ledger().usage(goal.name, iteration)
    meta = {
        "rows": len(made.rows),
        "accounts": [account.model_dump() for account in made_accounts(made.accounts)],
        "prompts_held_back": dict(teachers.held[PROMPTS]),
        "answers_held_back": dict(teachers.held[ANSWERS]),
        "teacher_input_tokens": usage.input_tokens,
        "teacher_output_tokens": usage.output_tokens,
        "teacher_cost_usd": usage.dollars,
        "seconds": time.monotonic() - began,
    }
    with workshop.store.publish(goal.name, "raw_dataset", iteration, meta) as folder:
        write_rows(made.rows, folder / "rows.parquet")
        write_stages(folder, teachers.layers)
    ask_about_teachers(goal, workshop, iteration)
    return meta


def screened_teachers(goal: Goal, workshop: Workshop, iteration: str) -> ScreenedTeachers:
    """The goal's teachers behind the policy's safety layers."""
    return ScreenedTeachers(
        teachers_of(goal, workshop, iteration),
        effective_policy(goal.spec.policy),
        open_classifiers(goal, workshop, iteration),
    )


def teachers_of(goal: Goal, workshop: Workshop, iteration: str) -> Ask:
    """What puts questions to the goal's teachers, with progress while one is loading."""
    progress = workshop.progress(goal.name)
    ledger = workshop.ledger()

    def ask(
        teacher: str,
        questions: Sequence[Question],
        usable: Callable[[str], bool],
        on_reply: Callable[[], None],
    ) -> list[Reply]:
        client = open_teacher(
            next(t for t in goal.spec.teachers if t.name == teacher),
            workshop.home,
            ledger,
            workshop.models,
            goal,
            iteration,
            on_wait=lambda seconds, what: progress.report(
                f"{teacher}: {what}", round(seconds), 0, "seconds", where=iteration
            ),
        )
        answers = client.ask_many(
            [request_of(question) for question in questions],
            lambda answer: on_reply(),
            usable=usable,
        )
        return [_reply(answer, ledger) for answer in answers]

    return ask


def _reply(answer: TeacherAnswer, ledger: Ledger) -> Reply:
    """An answer with what it cost, also where that was paid earlier."""
    paid = ledger.response(answer.key) if answer.status == "stored" else None
    dollars = paid.dollars if paid else answer.dollars
    return Reply(answer.text, answer.key, dollars=dollars, seconds=answer.seconds)


def request_of(question: Question) -> TeacherRequest:
    """A strategy's question in the teachers' terms."""
    return TeacherRequest(
        messages=question.messages,
        json_schema=dict(question.json_schema),
        max_tokens=question.max_tokens,
        temperature=question.temperature,
        seed=question.seed,
    )


def make_filtered(goal: Goal, workshop: Workshop, iteration: str) -> dict[str, Any]:
    """Publishes the kept and the rejected rows and returns the facts about them."""
    began = time.monotonic()
    source = workshop.store.folder(goal.name, "raw_dataset", iteration)
    progress = workshop.progress(goal.name)
    filters = list[Filter]()
    teachers = screened_teachers(goal, workshop, iteration) if goal.spec.judges else None
    panel = open_panel(goal, workshop, iteration, teachers) if teachers else None
    try:
        with open_equipment(goal, workshop, iteration) as equipment:
            filters = pipeline_for(goal, replace(equipment, panel=panel))
            result = run_filters(
                read_rows(source / "rows.parquet"),
                filters,
                lambda stage, done, total: progress.report(
                    f"filtering ({stage})", done, total, "stages", where=iteration
                ),
            )
    except EmptyStage:  # nothing is published, and a silent layer may be why
        stages: dict[Stage, Sequence[LayerSummary]] = {"training_rows": layers_of(filters)}
        ask_about_layers(goal, workshop, iteration, "raw_dataset", stages)
        raise
    meta: dict[str, Any] = {
        "rows_kept": len(result.kept),
        "rows_rejected": len(result.rejected),
        "keep_ratio": len(result.kept) / (len(result.kept) + len(result.rejected)),
        "funnel": funnel_records(result.funnel),
    }
    made = workshop.store.manifest(goal.name, "raw_dataset", iteration).meta["accounts"]
    accounts = filtered_accounts([SourceAccount.model_validate(one) for one in made], result)
    meta["accounts"] = [account.model_dump() for account in accounts]
    meta["slice_sources"] = [one.model_dump() for one in slice_sources(result)]
    meta["yields"] = yields(accounts)
    if panel is not None:
        meta |= panel_facts(panel)
    with workshop.store.publish(goal.name, "filtered_dataset", iteration, meta) as folder:
        write_rows(result.kept, folder / "kept.parquet")
        write_rejected(result.rejected, folder / "rejected.parquet")
        layers: dict[Stage, Sequence[LayerSummary]] = {"training_rows": layers_of(filters)}
        write_stages(folder, {**layers, **(teachers.layers if teachers else {})})
        if panel is not None:
            write_judgements(panel.judgements, folder)
        card = make_card(goal, iteration, result, panel.known() if panel else ())
        meta["rows_sha256"] = card.rows_sha256
        (folder / "card.json").write_text(card.json(), encoding="utf-8")
        (folder / "card.md").write_text(card_file(card), encoding="utf-8")
        meta["seconds"] = time.monotonic() - began
    remember(goal, workshop, iteration, result.kept)
    ask_about_rows(goal, workshop, iteration)
    return meta


def layers_of(filters: Sequence[Filter]) -> tuple[LayerSummary, ...]:
    """What the safety layers did with the rows."""
    return tuple(one for stage in filters if isinstance(stage, Safety) for one in stage.layers)


def yields(accounts: Sequence[SourceAccount]) -> dict[str, dict[str, int]]:
    """Asked, made and kept for each strategy, over all its teachers."""
    found: dict[str, dict[str, int]] = {}
    for account in accounts:
        entry = found.setdefault(account.strategy, {"asked": 0, "made": 0, "kept": 0})
        entry["asked"] += account.asked
        entry["made"] += account.rows
        entry["kept"] += account.kept or 0
    return found
