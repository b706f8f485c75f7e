"""The tripwires' effects: hashes of what must not change, and two small suites beside the gate."""

import hashlib
import json
import time
from pathlib import Path
from typing import Any

from filelock import FileLock

from forgemind_assets.brain.champion import Champion
from forgemind_assets.errors import StoreError
from forgemind_assets.goal import Goal
from forgemind_assets.goal_loading import load_cases, suite_digests
from forgemind_assets.home import Home
from forgemind_assets.lorekeeper.store import Store, write_atomic
from forgemind_assets.partitions import BASELINE, split_trial
from forgemind_assets.trial_grounds import graders
from forgemind_assets.trial_grounds.evaluation import evaluate
from forgemind_assets.trial_grounds.graders.plain_answer import PlainAnswer
from forgemind_assets.trial_grounds.report import (
    Report,
    read_cases,
    read_comparable,
    read_families,
    read_slices,
    summarise,
    write_report,
)
from forgemind_assets.trial_grounds.tripwires import (
    GENERAL_TOKENS,
    WEIGHTS,
    Verdict,
    changed_seals,
    general_cases,
    general_verdict,
    impossible_verdict,
    slice_verdict,
)
from resources.examiner import Subject, examine_subject, journal_of, subject_of, suite_hash
from resources.model_hub import sha256_of
from resources.predictor import LocalModel
from resources.workshop import Workshop

IMPOSSIBLE = "impossible.json"
GENERAL = "general"


def seals(goal: Goal, workshop: Workshop) -> dict[str, str]:
    """SHA-256 of every suite, of the graders' source, and of the base weights, as they are now."""
    suites = {f"suite {name}": digest for name, digest in suite_digests(goal).items()}
    weights = workshop.models.clean(goal.spec.limits.base_model)
    return suites | {
        "graders": graders_digest(),
        WEIGHTS: folder_digest(workshop.home, weights),
    }


def seals_at_start(goal: Goal, workshop: Workshop, trial: str) -> dict[str, str]:
    """The seals that a trial's making begins with: those of its first attempt, where it had one.

    Another attempt must not take what was changed meanwhile for what it should be.
    """
    try:
        earlier = workshop.store.manifest(goal.name, "adapter", trial).meta.get("seals")
    except StoreError:
        earlier = None
    return earlier or seals(goal, workshop)


def first_seals(goal: Goal, store: Store) -> dict[str, str] | None:
    """The seals that the goal's first baseline was made under; None where none were noted."""
    first = f"{BASELINE}-a"
    if not store.exists(goal.name, "adapter", first):
        return None
    return store.manifest(goal.name, "adapter", first).meta.get("seals")


def kept_seals(goal: Goal, workshop: Workshop, before: dict[str, str]) -> dict[str, Any]:
    """What a step says of the seals in its manifest: those before it, and what changed since."""
    return {"seals": before, "changed_seals": changed_seals(before, seals(goal, workshop))}


def graders_digest() -> str:
    """Over the source of all grader modules."""
    digest = hashlib.sha256()
    for path in sorted(p for root in graders.__path__ for p in Path(root).glob("*.py")):
        digest.update(f"{path.name}\x00{sha256_of(path)}\n".encode())
    return digest.hexdigest()


def folder_digest(home: Home, folder: Path) -> str:
    """Over the files of a model; each is read once as long as it is the same file.

    The same is: size, times of change, and inode. The time of the inode's change is among them, as
    the other one can be set by anybody.
    """
    home.run.mkdir(parents=True, exist_ok=True)
    file = home.run / "weights.json"
    with FileLock(home.run / "weights.lock"):
        known = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        digest, found = hashlib.sha256(), dict[str, Any]()
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            stat = path.stat()
            identity = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]
            entry = known.get(str(path))
            if entry is None or entry["identity"] != identity:
                entry = {"identity": identity, "sha256": sha256_of(path)}
            found[str(path)] = entry
            digest.update(f"{path.relative_to(folder)}\x00{entry['sha256']}\n".encode())
        if any(known.get(name) != entry for name, entry in found.items()):
            write_atomic(file, json.dumps(known | found))
    return digest.hexdigest()


