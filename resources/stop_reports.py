"""Where the report of a loop's end lies. Loads no Dagster."""

from forgemind_assets.brain.stop_report import StopReport
from forgemind_assets.lorekeeper.store import Store

ASSET, FILE, PAGE = "stop_report", "report.json", "report.md"


def read_stop_report(store: Store, goal: str) -> StopReport | None:
    """The newest published report of a goal; None before its loop ever ended."""
    published = store.partitions(goal, ASSET)
    if not published:
        return None
    return StopReport.model_validate(store.read_json(goal, ASSET, published[-1], FILE))
