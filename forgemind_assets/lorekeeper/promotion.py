"""The rules by which the alias `stable` moves: forward to a better version, or back. Pure.

`may_promote` is asked by the asset `registry_entry` and by the command line; nothing else gives
the permission without which the registry moves no alias to `stable`. `with_sealed` is what the
sealed suite adds to a permission; going back to what was stable opens nothing.
"""

from typing import Literal, Protocol

from pydantic import Field

from forgemind_assets.brain.decide import judge
from forgemind_assets.brain.state import Score
from forgemind_assets.goal import GoalSpec
from forgemind_assets.lorekeeper.sealed import SealedVerdict
from forgemind_assets.records import Record
from forgemind_assets.warden.policy_files import effective_policy

SignatureState = Literal["valid", "missing", "refused"]


class Approval(Record):
    """A person's consent to one version with exactly these weights."""

    review: str = Field(description="id of the review")
    reviewers: tuple[str, ...] = Field(min_length=1)
    reason: str
    at: float = Field(description="seconds since 1970")


class Approvals(Protocol):
    """Who was asked, and what they said."""

    def approved(self, goal: str, version: str, adapter_hash: str) -> Approval | None:
        """The consent to this version with these weights, or None where there is none."""
        ...

    def doubt(self, goal: str, version: str, adapter_hash: str) -> str | None:
        """Why people hold these weights back as too good to be true, or None."""
        ...


class Standing(Record):
    """What is known of a registered version when its promotion is asked for."""

    goal: str
    version: str
    trial: str
    adapter_hash: str = Field(description="version of the adapter in the store")
    signature: SignatureState
    signature_note: str = Field(default="", description="why it was refused")
    full: Score | None = Field(default=None, description="the gate's result on these weights")
    was_stable: bool = False
    is_stable: bool = False


HeldBack = Literal["", "sealed", "spent"]


class Promotion(Record):
    """Whether `stable` may move to a version, and why."""

    goal: str
    version: str | None
    adapter_hash: str
    promote: bool
    reason: str
    approval: Approval | None = None
    consent_missing: bool = Field(default=False, description="nothing else stands in the way")
    sealed: SealedVerdict | None = Field(default=None, description="where the suite was opened")
    held_back: HeldBack = Field(
        default="", description="`sealed`: by what that suite says; `spent`: it may not be opened"
    )


class Entry(Record):
    """What the registry holds after an iteration."""

    trial: str
    version: str | None
    promoted: bool
    reason: str
    consent_missing: bool = Field(default=False, description="a person must agree first")
    held_back: HeldBack = Field(default="", description="as in `Promotion`")


def approval_needed(spec: GoalSpec) -> bool:
    """Whether a person must consent before `stable` moves."""
    return effective_policy(spec.policy).approval.promotion_to_stable


def may_promote(spec: GoalSpec, version: Standing, approvals: Approvals | None = None) -> Promotion:
    """A version becomes `stable` when its files are signed, it meets the goal, and people agree.

    Whatever the policy says of consent, a version whose result people were asked about as too
    good to be true waits until they have cleared it.

    Args:
        spec: the goal's contract; its policy says whether a person must consent.
        version: what is known of the version.
        approvals: the review queue; None where there is none, which is no consent.
    """
    problem = _unsound(version)
    if problem is None and version.full is not None:
        verdict = judge(spec, version.full)
        problem = None if verdict.met else verdict.sentence
        return _with_consent(spec, version, approvals, problem, verdict.sentence)
    return _with_consent(spec, version, approvals, problem, "")


def with_sealed(allowed: Promotion, said: SealedVerdict) -> Promotion:
    """A permission after the sealed suite has spoken: it can only take it away."""
    word = f"on cases that nothing was chosen by, {said.reason}"
    return allowed.model_copy(
        update={
            "promote": said.holds,
            "reason": f"{allowed.reason}; {word}",
            "sealed": said,
            "held_back": "" if said.holds else "sealed",
        }
    )


def may_roll_back(
    spec: GoalSpec, version: Standing, approvals: Approvals | None = None
) -> Promotion:
    """`stable` goes back to a version that was stable before and is still what it was then.

    The goal is not judged anew: it may have been raised since. Where the policy asks for consent,
    the one that the version was promoted with still counts, because it names these weights.
    """
    problem = _unsound(version)
    if version.is_stable:
        problem = "it is `stable` already"
    elif not version.was_stable:
        problem = "it was never `stable`; a version becomes so by `forgemind registry promote`"
    return _with_consent(spec, version, approvals, problem, "it was `stable` before")


def _unsound(version: Standing) -> str | None:
    """What is wrong with the version itself."""
    if version.signature == "missing":
        return "it has no signature: materialise the registry_entry of its iteration again"
    if version.signature == "refused":
        return version.signature_note or "its signature does not hold"
    if version.full is None:
        return "no report of the gate on these weights: materialise its benchmark_report"
    return None


def _with_consent(
    spec: GoalSpec,
    version: Standing,
    approvals: Approvals | None,
    problem: str | None,
    reason: str,
) -> Promotion:
    approval, consent_missing = None, False
    if problem is None and approvals is not None:
        doubt = approvals.doubt(version.goal, version.version, version.adapter_hash)
        problem, consent_missing = (f"{reason}; {doubt}", True) if doubt else (None, False)
    if problem is None and approval_needed(spec):
        if approvals is not None:
            approval = approvals.approved(version.goal, version.version, version.adapter_hash)
        if approval is None:
            consent_missing = True
            problem = (
                f"{reason}; the policy asks for a person's consent to version {version.version} "
                "with these weights, found none: see `forgemind review list`"
            )
    return Promotion(
        goal=version.goal,
        version=version.version,
        adapter_hash=version.adapter_hash,
        promote=problem is None,
        reason=problem or reason,
        approval=approval,
        consent_missing=consent_missing,
    )
