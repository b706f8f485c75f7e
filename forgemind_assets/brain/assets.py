"""The Brain's assets: the contract, the plan of a turn, the champion."""

import time
from typing import Any

import dagster as dg

from forgemind_assets.brain import planner
from forgemind_assets.brain.champion import Candidate, Champion, contender, crown
from forgemind_assets.brain.decide import judge
from forgemind_assets.brain.search.accounts import source_record
from forgemind_assets.brain.search.history import known_trials
from forgemind_assets.brain.slice_effects import effect_record, effects
from forgemind_assets.brain.slice_plan import known_slices
from forgemind_assets.brain.state import Score
from forgemind_assets.goal import Goal
from forgemind_assets.keys import GoalKeys
from forgemind_assets.markdown import table
from forgemind_assets.partitions import BASELINE, iteration_key, iteration_number, trial_key
from forgemind_assets.pictures import pictures_of_past
from forgemind_assets.records import Plan
from forgemind_assets.trial_grounds.report import (
    read_cases,
    read_comparable,
    read_families,
    read_report,
)
from resources import slice_ledger, trial_memory
from resources.advisor import is_wanted, with_advice
from resources.forks import budget_lock, spent_elsewhere
from resources.gate_looks import Look, allowance, content_of, record_look
from resources.history import read_state
from resources.slice_ledger import SliceLedger
from resources.trial_memory import TrialMemory
from resources.turns import read_turns
from resources.workshop import Workshop


class PlanConfig(dg.Config):
    """The plan as JSON; without it the planner proposes one from the history."""

    plan_json: str = ""


def build_assets(goal: Goal, keys: GoalKeys) -> list[Any]:
    """`goal`, `plan`, `champion`."""

    @dg.asset(name="goal", **keys.common("brain"))
    def goal_asset(workshop: Workshop) -> dg.MaterializeResult:
        """The compiled contract. Its data version is the hash of the whole folder."""
        meta = {"goal_version": goal.version}
        with workshop.store.publish(goal.name, "goal", "all", meta) as folder:
            (folder / "goal.json").write_text(goal.model_dump_json(indent=1, exclude={"folder"}))
        return dg.MaterializeResult(
            metadata={
                "task": goal.spec.task.description,
                "pass_rate_wanted": goal.spec.success.pass_rate,
                "base_model": goal.spec.limits.base_model,
                "contract": dg.MetadataValue.json(goal.spec.model_dump(mode="json")),
            },
            data_version=dg.DataVersion(goal.version),
        )

    @dg.asset(deps=[keys.key("goal")], partitions_def=keys.iterations, **keys.common("brain"))
    def plan(
        context: dg.AssetExecutionContext, workshop: Workshop, config: PlanConfig
    ) -> dg.MaterializeResult:
        """What this turn tries, why, and what result would confirm it."""
        key = context.partition_key
        chosen = choose_plan(goal, context.instance, workshop, key, config.plan_json)
        with workshop.store.publish(goal.name, "plan", key, {"created": time.time()}) as folder:
            (folder / "plan.json").write_text(chosen.model_dump_json(indent=1))
        manifest = workshop.store.manifest(goal.name, "plan", key)
        return dg.MaterializeResult(
            metadata={
                "hypothesis": chosen.hypothesis,
                "expected_effect": chosen.expected_effect,
                "last_outcome": chosen.last_outcome or "none yet",
                **search_facts(chosen),
                "plan": dg.MetadataValue.json(chosen.model_dump(mode="json")),
            },
            data_version=dg.DataVersion(manifest.version),
        )

    @dg.asset(
        deps=[keys.across("benchmark_report"), keys.across("adversarial_report")],
        partitions_def=keys.iterations,
        **keys.common("brain"),
    )
    def champion(context: dg.AssetExecutionContext, workshop: Workshop) -> dg.MaterializeResult:
        """The winner of the trials, compared with the champion before it."""
        key = context.partition_key
        workshop.progress(goal.name).say("comparing with the champion", where=key)
        with budget_lock(workshop.home):
            winner = conclude(goal, workshop, key)
            memory, ledger = remember(goal, context.instance, workshop, key)
            with workshop.store.publish(goal.name, "champion", key, {}) as folder:
                (folder / "champion.json").write_text(winner.model_dump_json(indent=1))
                (folder / trial_memory.FILE).write_text(memory.model_dump_json(indent=1))
                (folder / slice_ledger.FILE).write_text(ledger.model_dump_json(indent=1))
        manifest = workshop.store.manifest(goal.name, "champion", key)
        return dg.MaterializeResult(
            metadata={
                "champion": winner.trial,
                "changed": winner.changed,
                "reason": winner.reason,
                "next_starts_from": winner.leader,
                "error_budget_spent": winner.alpha_spent,
                **compared(winner),
                "effects_on_slices": dg.MetadataValue.md(effects_table(ledger, key)),
                "full_pass_rate": winner.full.rate,
                "goal": judge(goal.spec, winner.full).sentence,
                "hours_used": winner.hours_used,
                **pictures_of_past(read_turns(workshop.store, workshop.ledger(), goal.name)),
            },
            data_version=dg.DataVersion(manifest.version),
        )

    return [goal_asset, plan, champion]


