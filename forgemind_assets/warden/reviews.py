"""Reviews: what people are asked, who may decide, and what an approval is good for.

An approval is bound to the exact thing that was shown: its subject names the version and the
hashes of the adapter and the reports, and the review's id is a hash of it. For anything else the
question must be asked again.
"""

import getpass
import hashlib
import os
import socket
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import Field, model_validator

from forgemind_assets.errors import UserError
from forgemind_assets.records import Record
from forgemind_assets.warden.chain import canonical_json

Kind = Literal[
    "promotion_to_stable",
    "quarantined_rows",
    "layer_not_run",
    "too_good_to_be_true",
    "suite_proposal",
]
KINDS: tuple[Kind, ...] = (
    "promotion_to_stable",
    "quarantined_rows",
    "layer_not_run",
    "too_good_to_be_true",
    "suite_proposal",
)
Verdict = Literal["approve", "reject"]
Status = Literal["open", "approved", "rejected"]
Source = Literal["flag", "environment", "system"]
ENVIRONMENT = "FORGEMIND_REVIEWER"
SHA256 = r"^[0-9a-f]{64}$"


class Reviewer(Record):
    """A person, and how we know: their word, or the account they work under."""

    name: str = Field(min_length=1, max_length=200)
    source: Source
    account: str = Field(description="user of the operating system, whatever `name` says")
    host: str


class Rules(Record):
    """Who may decide. From the policy; recorded with the question."""

    persons: int = Field(default=1, ge=1, le=10, description="persons who must approve")
    own_goal: bool = Field(default=True, description="whether owners may decide on their goal")
    identity: Literal["stated", "account"] = Field(
        default="stated",
        description="account: only the operating system's user counts; --reviewer and "
        f"{ENVIRONMENT} are recorded and not believed",
    )
    reviewers: tuple[str, ...] = Field(default=(), description="who may decide; empty: anyone")


class Subject(Record):
    """The exact thing that is asked about."""

    goal: str = Field(min_length=1)
    partition: str | None = Field(default=None, description="iteration or trial")
    version: str = Field(min_length=1, description="model or dataset version")
    adapter: str | None = Field(default=None, pattern=SHA256)
    reports: dict[str, str] = Field(default_factory=dict, description="report: its SHA-256")

    @property
    def digest(self) -> str:
        """SHA-256 of all of it."""
        return hashlib.sha256(canonical_json(self.model_dump()).encode()).hexdigest()


class Question(Record):
    """What is asked, with the evidence and the rules."""

    kind: Kind
    subject: Subject
    reason: str = Field(min_length=1)
    evidence: dict[str, Any] = Field(
        default_factory=dict, description="report, samples, rejected rows, diff to the champion"
    )
    asked_by: Reviewer
    owners: tuple[Reviewer, ...] = Field(default=(), description="whose goal it is")
    rules: Rules = Rules()

    @model_validator(mode="after")
    def _bound(self) -> "Question":
        bare = self.subject.adapter is None or not self.subject.reports
        if self.kind == "promotion_to_stable" and bare:
            raise ValueError("a promotion is asked for an adapter's hash and its reports' hashes")
        if not self.rules.own_goal and not self.owners:
            raise ValueError("expected owners: nobody may decide on their own goal")
        return self

    @property
    def id(self) -> str:
        """The same question about the same thing under the same rules has the same id."""
        text = canonical_json([self.kind, self.subject.model_dump(), self.rules.model_dump()])
        return hashlib.sha256(text.encode()).hexdigest()[:16]


class Ruling(Record):
    """One person's decision on exactly one subject."""

    verdict: Verdict
    subject: str = Field(pattern=SHA256, description="digest of the subject that was decided on")
    reviewer: Reviewer
    reason: str = Field(min_length=1)
    at: float = Field(description="seconds since 1970")


class Review(Record):
    """A question and what was decided on it so far."""

    id: str
    question: Question
    asked_at: float
    rulings: tuple[Ruling, ...] = ()

    @property
    def status(self) -> Status:
        """Under the rules that the question was asked with."""
        return status(self, self.question.rules)


def person(reviewer: Reviewer, rules: Rules) -> str:
    """Who a reviewer is under some rules: two spellings of a name are one person."""
    return _normal(reviewer.account if rules.identity == "account" else reviewer.name)


