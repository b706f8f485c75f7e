"""The exception tree of ForgeMind.

    ForgeMindError                 exit 1
    ├── UserError                  exit 2: the person can mend it; printed without a traceback
    │   ├── GoalError              a goal folder does not hold; carries every problem at once
    │   ├── MissingKey             a teacher's API key is not in the environment
    │   ├── UnknownModel           no such name in the catalogue
    │   ├── SettingsError          the installation's settings do not hold; carries every problem
    │   └── ReviewError            a decision that the rules of its review do not allow
    ├── NotApproved                what is to be done needs an approval that it does not have
    ├── DeliveryFailed             an alert did not reach a channel; it is tried again
    ├── DownloadError              weights could not be fetched
    │   └── HashMismatch           fetched bytes are not the pinned ones
    ├── NotAvailable             a safety model or service cannot judge here: not run, never clean
    ├── TeacherError               a teacher cannot be reached or gives nothing usable
    ├── BudgetExceeded             the next paid call would pass a limit
    ├── EmptyStage                 a filter stage rejected every row
    ├── StoreError                 an artefact is missing, incomplete or altered
    │   ├── AlteredArtefact        its files are not those that were published or signed
    │   └── UnsafeArtefact         it holds what could run code, or reaches out of its folder
    ├── FirewallBreach             what makes training rows asked for a gate
    ├── PromotionRefused           the alias `stable` may not move as asked
    └── TrainingError              a training run cannot go on (loss not finite, no rows)

A message says what was expected, what was found and where, and what to do.
"""

import errno
from collections.abc import Sequence
from dataclasses import dataclass


class ForgeMindError(Exception):
    """Root of all errors that ForgeMind raises on purpose."""

    exit_code = 1


class UserError(ForgeMindError):
    """A mistake that the person at the keyboard can mend."""

    exit_code = 2


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in one file."""

    file: str
    line: int | None
    key: str
    message: str

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{where}: {self.key}: {self.message}" if self.key else f"{where}: {self.message}"


class GoalError(UserError):
    """A goal folder does not hold. `problems` has every mistake that was found."""

    def __init__(self, problems: Sequence[Problem]):
        self.problems = tuple(problems)
        count = len(self.problems)
        head = f"{count} problem{'s' if count != 1 else ''} in the goal:"
        super().__init__("\n".join([head, *(f"  {p}" for p in self.problems)]))


class MissingKey(UserError):
    """A teacher's API key is not in the environment."""


class UnknownModel(UserError):
    """The catalogue has no model of that name."""


class SettingsError(UserError):
    """The installation's settings do not hold. `problems` has every mistake that was found."""

    def __init__(self, problems: Sequence[Problem]):
        self.problems = tuple(problems)
        count = len(self.problems)
        head = f"{count} problem{'s' if count != 1 else ''} in the settings:"
        super().__init__("\n".join([head, *(f"  {p}" for p in self.problems)]))


class ReviewError(UserError):
    """A decision that the rules of its review do not allow, or a review that is not there."""


class NotApproved(ForgeMindError):
    """What is to be done needs an approval that it does not have."""


class DeliveryFailed(ForgeMindError):
    """An alert did not reach a channel. The message never holds an address or a password.

    `retry_after` is the number of seconds that the receiver asked to wait, or None.
    """

    def __init__(self, message: str, retry_after: float | None = None):
        self.retry_after = retry_after
        super().__init__(message)


class DownloadError(ForgeMindError):
    """Weights could not be fetched."""


class HashMismatch(DownloadError):
    """Fetched bytes are not the pinned ones."""


class NotAvailable(ForgeMindError):
    """A safety model or service cannot judge here. What it was to judge was not judged.

    Attributes:
        reason: stable snake_case name of why.
    """

    def __init__(self, reason: str, message: str):
        super().__init__(message)
        self.reason = reason


class TeacherError(ForgeMindError):
    """A teacher cannot be reached or gives nothing usable."""


class BudgetExceeded(ForgeMindError):
    """The next paid call would pass a limit."""


class EmptyStage(ForgeMindError):
    """A filter stage rejected every row."""


class StoreError(ForgeMindError):
    """An artefact is missing, incomplete or altered."""


class AlteredArtefact(StoreError):
    """Files are not those that were published or signed."""


class UnsafeArtefact(StoreError):
    """An artefact holds what could run code, cannot be read safely, or reaches out."""


class FirewallBreach(ForgeMindError):
    """What makes training rows asked for a suite that they must not learn from."""


class PromotionRefused(ForgeMindError):
    """The alias `stable` may not move as asked."""


class TrainingError(ForgeMindError):
    """A training run cannot go on."""


def disk_is_full(error: BaseException | None) -> bool:
    """Whether an error, or one beneath it, says that there is no space left."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        text = str(error).lower()
        if any(words in text for words in ("no space left", "disk quota", "disk is full")):
            return True
        error = error.__cause__ or error.__context__
    return False
