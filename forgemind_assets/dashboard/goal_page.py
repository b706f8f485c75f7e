"""The page of one goal."""

from collections.abc import Sequence

from forgemind_assets.dashboard.chart import Point, rates_chart, share_bar
from forgemind_assets.dashboard.frame import dollars, page, part, percent, review_address
from forgemind_assets.dashboard.goal_past import ending, past
from forgemind_assets.dashboard.markup import Content, Html, escaped, joined, pairs, table, tag
from forgemind_assets.dashboard.records import (
    AlertLine,
    Dataset,
    GoalPage,
    Spending,
    StopForm,
    TrialLine,
)
from forgemind_assets.dashboard.rows_page import rows_address
from forgemind_assets.dashboard.stop_form import stop_part
from forgemind_assets.foundry.accounts import SourceAccount, table_record, troubles
from forgemind_assets.foundry.effects import effect_record
from forgemind_assets.foundry.judging.standing import Standing, standing_record
from forgemind_assets.trial_grounds.report import Report
from forgemind_assets.trial_grounds.statistics import wilson_interval
from forgemind_assets.warden.reviews import Review
from forgemind_assets.warden.scan_report import LayerSummary, layer_verdict

SUITES = ("dev", "full", "adversarial")
MOST_POINTS = 60
JUDGE_COLUMNS = tuple(name.replace("_", " ") for name in standing_record(Standing(judge="")))


def goal_page(goal: GoalPage, form: StopForm | None = None, told: Html | None = None) -> str:
    """Progress, slices, data, safety, teachers, money, alerts and reviews of a goal.

    Without `form` it is for looking only.
    """
    facts = pairs(
        [
            ("task", goal.task),
            ("wanted", f"{percent(goal.wanted)} of full"),
            ("standing", goal.standing),
            ("stable version", goal.stable or "none"),
            *([("sealed suite", goal.sealed)] if goal.sealed else []),
            *([("line", goal.origin)] if goal.origin else []),
        ]
    )
    return page(
        goal.name,
        told,
        facts,
        part("reviews", "Reviews", review_list(goal.reviews)),
        part("progress", "Pass rate over iterations", progress(goal.trials, goal.wanted)),
        part("standing", "How the loop ended", goal.stop and ending(goal.stop)),
        part("slices", "Slices of the champion", slices(goal.champion, goal.champion_reason)),
        *past(goal.turns),
        part("funnel", "Filter funnel", goal.dataset and funnel(goal.dataset), rows_link(goal)),
        part("safety", "Safety layers", goal.dataset and safety(goal.dataset)),
        part("teachers", "Teachers", teachers(goal)),
        part("spending", "Spending against limits", spending(goal.spending)),
        part("alerts", "Alerts", alert_list(goal.alerts)),
        stop_part(goal.name, goal.wish, form),
        read_only=form is None,
    )


def progress(trials: Sequence[TrialLine], wanted: float) -> Html | None:
    """The gate's rate of each trial as a picture, and all suites as a table."""
    if not trials:
        return None
    points = [
        Point(line.trial, report.pass_rate, *report.interval, leads=line.champion)
        for line in trials
        for report in [line.reports.get("full")]
        if report is not None
    ][-MOST_POINTS:]
    title = (
        f"Pass rate on full of {len(points)} trials, with 95 % Wilson intervals; the goal asks "
        f"for {percent(wanted)}"
    )
    columns = ("trial", "tries", "leads", "version", *SUITES)
    rows = [
        (
            line.trial,
            line.tries,
            "yes" if line.champion else "",
            line.registered,
            *(with_interval(line.reports.get(suite)) for suite in SUITES),
        )
        for line in reversed(trials)
    ]
    shown = table("Trials, newest first; 95 % Wilson intervals", columns, rows, numbers=3)
    picture = rates_chart(points, wanted, title)
    framed = tag("div", picture, class_="scroll", tabindex=0, role="region", aria_label="Picture")
    return joined([framed if points else None, shown])


