"""`forgemind registry`: the registered versions of a goal, and moving `stable`."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from forgemind_assets.goal import Goal
    from resources.workshop import Workshop

app = typer.Typer(
    help="List, show, promote and roll back the registered versions of a goal.",
    no_args_is_help=True,
)

GoalName = Annotated[str, typer.Argument(help="Goal name, folder, or goal.yaml.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON value, for scripts.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it is recorded.")]


def _open(name: str) -> "tuple[Goal, Workshop]":
    from forgemind_assets.goal_loading import find_goal, load_goal
    from forgemind_assets.quiet import quieten
    from resources.workshop import Workshop

    quieten()
    return load_goal(find_goal(name)), Workshop()


@app.command("list", epilog="Example: forgemind registry list python_security --json")
def list_versions(goal: GoalName, as_json: AsJson = False) -> None:
    """Shows every registered version with its aliases, results and signature."""
    from resources.registry_view import overview

    loaded, workshop = _open(goal)
    found = overview(loaded, workshop)
    if as_json:
        typer.echo(json.dumps(found, indent=1))
        return
    from rich.console import Console
    from rich.table import Table

    columns = ("version", "aliases", "trial", "dev", "full", "adversarial", "data", "signature")
    table = Table(*columns, box=None)
    for entry in found["versions"]:
        rates = [_percent(entry["reports"].get(s)) for s in ("dev", "full", "adversarial")]
        data = (entry["dataset_version"] or "-")[:16]
        names = ", ".join(entry["aliases"])
        table.add_row(entry["version"], names, entry["trial"], *rates, data, entry["signature"])
    console = Console()
    console.print(table if found["versions"] else f"{loaded.name} has no registered version yet")
    sealed = found["sealed"]
    console.print(
        f"sealed suite: opened {sealed['openings_used']} of {sealed['openings_allowed']} times",
        highlight=False,
    )
    if found["warning"]:
        console.print(f"Warning: {found['warning']}", style="red", highlight=False)


@app.command("show", epilog="Example: forgemind registry show python_security 2")
def show(
    goal: GoalName,
    version: Annotated[str, typer.Argument(help="Number of the version.")],
    as_json: AsJson = False,
) -> None:
    """Shows one version: manifest, reports, data version, signature, and what happened to it."""
    from resources.registry_view import details

    loaded, workshop = _open(goal)
    found = details(loaded, workshop, version)
    if as_json:
        typer.echo(json.dumps(found, indent=1))
        return
    for key in ("version", "trial", "aliases", "adapter_version", "dataset_version"):
        value = found[key]
        typer.echo(f"{key:<16} {', '.join(value) if isinstance(value, list) else value or '-'}")
    note = f": {found['signature_note']}" if found["signature_note"] else ""
    typer.echo(f"{'signature':<16} {found['signature']}{note} (key {found['key_id'] or '-'})")
    for suite, rate in found["reports"].items():
        typer.echo(f"{suite:<16} {_percent(rate)}")
    _echo_manifest(found["manifest"])
    for opening in found["sealed"]:
        slices = ", ".join(f"{name} {count}" for name, count in opening.get("slices", {}).items())
        typer.echo(f"{'sealed':<16} {opening['result']}")
        typer.echo(f"{'':<16} {slices or 'no rates yet'}")
    for event in found["events"]:
        typer.echo(f"{event['at']}  {event['action']:<11} {event['by']}: {event['reason']}")


@app.command(
    "promote", epilog='Example: forgemind registry promote python_security 2 --reason "passed"'
)
def promote(
    goal: GoalName,
    version: Annotated[str, typer.Argument(help="Number of the version.")],
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Makes a version `stable`, if it is signed, meets the goal, and the policy's people agree.

    It then opens the sealed suite, once an adapter and within limits.sealed_openings: a version
    that passes significantly less of it than of the gate, or than the stable one, is refused.

    Exit 1: it may not be promoted; the reason is printed.
    """
    from forgemind_assets.errors import PromotionRefused
    from resources import promotions
    from resources.approvals import GoalApprovals

    loaded, workshop = _open(goal)
    _need(reason)
    decision = promotions.promote(
        loaded,
        workshop,
        version,
        reason=reason,
        by=promotions.whoami(),
        approvals=GoalApprovals(loaded, workshop),
    )
    if not decision.promote:
        raise PromotionRefused(f"{loaded.name} version {version}: {decision.reason}")
    _tell(loaded.name, version, decision.model_dump(mode="json"), as_json)


@app.command(
    "rollback",
    epilog='Example: forgemind registry rollback python_security --to 1 --reason "2 regressed"',
)
def rollback(
    goal: GoalName,
    to: Annotated[str, typer.Option("--to", help="A version that was `stable` before.")],
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Moves `stable` back to a version that was stable before and is still what was signed.

    Exit 1: it may not be moved there; the reason is printed.
    """
    from resources import promotions
    from resources.approvals import GoalApprovals

    loaded, workshop = _open(goal)
    _need(reason)
    decision = promotions.roll_back(
        loaded,
        workshop,
        to,
        reason=reason,
        by=promotions.whoami(),
        approvals=GoalApprovals(loaded, workshop),
    )
    _tell(loaded.name, to, decision.model_dump(mode="json"), as_json)


def _need(reason: str) -> None:
    from forgemind_assets.errors import UserError

    if not reason.strip():
        raise UserError("--reason: expected why, in a few words, found nothing")


def _tell(goal: str, version: str, decision: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"goal": goal, "stable": version} | decision, indent=1))
    else:
        typer.echo(f"{goal}@stable is now version {version}: {decision['reason']}")


def _echo_manifest(manifest: dict[str, Any]) -> None:
    base = manifest.get("base") or {}
    facts = {
        "base": base.get("name"),
        "base_sha256": base.get("sha256"),
        "adapter_sha256": manifest.get("adapter_sha256"),
        "rows": manifest.get("rows"),
        "steps": manifest.get("steps"),
        "precision": manifest.get("precision"),
        "engine": manifest.get("engine"),
        "threads": manifest.get("threads"),
    }
    for name, value in facts.items():
        typer.echo(f"{name:<16} {'-' if value is None else value}")
    settings = manifest.get("settings") or {}
    typer.echo(f"{'settings':<16} " + ", ".join(f"{k}={v}" for k, v in settings.items()))


def _percent(rate: float | None) -> str:
    return "-" if rate is None else f"{rate:.1%}"