def choose_plan(
    goal: Goal, instance: dg.DagsterInstance, workshop: Workshop, key: str, given: str
) -> Plan:
    """The given plan, or a proposal from the history; its advisor is asked, if it wants one.

    Raises ValueError for another iteration's plan.
    """
    chosen = Plan.model_validate_json(given) if given else None
    if chosen and chosen.iteration != key:
        raise ValueError(f"the plan is for {chosen.iteration}, the partition is {key}")
    if chosen and not is_wanted(chosen):
        return chosen
    if key == BASELINE:
        return planner.baseline_plan(goal.spec)
    state = read_state(goal, instance, workshop, before=key)
    chosen = chosen or planner.propose(goal.spec, state, key)
    return with_advice(goal, workshop, chosen, known_trials(state)) if is_wanted(chosen) else chosen


def search_facts(plan: Plan) -> dict[str, Any]:
    """Where a plan's trials come from, and how each source did; nothing where there is one trial.

    The advisor's cost is part of what the iteration spends on teachers.
    """
    if not any(trial.source for trial in plan.trials):
        return {}
    lines = [source_record(one) for one in plan.search_sources]
    facts: dict[str, Any] = {
        "search_sources": dg.MetadataValue.md(table(lines) or "No trial of a source has ended yet.")
    }
    if plan.advice is not None:
        facts |= {"advice": plan.advice.note, "advice_cost_usd": plan.advice.dollars}
    return facts


def conclude(goal: Goal, workshop: Workshop, iteration: str) -> Champion:
    """Compares an iteration's finished trials with the champion before it."""
    store = workshop.store
    plan = Plan.model_validate(store.read_json(goal.name, "plan", iteration, "plan.json"))
    names = [trial_key(iteration, trial.name) for trial in plan.trials]
    done = [name for name in names if measured(workshop, goal.name, name)]
    earlier = [p for p in store.partitions(goal.name, "champion") if p < iteration]
    before = None
    if earlier:
        text = store.read_json(goal.name, "champion", earlier[-1], "champion.json")
        before = Champion.model_validate(text)
    hours = workshop_hours(workshop, goal.name, iteration, names)
    found = [candidate(workshop, goal.name, name) for name in done]
    winner = looked(goal, workshop, iteration, found, before)
    if winner is None:
        raise ValueError(f"no trial of iteration {iteration} has a report")
    total = hours + (before.hours_used if before else 0.0)
    return winner.model_copy(update={"hours_used": total, "iteration_hours": hours})


def looked(
    goal: Goal,
    workshop: Workshop,
    iteration: str,
    candidates: list[Candidate],
    before: Champion | None,
) -> Champion | None:
    """The iteration's one look at the gate: recorded before anything is made of it."""
    store, best = workshop.store, contender(candidates)
    if best is None or best.full is None:
        return crown(goal.spec, iteration, candidates, before, {})
    held, passed = dict[str, bool](), best.passed
    if before:
        both = [store.folder(goal.name, "benchmark_report", t) for t in (before.trial, best.trial)]
        held, passed = read_comparable(*both)
    content = content_of(best.trial, passed, before.trial if before else "", held)
    may = allowance(goal, workshop, iteration, content)
    seen = {"full": best.full.model_copy(update={"looks": may.looks}), "passed": passed}
    judged = [c.model_copy(update=seen) if c is best else c for c in candidates]
    spent = before.alpha_spent if before else 0.0
    # rounded, for sums in another order differ in their last digit
    elsewhere = max(spent_elsewhere(store, goal.name), round(may.spent - spent, 12))
    level = may.earlier.level if may.earlier else None
    winner = crown(goal.spec, iteration, judged, before, held, elsewhere, level)
    if winner is not None and may.earlier is None:
        look = Look(
            line=goal.name,
            iteration=iteration,
            content=content,
            level=winner.level,
            spent=winner.alpha_spent - spent,
            looks=may.looks,
        )
        record_look(goal, workshop, best.trial, look, winner.reason)
    return winner


