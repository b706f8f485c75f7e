"""Plots for metadata: PNG bytes, and the Markdown that shows them in place."""

import base64
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from dagster import MarkdownMetadataValue, MetadataValue

if TYPE_CHECKING:
    from forgemind_assets.brain.turns import Turn
    from forgemind_assets.trial_grounds.report import Report

TURNS_TOLD = 5
MOST_NAMES = 9
"""As many names as there is room for below a plot."""


def picture(png: bytes, title: str = "plot") -> MarkdownMetadataValue:
    """A PNG as Markdown, told in words by `title`; the UI shows it without fetching anything."""
    data = base64.b64encode(png).decode()
    return MetadataValue.md(f"![{title}](data:image/png;base64,{data})")


def drawing(svg: str, title: str) -> MarkdownMetadataValue:
    """An SVG of the dashboard as Markdown, with its own colours for light and dark."""
    from forgemind_assets.dashboard.stylesheet import STYLESHEET

    style = f"<style>{STYLESHEET} svg {{ background: var(--paper); }}</style>"
    head, _, rest = svg.partition(">")
    whole = f'{head} xmlns="http://www.w3.org/2000/svg">{style}{rest}'
    data = base64.b64encode(whole.encode()).decode()
    told = title.replace("[", "(").replace("]", ")")
    return MetadataValue.md(f"![{told}](data:image/svg+xml;base64,{data})")


def pictures_of_past(turns: "Sequence[Turn]") -> dict[str, MarkdownMetadataValue]:
    """Heat map, trials and cost against gain of a loop, and why the Brain did what it did."""
    from forgemind_assets.dashboard.history_charts import (
        cost_against_gain,
        heat_map,
        parallel_coordinates,
    )

    drawn = {
        "slices_over_iterations": heat_map(turns),
        "trials": parallel_coordinates(turns),
        "cost_against_gain": cost_against_gain(turns),
    }
    found = {name: drawing(one.svg, one.title) for name, one in drawn.items() if one}
    return found | {"why": MetadataValue.md(reasons(turns))}


def reasons(turns: "Sequence[Turn]") -> str:
    """The newest iterations in sentences, the last one first."""
    return "\n\n".join(
        f"**Iteration {turn.iteration}.** {turn.hypothesis} Expected: {turn.expected} "
        f"{turn.outcome} {turn.decision}."
        for turn in reversed(turns[-TURNS_TOLD:])
    )


def rates_over_iterations(reports: "Mapping[str, Report]", wanted: float) -> bytes:
    """Pass rate of each trial with its 95 % interval, and the rate that the goal asks for."""
    from matplotlib.figure import Figure

    names = list(reports)
    rates = [100 * report.pass_rate for report in reports.values()]
    low = [100 * (r.pass_rate - r.interval[0]) for r in reports.values()]
    high = [100 * (r.interval[1] - r.pass_rate) for r in reports.values()]
    figure = Figure(figsize=(6, 3), layout="constrained")
    axes = figure.add_subplot()
    axes.errorbar(range(len(names)), rates, yerr=[low, high], fmt="o-", capsize=3)
    axes.axhline(100 * wanted, linestyle="--", linewidth=1, color="tab:green", label="goal")
    every = max(1, -(-len(names) // MOST_NAMES))
    shown = range(0, len(names), every)
    axes.set_xticks(shown, [names[number] for number in shown])
    axes.set_ylim(0, 100)
    axes.set_ylabel("pass rate, %")
    axes.legend(loc="lower right")
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=80)
    return stream.getvalue()
