"""Opens the sealed suite, for a promotion only: recorded first, limited, and once an adapter.

An opening is an entry of the signed registry record, written before a case is read. One whose
result is missing was cut off by a crash: it goes on as the same opening, with the answers that
were given. The result is an entry too; the same adapter is not opened for again.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from forgemind_assets.brain.state import Score
from forgemind_assets.errors import PromotionRefused, StoreError
from forgemind_assets.goal import Goal
from forgemind_assets.goal_loading import load_cases, suite_digests
from forgemind_assets.home import Home
from forgemind_assets.lorekeeper.sealed import SealedVerdict, judge_sealed, without_cases
from forgemind_assets.lorekeeper.store import Store
from forgemind_assets.trial_grounds.report import (
    Report,
    read_cases,
    read_families,
    read_report,
    write_report,
)
from forgemind_assets.trial_grounds.statistics import pair
from resources.examiner import Subject, examine_subject, journal_of, subject_of
from resources.openings import ASSET, Opening, openings_of, used
from resources.registrations import Event, Registrations, stable_version
from resources.registry import Version
from resources.workshop import Workshop


class OpeningsSpent(PromotionRefused):
    """The sealed suite has been opened as often as the goal allows."""


def sealed_verdict(
    goal: Goal,
    workshop: Workshop,
    known: Registrations,
    version: Version,
    full: Score,
    *,
    reason: str,
    by: str,
) -> SealedVerdict:
    """What the sealed suite says of a version; opens it unless it was opened for this adapter.

    Raises:
        OpeningsSpent: it would be one opening more than the goal allows.
        AlteredArtefact: the adapter is not the one that was signed.
    """
    with sealed_lock(workshop.home):
        digest = suite_digests(goal)["sealed"]
        mine = [
            one
            for one in openings_of(known.events(goal.name))
            if (one.event.adapter_version, one.suite) == (version.adapter_version, digest)
        ]
        if mine and mine[-1].verdict is not None:
            return against_todays_stable(workshop, known, version, full, mine[-1], digest)
        if not mine:
            open_suite(goal, workshop, known, version, digest, reason, by)
        return read_suite(goal, workshop, known, version, full, digest, reason, by)


def open_suite(
    goal: Goal,
    workshop: Workshop,
    known: Registrations,
    version: Version,
    digest: str,
    reason: str,
    by: str,
) -> None:
    """Records an opening before anything is read. Raises OpeningsSpent."""
    limit = goal.spec.limits.sealed_openings
    elsewhere = used(known, workshop.store, goal.name) - len(openings_of(known.events(goal.name)))

    def allowed(events: list[Event]) -> None:
        spent = elsewhere + len(openings_of(events))
        if spent >= limit:
            raise OpeningsSpent(
                f"the sealed suite has been opened {spent} of {limit} times, and to promote "
                "another adapter is to open it again; each opening teaches people something of "
                "it, so write new sealed cases, then raise limits.sealed_openings in goal.yaml"
            )

    known.record(
        "sealed_opened",
        goal=goal.name,
        version=version.version,
        trial=version.trial,
        adapter_version=version.adapter_version,
        reason=reason,
        by=by,
        stable_before=stable_version(known.events(goal.name)),
        evidence={"suite": digest, "limit": limit},
        allowed=allowed,
    )


def read_suite(
    goal: Goal,
    workshop: Workshop,
    known: Registrations,
    version: Version,
    full: Score,
    digest: str,
    reason: str,
    by: str,
) -> SealedVerdict:
    """Tests the version, and the stable one where it has no report, and records the result."""
    subject = subject_of(goal, workshop, version.trial, must_be_signed=True)
    put_to_it(goal, workshop, subject, digest)
    now = present_stable(known, version)
    note = ""
    if now is not None and report_on(workshop.store, now, digest) is None:
        try:
            rival = subject_of(goal, workshop, now.trial, must_be_signed=True)
            put_to_it(goal, workshop, rival, digest)
        except StoreError as error:
            # A damaged old version must not keep a sound new one out for ever; it is told.
            note = f"; version {now.version}, stable now, could not be compared: {error}"
    verdict = compared(workshop, known, version, full, digest)
    verdict = verdict.model_copy(update={"reason": verdict.reason + note})
    known.record(
        "sealed_read",
        goal=goal.name,
        version=version.version,
        trial=version.trial,
        adapter_version=version.adapter_version,
        reason=reason,
        by=by,
        stable_before=now.version if now else None,
        evidence={"suite": digest, "verdict": verdict.model_dump(mode="json")},
    )
    for one in (subject.name, *([now.trial] if now else [])):
        for answers in workshop.work(goal.name, one).glob("sealed-*.jsonl"):
            answers.unlink(missing_ok=True)
    return verdict


def put_to_it(goal: Goal, workshop: Workshop, subject: Subject, digest: str) -> None:
    """Puts the sealed suite to a model and publishes the report, which has no case in it."""
    cases = load_cases(goal, "sealed")
    journal = answers_file(goal, workshop, subject)
    exam = examine_subject(
        goal, workshop, subject, "sealed", cases, stage="sealed", journal=journal
    )
    report, results = without_cases(exam.report, exam.results)
    meta = {"seconds": report.seconds, "suite": digest}
    with workshop.store.publish(goal.name, ASSET, subject.name, meta) as folder:
        write_report(report, results, folder)


def answers_file(goal: Goal, workshop: Workshop, subject: Subject) -> Path:
    """Where the answers of an opening are kept until its result is recorded."""
    return journal_of(goal, workshop, subject, kind="sealed-")


def compared(
    workshop: Workshop, known: Registrations, version: Version, full: Score, digest: str
) -> SealedVerdict:
    """The verdict from the published reports."""
    report = report_on(workshop.store, version, digest)
    if report is None:
        raise StoreError(
            f"the sealed report of {version.trial} vanished while its opening was under way: "
            "promote it again, it counts as the same opening"
        )
    now = present_stable(known, version)
    rival = report_on(workshop.store, now, digest) if now else None
    if now is None or rival is None:
        return judge_sealed(full, Score.of(report))
    new, old = (workshop.store.folder(one.model, ASSET, one.trial) for one in (version, now))
    return judge_sealed(
        full,
        Score.of(report),
        stable=now.version,
        stable_score=Score.of(rival),
        paired=pair(read_cases(old), read_cases(new), read_families(new)),
    )


def against_todays_stable(
    workshop: Workshop,
    known: Registrations,
    version: Version,
    full: Score,
    opening: Opening,
    digest: str,
) -> SealedVerdict:
    """The recorded verdict; compared anew where another version is stable now.

    That needs no case: both were opened for, and their reports lie there.
    """
    verdict = opening.verdict
    assert verdict is not None
    now = present_stable(known, version)
    if now is None or now.version == verdict.against:
        return verdict
    both = (report_on(workshop.store, one, digest) for one in (version, now))
    return compared(workshop, known, version, full, digest) if all(both) else verdict


def report_on(store: Store, version: Version, digest: str) -> Report | None:
    """The sealed report of exactly these weights on exactly this suite. Raises AlteredArtefact."""
    if not store.exists(version.model, ASSET, version.trial):
        return None
    if store.manifest(version.model, ASSET, version.trial).meta.get("suite") != digest:
        return None
    report = read_report(store.verified(version.model, ASSET, version.trial))
    return report if report.model_hash == version.adapter_version else None


def present_stable(known: Registrations, version: Version) -> Version | None:
    """What is stable by the record, as a version; None where nothing or this one is."""
    events = known.events(version.model)
    number = stable_version(events)
    if number is None or number == version.version:
        return None
    moved = next(e for e in reversed(events) if e.version == number)
    return Version(
        model=version.model,
        version=number,
        trial=moved.trial,
        adapter_version=moved.adapter_version,
        aliases=(),
        created=moved.at,
        run_id="",
    )


@contextmanager
def sealed_lock(home: Home) -> Iterator[None]:
    """One opening at a time: two promotions must not take the last one both."""
    home.run.mkdir(parents=True, exist_ok=True)
    with FileLock(home.run / "sealed.lock"):
        yield


def is_sealed(goal: Goal, file: Path) -> bool:
    """Whether a file holds what the goal's sealed suite holds."""
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    return found == suite_digests(goal)["sealed"]
