"""The parts of a goal's page that show its past: how it ended, what was tried, and why."""

from collections.abc import Sequence

from forgemind_assets.brain.stop_report import StopReport
from forgemind_assets.brain.stop_words import best_line, limits_line, next_line, slice_record
from forgemind_assets.brain.turns import Turn
from forgemind_assets.dashboard.frame import dollars, part, percent
from forgemind_assets.dashboard.history_charts import (
    Picture,
    cost_against_gain,
    heat_map,
    parallel_coordinates,
)
from forgemind_assets.dashboard.markup import Content, Html, joined, pairs, table, tag

REASONS_OPEN = 5
"""Iterations whose reasons are shown without being asked for."""


def ending(report: StopReport) -> Html:
    """The stop report: reason, best, limits, next point, slices that are missing, advice."""
    told = [report.reason]
    told += [best_line(report)] if report.best else []
    told += [limits_line(report)] if report.limits else []
    told += [] if report.goal_met else [next_line(report.next_point)]
    gaps = [tuple(slice_record(gap).values()) for gap in report.slices]
    columns = ("slice", "passed", "rate", "95 % interval", "points lost", "to the goal's rate")
    advice = [(one.key, one.now, one.suggested, one.why) for one in report.advice]
    return joined(
        [
            *(tag("p", line) for line in told),
            table("Slices of full by what they cost", columns, gaps, numbers=5) if gaps else None,
            table("What a person could change", ("key", "now", "suggested", "why"), advice)
            if advice
            else None,
        ]
    )


def past(turns: Sequence[Turn]) -> list[Html]:
    """Heat map, trials, cost against gain, and the Brain's reasons."""
    return [
        part("heat", "Slices over iterations", framed(heat_map(turns))),
        part("trials", "What was tried", framed(parallel_coordinates(turns)), attempts(turns)),
        part("cost", "Cost against gain", framed(cost_against_gain(turns)), costs(turns)),
        part("why", "Why the Brain did what it did", reasons(turns)),
    ]


def framed(picture: Picture | None) -> Html | None:
    """A picture with its sentence; it scrolls by itself where the page is narrow."""
    if picture is None:
        return None
    told = tag("p", f"{picture.title}.", class_="quiet")
    box = {"class_": "scroll", "tabindex": 0, "role": "region", "aria_label": "Picture"}
    return joined([told, tag("div", picture.svg, **box)])


def folded(what: str, content: Html) -> Html:
    """What is opened by those who want it."""
    return tag("details", tag("summary", what), content)


def attempts(turns: Sequence[Turn]) -> Html | None:
    """The trials with their settings, newest first."""
    rows = [
        (
            one.trial,
            one.why or "the planner's own",
            one.stopped,
            f"{one.learning_rate:.1e}",
            one.rank,
            one.alpha,
            f"{one.epochs:.3g}",
            "-" if one.rows is None else f"{one.rows:,}",
            percent(one.dev),
        )
        for turn in reversed(turns)
        for one in turn.attempts
    ]
    if not rows:
        return None
    columns = ("trial", "why", "stopped", "rate", "rank", "alpha", "epochs", "rows", "dev")
    caption = "Trials by their settings, newest first"
    return folded(f"{len(rows)} trials as a table", table(caption, columns, rows, numbers=6))


def costs(turns: Sequence[Turn]) -> Html | None:
    """What each iteration cost and gained on dev."""
    rows, before = list[tuple[Content, ...]](), None
    for turn in turns:
        best = turn.best_dev
        gain = None if best is None or before is None else 100 * (best - before)
        each = "-" if not gain or not turn.hours else f"{turn.hours / gain:.2f}"
        told = "-" if gain is None else f"{gain:+.1f}"
        rows.append(
            (
                turn.iteration,
                f"{turn.hours:.2f}",
                dollars(turn.dollars),
                percent(turn.dev),
                told,
                each,
            )
        )
        before = best
    columns = ("iteration", "hours", "cost", "dev", "points gained", "hours a point")
    return table("What each iteration cost, and the gain in the best dev rate", columns, rows[::-1],
                 numbers=5) if rows else None  # fmt: skip


def reasons(turns: Sequence[Turn]) -> Html | None:
    """Hypothesis, expectation, outcome and decision of each iteration, newest first."""
    made = [
        tag("li", tag("h3", f"Iteration {turn.iteration}"), pairs(_reasons(turn)))
        for turn in reversed(turns)
    ]
    if not made:
        return None
    older = made[REASONS_OPEN:]
    rest = folded(f"{len(older)} earlier iterations", tag("ul", *older, class_="plain"))
    return joined([tag("ul", *made[:REASONS_OPEN], class_="plain"), rest if older else None])


def _reasons(turn: Turn) -> list[tuple[Content, Content]]:
    told: list[tuple[Content, Content]] = [
        ("tried", turn.hypothesis),
        ("expected", turn.expected),
    ]
    told += [(f"beside it {one.trial}", one.why) for one in turn.attempts if one.why]
    told += [(f"stopped {one.trial}", one.stopped) for one in turn.attempts if one.stopped]
    told += [("sources so far", turn.sources)] if turn.sources else []
    told += [
        ("came of it", turn.outcome or "not known yet"),
        ("champion", turn.decision or "not decided yet"),
    ]
    return told