def status(review: Review, rules: Rules) -> Status:
    """One rejection closes; as many persons as the rules ask for must approve."""
    if any(ruling.verdict == "reject" for ruling in review.rulings):
        return "rejected"
    return "approved" if len(approvers(review, rules)) >= rules.persons else "open"


def approvers(review: Review, rules: Rules) -> set[str]:
    """The different persons whose approval counts under some rules."""
    return {
        person(ruling.reviewer, rules)
        for ruling in review.rulings
        if ruling.verdict == "approve"
        and ruling.subject == review.question.subject.digest
        and not excluded(review.question, ruling.reviewer, rules)
    }


def excluded(question: Question, reviewer: Reviewer, rules: Rules) -> list[str]:
    """Why a person may not decide on a question at all."""
    who, reasons = person(reviewer, rules), []
    if not who:
        reasons.append("expected a reviewer with a name, found none")
    named = {_normal(name) for name in rules.reviewers}
    if named and who not in named:
        reasons.append(f"expected one of {', '.join(rules.reviewers)}, found {who}")
    if not rules.own_goal and who in {person(owner, rules) for owner in question.owners}:
        reasons.append(f"{who} owns the goal {question.subject.goal}, and the policy says that "
                       "nobody decides on their own goal")  # fmt: skip
    return reasons


def objections(review: Review, reviewer: Reviewer, verdict: Verdict, reason: str) -> list[str]:
    """Everything that speaks against recording a decision; empty where it may be recorded."""
    rules = review.question.rules
    found = excluded(review.question, reviewer, rules)
    if review.status != "open":
        found.append(f"it is {review.status} already: {last_word(review)}")
    if not reason.strip():
        found.append("expected a reason, found none: give one with --reason")
    before = [r for r in review.rulings if person(r.reviewer, rules) == person(reviewer, rules)]
    if before and review.status == "open":
        found.append(
            f"{person(reviewer, rules)} has decided already; {rules.persons} different persons "
            "must approve"
        )
    return found


def refusals(review: Review | None, subject: Subject, rules: Rules) -> list[str]:
    """Why something may not be done yet; empty where it is approved.

    Args:
        review: the review of this subject, or None where nobody asked.
        subject: what is about to be done, as it is now.
        rules: today's rules; they count as well as those that the question was asked with.
    """
    if review is None:
        return ["nobody was asked about exactly this version, adapter and reports"]
    if review.question.subject.digest != subject.digest:
        return [f"review {review.id} is about another version, adapter or set of reports"]
    found = []
    for held, name in ((review.question.rules, "the question's rules"), (rules, "the policy")):
        state = status(review, held)
        if state == "rejected":
            return [f"review {review.id} was rejected: {last_word(review)}"]
        if state == "open":
            count = len(approvers(review, held))
            found.append(f"review {review.id}: {count} of {held.persons} approvals that {name} "
                         "asks for")  # fmt: skip
    return found


def last_word(review: Review) -> str:
    """The newest decision in a few words."""
    ruling = review.rulings[-1]
    return f"{ruling.verdict} by {ruling.reviewer.name}: {ruling.reason}"


def identify(stated: str | None, environment: Mapping[str, str]) -> Reviewer:
    """The person at the keyboard: `--reviewer`, else FORGEMIND_REVIEWER, else the account.

    Raises:
        UserError: a name was given and is empty, or the account has no name.
    """
    try:
        account = getpass.getuser()
    except (KeyError, OSError):
        account = f"uid {os.getuid()}"
    given: list[tuple[str, Source]] = [(account, "system")]
    if environment.get(ENVIRONMENT):
        given.insert(0, (environment[ENVIRONMENT], "environment"))
    if stated is not None:
        given.insert(0, (stated, "flag"))
    name, source = " ".join(given[0][0].split()), given[0][1]
    if not name or not name.isprintable() or len(name) > 200:
        raise UserError(
            f"expected a reviewer's name of 1 to 200 printable letters, found {name!r}; give "
            f"--reviewer or set {ENVIRONMENT}"
        )
    return Reviewer(name=name, source=source, account=account, host=socket.gethostname())


def find(reviews: Sequence[Review], prefix: str) -> list[Review]:
    """The reviews whose id begins with some letters."""
    return [review for review in reviews if review.id.startswith(prefix)]


def _normal(name: str) -> str:
    visible = "".join(c for c in name if unicodedata.category(c)[0] != "C")
    return " ".join(unicodedata.normalize("NFKC", visible).casefold().split())
