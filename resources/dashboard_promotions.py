"""Promotions that people ask for on the dashboard, made behind it: a sealed suite takes its time.

What was asked for is a small file until it has ended. A dashboard that died goes on with it when
it is started again, and with the same opening of the sealed suite. What may become `stable` is
not judged here: `promotions.promote` does, as for the command line.
"""

import threading
from dataclasses import replace
from pathlib import Path

from forgemind_assets.dashboard.records import ReviewPage
from forgemind_assets.errors import ForgeMindError, PromotionRefused, StoreError
from forgemind_assets.lorekeeper.store import write_atomic
from forgemind_assets.records import Record
from resources.dashboard_data import Source
from resources.progress import read_progress


class Asked(Record):
    """A promotion that somebody asked for; `refused` says why it came to nothing."""

    review: str
    by: str
    refused: str = ""


class Promotions:
    """Makes approved versions stable, one after the other, in threads of the dashboard."""

    def __init__(self, source: Source):
        self.source = source
        self._turn = threading.Lock()

    def begin(self, found: ReviewPage) -> None:
        """Notes what is asked, and starts on it. Raises PromotionRefused where it cannot be."""
        from resources.promotions import whoami

        review, subject = found.review, found.review.question.subject
        if found.making:
            raise PromotionRefused(f"{subject.goal} version {subject.version}: {found.making}")
        if not found.can_be_stable:
            raise PromotionRefused(
                f"{subject.goal} version {subject.version}: review {review.id} is {review.status} "
                f"and stable is version {found.stable or 'none'}; only an approved promotion that "
                "has not been made can be made"
            )
        asked = Asked(review=review.id, by=whoami())
        self._note(asked)
        self._start(asked)

    def resume(self) -> None:
        """Goes on with what an earlier dashboard of these goals has not ended."""
        files = sorted(self._folder.glob("*.json"))
        try:
            known = {review.id for review in self.source.queue()} if files else set[str]()
        except StoreError:  # every page tells it; nothing is promoted on records that do not hold
            return
        for file in files:
            asked = Asked.model_validate_json(file.read_bytes())
            if not asked.refused and asked.review in known:
                self._start(asked)

    def shown(self, found: ReviewPage) -> ReviewPage:
        """A review's page with how its promotion stands."""
        if not found.can_be_stable:
            return found
        try:
            asked = Asked.model_validate_json(self._file(found.review.id).read_bytes())
        except FileNotFoundError:
            return found
        if asked.refused:
            return replace(found, refused=asked.refused)
        return replace(found, making=self._words(found))

    def _words(self, found: ReviewPage) -> str:
        subject = found.review.question.subject
        now = read_progress(self.source.home, subject.goal)
        at = ""
        if now is not None and now["where"] == subject.partition and "sealed" in now["stage"]:
            at = f" {now['stage']}: {now['done']:g} of {now['total']:g} {now['unit']}."
        return f"version {subject.version} is being made stable; the sealed suite is asked.{at}"

    def _start(self, asked: Asked) -> None:
        threading.Thread(target=self._make, args=(asked,), daemon=True).start()

    def _make(self, asked: Asked) -> None:
        """Promotes; the note goes when it is done, and says why where it is not."""
        try:
            with self._turn:
                self._promote(asked)
        except ForgeMindError as error:
            self._note(asked.model_copy(update={"refused": str(error)}))
        except Exception as error:
            told = f"it broke off ({type(error).__name__}: {error}); asked again, it goes on"
            self._note(asked.model_copy(update={"refused": told}))
            raise
        else:
            self._file(asked.review).unlink(missing_ok=True)

    def _promote(self, asked: Asked) -> None:
        """As `forgemind registry promote` does. Raises PromotionRefused."""
        from resources import promotions
        from resources.approvals import GoalApprovals
        from resources.workshop import Workshop

        found, home = self.source.review(asked.review), self.source.home
        review, subject = found.review, found.review.question.subject
        if not found.can_be_stable:  # it was made before a crash could say so
            return
        goal = self.source.goals[subject.goal]
        workshop = Workshop(home_root=str(home.root), models_root=str(home.models))
        decision = promotions.promote(
            goal,
            workshop,
            subject.version,
            reason=f"review {review.id}: {review.rulings[-1].reason}",
            by=asked.by,
            approvals=GoalApprovals(goal, workshop),
        )
        if not decision.promote:
            raise PromotionRefused(f"{subject.goal} version {subject.version}: {decision.reason}")

    @property
    def _folder(self) -> Path:
        return self.source.home.run / "promotions"

    def _file(self, review: str) -> Path:
        return self._folder / f"{review}.json"

    def _note(self, asked: Asked) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        write_atomic(self._file(asked.review), asked.model_dump_json())