def with_interval(report: Report | None) -> str:
    """`62.5 % (42.7-78.8)`; a dash where there is no report."""
    if report is None:
        return "-"
    low, high = report.interval
    return f"{percent(report.pass_rate)} ({100 * low:.1f}-{100 * high:.1f})"


def slices(report: Report | None, reason: str) -> Html | None:
    """The champion's slices on the gate, weakest first."""
    if report is None:
        return None
    rows: list[tuple[Content, ...]] = []
    for name, rate in sorted(report.slices.items(), key=lambda item: item[1].rate):
        interval = wilson_interval(rate.passed, rate.total)
        bounds = f"{100 * interval.low:.1f}-{100 * interval.high:.1f}"
        bar = share_bar(rate.rate, f"{name}: {percent(rate.rate)}")
        figures = (rate.passed, rate.total, rate.unscored, percent(rate.rate), bounds)
        rows.append((name, bar, *figures))
    columns = ("slice", "share", "passed", "of", "unscored", "rate", "95 % interval")
    words = tag("p", f"{report.model}: {reason}" if reason else report.model)
    return joined([words, table("Slices on full, weakest first", columns, rows, numbers=5)])


def funnel(dataset: Dataset) -> Html:
    """What each filter let through."""
    rows = [
        (
            stage.name,
            stage.reasons or "-",
            share_bar(_share(stage.rows_out, stage.rows_in), f"{stage.name}: share that passed"),
            stage.rows_in,
            stage.rows_out,
        )
        for stage in dataset.funnel
    ]
    total = dataset.kept + dataset.rejected
    words = (
        f"Iteration {dataset.iteration}: {dataset.kept:,} of {total:,} rows kept "
        f"({percent(_share(dataset.kept, total))})."
    )
    columns = ("stage", "reasons", "share", "rows in", "rows out")
    return joined([tag("p", words), table("Filters in order", columns, rows, numbers=2)])


def rows_link(goal: GoalPage) -> Html | None:
    """The way to the rows of the newest dataset."""
    if goal.dataset is None:
        return None
    address = rows_address(goal.name, goal.dataset.iteration)
    return tag("p", tag("a", "Look through the rows", href=address))


def _share(some: int, total: int) -> float:
    return some / total if total else 0.0


def safety(dataset: Dataset) -> Html:
    """Each layer with its state. One that is not recorded is not clean: it says so."""
    if dataset.layers is None:
        words = f"Not recorded for iteration {dataset.iteration}: nothing is known of the layers."
        return tag("p", words, class_="warn")
    columns = ("layer", "state", "need", "what it did", "version")
    return table("Layers over the rows", columns, [_layer(one) for one in dataset.layers])


def _layer(summary: LayerSummary) -> tuple[Content, ...]:
    verdict = layer_verdict(summary)
    kinds = {"clean": "good", "off": "quiet", "findings": "warn"}
    kind = "bad" if not verdict.passed else kinds.get(verdict.state, "warn")
    state = tag("span", verdict.state.replace("_", " "), class_=kind)
    told = joined([verdict.message, *(f"; {text}" for text in summary.details.values())])
    return summary.layer, state, summary.need, told, summary.version


