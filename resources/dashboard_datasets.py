"""What the dashboard shows of datasets, read from the store."""

import hashlib

from forgemind_assets.dashboard.records import Dataset, RowsPage, Stage
from forgemind_assets.dashboard.rows_page import ON_A_PAGE
from forgemind_assets.errors import AlteredArtefact
from forgemind_assets.foundry.browsing import RowQuery, browse
from forgemind_assets.lorekeeper.store import Store
from forgemind_assets.warden.scan_report import LayerSummary
from forgemind_assets.warden.screening import FILE, read_stages


def newest_dataset(store: Store, goal: str) -> Dataset | None:
    """The newest filtered dataset: what it kept, its funnel, its safety layers."""
    keys = store.partitions(goal, "filtered_dataset")
    if not keys:
        return None
    meta = store.manifest(goal, "filtered_dataset", keys[-1]).meta
    funnel = meta.get("funnel", [])
    return Dataset(
        iteration=keys[-1],
        kept=int(meta.get("rows_kept", 0)),
        rejected=int(meta.get("rows_rejected", 0)),
        funnel=tuple(Stage(f["stage"], f["rows_in"], f["rows_out"], f["reasons"]) for f in funnel),
        layers=_layers(store, goal, keys[-1]),
    )


def _layers(store: Store, goal: str, iteration: str) -> tuple[LayerSummary, ...] | None:
    """None where they were not recorded; raises AlteredArtefact where they were altered."""
    entry = store.manifest(goal, "filtered_dataset", iteration).files.get(FILE)
    if entry is None:
        return None
    file = store.folder(goal, "filtered_dataset", iteration) / FILE
    content = file.read_bytes() if file.is_file() else b""
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        raise AlteredArtefact(
            f"{file}: expected the record of the safety layers that was published, found another "
            "one; restore it from a backup, or materialise filtered_dataset again"
        )
    return read_stages(file.parent).get("training_rows", ())


def dataset_rows(store: Store, goal: str, iteration: str, query: RowQuery, number: int) -> RowsPage:
    """One page of a dataset's rows; a number past the last page gives the last one.

    Raises:
        KeyError: no dataset of that iteration is published.
        UserError: a filter names what no row has.
    """
    if iteration not in store.partitions(goal, "filtered_dataset"):
        raise KeyError(iteration)
    folder = store.folder(goal, "filtered_dataset", iteration)
    total = browse(folder, query, 0).total
    pages = max(1, -(-total // ON_A_PAGE))
    number = min(max(1, number), pages)
    found = browse(folder, query, ON_A_PAGE, (number - 1) * ON_A_PAGE)
    return RowsPage(goal, iteration, query, total, number, pages, found.rows, found.choices)
