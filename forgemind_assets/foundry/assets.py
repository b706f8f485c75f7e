"""The Foundry's assets: what was made, and what survived."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from forgemind_assets.foundry.accounts import SourceAccount, table_record
from forgemind_assets.foundry.data_card_page import page_of
from forgemind_assets.foundry.effects import effect_record
from forgemind_assets.foundry.judging.standing import (
    Pair,
    Standing,
    pair_record,
    standing_record,
)
from forgemind_assets.foundry.tables import rejection_reasons, slice_counts
from forgemind_assets.goal import Goal
from forgemind_assets.keys import GoalKeys
from forgemind_assets.markdown import table
from resources.data_room import make_filtered, make_raw
from resources.source_accounts import goal_accounts
from resources.workshop import Workshop


def build_assets(goal: Goal, keys: GoalKeys) -> list[Any]:
    """`raw_dataset`, `filtered_dataset`."""

    @dg.asset(deps=[keys.key("plan")], partitions_def=keys.iterations, **keys.common("foundry"))
    def raw_dataset(context: dg.AssetExecutionContext, workshop: Workshop) -> dg.MaterializeResult:
        """What the teachers and strategies produced, with the provenance of each row."""
        meta = make_raw(goal, workshop, context.partition_key)
        manifest = workshop.store.manifest(goal.name, "raw_dataset", context.partition_key)
        return dg.MaterializeResult(
            metadata=meta
            | {
                "accounts": accounts_table(meta["accounts"]),
                "path": str(workshop.store.folder(goal.name, "raw_dataset", context.partition_key)),
            },
            data_version=dg.DataVersion(manifest.version),
        )

    @dg.asset(
        deps=[keys.key("raw_dataset")], partitions_def=keys.iterations, **keys.common("foundry")
    )
    def filtered_dataset(
        context: dg.AssetExecutionContext, workshop: Workshop
    ) -> dg.MaterializeResult:
        """What survived the filters, and beside it every rejected row with its reason."""
        key = context.partition_key
        meta = make_filtered(goal, workshop, key)
        folder = workshop.store.folder(goal.name, "filtered_dataset", key)
        manifest = workshop.store.manifest(goal.name, "filtered_dataset", key)
        return dg.MaterializeResult(
            metadata=meta
            | reused_shown(meta)
            | {
                "funnel": dg.MetadataValue.md(table(meta["funnel"])),
                "accounts": accounts_table(meta["accounts"]),
                **judge_tables(meta),
                "effects_on_dev": dg.MetadataValue.md(
                    table(
                        [
                            effect_record(one)
                            for one in goal_accounts(workshop.store, goal.name).effects
                        ]
                    )
                ),
                "slices": dg.MetadataValue.md(table(slice_counts(folder / "kept.parquet"))),
                "rejections": dg.MetadataValue.md(
                    table(rejection_reasons(folder / "rejected.parquet"))
                ),
                "data_card": dg.MetadataValue.md(page_of(folder / "card.md")),
                "rows_sha256": manifest.meta["rows_sha256"],
                "path": str(folder),
            },
            data_version=dg.DataVersion(manifest.version),
        )

    return [raw_dataset, filtered_dataset]


def reused_shown(meta: dict[str, Any]) -> dict[str, Any]:
    """What became of rows of earlier iterations; nothing where none are reused."""
    if "reused" not in meta:
        return {}
    facts = meta["reused"]
    return {
        "reused": dg.MetadataValue.md(table(facts["funnel"])),
        "reused_rows_kept": facts["rows_kept"],
        "reused_rows_rejected": facts["rows_rejected"],
    }


def accounts_table(accounts: Sequence[dict[str, Any]]) -> dg.MarkdownMetadataValue:
    """What each source was asked, gave and cost, for people."""
    lines = [table_record(SourceAccount.model_validate(one)) for one in accounts]
    return dg.MetadataValue.md(table(lines))


def judge_tables(meta: Mapping[str, Any]) -> dict[str, dg.MarkdownMetadataValue]:
    """The judges and how far they agree, for people; nothing for a goal without judges."""
    if "judges" not in meta:
        return {}
    judges = [standing_record(Standing.model_validate(one)) for one in meta["judges"]]
    pairs = [pair_record(Pair.model_validate(one)) for one in meta["judges_agree"]]
    told = table(judges) or "Nobody was asked: the verifiers had a word on every row."
    return {
        "judges": dg.MetadataValue.md(told),
        "judges_agree": dg.MetadataValue.md(table(pairs) or "-"),
    }
