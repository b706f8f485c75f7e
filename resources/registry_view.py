"""What people and scripts see of the registry: versions with results, signature and history."""

from datetime import UTC, datetime
from typing import Any

from forgemind_assets.errors import AlteredArtefact, StoreError
from forgemind_assets.goal import Goal
from resources.openings import openings_for, sealed_facts
from resources.promotions import SUITES, moved_outside, report_of, signature_state
from resources.registrations import Event, Registrations, open_registrations, signature_of
from resources.registry import STABLE, Registry, Version
from resources.workshop import Workshop


def overview(goal: Goal, workshop: Workshop) -> dict[str, Any]:
    """All versions of a goal, oldest first, and a warning where `stable` was moved by others."""
    versions = Registry(workshop.home).versions(goal.name)
    known = open_registrations(workshop.home)
    stable = next((v for v in versions if STABLE in v.aliases), None)
    return {
        "goal": goal.name,
        "versions": [_facts(workshop, known, version) for version in versions],
        "warning": moved_outside(known.events(goal.name), stable),
        "sealed": sealed_facts(goal, workshop.home),
    }


def details(goal: Goal, workshop: Workshop, version: str) -> dict[str, Any]:
    """One version with its manifest and all that happened to it. Raises UserError."""
    found = Registry(workshop.home).get(goal.name, version)
    known = open_registrations(workshop.home)
    entry = known.registered(goal.name, found.trial)
    events = [e for e in known.events(goal.name) if e.version == version]
    return _facts(workshop, known, found) | {
        "signature_note": signature_state(workshop, known, found)[1],
        "key_id": signature_of(entry).key_id if entry else None,
        "manifest": _manifest(workshop, found),
        "events": [_event(event) for event in events],
        "sealed": [one.facts for one in openings_for(workshop.home, goal.name, version)],
        "created": _time(found.created),
        "mlflow_run": found.run_id,
    }


def _facts(workshop: Workshop, known: Registrations, version: Version) -> dict[str, Any]:
    manifest = _manifest(workshop, version)
    return {
        "version": version.version,
        "aliases": list(version.aliases),
        "trial": version.trial,
        "adapter_version": version.adapter_version,
        "dataset_version": manifest.get("dataset_version"),
        "reports": {suite: _rate(workshop, version, suite) for suite in SUITES},
        "signature": signature_state(workshop, known, version)[0],
    }


def _rate(workshop: Workshop, version: Version, suite: str) -> float | None:
    """A pass rate, or None where there is no report on these weights that can be trusted."""
    try:
        report = report_of(workshop.store, version, suite)
    except AlteredArtefact:
        return None
    return report.pass_rate if report else None


def _manifest(workshop: Workshop, version: Version) -> dict[str, Any]:
    """The training manifest without its curves; empty where it is missing or was altered."""
    try:
        found = workshop.store.verify(version.model, "adapter", version.trial)
    except StoreError:
        return {}
    if found.version != version.adapter_version:
        return {}
    manifest = workshop.store.read_json(version.model, "adapter", version.trial, "manifest.json")
    return {key: value for key, value in manifest.items() if key not in ("losses", "dev_losses")}


def _event(event: Event) -> dict[str, Any]:
    shown = event.model_dump(mode="json", include={"action", "reason", "by", "stable_before"})
    return {"at": _time(event.at)} | shown | {"approval": event.evidence.get("approval")}


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
