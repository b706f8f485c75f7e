"""Reads a loop's past for pictures and explanations: the newest iterations, from the store."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from forgemind_assets.brain.champion import Champion
from forgemind_assets.brain.search.accounts import sources_line
from forgemind_assets.brain.turns import Attempt, Turn, outcome_of
from forgemind_assets.lorekeeper.store import Store
from forgemind_assets.partitions import trial_key
from forgemind_assets.records import Plan, TrialSettings
from forgemind_assets.trial_grounds.report import Report, read_report
from resources.ledger import Ledger
from resources.ledger_writer import Kind

MOST_TURNS = 60
"""More iterations than a picture can hold."""


def read_turns(store: Store, ledger: Ledger, goal: str) -> tuple[Turn, ...]:
    """The newest iterations that have a plan, oldest first."""
    keys = store.partitions(goal, "plan")[-MOST_TURNS:]
    paid = dollars_by_iteration(ledger, goal)
    turns = list[Turn]()
    for key in keys:
        turns.append(read_turn(store, goal, key, turns[-1] if turns else None, paid))
    return tuple(turns)


def dollars_by_iteration(ledger: Ledger, goal: str) -> Mapping[str, float]:
    """What each iteration cost, with its trials."""
    found = defaultdict[str, float](float)
    kinds: tuple[Kind, ...] = ("api", "gpu")
    for kind in kinds:
        for scope, dollars in ledger.spent_by_scope(goal, kind).items():
            found[scope.partition("-")[0]] += dollars
    return found


def read_turn(
    store: Store, goal: str, key: str, before: Turn | None, paid: Mapping[str, float]
) -> Turn:
    """One iteration; what is not published yet is left empty."""
    plan = Plan.model_validate(store.read_json(goal, "plan", key, "plan.json"))
    reports = {t.name: dev_report(store, goal, trial_key(key, t.name)) for t in plan.trials}
    best = max((r for r in reports.values() if r), key=lambda r: r.pass_rate, default=None)
    champion = None
    if store.exists(goal, "champion", key):
        text = store.read_json(goal, "champion", key, "champion.json")
        champion = Champion.model_validate(text)
    dev = best.pass_rate if best else None
    rates = [rate for rate in (dev, before.best_dev if before else None) if rate is not None]
    return Turn(
        iteration=key,
        hypothesis=plan.hypothesis,
        expected=plan.expected_effect,
        sources=sources_line(plan.search_sources),
        outcome=outcome_of(plan, dev, before.dev if before else None) if champion else "",
        decision=champion.reason if champion else "",
        dev=dev,
        best_dev=max(rates, default=None),
        slices=best.slices if best else {},
        hours=champion.iteration_hours if champion else 0.0,
        dollars=paid.get(key, 0.0),
        attempts=tuple(
            attempt(store, goal, key, trial, reports[trial.name])
            for trial in plan.trials
            if trial.training
        ),
    )


def dev_report(store: Store, goal: str, trial: str) -> Report | None:
    """A trial's report on all of dev; None where it did not come through."""
    if not store.exists(goal, "canary_report", trial):
        return None
    meta = store.manifest(goal, "canary_report", trial).meta
    if meta.get("stopped") or meta.get("cannot_win"):
        return None
    return read_report(store.folder(goal, "canary_report", trial))


def attempt(
    store: Store, goal: str, key: str, trial: TrialSettings, report: Report | None
) -> Attempt:
    """One trial's configuration and result."""
    name, training = trial_key(key, trial.name), trial.training
    assert training is not None
    metas = list(metas_of(store, goal, name).values())
    return Attempt(
        trial=name,
        learning_rate=training.learning_rate,
        rank=training.rank,
        alpha=training.alpha,
        epochs=training.epochs,
        rows=metas[0].get("rows") if metas else None,
        dev=report.pass_rate if report else None,
        stopped=stopped_because(store, goal, name),
        why=trial.why,
    )


def metas_of(store: Store, goal: str, trial: str) -> dict[str, dict[str, Any]]:
    """What is noted of a trial's adapter and of its dev report, as far as they are published."""
    return {
        asset: store.manifest(goal, asset, trial).meta
        for asset in ("adapter", "canary_report")
        if store.exists(goal, asset, trial)
    }


def stopped_because(store: Store, goal: str, trial: str) -> str:
    """Why a trial was stopped early; empty where it was not."""
    metas = metas_of(store, goal, trial)
    # An adapter's "stopped" says how its training ended, which every training does.
    if metas.get("canary_report", {}).get("stopped"):
        return "below the canary pass rate"
    return next((m["cannot_win"] for m in metas.values() if m.get("cannot_win")), "")
