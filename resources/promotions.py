"""Registers adapters and moves the aliases: checked first, recorded, then done."""

import getpass
import os
import socket
from collections.abc import Callable
from functools import partial

from forgemind_assets.errors import AlteredArtefact, PromotionRefused, StoreError, UnsafeArtefact
from forgemind_assets.goal import Goal
from forgemind_assets.lorekeeper.promotion import (
    Approvals,
    Promotion,
    SignatureState,
    Standing,
    may_promote,
    may_roll_back,
    with_sealed,
)
from forgemind_assets.lorekeeper.signing import Signature, sign_folder
from forgemind_assets.lorekeeper.store import Store
from forgemind_assets.trial_grounds.report import Report, read_report
from resources.adapters import check_signature
from resources.gate_looks import score_of_gate
from resources.registrations import (
    MOVES,
    Action,
    Event,
    Registrations,
    Word,
    open_registrations,
    stable_version,
)
from resources.registry import Registry, Version
from resources.sealed import OpeningsSpent, SealedSuite
from resources.signing_key import open_key
from resources.workshop import Workshop

SUITES = {"dev": "canary_report", "full": "benchmark_report", "adversarial": "adversarial_report"}


def whoami() -> str:
    """Who is at the keyboard: `FORGEMIND_USER`, or the system's name for the user and machine."""
    named = os.environ.get("FORGEMIND_USER")
    return named or f"{getpass.getuser()}@{socket.gethostname()}"


def sign(workshop: Workshop, goal: str, trial: str) -> Signature:
    """Signs a trial's adapter after holding it against the store's hashes.

    Raises AlteredArtefact or UnsafeArtefact, also where the trial was registered before with
    other files: signing them anew would make an alteration good.
    """
    published = workshop.store.verify(goal, "adapter", trial)
    known = open_registrations(workshop.home)
    check_signature(workshop.store, known, workshop.home, goal, trial, must=False)
    folder = workshop.store.folder(goal, "adapter", trial)
    key = open_key(workshop.home)
    return sign_folder(folder, key, goal=goal, trial=trial, adapter_version=published.version)


def note_registration(
    workshop: Workshop, goal: str, version: str, signature: Signature, by: str
) -> None:
    """Records that a version was registered, once."""
    known, said = open_registrations(workshop.home), signature.statement
    entry = known.registered(goal, said.trial)
    if entry is not None and entry.version == version:
        return
    known.record(
        "registered",
        goal=goal,
        version=version,
        trial=said.trial,
        adapter_version=said.adapter_version,
        reason=f"champion {said.trial}",
        by=by,
        evidence={"signature": signature.model_dump(mode="json")},
    )


def promote(
    goal: Goal,
    workshop: Workshop,
    version: str,
    *,
    reason: str,
    by: str,
    approvals: Approvals | None = None,
) -> Promotion:
    """Makes a version `stable` if `may_promote` and then the sealed suite allow it.

    The answer says why not otherwise. The sealed suite is opened last, when nothing else stands
    in the way, for its openings are few.
    """
    said = Word(reason, by)

    def decide(version: Standing) -> Promotion:
        allowed = may_promote(goal.spec, version, approvals)
        return _unsealed(goal, workshop, version, allowed, said)

    return _move_if(decide, "promoted", goal, workshop, version, said)


def roll_back(
    goal: Goal,
    workshop: Workshop,
    version: str,
    *,
    reason: str,
    by: str,
    approvals: Approvals | None = None,
) -> Promotion:
    """Moves `stable` back to a version. Raises PromotionRefused where that is not allowed."""
    decide = partial(may_roll_back, goal.spec, approvals=approvals)
    decision = _move_if(decide, "rolled_back", goal, workshop, version, Word(reason, by))
    if not decision.promote:
        raise PromotionRefused(f"{goal.name} version {version}: {decision.reason}")
    return decision


