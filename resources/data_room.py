"""Makes the datasets of an iteration: asks the teachers, filters, and counts what each gave."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from forgemind_assets.errors import EmptyStage
from forgemind_assets.foundry.accounts import (
    SourceAccount,
    filtered_accounts,
    made_accounts,
    slice_sources,
    troubles,
)
from forgemind_assets.foundry.data_card import make_card
from forgemind_assets.foundry.data_card_page import card_file
from forgemind_assets.foundry.filters.base import Filter
from forgemind_assets.foundry.filters.safety import Safety
from forgemind_assets.foundry.generate import generate
from forgemind_assets.foundry.pipeline import FilterResult, judge_again, pipeline_for, run_filters
from forgemind_assets.foundry.screened_teachers import ANSWERS, PROMPTS
from forgemind_assets.foundry.tables import (
    KEPT,
    REUSED,
    REUSED_REJECTED,
    funnel_records,
    read_rows,
    write_rejected,
    write_rows,
)
from forgemind_assets.goal import Goal
from forgemind_assets.goal_loading import load_seeds
from forgemind_assets.records import Plan
from forgemind_assets.trial_grounds.attack.report import table_record
from forgemind_assets.warden.policy import Stage
from forgemind_assets.warden.scan_report import LayerSummary
from forgemind_assets.warden.screening import joined, write_stages
from resources.attacks import attack_leader_before
from resources.concerns import ask_about_layers, ask_about_rows, ask_about_teachers
from resources.dev_errors import mistakes_before
from resources.filter_equipment import open_equipment, remember
from resources.inquiries import screened_teachers
from resources.judges import open_panel, panel_facts, write_judgements
from resources.source_accounts import sources_so_far
from resources.workshop import Workshop

TRAINING_ROWS: Stage = "training_rows"


def make_raw(goal: Goal, workshop: Workshop, iteration: str) -> dict[str, Any]:
    """Publishes the raw dataset and returns the facts about it."""
    goal = goal.with_gates_closed()
    began = time.monotonic()
    plan = Plan.model_validate(workshop.store.read_json(goal.name, "plan", iteration, "plan.json"))
    if plan.data is None:
        raise ValueError(f"the plan of iteration {iteration} asks for no data")
    progress = workshop.progress(goal.name)
    teachers = screened_teachers(goal, workshop, iteration)
    seeds = load_seeds(goal)
    attacked = attack_leader_before(goal, workshop, iteration, plan.data, teachers)
    made = generate(
        goal,
        plan.data,
        seeds,
        teachers,
        lambda stage, done, total: progress.report(stage, done, total, "rows", where=iteration),
        mistakes_before(goal, workshop.store, iteration, seeds),
    )
    usage = workshop.ledger().usage(goal.name, iteration)
    accounts = made_accounts(made.accounts)
    meta = {
        "rows": len(made.rows),
        "accounts": [account.model_dump() for account in accounts],
        "teacher_troubles": troubles(accounts),
        "prompts_held_back": dict(teachers.held[PROMPTS]),
        "answers_held_back": dict(teachers.held[ANSWERS]),
        "teacher_input_tokens": usage.input_tokens,
        "teacher_output_tokens": usage.output_tokens,
        "teacher_cost_usd": usage.dollars,
        "seconds": time.monotonic() - began,
    }
    if attacked is not None:
        meta["attack_on_leader"] = {"model": attacked.model, **table_record(attacked.attacks)}
    with workshop.store.publish(goal.name, "raw_dataset", iteration, meta) as folder:
        write_rows(made.rows, folder / "rows.parquet")
        write_stages(folder, teachers.layers)
    ask_about_teachers(goal, workshop, iteration)
    return meta


def make_filtered(goal: Goal, workshop: Workshop, iteration: str) -> dict[str, Any]:
    """Publishes the kept and the rejected rows and returns the facts about them."""
    goal = goal.with_gates_closed()
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
            layers = layers_of(filters)  # of the new rows: the same filters judge the others next
            again = judge_earlier(goal, workshop, iteration, filters)
    except EmptyStage:  # nothing is published, and a silent layer may be why
        stages: dict[Stage, Sequence[LayerSummary]] = {TRAINING_ROWS: layers_of(filters)}
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
    meta["sources_so_far"] = sources_so_far(workshop.store, goal.name, iteration, accounts)
    if panel is not None:
        meta |= panel_facts(panel)
    with workshop.store.publish(goal.name, "filtered_dataset", iteration, meta) as folder:
        write_rows(result.kept, folder / "kept.parquet")
        write_rejected(result.rejected, folder / "rejected.parquet")
        if again is not None:
            write_rows(again.kept, folder / REUSED)
            write_rejected(again.rejected, folder / REUSED_REJECTED)
            meta["reused"] = {
                "rows_kept": len(again.kept),
                "rows_rejected": len(again.rejected),
                "funnel": funnel_records(again.funnel),
            }
            layers = joined(layers, layers_of(filters))
        stages = {**(teachers.layers if teachers else {}), TRAINING_ROWS: layers}
        write_stages(folder, stages)
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


def judge_earlier(
    goal: Goal, workshop: Workshop, iteration: str, filters: Sequence[Filter]
) -> FilterResult | None:
    """The rows of earlier iterations that the plan reuses, judged under the present policy.

    None where it reuses none, or nobody planned. Raises AlteredArtefact where one of their
    datasets is not what was published.
    """
    if not workshop.store.exists(goal.name, "plan", iteration):
        return None
    plan = Plan.model_validate(workshop.store.read_json(goal.name, "plan", iteration, "plan.json"))
    reused = plan.data.reuse_iterations if plan.data else ()
    rows = {
        row.row_id: row
        for key in reused
        for row in read_rows(workshop.store.verified(goal.name, "filtered_dataset", key) / KEPT)
    }
    if not rows:
        return None
    workshop.progress(goal.name).report(
        "judging reused rows again", 0, len(rows), "rows", where=iteration
    )
    return judge_again(list(rows.values()), filters)


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