def teachers(goal: GoalPage) -> Html | None:
    """What each source of rows gave and cost, what it did for dev, and the teachers' bills."""
    if not goal.accounts and not goal.costs:
        return None
    rows = [
        (one.iteration, *(str(value) for value in table_record(account).values()))
        for one in reversed(goal.accounts)
        for account in one.sources
    ]
    columns = (
        "iteration",
        *(name.replace("_", " ") for name in table_record(SourceAccount(strategy=""))),
    )
    given_up = [
        tag("p", f"Iteration {one.iteration}: {told}", class_="warn")
        for one in reversed(goal.accounts)
        for told in troubles(one.sources)
    ]
    measured = [tuple(effect_record(effect).values()) for effect in goal.effects]
    paid = [
        (
            one.teacher,
            f"{one.responses:,}",
            f"{one.input_tokens:,}",
            f"{one.output_tokens:,}",
            dollars(one.dollars),
        )
        for one in goal.costs
    ]
    bill = ("teacher", "answers", "tokens in", "tokens out", "cost")
    judged = [tuple(str(v) for v in standing_record(one).values()) for one in goal.judges]
    kappas = "Judges in the newest dataset: Cohen's kappa with its interval"
    caption = "Effect of a source's rows on the slices of dev, with 95 % intervals"
    return joined(
        [
            table("Yield, newest iteration first", columns, rows, numbers=9),
            *given_up,
            table(caption, ("strategy", "teacher", "iterations", "effect"), measured),
            table(kappas, JUDGE_COLUMNS, judged, numbers=6) if judged else None,
            table("Cost of all answers", bill, paid, numbers=4),
        ]
    )


def spending(found: Sequence[Spending]) -> Html:
    """What is spent or reserved of each limit."""
    rows: list[tuple[Content, ...]] = []
    for one in found:
        share = one.used / one.limit if one.limit > 0 else 0.0
        name = f"{one.what} of {one.scope}" if one.scope else one.what
        kind = "bad" if share >= 1 else "warn" if share >= 0.8 else None
        told = percent(share) if one.limit > 0 else "nothing may be spent"
        bar = share_bar(share, f"{name}: {told}")
        rows.append(
            (name, bar, tag("span", told, class_=kind), _amount(one.used, one.unit),
             _amount(one.limit, one.unit))
        )  # fmt: skip
    columns = ("limit", "used", "share", "spent or reserved", "limit is")
    return table("Limits of the goal", columns, rows, numbers=3)


def _amount(value: float, unit: str) -> str:
    return dollars(value) if unit == "$" else f"{value:.2f} {unit}"


def alert_list(found: Sequence[AlertLine]) -> Html | None:
    """Alerts, newest first, each with its figure, threshold, link and what to do."""
    made = [tag("li", _alert(line)) for line in reversed(found)]
    return tag("ul", *made, class_="plain") if made else None


def _alert(line: AlertLine) -> Html:
    alert, kinds = line.alert, {"error": "bad", "warning": "warn", "info": "quiet"}
    title = tag("strong", alert.title)
    where = " ".join(filter(None, [alert.goal, alert.partition]))
    facts: list[tuple[Content, Content]] = [
        ("where", where),
        ("found", alert.figure),
        ("expected", alert.threshold),
        ("what to do", alert.what_to_do),
        ("asset", link(alert.link)),
    ]
    facts += [(f"not delivered: {name}", why or "waiting") for name, why in
              line.undelivered.items()]  # fmt: skip
    severity = tag("span", alert.severity, class_=kinds[alert.severity])
    return joined([severity, " ", title, pairs(facts)])


def link(address: str) -> Html:
    """A link where the address is one of a web page; otherwise its text."""
    if address.startswith(("http://", "https://")):
        return tag("a", address, href=address, rel="noreferrer")
    return escaped(address)


def review_list(found: Sequence[Review]) -> Html | None:
    """Reviews, open ones first."""
    ordered = sorted(found, key=lambda one: (one.status != "open", -one.asked_at))
    kinds = {"open": "warn", "approved": "good", "rejected": "bad"}
    rows = [
        (
            tag("a", one.id, href=review_address(one.id)),
            tag("span", one.status, class_=kinds[one.status]),
            " ".join(filter(None, [one.question.subject.goal, one.question.subject.partition])),
            one.question.kind.replace("_", " "),
            one.question.reason,
        )
        for one in ordered
    ]
    columns = ("review", "status", "about", "question", "why")
    return table("Reviews, open ones first", columns, rows) if rows else None
