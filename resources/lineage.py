"""Where something comes from and what came of it: rows, adapters, versions and iterations.

Every step names what it is, the facts of it, and the steps that explain it or followed from it.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import Field

from forgemind_assets.brain.champion import Champion
from forgemind_assets.brain.search.accounts import sources_line
from forgemind_assets.brain.slice_effects import effects, told
from forgemind_assets.brain.slice_gain import Gain
from forgemind_assets.errors import UserError
from forgemind_assets.forge.manifest import MANIFEST, read_manifest
from forgemind_assets.foundry.tables import (
    KEPT,
    REJECTED,
    REUSED,
    REUSED_REJECTED,
    yield_by_strategy,
)
from forgemind_assets.home import Home
from forgemind_assets.lorekeeper.comparison import REPORTS
from forgemind_assets.lorekeeper.store import FORKED_FROM, Store
from forgemind_assets.partitions import split_trial, trial_key
from forgemind_assets.records import Plan, Record
from forgemind_assets.trial_grounds.report import read_cases, read_report
from forgemind_assets.warden.reviews import last_word
from resources.forks import read_fork
from resources.ledger import Ledger
from resources.registrations import open_registrations
from resources.reviews import open_reviews
from resources.slice_ledger import read_ledger

SHORTEST_ROW_ID = 4
MOST_CASES = 20


class Step(Record):
    """One thing in a lineage."""

    what: str
    facts: dict[str, Any] = Field(default_factory=dict)
    steps: tuple["Step", ...] = ()


def _expected(plan: Plan) -> dict[str, str]:
    """What a plan expects of its rows, where it says so."""
    return {"rows": Gain(*plan.rows_gain, plan.rows_dollars).told} if plan.rows_gain else {}


class Lineage:
    """Reads the lineage of one goal."""

    def __init__(self, home: Home, goal: str):
        self._goal, self._store = goal, Store(home.store)
        self._ledger = Ledger(home.ledger_url)
        self._events = open_registrations(home).events(goal)
        self._reviews = open_reviews(home)

    def why(self, wanted: str) -> Step:
        """The lineage of a row, an adapter, a version or an iteration.

        Raises:
            UserError: there is no such thing, or several rows begin with these letters.
        """
        number = wanted.removeprefix("v")
        if wanted in self._store.partitions(self._goal, "plan"):
            return self.iteration(wanted)
        if wanted in self._trials():
            return self.adapter(wanted)
        if number.isdecimal() and any(event.version == number for event in self._events):
            return self.version(number)
        if re.fullmatch(f"[0-9a-f]{{{SHORTEST_ROW_ID},}}", wanted):
            found = self._rows(wanted)
            if len({row["row_id"] for _, row in found}) == 1:
                return self.row(found)
            if found:
                raise UserError(f"expected the id of one row, found several for {wanted!r}")
        raise UserError(
            f"{self._goal} has nothing named {wanted!r}: expected a row's id, or one of "
            f"{', '.join(self._names()) or '(none yet)'}"
        )

    def row(self, found: list[tuple[str, dict[str, Any]]]) -> Step:
        """Prompt and teacher of a row, the verdict of each dataset, and who trained on it."""
        row = found[0][1]
        names = ("slice", "family", "strategy", "teacher", "input", "answer")
        steps = [self._source(row["parent"])] if row["parent"] else []
        for iteration, one in found:
            lost = one.get("stage")
            verdict = f"rejected by {lost}: {one['reason']}" if lost else "kept"
            trials = [] if lost else [t for t in self._trials() if t.startswith(f"{iteration}-")]
            trained = tuple(self.adapter(t, origin=False) for t in trials if self._is_lora(t))
            steps.append(
                Step(what=f"dataset {iteration}", facts={"verdict": verdict}, steps=trained)
            )
        return Step(
            what=f"row {row['row_id']}",
            facts={name: row[name] for name in names if row[name] is not None},
            steps=tuple(steps),
        )

    def adapter(self, trial: str, *, origin: bool = True, registered: bool = True) -> Step:
        """What an adapter was trained on, what it passed and failed, and what was decided."""
        steps = [*(self._origin(trial) if origin else ()), *self._reports(trial)]
        steps += self._champion(trial)
        steps += [
            self.version(event.version, origin=False)
            for event in self._events
            if registered and event.action == "registered" and event.trial == trial
        ]
        facts = self._training(trial) | self._inherited("adapter", trial)
        return Step(what=f"adapter {trial}", facts=facts, steps=tuple(steps))

    def version(self, number: str, *, origin: bool = True) -> Step:
        """What happened to a registered version, and what people said of it."""
        events = [event for event in self._events if event.version == number]
        steps = [
            Step(what=event.action, facts={"by": event.by, "why": event.reason}) for event in events
        ]
        steps += self._decisions(number)
        if origin:
            steps.append(self.adapter(events[0].trial, registered=False))
        return Step(
            what=f"version {number}",
            facts={"trial": events[0].trial, "adapter_version": events[0].adapter_version},
            steps=tuple(steps),
        )

    def iteration(self, key: str) -> Step:
        """The plan of an iteration, its dataset, its trials and the decision on them."""
        text = self._store.read_json(self._goal, "plan", key, "plan.json")
        plan = Plan.model_validate(text)
        names = [trial_key(key, trial.name) for trial in plan.trials]
        told_sources = sources_line(plan.search_sources)
        return Step(
            what=f"iteration {key}",
            facts={
                "hypothesis": plan.hypothesis,
                **_expected(plan),
                "last_outcome": plan.last_outcome or "none",
                **self._inherited("plan", key),
            }
            | ({"sources so far": told_sources} if told_sources else {})
            | {f"why {trial.name}": trial.why for trial in plan.trials if trial.why},
            steps=(
                *self._fork(key),
                *self._dataset(key),
                *(self.adapter(name, origin=False) for name in names if name in self._trials()),
                *self._slices(key),
            ),
        )

    def _slices(self, key: str) -> Iterator[Step]:
        """What the iteration's rows did to the slices of dev, the largest changes first."""
        if not self._store.exists(self._goal, "champion", key):
            return
        ledger = read_ledger(self._store, self._goal, key)
        own = [effect for effect in effects(ledger) if effect.iteration == key]
        if own:
            ranked = sorted(own, key=lambda effect: (-abs(effect.change), effect.slice))
            facts = {one.slice: told(one) for one in ranked}
            yield Step(what=f"slices of dev, against {own[0].before}", facts=facts)

    def _inherited(self, asset: str, partition: str) -> dict[str, Any]:
        """The goal that an artefact was copied from when this one was forked; nothing else."""
        origin = self._store.manifest(self._goal, asset, partition).meta.get(FORKED_FROM)
        return {"inherited_from": f"{origin['goal']} {partition}"} if origin else {}

    def _fork(self, key: str) -> Iterator[Step]:
        """Where the line of an iteration was forked; under its first iteration."""
        fork = read_fork(self._store, self._goal)
        if fork is not None and key == fork.first:
            facts = {"goal_version": fork.goal_version, "changed": fork.changed}
            yield Step(what=f"forked from {fork.goal} {fork.iteration}", facts=facts)

    def _trials(self) -> list[str]:
        return self._store.partitions(self._goal, "adapter")

    def _names(self) -> list[str]:
        versions = {f"v{event.version}" for event in self._events if event.version}
        return [*self._store.partitions(self._goal, "plan"), *self._trials(), *sorted(versions)]

    def _rows(self, prefix: str) -> list[tuple[str, dict[str, Any]]]:
        """Iteration and stored row for each dataset that holds a row of this id."""
        found = []
        for key in self._store.partitions(self._goal, "filtered_dataset"):
            folder = self._store.folder(self._goal, "filtered_dataset", key)
            files = (folder / name for name in (KEPT, REJECTED, REUSED, REUSED_REJECTED))
            for file in filter(Path.exists, files):
                rows = pl.scan_parquet(file)
                matching = rows.filter(pl.col("row_id").str.starts_with(prefix)).collect()
                found += [(key, row) for row in matching.to_dicts()]
        return found

    def _source(self, parent: str) -> Step:
        """The teacher's request that a row came from, or the seed."""
        key = parent.removeprefix("request:")
        if key == parent:
            return Step(what=f"seed {parent}")
        answer = self._ledger.response(key)
        if answer is None:
            return Step(what=f"request {key}", facts={"note": "its answer is not in the ledger"})
        facts = {
            "teacher": answer.teacher,
            "iteration": answer.iteration,
            "prompt": answer.request.get("messages", answer.request),
            "answer": answer.text,
            "dollars": answer.dollars,
        }
        return Step(what=f"request {key}", facts=facts)

    def _is_lora(self, trial: str) -> bool:
        return (self._store.folder(self._goal, "adapter", trial) / MANIFEST).is_file()

    def _training(self, trial: str) -> dict[str, Any]:
        """The facts of a training; a baseline has none."""
        if not self._is_lora(trial):
            return {"training": "none: the base model as it is"}
        manifest = read_manifest(self._store.folder(self._goal, "adapter", trial))
        wanted = ("base", "settings", "rows", "steps", "dataset_version", "adapter_sha256")
        return {name: manifest[name] for name in wanted if name in manifest}

    def _origin(self, trial: str) -> Iterator[Step]:
        yield from self._dataset(split_trial(trial)[0])
        start = self._training(trial).get("settings", {}).get("start_from", "base")
        if start in self._trials():
            yield Step(what=f"continued from adapter {start}")

    def _dataset(self, key: str) -> Iterator[Step]:
        """The dataset of an iteration with its sources and its funnel."""
        if not self._store.exists(self._goal, "filtered_dataset", key):
            return
        manifest = self._store.manifest(self._goal, "filtered_dataset", key)
        folder = self._store.folder(self._goal, "filtered_dataset", key)
        facts = {
            "version": manifest.version,
            "rows_kept": manifest.meta.get("rows_kept"),
            "rows_rejected": manifest.meta.get("rows_rejected"),
            "sources": {
                f"{one['strategy']} of {one['teacher']}": f"{one['rows_kept']} of {one['rows_in']}"
                for one in yield_by_strategy(folder / "kept.parquet", folder / "rejected.parquet")
            },
        }
        yield Step(what=f"dataset {key}", facts=facts)

    def _reports(self, trial: str) -> Iterator[Step]:
        """What passed and what failed; the failed cases by name, as far as a person reads them."""
        for suite, asset in REPORTS.items():
            if self._store.exists(self._goal, asset, trial):
                folder = self._store.folder(self._goal, asset, trial)
                report = read_report(folder)
                failed = sorted(name for name, passed in read_cases(folder).items() if not passed)
                facts: dict[str, Any] = {
                    "passed": report.overall.passed,
                    "of": report.overall.total,
                    "failed": failed[:MOST_CASES],
                }
                more = len(failed) - MOST_CASES
                yield Step(
                    what=f"report on {suite}",
                    facts=facts | ({"and_more": more} if more > 0 else {}),
                )

    def _champion(self, trial: str) -> Iterator[Step]:
        key = split_trial(trial)[0]
        if self._store.exists(self._goal, "champion", key):
            text = self._store.read_json(self._goal, "champion", key, "champion.json")
            yield Step(what="decision", facts={"champion": Champion.model_validate(text).reason})

    def _decisions(self, number: str) -> Iterator[Step]:
        for review in self._reviews.state(self._goal):
            if review.question.subject.version == number:
                told = last_word(review) if review.rulings else "waits for a person"
                facts = {"about": review.question.kind, "status": review.status, "last": told}
                yield Step(what=f"review {review.id}", facts=facts)