def remember(
    goal: Goal, instance: dg.DagsterInstance, workshop: Workshop, iteration: str
) -> tuple[TrialMemory, SliceLedger]:
    """What the trials up to this iteration taught, for the next plans and for later goals.

    And what their rows did to each slice, for the next plans.
    """
    base, following = goal.spec.limits.base_model, iteration_key(iteration_number(iteration) + 1)
    state = read_state(goal, instance, workshop, before=following)
    if iteration == BASELINE:
        earlier = trial_memory.earlier_goals(workshop.store, goal.name, base)
        state = state.model_copy(update={"past": earlier})
    memory = TrialMemory(base_model=base, trials=known_trials(state))
    return memory, SliceLedger(iterations=known_slices(state))


def effects_table(ledger: SliceLedger, iteration: str) -> str:
    """What an iteration's rows did to the slices of dev, as a table for people."""
    lines = [effect_record(e) for e in effects(ledger.iterations) if e.iteration == iteration]
    return table(lines) or "Nothing to compare with yet."


def measured(workshop: Workshop, goal: str, trial: str) -> bool:
    """Whether a trial has been through all of dev: neither the canary nor a race stopped it."""
    if not of_these_weights(workshop, goal, "canary_report", trial):
        return False
    meta = workshop.store.manifest(goal, "canary_report", trial).meta
    return not (meta.get("stopped") or meta.get("cannot_win"))


def of_these_weights(workshop: Workshop, goal: str, asset: str, trial: str) -> bool:
    """Whether a report is there, of the adapter as it is now: one made again has none yet."""
    store = workshop.store
    if not (store.exists(goal, asset, trial) and store.exists(goal, "adapter", trial)):
        return False
    tested = read_report(store.folder(goal, asset, trial)).model_hash
    return tested == store.manifest(goal, "adapter", trial).version


def candidate(workshop: Workshop, goal: str, trial: str) -> Candidate:
    """One trial's results, read from its reports; those on the gate where it was put to it."""
    dev = Score.of(read_report(workshop.store.folder(goal, "canary_report", trial)))
    if not of_these_weights(workshop, goal, "benchmark_report", trial):
        return Candidate(trial=trial, dev=dev)
    folder = workshop.store.folder(goal, "benchmark_report", trial)
    return Candidate(
        trial=trial,
        dev=dev,
        full=Score.of(read_report(folder)),
        passed=read_cases(folder),
        families=read_families(folder),
    )


def compared(winner: Champion) -> dict[str, Any]:
    """The comparison's numbers, in points of the pass rate; nothing where there was none."""
    if winner.gain is None or winner.gain_interval is None:
        return {}
    low, high = winner.gain_interval
    known = {
        "gain_points": 100 * winner.gain,
        "gain_interval_95_points": f"{100 * low:+.1f} to {100 * high:+.1f}",
        "p_value": winner.p_value,
        "level": winner.level,
    }
    if winner.gain_needed is not None:
        known["gain_needed_points"] = 100 * winner.gain_needed
    return known


def workshop_hours(workshop: Workshop, goal: str, iteration: str, trials: list[str]) -> float:
    """Hours of work that an iteration's artefacts took, from their manifests."""
    places = [("raw_dataset", iteration), ("filtered_dataset", iteration)]
    for trial in trials:
        assets = ("adapter", "canary_report", "benchmark_report", "adversarial_report")
        places += [(asset, trial) for asset in assets]
    seconds = sum(
        float(workshop.store.manifest(goal, asset, partition).meta.get("seconds", 0.0))
        for asset, partition in places
        if workshop.store.exists(goal, asset, partition)
    )
    return seconds / 3600