def measure_beside(goal: Goal, workshop: Workshop, trial: str, folder: Path) -> float:
    """Puts the impossible cases and the general prompts to a trial; writes beside the report.

    Returns the seconds that it took.
    """
    began = time.monotonic()
    subject = subject_of(goal, workshop, trial)
    cases = load_cases(goal, "impossible")
    if cases:
        exam = examine_subject(
            goal, workshop, subject, "impossible", cases, stage="impossible cases"
        )
        report = exam.report.model_copy(update={"samples": ()})
        (folder / IMPOSSIBLE).write_text(report.model_dump_json(indent=1), encoding="utf-8")
    if goal.spec.tripwires.general_ability:
        (folder / GENERAL).mkdir()
        write_general(goal, workshop, subject, folder / GENERAL)
    return time.monotonic() - began


def write_general(goal: Goal, workshop: Workshop, subject: Subject, folder: Path) -> None:
    """Asks the general prompts as they are, without the goal's own prompt."""
    began, cases = time.monotonic(), general_cases()
    progress = workshop.progress(goal.name)
    digest = suite_hash(cases)
    model = LocalModel(
        subject.base, subject.adapter, quantisation=subject.quantisation, verify=subject.verify
    )
    results = evaluate(
        cases,
        [[{"role": "user", "content": case.input}] for case in cases],
        lambda: model,
        PlainAnswer(),
        max_new_tokens=GENERAL_TOKENS,
        journal=journal_of(goal, workshop, subject, kind=f"general-{digest[:8]}-"),
        on_progress=lambda done, total: progress.report(
            "testing (general ability)", done, total, "prompts", where=subject.name
        ),
    )
    report = summarise(
        results,
        goal=goal.name,
        suite="general_ability",
        suite_hash=digest,
        model=subject.name,
        model_hash=subject.model_hash,
        prompt_variant="none",
        seconds=time.monotonic() - began,
    )
    write_report(report, results, folder)


def read_impossible(store: Store, goal: str, trial: str) -> Report | None:
    """The report on the impossible cases; None where they were not asked."""
    file = store.folder(goal, "benchmark_report", trial) / IMPOSSIBLE
    return Report.model_validate_json(file.read_text("utf-8")) if file.is_file() else None


def impossible_of(goal: Goal, store: Store, trial: str) -> Verdict | None:
    """Whether a trial passed no more of the impossible cases than chance allows."""
    report = read_impossible(store, goal.name, trial)
    return impossible_verdict(report, len(goal.spec.task.labels)) if report else None


def general_of(goal: Goal, store: Store, trial: str) -> Verdict | None:
    """A trial's general ability against that of the base model; None where one was not asked."""
    base, now = (_general(store, goal.name, one) for one in (f"{BASELINE}-a", trial))
    return general_verdict(base, now) if base and now else None


def _general(store: Store, goal: str, trial: str) -> dict[str, bool]:
    if not store.exists(goal, "benchmark_report", trial):
        return {}
    folder = store.folder(goal, "benchmark_report", trial) / GENERAL
    return read_cases(folder) if folder.is_dir() else {}


def slices_of(goal: Goal, store: Store, trial: str) -> Verdict | None:
    """A trial's slices against those of the champion before its iteration; None for the first."""
    iteration = split_trial(trial)[0]
    earlier = [key for key in store.partitions(goal.name, "champion") if key < iteration]
    if not earlier:
        return None
    text = store.read_json(goal.name, "champion", earlier[-1], "champion.json")
    champion = Champion.model_validate(text).trial
    if not store.exists(goal.name, "benchmark_report", champion):
        return None
    old, new = (store.folder(goal.name, "benchmark_report", one) for one in (champion, trial))
    held, now = read_comparable(old, new)
    return slice_verdict(held, now, read_families(new), read_slices(new), champion)
