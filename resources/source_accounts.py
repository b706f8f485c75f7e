"""Reads the accounts of a goal's sources of rows, and what is needed to measure their effect."""

from dataclasses import dataclass

from forgemind_assets.foundry.accounts import IterationAccounts, read_accounts
from forgemind_assets.foundry.effects import Effect, effects
from forgemind_assets.lorekeeper.store import Store
from forgemind_assets.partitions import trial_key
from forgemind_assets.records import Plan
from forgemind_assets.trial_grounds.report import read_report
from resources.dev_errors import DEV_REPORT

# More iterations than an effect needs; reading does not grow with the history.
NEWEST = 40


@dataclass(frozen=True)
class Accounts:
    """The newest iterations of a goal, oldest first, and the effects measured over them."""

    iterations: tuple[IterationAccounts, ...]
    effects: tuple[Effect, ...]


def goal_accounts(store: Store, goal: str) -> Accounts:
    """The accounts of a goal; empty before a first dataset."""
    keys = store.partitions(goal, "raw_dataset")[-NEWEST:]
    found = tuple(iteration_accounts(store, goal, key) for key in keys)
    dev: dict[str, dict[str, float]] = {}
    reused: dict[str, tuple[str, ...]] = {}
    for key in store.partitions(goal, "plan")[-NEWEST - 1 :]:
        plan = Plan.model_validate(store.read_json(goal, "plan", key, "plan.json"))
        reused[key] = plan.data.reuse_iterations if plan.data else ()
        rates = _dev_rates(store, goal, key, plan)
        if rates:
            dev[key] = rates
    return Accounts(found, effects(found, dev, reused))


def iteration_accounts(store: Store, goal: str, iteration: str) -> IterationAccounts:
    """One iteration, filtered or not yet."""
    raw = store.manifest(goal, "raw_dataset", iteration).meta
    done = store.exists(goal, "filtered_dataset", iteration)
    filtered = store.manifest(goal, "filtered_dataset", iteration).meta if done else {}
    return read_accounts(iteration, raw, filtered)


def _dev_rates(store: Store, goal: str, iteration: str, plan: Plan) -> dict[str, float]:
    """Pass rates of the iteration's best trial on the slices of dev."""
    names = [trial_key(iteration, trial.name) for trial in plan.trials]
    reports = [
        read_report(store.folder(goal, DEV_REPORT, name))
        for name in names
        if store.exists(goal, DEV_REPORT, name)
    ]
    most = max((report.overall.total for report in reports), default=0)
    whole = [report for report in reports if report.overall.total == most]
    best = max(whole, key=lambda report: report.pass_rate, default=None)
    return {name: rate.rate for name, rate in best.slices.items()} if best else {}
