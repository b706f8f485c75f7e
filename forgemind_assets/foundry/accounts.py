"""Accounts of the sources of rows: what each teacher and strategy was asked, gave and cost.

A source is a strategy with its teacher, or without one. What the filters kept is counted from
the rows themselves; money and seconds come with the answers.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pydantic import Field

from forgemind_assets.foundry.filters.judged_label import JudgedLabel
from forgemind_assets.foundry.filters.verified_label import VerifiedLabel
from forgemind_assets.records import Record

if TYPE_CHECKING:
    from forgemind_assets.foundry.pipeline import FilterResult
    from forgemind_assets.foundry.strategies.base import StrategyAccount

Source = tuple[str, str | None]
CHECKED, JUDGED = VerifiedLabel.name, JudgedLabel.name


class SourceAccount(Record):
    """What one source gave: requests asked, answered and of valid form; rows made of them.

    `verified` rows got past the check of their label by verifiers and judges, `kept` past all
    filters; None where that is not known: nothing is filtered yet, or nothing checks the labels.
    """

    strategy: str
    teacher: str | None = None
    asked: int = 0
    answered: int = 0
    valid: int = 0
    rows: int = 0
    verified: int | None = None
    kept: int | None = None
    prompts_held: int = 0
    answers_held: int = 0
    dollars: float = 0.0
    seconds: float = Field(default=0.0, description="of all answers, added up")
    trouble: str = Field(default="", description="why the teacher was given up, if it was")

    @property
    def dollars_per_kept_row(self) -> float | None:
        """None where no row was kept."""
        return self.dollars / self.kept if self.kept else None

    @property
    def seconds_per_kept_row(self) -> float | None:
        """None where no row was kept."""
        return self.seconds / self.kept if self.kept else None


class SliceSource(Record):
    """How many kept rows of a slice came from a source."""

    slice: str
    strategy: str
    teacher: str | None = None
    kept: int


@dataclass(frozen=True)
class IterationAccounts:
    """One iteration: its sources, and what they gave to the slices."""

    iteration: str
    sources: tuple[SourceAccount, ...]
    slices: tuple[SliceSource, ...] = ()


def made_accounts(accounts: "Iterable[StrategyAccount]") -> tuple[SourceAccount, ...]:
    """The sources before anything is filtered."""
    return tuple(SourceAccount.model_validate(asdict(one)) for one in accounts)


def filtered_accounts(
    made: Sequence[SourceAccount], result: "FilterResult"
) -> tuple[SourceAccount, ...]:
    """The same sources with what the filters left of their rows.

    Only a teacher's labels are checked. Rows of a source that has no account yet are counted too.
    """
    stages = [stage.stage for stage in result.funnel]
    # judges may have what a verifier looked for in vain before them, and drop it then
    until = {*stages[: stages.index(CHECKED) + 1], JUDGED} if CHECKED in stages else None
    kept = Counter((row.strategy, row.teacher) for row in result.kept)
    lost = [(one.row.strategy, one.row.teacher, one.stage) for one in result.rejected]
    fallen = Counter((strategy, teacher) for strategy, teacher, _ in lost)
    unverified = Counter((s, t) for s, t, stage in lost if until is not None and stage in until)
    known: dict[Source, SourceAccount] = {(one.strategy, one.teacher): one for one in made}
    for source in sorted({*kept, *fallen} - set(known), key=str):
        rows = kept[source] + fallen[source]
        known[source] = SourceAccount(strategy=source[0], teacher=source[1], rows=rows)
    return tuple(
        one.model_copy(
            update={
                "kept": kept[source],
                "verified": (
                    kept[source] + fallen[source] - unverified[source]
                    if until is not None and one.teacher is not None
                    else None
                ),
            }
        )
        for source, one in known.items()
    )


def slice_sources(result: "FilterResult") -> tuple[SliceSource, ...]:
    """Kept rows of each slice and source, by name."""
    counts = Counter((row.slice, row.strategy, row.teacher) for row in result.kept)
    return tuple(
        SliceSource(slice=name, strategy=strategy, teacher=teacher, kept=count)
        for (name, strategy, teacher), count in sorted(counts.items(), key=str)
    )


def totals(iterations: Iterable[IterationAccounts]) -> tuple[SourceAccount, ...]:
    """Each source over all iterations; what is not known of one is left out of its sum.

    Troubles are not joined: each belongs to its iteration.
    """
    found: dict[Source, list[SourceAccount]] = {}
    for one in iterations:
        for account in one.sources:
            found.setdefault((account.strategy, account.teacher), []).append(account)
    return tuple(_sum(accounts) for _, accounts in sorted(found.items(), key=str))


def _sum(accounts: Sequence[SourceAccount]) -> SourceAccount:
    first = accounts[0]
    summed: dict[str, Any] = {}
    for name in SourceAccount.model_fields:
        if name not in ("strategy", "teacher", "trouble"):
            values = [getattr(one, name) for one in accounts]
            known = [value for value in values if value is not None]
            summed[name] = sum(known) if known else None
    return SourceAccount(strategy=first.strategy, teacher=first.teacher, **summed)


def troubles(accounts: Iterable[SourceAccount]) -> list[str]:
    """A sentence for each source that was given up."""
    return [
        f"{one.strategy} by {one.teacher} was given up after {one.answered} answers: {one.trouble}"
        for one in accounts
        if one.trouble
    ]


def table_record(account: SourceAccount) -> dict[str, Any]:
    """An account as one line of a table, with the units in the names; a dash for not known."""
    return {
        "strategy": account.strategy,
        "teacher": account.teacher or "-",
        "asked": account.asked,
        "answered": account.answered,
        "valid": account.valid,
        "rows": account.rows,
        "verified": _shown(account.verified),
        "kept": _shown(account.kept),
        "dollars": round(account.dollars, 6),
        "dollars_per_kept_row": _shown(account.dollars_per_kept_row),
        "seconds_per_kept_row": _shown(account.seconds_per_kept_row),
    }


def _shown(value: float | None) -> Any:
    return "-" if value is None else round(value, 6)


def read_accounts(
    iteration: str, raw: Mapping[str, Any], filtered: Mapping[str, Any]
) -> IterationAccounts:
    """An iteration's accounts from the facts that its datasets were published with.

    `filtered` is empty before there is one. Datasets from before there were accounts of filtered
    rows give what was counted then.
    """
    sources = tuple(SourceAccount.model_validate(one) for one in raw.get("accounts", ()))
    if "accounts" in filtered:
        sources = tuple(SourceAccount.model_validate(one) for one in filtered["accounts"])
    elif filtered:
        kept = {
            (line["strategy"], None if line["teacher"] == "-" else line["teacher"]): int(
                line["rows_kept"]
            )
            for line in filtered.get("yield_table", ())
        }
        sources = tuple(
            one.model_copy(update={"kept": kept.get((one.strategy, one.teacher))})
            for one in sources
        )
    slices = tuple(SliceSource.model_validate(one) for one in filtered.get("slice_sources", ()))
    return IterationAccounts(iteration, sources, slices)
