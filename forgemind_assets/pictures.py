"""Plots for metadata: PNG bytes, and the Markdown that shows them in place."""

import base64
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING

from dagster import MarkdownMetadataValue, MetadataValue

if TYPE_CHECKING:
    from forgemind_assets.trial_grounds.report import Report


def picture(png: bytes) -> MarkdownMetadataValue:
    """A PNG as Markdown; the UI shows it without fetching anything."""
    data = base64.b64encode(png).decode()
    return MetadataValue.md(f"![plot](data:image/png;base64,{data})")


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
    axes.set_xticks(range(len(names)), names)
    axes.set_ylim(0, 100)
    axes.set_ylabel("pass rate, %")
    axes.legend(loc="lower right")
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=80)
    return stream.getvalue()
