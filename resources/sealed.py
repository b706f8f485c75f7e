"""Opens the sealed suite, for a promotion only: recorded first, limited, and once an adapter.

An opening is an entry of the signed registry record, written before a case is read. One whose
result is missing was cut off by a crash: it goes on as the same opening, with the answers that
were given. The result is an entry too; the same adapter is not opened for again.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from filelock import FileLock

from forgemind_assets.brain.state import Score
from forgemind_assets.errors import PromotionRefused, StoreError
from forgemind_assets.goal import Goal
from forgemind_assets.goal_loading import load_cases, suite_digests
from forgemind_assets.home import Home
from forgemind_assets.lorekeeper.sealed import SealedVerdict, judge_sealed, without_cases
from forgemind_assets.trial_grounds.report import (
    Report,
    read_cases,
    read_families,
    read_report,
    write_report,
)
from forgemind_assets.trial_grounds.statistics import pair
from resources.examiner import Subject, examine_subject, journal_of, subject_of
from resources.openings import ASSET, openings_of, used
from resources.registrations import Event, Registrations, Word, stable_version
from resources.registry import Version
from resources.workshop import Workshop


class OpeningsSpent(PromotionRefused):
    """The sealed suite has been opened as often as the goal allows."""


@dataclass(frozen=True)
class SealedSuite:
    """The sealed suite of a goal, as the promotion of one version asks it.

    Attributes:
        known: the signed record.
        version: whose promotion is asked for.
        full: its result on the gate.
        said: why it is asked, and by whom.
    """

    goal: Goal
    workshop: Workshop
    known: Registrations
    version: Version
    full: Score
    said: Word

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the suite, as it is when it is first asked for."""
        return suite_digests(self.goal)["sealed"]

    def verdict(self) -> SealedVerdict:
        """What the suite says of the version; opens it unless it was opened for this adapter.

        Raises:
            OpeningsSpent: it would be one opening more than the goal allows.
            AlteredArtefact: the adapter is not the one that was signed.
        """
        with sealed_lock(self.workshop.home):
            about = (self.version.adapter_version, self.digest)
            openings = openings_of(self.known.events(self.goal.name))
            mine = [one for one in openings if (one.event.adapter_version, one.suite) == about]
            if mine and mine[-1].verdict is not None:
                return self._against_todays_stable(mine[-1].verdict)
            if not mine:
                self._open()
            return self._read()

    def _open(self) -> None:
        """Records an opening before anything is read. Raises OpeningsSpent."""
        name, limit = self.goal.name, self.goal.spec.limits.sealed_openings
        own = self.known.events(name)
        everywhere = used(self.known, self.workshop.store, name, self.digest)
        elsewhere = everywhere - len(openings_of(own))

        def allowed(events: list[Event]) -> None:
            spent = elsewhere + len(openings_of(events))
            if spent >= limit:
                raise OpeningsSpent(
                    f"the sealed suite has been opened {spent} of {limit} times, and to promote "
                    "another adapter is to open it again; each opening teaches people something "
                    "of it, so write new sealed cases, then raise limits.sealed_openings in "
                    "goal.yaml"
                )

        self.known.record_of(
            self.version,
            "sealed_opened",
            self.said,
            stable_before=stable_version(own),
            evidence={"suite": self.digest, "limit": limit},
            allowed=allowed,
        )

    def _read(self) -> SealedVerdict:
        """Tests the version, and the stable one where it has no report; records the result."""
        self._put_to(self._subject(self.version))
        now, note = self._stable, ""
        if now is not None and self._report(now) is None:
            try:
                self._put_to(self._subject(now))
            except StoreError as error:
                # A damaged old version must not keep a sound new one out for ever; it is told.
                note = f"; version {now.version}, stable now, could not be compared: {error}"
        verdict = self._compared()
        verdict = verdict.model_copy(update={"reason": verdict.reason + note})
        self.known.record_of(
            self.version,
            "sealed_read",
            self.said,
            stable_before=now.version if now else None,
            evidence={"suite": self.digest, "verdict": verdict.model_dump(mode="json")},
        )
        for one in (self.version, *([now] if now else [])):
            for answers in self.workshop.work(self.goal.name, one.trial).glob("sealed-*.jsonl"):
                answers.unlink(missing_ok=True)
        return verdict

    def _subject(self, version: Version) -> Subject:
        return subject_of(self.goal, self.workshop, version.trial, must_be_signed=True)

    def _put_to(self, subject: Subject) -> None:
        """Puts the suite to a model and publishes the report, which has no case in it."""
        goal, workshop = self.goal, self.workshop
        cases = load_cases(goal, "sealed")
        journal = answers_file(goal, workshop, subject)
        exam = examine_subject(
            goal, workshop, subject, "sealed", cases, stage="sealed", journal=journal
        )
        report, results = without_cases(exam.report, exam.results)
        meta = {"seconds": report.seconds, "suite": self.digest}
        with workshop.store.publish(goal.name, ASSET, subject.name, meta) as folder:
            write_report(report, results, folder)

    def _compared(self) -> SealedVerdict:
        """The verdict from the published reports."""
        report, now = self._report(self.version), self._stable
        if report is None:
            raise StoreError(
                f"the sealed report of {self.version.trial} vanished while its opening was under "
                "way: promote it again, it counts as the same opening"
            )
        rival = self._report(now) if now else None
        if now is None or rival is None:
            return judge_sealed(self.full, Score.of(report))
        store = self.workshop.store
        new, old = (store.folder(one.model, ASSET, one.trial) for one in (self.version, now))
        return judge_sealed(
            self.full,
            Score.of(report),
            stable=now.version,
            stable_score=Score.of(rival),
            paired=pair(read_cases(old), read_cases(new), read_families(new)),
        )

    def _against_todays_stable(self, verdict: SealedVerdict) -> SealedVerdict:
        """The recorded verdict; compared anew where another version is stable now.

        That needs no case: both were opened for, and their reports lie there.
        """
        now = self._stable
        if now is None or now.version == verdict.against:
            return verdict
        both = (self._report(one) for one in (self.version, now))
        return self._compared() if all(both) else verdict

    def _report(self, version: Version) -> Report | None:
        """The report of exactly these weights on exactly this suite. Raises AlteredArtefact."""
        store = self.workshop.store
        if not store.exists(version.model, ASSET, version.trial):
            return None
        if store.manifest(version.model, ASSET, version.trial).meta.get("suite") != self.digest:
            return None
        report = read_report(store.verified(version.model, ASSET, version.trial))
        return report if report.model_hash == version.adapter_version else None

    @property
    def _stable(self) -> Version | None:
        """What is stable by the record, as a version; None where nothing or this one is."""
        events = self.known.events(self.version.model)
        number = stable_version(events)
        if number is None or number == self.version.version:
            return None
        moved = next(e for e in reversed(events) if e.version == number)
        return Version(
            model=self.version.model,
            version=number,
            trial=moved.trial,
            adapter_version=moved.adapter_version,
            aliases=(),
            created=moved.at,
            run_id="",
        )


def answers_file(goal: Goal, workshop: Workshop, subject: Subject) -> Path:
    """Where the answers of an opening are kept until its result is recorded."""
    return journal_of(goal, workshop, subject, kind="sealed-")


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
