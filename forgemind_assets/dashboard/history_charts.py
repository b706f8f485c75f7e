"""Pictures of a loop's past as SVG: slices over iterations, trials, cost against gain.

What a picture shows stands in a table or in its title as well. Colour is never alone: a cell of
the heat map has its figure, a stopped trial a dashed line and a cross.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from forgemind_assets.brain.turns import Attempt, Turn
from forgemind_assets.dashboard.markup import Html, tag

MOST_COLUMNS, MOST_SLICES, MOST_LINES = 19, 24, 60
CELL_WIDTH, CELL_HEIGHT, NAME_WIDTH, HEAD = 42, 22, 150, 24
LONGEST_NAME = 22
DARKEST = 0.5
"""Of the colour in a cell; beyond it the figure in the cell would be hard to read."""
STEPS = 5
WIDTH, HEIGHT, TOP, BOTTOM, SIDE = 720, 300, 40, 34, 56


@dataclass(frozen=True)
class Picture:
    """An SVG and what it shows, in a sentence."""

    title: str
    svg: Html


def heat_map(turns: Sequence[Turn]) -> Picture | None:
    """Slices by iterations, weakest slice of the newest iteration first; None without any."""
    every = [turn for turn in turns if turn.slices]
    shown = every[-MOST_COLUMNS:]
    if not shown:
        return None
    last = shown[-1].slices
    names = sorted(last, key=lambda name: (last[name].rate, name))
    kept = names[:MOST_SLICES]
    title = (
        f"Pass rate on dev of each slice over {len(shown)} iterations, in percent, weakest of "
        f"the newest first{_left_out(len(names) - len(kept), 'slice')}"
        f"{_left_out(len(every) - len(shown), 'earlier iteration')}"
    )
    marks = [
        _text(NAME_WIDTH + CELL_WIDTH * (x + 0.5), HEAD - 8, turn.iteration, "middle")
        for x, turn in enumerate(shown)
    ]
    for y, name in enumerate(kept):
        top = HEAD + CELL_HEIGHT * y
        marks.append(_text(NAME_WIDTH - 8, top + 15, name[:LONGEST_NAME], "end"))
        for x, turn in enumerate(shown):
            if name in turn.slices:
                marks += _cell(x, top, turn.slices[name].rate)
    width = NAME_WIDTH + CELL_WIDTH * len(shown) + 4
    return _svg(width, HEAD + CELL_HEIGHT * len(kept) + 4, title, marks)


def _cell(column: int, top: float, rate: float) -> list[Html]:
    left = NAME_WIDTH + CELL_WIDTH * column
    box = tag(
        "rect", x=_n(left + 1), y=_n(top + 1), width=CELL_WIDTH - 2, height=CELL_HEIGHT - 2,
        class_="heat", fill_opacity=f"{DARKEST * rate:.2f}",
    )  # fmt: skip
    return [box, _text(left + CELL_WIDTH / 2, top + 15, f"{100 * rate:.0f}", "middle")]


@dataclass(frozen=True)
class Axis:
    """One axis of the parallel coordinates."""

    name: str
    value: Callable[[Attempt], float | None]
    told: Callable[[float], str] = "{:g}".format
    logarithmic: bool = False


AXES = (
    Axis("learning rate", lambda a: a.learning_rate, "{:.1e}".format, logarithmic=True),
    Axis("rank", lambda a: a.rank, logarithmic=True),
    Axis("alpha", lambda a: a.alpha, logarithmic=True),
    Axis("epochs", lambda a: a.epochs, "{:.3g}".format),
    Axis("rows", lambda a: a.rows, "{:,.0f}".format),
    Axis("dev", lambda a: a.dev, "{:.0%}".format),
)


def parallel_coordinates(turns: Sequence[Turn]) -> Picture | None:
    """Every trial as a line over its settings to its result on dev; None without trials."""
    every = [one for turn in turns for one in turn.attempts]
    shown = every[-MOST_LINES:]
    if not shown:
        return None
    without = sum(one.dev is None for one in shown)
    title = (
        f"{len(shown)} trials by their settings and result on dev; the more they passed, the "
        f"stronger the line{_left_out(len(every) - len(shown), 'earlier trial')}; {without} "
        "stopped or failed: dashed, with a cross where they end"
    )
    scales = [_scale(axis, shown) for axis in AXES]
    marks: list[Html] = []
    # The best are drawn last, over the others.
    for one in sorted(shown, key=lambda a: -1.0 if a.dev is None else a.dev):
        marks += _line(one, scales, shown)
    for number, axis in enumerate(AXES):
        marks += _axis(number, axis, shown)
    return _svg(WIDTH, HEIGHT, title, marks)


def _values(axis: Axis, shown: Sequence[Attempt]) -> tuple[float, float] | None:
    found = [value for one in shown if (value := axis.value(one)) is not None]
    return (min(found), max(found)) if found else None


def _scale(axis: Axis, shown: Sequence[Attempt]) -> Callable[[Attempt], float | None]:
    """Height of a trial on an axis, 0 to 1; None where it has no value there."""
    ends = _values(axis, shown)

    def place(one: Attempt) -> float | None:
        value = axis.value(one)
        if value is None or ends is None:
            return None
        low, high = (math.log(end) for end in ends) if axis.logarithmic else ends
        value = math.log(value) if axis.logarithmic else value
        return (value - low) / (high - low) if high > low else 0.5

    return place


def _line(
    one: Attempt,
    scales: Sequence[Callable[[Attempt], float | None]],
    shown: Sequence[Attempt],
) -> list[Html]:
    places = [(n, at) for n, scale in enumerate(scales) if (at := scale(one)) is not None]
    points = " ".join(f"{_n(_x(n))},{_n(_y(at))}" for n, at in places)
    told = f"{one.trial}: " + (one.stopped or "failed" if one.dev is None else f"{one.dev:.1%}")
    kind = f"trial step{_step(one, shown)}" if one.dev is not None else "trial stopped"
    found = [tag("polyline", tag("title", told), points=points, class_=kind)]
    if one.dev is None and places:
        n, at = places[-1]
        x, y = _x(n), _y(at)
        cross = f"M{_n(x - 5)} {_n(y - 5)}l10 10m0 -10l-10 10"
        found.append(tag("path", d=cross, class_="cross"))
    return found


def _step(one: Attempt, shown: Sequence[Attempt]) -> int:
    """Which of the steps of colour a result has, by its place between worst and best."""
    ends = _values(AXES[-1], shown)
    if ends is None or one.dev is None or ends[1] <= ends[0]:
        return STEPS - 1
    return min(STEPS - 1, int(STEPS * (one.dev - ends[0]) / (ends[1] - ends[0])))


def _axis(number: int, axis: Axis, shown: Sequence[Attempt]) -> list[Html]:
    x, ends = _x(number), _values(axis, shown)
    anchor = "start" if number == 0 else "end" if number == len(AXES) - 1 else "middle"
    at = x - SIDE + 6 if number == 0 else x + SIDE - 6 if number == len(AXES) - 1 else x
    found = [
        tag("line", x1=_n(x), y1=TOP, x2=_n(x), y2=HEIGHT - BOTTOM, class_="axis"),
        tag("text", axis.name, x=_n(at), y=14, text_anchor=anchor, class_="head"),
    ]
    if ends is None:
        return found
    low, high = ends
    if high > low:
        found.append(_text(at, TOP - 8, axis.told(high), anchor))
        found.append(_text(at, HEIGHT - BOTTOM + 18, axis.told(low), anchor))
    else:
        found.append(_text(at, HEIGHT - BOTTOM + 18, f"all {axis.told(low)}", anchor))
    return found


def cost_against_gain(turns: Sequence[Turn]) -> Picture | None:
    """Best dev rate so far over the hours of work; None before two iterations have a result."""
    # What brought no result has cost its hours all the same.
    after = list(itertools.accumulate(turn.hours for turn in turns))
    known = [turn for turn in turns if turn.dev is not None]
    if len(known) < 2:
        return None
    hours = [at for at, turn in zip(after, turns, strict=True) if turn.dev is not None]
    last, spent = known[-1], after[-1]
    title = (
        f"Best dev pass rate over hours of work: {last.best_dev or 0:.1%} after {spent:.2f} hours "
        f"and ${sum(turn.dollars for turn in turns):.2f}; a dot is the best of an iteration"
    )
    across = WIDTH - 2 * SIDE

    def x(at: float) -> float:
        return SIDE + across * (at / spent if spent else 0.5)

    marks = [
        one
        for level in (0.0, 0.25, 0.5, 0.75, 1.0)
        for one in (
            tag(
                "line", x1=SIDE, y1=_n(_y(level)), x2=WIDTH - SIDE, y2=_n(_y(level)), class_="axis"
            ),
            _text(SIDE - 8, _y(level) + 4, f"{level:.0%}", "end"),
        )
    ]
    steps = [(x(h), _y(turn.best_dev or 0.0)) for h, turn in zip(hours, known, strict=True)]
    path = f"M{_n(steps[0][0])} {_n(steps[0][1])}"
    path += "".join(f"H{_n(a)}V{_n(b)}" for a, b in steps[1:])
    marks.append(tag("path", d=path, class_="best"))
    every, named = max(1, -(-len(known) * 46 // across)), -math.inf
    for number, (at, turn) in enumerate(zip(hours, known, strict=True)):
        here = x(at)
        dot = tag("title", f"{turn.iteration}: {turn.dev or 0:.1%} after {at:.2f} h")
        marks.append(tag("circle", dot, cx=_n(here), cy=_n(_y(turn.dev or 0.0)), r=4, class_="dot"))
        if number % every == 0 and here - named >= 40:
            named = here
            marks.append(_text(here, HEIGHT - BOTTOM + 16, turn.iteration, "middle"))
    marks.append(_text(WIDTH - SIDE, HEIGHT - 2, f"{spent:.2f} hours", "end"))
    return _svg(WIDTH, HEIGHT, title, marks)


def _left_out(count: int, what: str) -> str:
    return f"; {count} {what}{'' if count == 1 else 's'} not shown" if count > 0 else ""


def _svg(width: int, height: int, title: str, marks: Sequence[Html]) -> Picture:
    drawn = tag(
        "svg",
        tag("title", title),
        *marks,
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
        role="img",
        aria_label=title,
    )
    return Picture(title, drawn)


def _text(x: float, y: float, text: str, anchor: str) -> Html:
    return tag("text", text, x=_n(x), y=_n(y), text_anchor=anchor)


def _x(axis: int) -> float:
    return SIDE + (WIDTH - 2 * SIDE) * axis / (len(AXES) - 1)


def _y(share: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - min(max(share, 0.0), 1.0))


def _n(value: float) -> str:
    return f"{value:.1f}"
