"""A small goal with two concluded iterations, whose forks may be made, and killed half-way."""

import hashlib
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fakes.goal_folder import write_goal
from fakes.installation import Installation
from fakes.trials import publish_plan, publish_report, publish_trial

from forgemind_assets.brain.assets import conclude
from forgemind_assets.factory import build_definitions
from forgemind_assets.foundry.tables import write_rejected, write_rows
from forgemind_assets.goal_loading import load_goal
from forgemind_assets.home import Home
from forgemind_assets.lorekeeper.promotion import Entry
from forgemind_assets.records import Row
from resources.fork_plan import propose
from resources.forking import make
from resources.instance import open_instance
from resources.registrations import open_registrations
from resources.workshop import Workshop

CHANGES = {
    "limits.api_dollars_per_goal": 1,
    "limits.max_iterations": 4,
    "strategies": [{"name": "seed_expansion"}],
    "teachers": [],
    "search": {"rows": 24, "epochs": 1, "rank": 2, "batch_size": 4},
}


def build_history(folder: Path, environment) -> None:
    """Iterations 0000 to 0002 of the small goal, 0001 and 0002 with rows and money spent."""
    with at(folder, environment) as place:
        for key, passed in (("0000", 2), ("0001", 8), ("0002", 10)):
            publish_plan(place, key)
            if key != "0000":
                publish_rows(place, key)
            for name in ("a", "b") if key == "0000" else ("a",):
                publish_trial(place, f"{key}-{name}", passed)
                publish_report(place, "adversarial_report", f"{key}-{name}", passed)
            conclude_and_register(place, key)


@contextmanager
def at(folder: Path, environment) -> Iterator[Installation]:
    """The installation in a folder, with its own Dagster instance."""
    home = Home(folder / "home", folder / "models")
    environment.setenv("DAGSTER_HOME", str(home.dagster))
    environment.setenv("FORGEMIND_HOME", str(home.root))
    environment.delenv("FORGEMIND_LEDGER_URL", raising=False)
    environment.delenv("FORGEMIND_GOALS", raising=False)
    goal = folder / "goal"
    loaded = load_goal(goal if goal.exists() else write_goal(goal, CHANGES))
    workshop = Workshop(home_root=str(home.root), models_root=str(home.models))
    with open_instance(home) as instance:
        yield Installation(loaded, workshop, build_definitions([loaded], workshop), instance)


def conclude_and_register(place: Installation, key: str) -> None:
    """What the assets `champion` and `registry_entry` leave, without MLflow."""
    store, name = place.workshop.store, place.goal.name
    winner = conclude(place.goal, place.workshop, key)
    with store.publish(name, "champion", key, {}) as folder:
        (folder / "champion.json").write_text(winner.model_dump_json())
    version = None if winner.trial.startswith("0000") else "1"
    entry = Entry(trial=winner.trial, version=version, promoted=False, reason="r")
    with store.publish(name, "registry_entry", key, {}) as folder:
        (folder / "entry.json").write_text(entry.model_dump_json())
    adapter = store.manifest(name, "adapter", winner.trial).version
    open_registrations(place.workshop.home).record(
        "registered", goal=name, version="1", trial=winner.trial, adapter_version=adapter,
        reason="r", by="registry_entry",
    )  # fmt: skip


def publish_rows(place: Installation, key: str) -> None:
    store, name, ledger = place.workshop.store, place.goal.name, place.workshop.ledger()
    expected = {"cwe": "CWE-89", "line": 1, "fix": None}
    row = Row.make(
        family="f", slice="CWE-89", input=key, expected=expected, strategy="seed_expansion"
    )
    with store.publish(name, "raw_dataset", key, {"accounts": []}) as folder:
        write_rows([row], folder / "rows.parquet")
    yields = {"seed_expansion": {"asked": 0, "made": 1, "kept": 1}}
    meta = {"rows_kept": 1, "rows_rejected": 0, "yields": yields, "accounts": []}
    with store.publish(name, "filtered_dataset", key, meta) as folder:
        write_rows([row], folder / "kept.parquet")
        write_rejected([], folder / "rejected.parquet")
    ledger.settle(ledger.reserve(name, key, "api", 0.25, 1.0), 0.25)


def contents(root: Path) -> dict[str, str]:
    """Every file below a folder, by its hash."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


class Mortal:
    """A Dagster instance whose process is killed when one of its methods is called once more."""

    def __init__(self, instance, method: str, calls: int):
        self._instance, self._method, self._left = instance, method, calls

    def __getattr__(self, name: str):
        if name == self._method:
            self._left -= 1
            if self._left < 0:
                die()
        return getattr(self._instance, name)


def die() -> None:
    """SIGKILL to this process."""
    os.kill(os.getpid(), signal.SIGKILL)


def fork_and_die(goal: str, sets: list[str], where: str, calls: int) -> None:
    """Forks from 0001 and is killed: after so many copies, or so many calls of the instance."""
    loaded, workshop = load_goal(goal), Workshop()

    def tell(done: int, total: int, what: str) -> None:
        if where == "copies" and done == calls:
            die()

    with open_instance(workshop.home) as instance:
        found = propose(loaded, workshop, instance, iteration="1", sets=sets, name=None)
        dying = instance if where == "copies" else Mortal(instance, where, calls)
        make(loaded, found.line, found.text, found.fork, workshop, dying, tell)
