"""Tells in sentences what a loop under the daemon does, from what it publishes."""

from rich.console import Console
from rich.markup import escape

from forgemind_assets.brain.champion import Champion
from forgemind_assets.cli.live import clock
from forgemind_assets.cli.summary import SUITES, percent, rate_of, stopped_of
from forgemind_assets.goal import Goal
from forgemind_assets.home import Home
from forgemind_assets.lorekeeper.store import Store
from forgemind_assets.partitions import iteration_number, trial_key
from forgemind_assets.records import Plan
from resources.ledger import Ledger


class Story:
    """Prints each published plan, result and champion once."""

    def __init__(self, goal: Goal, home: Home, console: Console):
        self.goal, self.console, self.store = goal, console, Store(home.store)
        self.ledger = Ledger(home.ledger_url)
        self._told: set[tuple[str, str]] = set()

    def tell(self) -> None:
        """Prints what is new since the last call."""
        for key in self.store.partitions(self.goal.name, "plan")[-2:]:
            plan_text = self.store.read_json(self.goal.name, "plan", key, "plan.json")
            plan = Plan.model_validate(plan_text)
            if self._first("plan", key):
                if plan.last_outcome:
                    self._say(f"   {plan.last_outcome}")
                self._say(f"[bold]Iteration {key}[/]: {escape(plan.hypothesis)}")
                for trial in plan.trials:
                    if trial.why:
                        self._say(f"   {trial_key(key, trial.name)}: {escape(trial.why)}")
                self._say(f"   {self._budget(key)}")
            self._data(key)
            for trial in plan.trials:
                self._trial(trial_key(key, trial.name))
            self._champion(key)

    def _say(self, line: str) -> None:
        self.console.print(line, highlight=False, soft_wrap=True)

    def _budget(self, key: str) -> str:
        """What the loop has used before this iteration, and what its limits leave."""
        limits, name = self.goal.spec.limits, self.goal.name
        done = self.store.partitions(name, "champion")
        hours = 0.0
        if done:
            text = self.store.read_json(name, "champion", done[-1], "champion.json")
            hours = Champion.model_validate(text).hours_used
        left = limits.max_iterations - max(iteration_number(key) - 1, 0)
        return (
            f"at most {left} iteration{'' if left == 1 else 's'} and "
            f"{clock(max(0.0, limits.hours - hours) * 3600)} of {clock(limits.hours * 3600)} "
            "hours left; "
            f"${self.ledger.spent(name, 'api'):.2f} of ${limits.api_dollars_per_goal:.2f} spent on "
            f"teachers, ${self.ledger.spent(name, 'gpu'):.2f} on GPU"
        )

    def _first(self, asset: str, partition: str) -> bool:
        new = (asset, partition) not in self._told
        published = self.store.exists(self.goal.name, asset, partition)
        if new and published:
            self._told.add((asset, partition))
        return new and published

    def _data(self, key: str) -> None:
        if self._first("filtered_dataset", key):
            meta = self.store.manifest(self.goal.name, "filtered_dataset", key).meta
            self._say(f"   {meta['rows_kept']} rows kept, {meta['rows_rejected']} rejected")

    def _trial(self, name: str) -> None:
        if self._first("adapter", name):
            meta = self.store.manifest(self.goal.name, "adapter", name).meta
            if meta.get("kind") == "lora":
                self._say(
                    f"   {name} trained: {meta['steps']} steps, loss {meta['loss']:.3f}, "
                    f"{meta['seconds'] / 60:.1f} minutes"
                )
        for suite, asset in SUITES.items():
            if self._first(asset, name):
                rate = percent(rate_of(self.goal.name, self.store, asset, name))
                self._say(f"   {name} on {suite}: {rate}")
        self._race(name)

    def _race(self, name: str) -> None:
        reason = stopped_of(self.goal.name, self.store, name)
        if reason and (name, "race") not in self._told:
            self._told.add((name, "race"))
            self._say(f"   {name} stopped: {reason}")

    def _champion(self, key: str) -> None:
        if self._first("champion", key):
            text = self.store.read_json(self.goal.name, "champion", key, "champion.json")
            winner = Champion.model_validate(text)
            self._say(f"   {winner.reason}")
