"""The queue of reviews, and the page on which a person decides one."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from forgemind_assets.dashboard.frame import (
    goal_address,
    hidden,
    notice,
    page,
    part,
    percent,
    review_address,
)
from forgemind_assets.dashboard.goal_page import alert_list, review_list, with_interval
from forgemind_assets.dashboard.markup import Content, Html, joined, pairs, table, tag
from forgemind_assets.dashboard.records import AlertLine, ReviewForm, ReviewPage
from forgemind_assets.trial_grounds.report import Report
from forgemind_assets.warden.reviews import Review, Reviewer, Verdict

VERDICTS = {True: "passed", False: "failed", None: "unscored"}
LONGEST_REASON = 2_000


def queue_page(reviews: Sequence[Review], problem: str = "", *, read_only: bool = False) -> str:
    """All reviews. `problem` says where the records do not hold."""
    told = notice(problem, "bad") if problem else None
    shown = review_list(reviews) or tag("p", "No reviews.", class_="quiet")
    return page("Reviews", told, None if problem else shown, read_only=read_only)


def alerts_page(alerts: Sequence[AlertLine], *, read_only: bool = False) -> str:
    """The newest alerts of all goals."""
    shown = alert_list(alerts) or tag("p", "No alerts.", class_="quiet")
    return page("Alerts", shown, read_only=read_only)


def review_page(found: ReviewPage, form: ReviewForm | None, told: Html | None = None) -> str:
    """What is asked, the evidence, what was decided, and the forms where one may decide."""
    review = found.review
    subject = review.question.subject
    title = f"Review {review.id}: {review.question.kind.replace('_', ' ')}"
    facts: list[tuple[Content, Content]] = [
        ("status", review.status),
        ("why it is asked", review.question.reason),
        ("goal", tag("a", subject.goal, href=goal_address(subject.goal))),
        ("partition", subject.partition or "-"),
        ("version", subject.version),
        ("adapter", subject.adapter or "-"),
        *((f"{name}", sha) for name, sha in subject.reports.items()),
        ("stable now", found.stable or "none"),
        *([("sealed suite", found.sealed_left)] if found.sealed_left else []),
        *(("sealed suite opened", told) for told in found.sealed),
        ("asked", f"{when(review.asked_at)} for {person(review.question.asked_by)}"),
        ("rules", rules(review)),
        ("owners", ", ".join(map(person, review.question.owners)) or "not known"),
    ]
    changed = [notice(text) for text in found.changed]
    if found.making:
        changed.insert(0, notice(found.making[0].upper() + found.making[1:]))
    elif found.refused and found.can_be_stable:
        changed.insert(0, notice(f"Refused: {found.refused}", "bad"))
    if review.status == "approved" and found.stable == subject.version:
        changed.insert(0, notice(f"Version {subject.version} is stable.", "good"))
    return page(
        title,
        told,
        *changed,
        pairs(facts),
        part("evidence", "Evidence", evidence(found)),
        part("decisions", "Decisions", decisions(review)),
        _forms(found, form),
        read_only=form is None,
        refresh=bool(found.making),
    )


def evidence(found: ReviewPage) -> Html:
    """What was put before the reviewer, and the reports as they are now."""
    rows = [
        (suite, with_interval(report), report.overall.passed, report.overall.total)
        for suite, report in found.reports.items()
    ]
    columns = ("suite", "rate (95 % Wilson)", "passed", "of")
    given = [(name, value(content)) for name, content in found.review.question.evidence.items()]
    return joined(
        [
            pairs(given) if given else None,
            tag("p", f"Against the champion before: {found.champion_reason}")
            if found.champion_reason and "champion_before" not in found.review.question.evidence
            else None,
            table("Reports on this trial", columns, rows, numbers=2) if rows else None,
            *(_report(suite, report) for suite, report in found.reports.items()),
        ]
    )


def _report(suite: str, report: Report) -> Html:
    slices = [
        (name, rate.passed, rate.total, percent(rate.rate))
        for name, rate in sorted(report.slices.items(), key=lambda item: item[1].rate)
    ]
    columns = ("slice", "passed", "of", "rate")
    samples = [
        tag(
            "li",
            tag("strong", sample.case_id),
            f" ({sample.slice}): {VERDICTS[sample.passed]}, {sample.reason}",
            tag("pre", sample.answer),
        )
        for sample in report.samples
    ]
    return tag(
        "details",
        tag("summary", f"{suite}: slices and {len(samples)} drawn answers"),
        table(f"Slices on {suite}", columns, slices, numbers=3),
        tag("ul", *samples, class_="plain"),
    )


def value(content: Any) -> Html:
    """A piece of evidence: text as it is, anything else as JSON."""
    if isinstance(content, str):
        return tag("span", content)
    return tag("pre", json.dumps(content, indent=1, ensure_ascii=False, default=str))


def decisions(review: Review) -> Html | None:
    """Who decided what, when and why."""
    rows = [
        (r.verdict, person(r.reviewer), when(r.at), r.reason) for r in review.rulings
    ]  # fmt: skip
    return table("Decisions", ("verdict", "who", "when", "why"), rows) if rows else None


def _forms(found: ReviewPage, form: ReviewForm | None) -> Html | None:
    review = found.review
    if form is None:
        return None
    if review.status == "open":
        words = "A decision holds for exactly the version, adapter and reports above."
        verdicts: tuple[Verdict, ...] = ("approve", "reject")
        made = [decide_form(review, form, verdict) for verdict in verdicts]
        return part("decide", "Decide", tag("p", words), *made)
    if found.can_be_stable and not found.making:
        return part("stable", "Make stable", stable_form(review, form))
    return None


def decide_form(review: Review, form: ReviewForm, verdict: Verdict) -> Html:
    """One form a verdict, so that the enter key never decides otherwise than its heading says."""
    name = verdict.capitalize()
    fields = [
        tag("h3", name),
        tag("label", "Reason (recorded for good)", for_=f"{verdict}-reason"),
        tag("textarea", form.reason, id=f"{verdict}-reason", name="reason", rows=3,
            required=True, maxlength=LONGEST_REASON),
        tag("label", f"Your name (empty: {form.reviewer})", for_=f"{verdict}-reviewer"),
        tag("input", type="text", id=f"{verdict}-reviewer", name="reviewer", maxlength=200,
            autocomplete="name"),
        hidden("form_token", form.tokens[verdict]),
    ]  # fmt: skip
    kind = "good" if verdict == "approve" else "bad"
    button = tag("button", name, type="submit", class_=kind, id=verdict)
    return tag("form", *fields, button, method="post", action=review_address(review.id, verdict))


def stable_form(review: Review, form: ReviewForm) -> Html:
    """Moves the alias to the approved version; everything else is checked again."""
    subject = review.question.subject
    words = f"Version {subject.version} of {subject.goal} is approved and is not stable yet."
    button = tag("button", "Make stable", type="submit", class_="good", id="stable-button")
    address = review_address(review.id, "stable")
    fields = [tag("p", words), hidden("form_token", form.tokens["stable"])]
    return tag("form", *fields, button, method="post", action=address)


def person(reviewer: Reviewer) -> str:
    """A reviewer, and how we know."""
    return f"{reviewer.name} ({reviewer.source}, account {reviewer.account}@{reviewer.host})"


def rules(review: Review) -> str:
    """Who may decide."""
    held = review.question.rules
    who = ", ".join(held.reviewers) or "anyone"
    own = "owners too" if held.own_goal else "nobody on their own goal"
    return f"{held.persons} must approve; {who}, {own}; identity: {held.identity}"


def when(seconds: float) -> str:
    """Seconds since 1970 as a date in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
