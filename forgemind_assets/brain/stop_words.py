"""A stop report in words: a few lines for the terminal, Markdown for metadata. Pure."""

import math
from collections.abc import Iterator

from forgemind_assets.brain.decide import percent
from forgemind_assets.brain.futility import shown
from forgemind_assets.brain.stop_report import LimitUse, NextPoint, SliceGap, StopReport
from forgemind_assets.markdown import table

SLICES_TOLD = 3
WITHIN_REACH = 0.95


def lines(report: StopReport) -> list[str]:
    """The report in a few lines: reason, best, slices, limits, next point, what to change."""
    found = [report.reason[0].upper() + report.reason[1:] + "."]
    if report.best:
        found.append(best_line(report))
    short = [gap for gap in report.slices if gap.missing_points > 0]
    if short and not report.goal_met:
        named = "; ".join(slice_words(gap) for gap in short[:SLICES_TOLD])
        rest = f"; and {len(short) - SLICES_TOLD} more" if len(short) > SLICES_TOLD else ""
        found.append(f"Slices that are missing most: {named}{rest}.")
    if report.limits:
        found.append(limits_line(report))
    if not report.goal_met:
        found.append(next_line(report.next_point))
        found += [f"You could change {advice_words(report, n)}" for n in range(len(report.advice))]
    return found


def best_line(report: StopReport) -> str:
    """The best result, its lower bound, and what it lacks."""
    best = report.best
    assert best is not None
    lower = math.floor(1000 * best.lower) / 10
    lacking = (
        "the goal is met by it"
        if not best.missing
        else f"{best.missing} more of the {best.total} cases must pass"
        f"{'' if report.confidence is None else ' for the bound to reach the goal'}"
    )
    return (
        f"Best: {best.trial} with {best.rate:.1%} ({best.passed} of {best.total}), lower bound "
        f"{lower:.1f}% at {percent(best.confidence)} confidence over {best.looks} looks (each at "
        f"{100 * best.level:.4g}%); the goal asks for {percent(report.wanted)}: {lacking}."
    )


def slice_words(gap: SliceGap) -> str:
    """`CWE-89 40% (19-64%), 2.3 points`."""
    return (
        f"{gap.slice} {gap.rate:.0%} ({100 * gap.low:.0f}-{gap.high:.0%}), "
        f"{gap.missing_points:.1f} points"
    )


def limits_line(report: StopReport) -> str:
    """What is used of each limit, and which leaves the least."""
    told = "; ".join(limit_words(one) for one in report.limits)
    first = next((one for one in report.limits if one.key == report.binds), None)
    word = "binds" if first and first.left == 0 else "would bind first"
    return f"Limits: {told}. {report.binds} {word}.{chance_words(report)}"


def chance_words(report: StopReport) -> str:
    """The chance under the limits, reckoned kindly; nothing where none is known or none is left."""
    if not report.chance or report.goal_met:
        return ""
    if report.chance >= WITHIN_REACH:
        return " Within them the goal is not out of reach."
    return f" Chance of meeting the goal within them, at best: {shown(report.chance)}."


def limit_words(one: LimitUse) -> str:
    """`limits.hours 1.5 of 2 h, 1 iteration left`."""
    amount = f"{one.used:.3g} of {one.limit:g}"
    amount = f"${one.used:.2f} of ${one.limit:.2f}" if one.unit == "$" else amount
    unit = " h" if one.unit == "h" else ""
    left = "no end in sight" if one.left is None else (
        f"{iterations(one.left)} left"
    )  # fmt: skip
    return f"{one.key} {amount}{unit} used, {left}"


def next_line(found: NextPoint | None) -> str:
    """The cost of the next point with its interval, or that it is not known."""
    if found is None:
        return "Cost of the next point: not known (it takes two trained iterations to tell)."
    if not found.measured:
        return (
            f"Cost of the next point: not known, since the last {iterations(found.gains)} gained "
            f"nothing; with 95 % probability more than {cost(found, found.low)}."
        )
    return (
        f"Cost of the next point: about {cost(found, found.iterations)}, 90 % between "
        f"{cost(found, found.low)} and {cost(found, found.high)}, by the gains of the last "
        f"{iterations(found.gains)}."
    )


def cost(found: NextPoint, count: float) -> str:
    """`0.4 iterations (0.2 h, $0.12)`."""
    hours, dollars = count * found.hours_each, count * found.dollars_each
    return f"{count:.2g} iterations ({hours:.2g} h, ${dollars:.2f})"


def iterations(count: int) -> str:
    """`1 iteration`, `3 iterations`."""
    return f"{count} iteration{'' if count == 1 else 's'}"


def advice_words(report: StopReport, number: int) -> str:
    """One piece of advice: key, values, reason."""
    one = report.advice[number]
    return f"{one.key}: {one.now} -> {one.suggested} ({one.why})."


def markdown(report: StopReport) -> str:
    """The report for metadata and as a file."""
    return "\n\n".join(_parts(report))


def _parts(report: StopReport) -> Iterator[str]:
    yield f"**{report.reason[0].upper()}{report.reason[1:]}.**"
    if report.best:
        yield best_line(report)
    if report.slices:
        yield table([slice_record(gap) for gap in report.slices])
    if report.limits:
        yield limits_line(report)
    if not report.goal_met:
        yield next_line(report.next_point)
    if report.advice:
        yield "What a person could change:"
        yield table([one.model_dump() for one in report.advice])


def slice_record(gap: SliceGap) -> dict[str, str]:
    """One slice as a line of a table."""
    return {
        "slice": gap.slice,
        "passed": f"{gap.passed} of {gap.total}",
        "rate": f"{gap.rate:.1%}",
        "95 % interval": f"{100 * gap.low:.1f}-{100 * gap.high:.1f}",
        "points lost": f"{gap.lost_points:.1f}",
        "points to the goal's rate": f"{gap.missing_points:.1f}",
    }