def _move_if(
    decide: Callable[[Standing], Promotion],
    action: Action,
    goal: Goal,
    workshop: Workshop,
    version: str,
    said: Word,
) -> Promotion:
    """The rule's decision on a version; the alias is moved where it allows that."""
    registry, known = Registry(workshop.home), open_registrations(workshop.home)
    found = registry.get(goal.name, version)
    decision = decide(standing(goal, workshop, known, found))
    if decision.promote:
        _move(registry, known, found, action, decision, said)
    return decision


def _unsealed(
    goal: Goal, workshop: Workshop, asked: Standing, allowed: Promotion, word: Word
) -> Promotion:
    """The permission after the sealed suite has been asked, too."""
    if not allowed.promote or asked.full is None:
        return allowed
    version = Registry(workshop.home).get(goal.name, asked.version)
    known = open_registrations(workshop.home)
    try:
        said = SealedSuite(goal, workshop, known, version, asked.full, word).verdict()
    except OpeningsSpent as error:
        return allowed.model_copy(
            update={"promote": False, "reason": f"{allowed.reason}; {error}", "held_back": "spent"}
        )
    return with_sealed(allowed, said)


def _move(
    registry: Registry,
    known: Registrations,
    version: Version,
    action: Action,
    decision: Promotion,
    said: Word,
) -> None:
    """Records, then moves: a move that a crash cut off is made good by asking again."""
    before = stable_version(known.events(version.model))
    if before != version.version:
        evidence = decision.model_dump(mode="json", include={"reason", "approval", "sealed"})
        known.record_of(version, action, said, stable_before=before, evidence=evidence)
    registry.make_stable(decision)


def standing(goal: Goal, workshop: Workshop, known: Registrations, version: Version) -> Standing:
    """What is known of a version: its signature, the gate's result, whether it was stable."""
    events = known.events(version.model)
    state, note = signature_state(workshop, known, version)
    report = report_of(workshop.store, version, "full")
    was = [e for e in events if e.action in MOVES and e.version == version.version]
    recorded = stable_version(events) == version.version
    return Standing(
        goal=version.model,
        version=version.version,
        trial=version.trial,
        adapter_hash=version.adapter_version,
        signature=state,
        signature_note=note,
        full=score_of_gate(goal, workshop, version.trial, report) if report else None,
        was_stable=any(e.adapter_version == version.adapter_version for e in was),
        is_stable=recorded and "stable" in version.aliases,
    )


def signature_state(
    workshop: Workshop, known: Registrations, version: Version
) -> tuple[SignatureState, str]:
    """Whether a version's files are those that were signed, and if not, what differs."""
    entry = known.registered(version.model, version.trial)
    if entry is None:
        return "missing", ""
    if (entry.version, entry.adapter_version) != (version.version, version.adapter_version):
        return "refused", (
            f"the record says version {entry.version} with adapter {entry.adapter_version[:16]}, "
            f"the registry says {version.version} with {version.adapter_version[:16]}"
        )
    try:
        workshop.store.verify(version.model, "adapter", version.trial)
        check_signature(
            workshop.store, known, workshop.home, version.model, version.trial, must=True
        )
    except (AlteredArtefact, UnsafeArtefact, StoreError) as error:
        return "refused", str(error)
    return "valid", ""


def report_of(store: Store, version: Version, suite: str) -> Report | None:
    """A report on exactly these weights, or None. Raises AlteredArtefact."""
    asset = SUITES[suite]
    if not store.exists(version.model, asset, version.trial):
        return None
    report = read_report(store.verified(version.model, asset, version.trial))
    return report if report.model_hash == version.adapter_version else None


def moved_outside(events: list[Event], stable: Version | None) -> str | None:
    """What is wrong where `stable` does not stand where this installation put it."""
    recorded, found = stable_version(events), stable.version if stable else None
    if recorded == found:
        return None
    when = "" if recorded else ", or before moves were recorded and signed"
    return (
        f"`stable` points at version {found or 'none'}, recorded is {recorded or 'none'}: it was "
        f"moved outside of ForgeMind{when}; move it back with `forgemind registry rollback`, or "
        "promote the version that should be stable"
    )
