"""The data card as a page: Markdown with the front matter of Hugging Face dataset cards."""

from collections.abc import Sequence
from pathlib import Path

from forgemind_assets.foundry.data_card_records import (
    NOT_STATED,
    DataCard,
    Judge,
    Rejection,
    Share,
    Source,
)
from forgemind_assets.markdown import table

KAPPA = (
    "Cohen's kappa with an interval that holds for all judges at once: with the labels of "
    "hand-written examples, and with the verifier's. A judge is used whose interval is above 0."
)
# Hugging Face's size categories: the rows below which each name holds.
SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
)


def card_file(card: DataCard) -> str:
    """The page with its front matter, as `card.md` and as a dataset's README on a hub."""
    size = next((name for most, name in SIZES if card.rows_kept < most), "n>1M")
    lines = [
        "---",
        f"pretty_name: {card.goal} {card.iteration}",
        f"size_categories: [{size}]",
        "tags: [forgemind, synthetic]",
        f"rows_sha256: {card.rows_sha256}",
        "---",
        "",
    ]
    return "\n".join(lines) + card_page(card)


def page_of(file: Path) -> str:
    """The page of a `card.md`, without its front matter."""
    return file.read_text(encoding="utf-8").split("\n---\n", 1)[1].lstrip("\n")


def card_page(card: DataCard) -> str:
    """The page alone, for metadata and terminals."""
    parts = [
        f"# Data card: {card.goal}, iteration {card.iteration}\n\n{card.task}",
        table(
            [
                {
                    "rows in": card.rows_in,
                    "rows kept": card.rows_kept,
                    "rows rejected": card.rows_rejected,
                    "keep ratio": f"{card.keep_ratio:.1%}",
                    "families": card.families,
                }
            ]
        ),
        f"Kept rows: `{card.rows_sha256}`. Contract: `{card.goal_version}`.",
        *section("Sources", [source_line(one) for one in card.sources], missing_terms(card)),
        *section(
            "Licences and terms",
            [
                {
                    "licence": one.licence or "-",
                    "teacher's terms": one.terms or "-",
                    "rows in": one.rows_in,
                    "rows kept": one.rows_kept,
                }
                for one in card.permissions
            ],
        ),
        *section(
            "Teachers",
            [
                {
                    "teacher": one.name,
                    "kind": one.kind,
                    "model": one.model,
                    "rows in": one.rows_in,
                    "rows kept": one.rows_kept,
                    "licence": one.licence or "-",
                    "terms": one.terms or "-",
                }
                for one in card.teachers
            ],
        ),
        *section(
            "Filters",
            [
                {
                    "stage": one.stage,
                    "settings": one.settings or "-",
                    "rows in": one.rows_in,
                    "rows out": one.rows_out,
                    "alone": one.alone,
                    "only it": one.only,
                    "reasons": one.note
                    or ", ".join(f"{k} {v}" for k, v in one.reasons.items())
                    or "-",
                }
                for one in card.filters
            ],
        ),
        *section("Judges", [judge_line(one) for one in card.judges], KAPPA if card.judges else ""),
        *section("Slices", share_lines(card.slices, "slice")),
        *section("Class balance", share_lines(card.classes, "label")),
        *rejected_parts(card.rejections),
    ]
    return "\n\n".join(parts) + "\n"


def section(title: str, records: Sequence[dict[str, object]], note: str = "") -> list[str]:
    """A heading, its table and a note; nothing where there is nothing to show."""
    if not records:
        return []
    return [f"## {title}", table(records), *([note] if note else [])]


def source_line(one: Source) -> dict[str, object]:
    """One source as a line of the table."""
    values = {k.replace("_", " "): v for k, v in vars(one).items()}
    for key in ("teacher", "licence", "terms"):
        values[key] = values[key] or "-"
    values["keep ratio"] = f"{values['keep ratio']:.1%}"
    return values


def judge_line(one: Judge) -> dict[str, object]:
    """One judge as a line of the table."""
    return {
        "judge": one.name,
        "used": "yes" if one.used else "no",
        "why": one.why,
        "kappa by label": one.by_label,
        "kappa by finding": one.by_finding,
        "kappa with the verifier": one.with_verifier,
        "rows judged": one.rows,
        "agreed with": one.agreed,
    }


def missing_terms(card: DataCard) -> str:
    """A sentence on the sources of which no licence, or no terms, are known."""
    unknown = [
        one.teacher or one.strategy
        for one in card.sources
        if one.licence == NOT_STATED or one.terms == "unknown"
    ]
    names = ", ".join(dict.fromkeys(unknown))
    return f"Nobody stated what may be trained on the rows of: {names}." if names else ""


def share_lines(shares: Sequence[Share], what: str) -> list[dict[str, object]]:
    """Slices or labels as lines of a table."""
    return [
        {
            what: one.name,
            "rows": one.rows,
            "share": f"{one.share:.1%}",
            "families": one.families,
            "median chars": one.median_chars,
            "most chars": one.most_chars,
        }
        for one in shares
    ]


def rejected_parts(rejections: Sequence[Rejection]) -> list[str]:
    """What was rejected, by reason, with a few rows each."""
    lines = [
        {
            "stage": one.stage,
            "reason": one.reason,
            "rows": one.rows,
            "row": example.row_id,
            "slice": example.slice,
            "strategy": example.strategy,
            "begins": f"`{example.excerpt.replace('`', chr(39))}`"
            if example.excerpt
            else "(not shown)",
        }
        for one in rejections
        for example in one.examples
    ]
    return section("Rejected rows", lines, "A few rows of each reason; `rejected.parquet` has all.")
