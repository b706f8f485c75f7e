"""Forks a goal: what lies before an iteration becomes the history of a new line.

Artefacts are copied and held against their hashes, each published whole; the record `fork` comes
after them and the new contract last, so that a fork that was killed shows nowhere and goes on when
it is asked for again. Nothing of the original is changed.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import dagster as dg

from forgemind_assets.brain.fork import Fork
from forgemind_assets.brain.state import State, Work
from forgemind_assets.errors import AlteredArtefact, UserError
from forgemind_assets.foundry.tables import KEPT, read_rows
from forgemind_assets.goal import Goal
from forgemind_assets.goal_loading import goal_files, goal_name
from forgemind_assets.lorekeeper.hashing import difference, hash_files
from forgemind_assets.lorekeeper.promotion import Entry
from forgemind_assets.lorekeeper.store import FORKED_FROM, Store, write_atomic
from forgemind_assets.partitions import iterations_name, trials_name
from resources import forks, stop_reports
from resources.filter_equipment import remember
from resources.history import read_state
from resources.ledger import Ledger
from resources.ledger_writer import Kind
from resources.runs import CONCLUDE, PREPARE, TRIAL
from resources.workshop import Workshop

# What a line makes for itself: its contract, its registrations, its record.
OWN = ("goal", "registry_entry", stop_reports.ASSET, forks.ASSET)
SHOWN = {*PREPARE, *TRIAL, *CONCLUDE} - {"goal"}
Standing = Literal["free", "begun", "done", "taken"]


@dataclass(frozen=True)
class Artefact:
    """One artefact that a line inherits."""

    asset: str
    partition: str
    bytes: int


def inherited(store: Store, goal: str, iteration: str) -> list[Artefact]:
    """Everything of a goal up to an iteration, this one included, but for what a line makes."""
    folders = sorted(one.name for one in (store.root / goal).iterdir() if one.is_dir())
    found: list[Artefact] = []
    for asset in (name for name in folders if name not in OWN):
        for partition in store.partitions(goal, asset):
            if before(partition, iteration):
                files = store.manifest(goal, asset, partition).files
                size = sum(entry.bytes for entry in files.values())
                found.append(Artefact(asset, partition, size))
    return found


def before(partition: str, iteration: str) -> bool:
    """Whether an iteration or trial lies up to an iteration, this one included."""
    number = partition.partition("-")[0]
    return number.isdecimal() and int(number) <= int(iteration)


def spent_before(ledger: Ledger, goal: str, kind: Kind, iteration: str) -> dict[str, float]:
    """What the iterations and trials up to an iteration cost."""
    scopes = ledger.spent_by_scope(goal, kind)
    return {scope: dollars for scope, dollars in scopes.items() if before(scope, iteration)}


def state_at(workshop: Workshop, instance: dg.DagsterInstance, goal: Goal, fork: Fork) -> State:
    """What the Brain of the new line will know before its first decision."""
    state, ledger = read_state(goal, instance, workshop, before=fork.first), workshop.ledger()
    return state.model_copy(
        update={
            "iterations": tuple(
                it.model_copy(update={"consent": "none", "review": "", "promote": Work()})
                for it in state.iterations
            ),
            "api_dollars": sum(spent_before(ledger, goal.name, "api", fork.iteration).values()),
            "gpu_dollars": sum(spent_before(ledger, goal.name, "gpu", fork.iteration).values()),
            "fork": fork,
        }
    )


def standing(workshop: Workshop, goal: Goal, name: str, fork: Fork) -> Standing:
    """Whether a name is free, or a fork of that name was begun or done, this one or another."""
    record = forks.read_fork(workshop.store, name)
    if record is not None:
        return "done" if record == fork else "taken"
    begun = _intent(workshop, name)
    if begun.is_file():
        same = Fork.model_validate_json(begun.read_text(encoding="utf-8")) == fork
        return "begun" if same and not (goal.folder / fork.file).exists() else "taken"
    known = name in known_names(goal) or (workshop.store.root / name).exists()
    return "taken" if known or (goal.folder / fork.file).exists() else "free"


def known_names(goal: Goal) -> set[str]:
    """Names of the goals of this installation, and of those in the goal's folder."""
    return {goal_name(file) for file in (*goal_files(), *goal.folder.glob("goal*.yaml"))}


def make(
    goal: Goal,
    line: Goal,
    text: str,
    fork: Fork,
    workshop: Workshop,
    instance: dg.DagsterInstance,
    tell: Callable[[int, int, str], None],
) -> None:
    """Makes the new line; what an earlier attempt has made already is verified and kept.

    Args:
        goal: the original.
        line: the compiled contract of the new line.
        text: that contract as it is to stand in its file.
        fork: the record.
        workshop: the installation.
        instance: where the new line's partitions are shown.
        tell: called with artefacts done, their number, and which.

    Raises:
        AlteredArtefact: a file of the original, or of an earlier attempt, is another one.
    """
    store = workshop.store
    intent = _intent(workshop, line.name)
    intent.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(intent, fork.model_dump_json(indent=1))
    todo = inherited(store, goal.name, fork.iteration)
    for number, one in enumerate(todo):
        tell(number, len(todo), f"{one.asset} {one.partition}")
        adopt(store, goal, line.name, one)
    for key in store.partitions(goal.name, "registry_entry"):
        if before(key, fork.iteration):
            inherit_entry(store, goal.name, line.name, key)
    carry_spending(workshop.ledger(), goal.name, line.name, fork.iteration)
    for key in store.partitions(line.name, "filtered_dataset"):
        kept = store.folder(line.name, "filtered_dataset", key) / KEPT
        if before(key, fork.iteration):
            remember(line, workshop, key, read_rows(kept))
    show(instance, store, line.name, fork)
    forks.write_fork(store, line.name, fork)
    finish(goal, line.name, text, fork, workshop)


