"""`forgemind review`: what only a person may decide."""

import json
import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from forgemind_assets.warden.reviews import Review, Verdict
    from resources.openings import Opening
    from resources.reviews import Reviews

app = typer.Typer(help="Decide what only a person may.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(help="Id of the review, or the first letters of it.")]
Reason = Annotated[str, typer.Option("--reason", help="Why. It is recorded for good.")]
Who = Annotated[
    str | None,
    typer.Option("--reviewer", help="Your name; else FORGEMIND_REVIEWER, else the system's user."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.callback()
def group() -> None:
    """Decide what only a person may. Every decision is recorded, hash-chained, for good."""


@app.command("list", epilog="Example: forgemind review list --goal python_security")
def list_reviews(
    goal: Annotated[str | None, typer.Option(help="Only this goal's.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Decided ones too.")] = False,
    unsigned: Annotated[
        bool, typer.Option("--unsigned", help="What unsigned records say; none of it counts.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Lists the reviews that wait for a decision, oldest first."""
    if unsigned:
        found = [r for r in _reviews().unsigned() if goal in (None, r.question.subject.goal)]
    else:
        found = [r for r in _reviews().state(goal) if everything or r.status == "open"]
    if as_json:
        plain = [_plain(review) | ({"signed": False} if unsigned else {}) for review in found]
        typer.echo(json.dumps(plain, indent=1))
        return
    if not found:
        waiting = not everything and not unsigned
        typer.echo("No reviews wait for a decision." if waiting else "No reviews.")
    for review in found:
        subject = review.question.subject
        where = " ".join(filter(None, [subject.goal, subject.partition]))
        kind = review.question.kind.replace("_", " ")
        status = f"{review.status}, unsigned" if unsigned else f"{review.status:<8}"
        line = f"{review.id}  {status}  {where}  {kind}: {review.question.reason}"
        typer.echo(_clean(line))


@app.command(epilog="Example: forgemind review show 3f2a")
def show(review: Id, as_json: Json = False) -> None:
    """Shows what is asked, the evidence, the rules, and who decided what, when and why."""
    found = _reviews().get(review)
    sealed = _openings(found)
    if as_json:
        typer.echo(json.dumps(_plain(found) | {"sealed": [o.facts for o in sealed]}, indent=1))
        return
    opened = [("sealed", _clean(opening.sentence)) for opening in sealed]
    for name, text in [*_lines(found), *opened]:
        typer.echo(f"{name:<12} {text}")


@app.command(epilog='Example: forgemind review approve 3f2a --reason "read all 12 failures"')
def approve(review: Id, reason: Reason, reviewer: Who = None, as_json: Json = False) -> None:
    """Approves exactly the version, adapter and reports that the review shows."""
    _decide(review, "approve", reason, reviewer, as_json)


@app.command(epilog='Example: forgemind review reject 3f2a --reason "fails on CWE-89"')
def reject(review: Id, reason: Reason, reviewer: Who = None, as_json: Json = False) -> None:
    """Rejects it; one rejection is enough and final."""
    _decide(review, "reject", reason, reviewer, as_json)


@app.command("set-aside", epilog='Example: forgemind review set-aside --reason "from version 0.1"')
def set_aside(reason: Reason, reviewer: Who = None) -> None:
    """Lets records from before signing count for nothing; they stay, and can be read."""
    from forgemind_assets.warden.reviews import identify

    count = _reviews().set_aside(identify(reviewer, os.environ), reason)
    typer.echo(
        f"Review records 1 to {count} count for nothing from now on, rejections too. "
        "See them with forgemind review list --unsigned; what still needs a decision is asked "
        "again."
    )


@app.command(epilog="Example: forgemind review verify")
def verify(as_json: Json = False) -> None:
    """Checks that no record was edited, added or removed. Exit 1: one was; it is named."""
    found = _reviews().verify()
    if as_json:
        typer.echo(json.dumps({"ok": found is None, "broken": found and found.model_dump()}))
    else:
        broken = found and _clean(f"{found.sentence}. {found.advice}.")
        typer.echo(broken or "All review records hold.")
    if found is not None:
        raise typer.Exit(1)


def _reviews() -> "Reviews":
    from forgemind_assets.home import Home
    from resources.reviews import open_reviews

    return open_reviews(Home.from_environment())


def _openings(review: "Review") -> "list[Opening]":
    """Openings of the sealed suite for the version that a review is about."""
    from forgemind_assets.home import Home
    from resources.openings import openings_for

    subject = review.question.subject
    if subject.adapter is None:
        return []
    return openings_for(Home.from_environment(), subject.goal, subject.version)


def _decide(
    review: str, verdict: "Verdict", reason: str, reviewer: str | None, as_json: bool
) -> None:
    from forgemind_assets.warden.reviews import identify

    who = identify(reviewer, os.environ)
    found = _reviews().decide(review, verdict, who, reason)
    if as_json:
        typer.echo(json.dumps(_plain(found), indent=1))
        return
    done = f"Review {found.id} is {found.status}: {verdict} by {who.name} ({who.source})."
    missing = found.question.rules.persons - len(found.rulings)
    more = f" {missing} more must approve." if found.status == "open" else ""
    typer.echo(_clean(done + more))
    if found.status == "approved" and "when_approved" in found.question.evidence:
        typer.echo(_clean(_value(found.question.evidence["when_approved"])))


def _plain(review: "Review") -> dict[str, Any]:
    found = review.model_dump(mode="json")
    return found | {"status": review.status, "subject_digest": review.question.subject.digest}


def _lines(review: "Review") -> list[tuple[str, str]]:
    question, subject = review.question, review.question.subject
    lines: list[tuple[str, Any]] = [
        ("review", f"{review.id}, {review.status}"),
        ("asked", f"{_time(review.asked_at)} for {_who(question.asked_by)}"),
        ("what", f"{question.kind.replace('_', ' ')}: {question.reason}"),
        ("goal", " ".join(filter(None, [subject.goal, subject.partition]))),
        ("version", subject.version),
        ("adapter", subject.adapter or "none"),
        *((f"report {name}", sha) for name, sha in subject.reports.items()),
        *question.evidence.items(),
        ("rules", _rules(review)),
        ("owners", ", ".join(_who(owner) for owner in question.owners) or "not known"),
    ]
    lines += [
        (ruling.verdict, f"{_time(ruling.at)} by {_who(ruling.reviewer)}: {ruling.reason}")
        for ruling in review.rulings
    ]
    return [shown for name, value in lines for shown in _shown(name, value)]


def _shown(name: str, value: Any) -> list[tuple[str, str]]:
    """A fact on one line; a list of texts, such as lines of code, on one line each, as they are."""
    from forgemind_assets.dashboard.markup import visible

    texts = isinstance(value, list) and all(isinstance(one, str) for one in value)
    if not texts:
        return [(name, _clean(_value(value)))]
    shown = [visible(one.replace("\n", " ")) for one in value]
    return [(name if number == 0 else "", one) for number, one in enumerate(shown)]


def _rules(review: "Review") -> str:
    rules = review.question.rules
    who = ", ".join(rules.reviewers) or "anyone"
    own = "owners too" if rules.own_goal else "nobody on their own goal"
    return f"{rules.persons} must approve; {who}, {own}; identity: {rules.identity}"


def _who(reviewer: Any) -> str:
    return f"{reviewer.name} ({reviewer.source}, account {reviewer.account}@{reviewer.host})"


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _time(seconds: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _clean(text: str) -> str:
    from forgemind_assets.warden.alerts import plain

    return plain(text, 2000)
