"""The card is published with the dataset and shown on the asset."""

import json

import dagster as dg
import polars as pl
from fakes.datasets import publish_raw

from forgemind_assets.foundry.assets import build_assets
from forgemind_assets.keys import GoalKeys
from resources.data_room import make_filtered


def test_the_dataset_is_published_with_its_card_and_the_same_rows_have_the_same_version(tmp_path):
    goal, workshop = publish_raw(tmp_path)
    meta = make_filtered(goal, workshop, "0001")
    first = workshop.store.verify(goal.name, "filtered_dataset", "0001")
    tables = {"kept.parquet", "rejected.parquet"}
    assert set(first.files) == tables | {"card.json", "card.md", "safety.json"}
    folder = workshop.store.folder(goal.name, "filtered_dataset", "0001")
    card = json.loads((folder / "card.json").read_text())
    assert card["rows_kept"] == pl.read_parquet(folder / "kept.parquet").height
    assert card["rows_rejected"] == pl.read_parquet(folder / "rejected.parquet").height
    assert card["rows_sha256"] == meta["rows_sha256"]
    assert card["goal_version"] == goal.version
    make_filtered(goal, workshop, "0001")
    assert workshop.store.manifest(goal.name, "filtered_dataset", "0001").version == first.version


def test_the_asset_shows_the_card(tmp_path):
    goal, workshop = publish_raw(tmp_path)
    keys = GoalKeys(goal.name)
    filtered = build_assets(goal, keys)[1]
    with dg.instance_for_test() as instance:
        instance.add_dynamic_partitions(f"{goal.name}__iteration", ["0001"])
        made = dg.materialize(
            [filtered], partition_key="0001", instance=instance, resources={"workshop": workshop}
        )
        shown = made.asset_materializations_for_node(filtered.op.name)[0].metadata
    assert shown["data_card"].value.startswith("# Data card: small_goal, iteration 0001")
    assert "too_short" in shown["data_card"].value
    assert len(shown["rows_sha256"].value) == 64