def finish(goal: Goal, name: str, text: str, fork: Fork, workshop: Workshop) -> None:
    """The last step: the contract is written, unless it is there. Raises UserError."""
    file = goal.folder / fork.file
    try:
        if not file.exists():
            write_atomic(file, text)
    except OSError as error:
        raise UserError(
            f"{file}: expected to write the new contract, found: {error.strerror}; make the folder "
            "writable and run the same command again, it goes on where it was"
        ) from error
    _intent(workshop, name).unlink(missing_ok=True)


def adopt(store: Store, goal: Goal, line: str, one: Artefact) -> None:
    """Copies one artefact under the name of the line. Raises AlteredArtefact."""
    source = store.verify(goal.name, one.asset, one.partition)
    if store.exists(line, one.asset, one.partition):
        if store.verify(line, one.asset, one.partition).version == source.version:
            return
        raise AlteredArtefact(
            f"{one.asset} of {line}, partition {one.partition}: expected what {goal.name} has, "
            "found another; choose another --name"
        )
    origin = {"goal": goal.name, "goal_version": goal.version, "partition": one.partition}
    meta = source.meta | {FORKED_FROM: origin}
    folder = store.folder(goal.name, one.asset, one.partition)
    with store.publish(line, one.asset, one.partition, meta) as copy:
        shutil.copytree(folder, copy, dirs_exist_ok=True)
        unlike = difference(copy, source.files, hash_files(copy))
        if unlike is not None:
            raise AlteredArtefact(f"{unlike}; it changed while it was copied: try again")


def inherit_entry(store: Store, goal: str, line: str, key: str) -> None:
    """The line's entry of an inherited iteration: in its own registry nothing is registered yet."""
    entry = Entry.model_validate(store.read_json(goal, "registry_entry", key, "entry.json"))
    there = f", where it is version {entry.version}" if entry.version else ""
    own = Entry(
        trial=entry.trial,
        version=None,
        promoted=False,
        reason=f"inherited from {goal} {key}{there}; not registered for {line}",
    )
    meta = {FORKED_FROM: {"goal": goal, "partition": key}}
    with store.publish(line, "registry_entry", key, meta) as folder:
        (folder / "entry.json").write_text(json.dumps(own.model_dump(), indent=1))


def carry_spending(ledger: Ledger, goal: str, line: str, iteration: str) -> None:
    """Counts what was paid before the fork against the line's limits, once."""
    for kind in get_args(Kind):
        known = ledger.spent_by_scope(line, kind)
        for scope, dollars in spent_before(ledger, goal, kind, iteration).items():
            if dollars and scope not in known:
                note = f"inherited: paid by {goal}"
                made = ledger.reserve(line, scope, kind, dollars, dollars, per="scope", note=note)
                ledger.settle(made, dollars)


def show(instance: dg.DagsterInstance, store: Store, line: str, fork: Fork) -> None:
    """Adds the inherited partitions, and reports each artefact as inherited, once."""
    places = [p for p in _places(store, line) if before(p[1], fork.iteration)]
    trials = sorted({partition for _, partition in places if "-" in partition})
    keys = sorted({partition.partition("-")[0] for _, partition in places})
    instance.add_dynamic_partitions(iterations_name(line), keys)
    instance.add_dynamic_partitions(trials_name(line), trials)
    for asset, partition in places:
        key = dg.AssetKey([line, asset])
        wanted = dg.AssetRecordsFilter(asset_key=key, asset_partitions=[partition])
        if not instance.fetch_materializations(wanted, limit=1).records:
            version = store.manifest(line, asset, partition).version
            instance.report_runless_asset_event(
                dg.AssetMaterialization(
                    asset_key=key,
                    partition=partition,
                    description=f"Inherited from {fork.goal}; nothing was run.",
                    metadata=_facts(store, line, asset, partition, fork),
                    tags={"dagster/data_version": version},
                )
            )


def _facts(store: Store, line: str, asset: str, partition: str, fork: Fork) -> Mapping[str, Any]:
    return {
        "inherited_from": f"{fork.goal} {partition}",
        "goal_version": fork.goal_version,
        "path": str(store.folder(line, asset, partition)),
    }


def _places(store: Store, line: str) -> Iterator[tuple[str, str]]:
    for asset in sorted(SHOWN):
        for partition in store.partitions(line, asset):
            yield asset, partition


def _intent(workshop: Workshop, name: str) -> Path:
    """Where it is noted that a fork was begun."""
    return workshop.home.work / name / "fork.json"
