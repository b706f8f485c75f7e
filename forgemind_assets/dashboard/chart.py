"""Pictures as inline SVG, drawn from numbers; what they show stands in a table as well."""

from collections.abc import Sequence
from dataclasses import dataclass

from forgemind_assets.dashboard.markup import Html, joined, tag

WIDTH, HEIGHT = 640, 240
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 12, 34
LONGEST_NAME = 12


@dataclass(frozen=True)
class Point:
    """A rate with its interval, each 0 to 1."""

    name: str
    rate: float
    low: float
    high: float
    leads: bool = False


def rates_chart(points: Sequence[Point], wanted: float, title: str) -> Html:
    """Rates in the order of time with their intervals, and the rate that the goal asks for.

    At most as many names are written below as have room.
    """
    across = WIDTH - LEFT - RIGHT
    step = across / max(len(points), 1)
    every = max(1, -(-len(points) * 62 // across))
    marks = [_grid(level) for level in (0.0, 0.25, 0.5, 0.75, 1.0)]
    marks.append(_line(LEFT, wanted, WIDTH - RIGHT, wanted, "goal"))
    for index, point in enumerate(points):
        x = LEFT + step * (index + 0.5)
        marks.append(_line(x, point.low, x, point.high, "bar"))
        radius = 6 if point.leads else 4
        marks.append(tag("circle", cx=_n(x), cy=_n(_y(point.rate)), r=radius, class_="dot"))
        if index % every == 0:
            name = point.name[:LONGEST_NAME]
            marks.append(tag("text", name, x=_n(x), y=HEIGHT - 12, text_anchor="middle"))
    return tag(
        "svg",
        tag("title", title),
        *marks,
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_label=title,
    )


def share_bar(share: float, title: str) -> Html:
    """A bar that is filled to `share`, 0 to 1; beyond that it is full."""
    filled = 100 * min(max(share, 0.0), 1.0)
    return tag(
        "svg",
        tag("title", title),
        tag("rect", x=0, y=0, width=100, height=10, class_="lost"),
        tag("rect", x=0, y=0, width=_n(filled), height=10, class_="share"),
        viewBox="0 0 100 10",
        width=100,
        height=10,
        role="img",
        aria_label=title,
    )


def _grid(level: float) -> Html:
    label = tag("text", f"{level:.0%}", x=LEFT - 6, y=_n(_y(level) + 4), text_anchor="end")
    return joined([_line(LEFT, level, WIDTH - RIGHT, level, "axis"), label])


def _line(x1: float, low: float, x2: float, high: float, kind: str) -> Html:
    return tag("line", x1=_n(x1), y1=_n(_y(low)), x2=_n(x2), y2=_n(_y(high)), class_=kind)


def _y(rate: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - min(max(rate, 0.0), 1.0))


def _n(value: float) -> str:
    return f"{value:.1f}"
