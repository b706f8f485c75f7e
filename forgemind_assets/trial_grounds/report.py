"""The report: the result of one suite on one model, summed up for people and for the Brain."""

import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import polars as pl
from pydantic import Field

from forgemind_assets.records import Record, TestResult
from forgemind_assets.trial_grounds.statistics import design_effect, wilson_interval

SAMPLES = 15


class Rate(Record):
    """How many of how many passed; unscored cases count as asked, not as passed."""

    passed: int
    total: int
    unscored: int = 0

    @property
    def rate(self) -> float:
        """Share passed, 0 to 1; 0 for no cases."""
        return self.passed / self.total if self.total else 0.0


class Report(Record):
    """Summary of one suite on one model."""

    goal: str
    suite: str
    suite_hash: str
    model: str = Field(description="trial, or `base`")
    model_hash: str
    prompt_variant: str
    overall: Rate
    interval: tuple[float, float] = Field(description="Wilson, 95 %")
    design_effect: float = Field(
        default=1.0, ge=1, description="variance of the pass rate over that of unrelated cases"
    )
    slices: dict[str, Rate]
    canary: Rate | None = None
    scores: dict[str, Rate] = Field(default_factory=dict, description="line, fix: beside the pass")
    reasons: dict[str, int] = Field(default_factory=dict)
    samples: tuple[TestResult, ...] = ()
    constant_answer: str = Field(default="", description="the best answer to give every time")
    constant_rate: float = Field(default=0.0, description="pass rate of that answer")
    seconds: float = 0.0

    @property
    def pass_rate(self) -> float:
        """Share of cases passed, 0 to 1."""
        return self.overall.rate


def summarise(
    results: Sequence[TestResult],
    *,
    goal: str,
    suite: str,
    suite_hash: str,
    model: str,
    model_hash: str,
    prompt_variant: str,
    canary_ids: frozenset[str] = frozenset(),
    constant: tuple[str, float] = ("", 0.0),
    seconds: float = 0.0,
    seed: int = 0,
) -> Report:
    """Builds the report; `seed` draws the fifteen samples that people read.

    They are shown without the prompt: what a gate asks stands in the table of cases alone.
    """
    overall = rate_of(results)
    canary = [r for r in results if r.case_id in canary_ids]
    names = sorted({r.slice for r in results})
    kinds = sorted({kind for r in results for kind in r.scores})
    interval = wilson_interval(overall.passed, overall.total)
    drawn = random.Random(seed).sample(list(results), min(SAMPLES, len(results)))  # noqa: S311
    reasons: dict[str, int] = {}
    for result in results:
        reasons[result.reason] = reasons.get(result.reason, 0) + 1
    return Report(
        goal=goal,
        suite=suite,
        suite_hash=suite_hash,
        model=model,
        model_hash=model_hash,
        prompt_variant=prompt_variant,
        overall=overall,
        interval=(interval.low, interval.high),
        design_effect=design_effect(family_counts(results)),
        slices={name: rate_of([r for r in results if r.slice == name]) for name in names},
        canary=rate_of(canary) if canary else None,
        scores={kind: score_rate(results, kind) for kind in kinds},
        reasons=reasons,
        samples=tuple(result.model_copy(update={"prompt": ""}) for result in drawn),
        constant_answer=constant[0],
        constant_rate=constant[1],
        seconds=seconds,
    )


def rate_of(results: Sequence[TestResult]) -> Rate:
    """Counts passed and unscored results."""
    return Rate(
        passed=sum(r.passed is True for r in results),
        total=len(results),
        unscored=sum(r.passed is None for r in results),
    )


def family_counts(results: Sequence[TestResult]) -> list[tuple[int, int]]:
    """(passed, cases) of each family."""
    cases = Counter(r.family for r in results)
    passed = Counter(r.family for r in results if r.passed is True)
    return [(passed[family], count) for family, count in sorted(cases.items())]


def score_rate(results: Sequence[TestResult], kind: str) -> Rate:
    """Share of results with a full score of one kind, among those that have it."""
    scored = [r.scores[kind] for r in results if kind in r.scores]
    return Rate(passed=sum(s >= 1 for s in scored), total=len(scored))


def write_report(report: Report, results: Sequence[TestResult], folder: Path) -> None:
    """Writes `report.json` and `cases.parquet`."""
    (folder / "report.json").write_text(report.model_dump_json(indent=1), encoding="utf-8")
    rows = [r.model_dump(exclude={"scores"}) | _scores(r) for r in results]
    pl.DataFrame(rows, infer_schema_length=None).write_parquet(folder / "cases.parquet")


def _scores(result: TestResult) -> dict[str, float | None]:
    return {f"score_{kind}": result.scores.get(kind) for kind in ("line", "fix")}


def read_report(folder: Path) -> Report:
    """Reads a summary that `write_report` wrote."""
    return Report.model_validate_json((folder / "report.json").read_text(encoding="utf-8"))


def slice_table(report: Report) -> str:
    """The slices as a Markdown table, weakest first."""
    lines = ["| slice | passed | of | rate |", "|---|---:|---:|---:|"]
    for name, rate in sorted(report.slices.items(), key=lambda item: item[1].rate):
        lines.append(f"| {name} | {rate.passed} | {rate.total} | {rate.rate:.0%} |")
    return "\n".join(lines)


def samples_table(report: Report) -> str:
    """The fifteen samples as Markdown, for reading."""
    parts = []
    for result in report.samples:
        verdict = {True: "passed", False: "failed", None: "unscored"}[result.passed]
        answer = result.answer.strip().replace("`", "'")[:300]
        parts.append(f"**{result.case_id}** ({result.slice}): {verdict}\n\n`{answer}`")
    return "\n\n".join(parts)


def read_cases(folder: Path) -> dict[str, bool]:
    """Case id -> passed, of a report that `write_report` wrote; unscored counts as not passed."""
    frame = pl.read_parquet(folder / "cases.parquet", columns=["case_id", "passed"])
    return {case_id: passed is True for case_id, passed in frame.iter_rows()}


def read_comparable(old: Path, new: Path) -> tuple[dict[str, bool], dict[str, bool]]:
    """Case id -> passed of two reports, without the cases that are not the same in both.

    A case that was edited between them, or graded by other rules, keeps its id and is another one.
    Reports from before fingerprints were noted are taken as they are.
    """
    before, after = _fingerprints(old), _fingerprints(new)
    other = {name for name in before.keys() & after.keys() if before[name] != after[name]}
    held, now = read_cases(old), read_cases(new)
    for name in other:
        del held[name], now[name]
    return held, now


def _fingerprints(folder: Path) -> dict[str, str]:
    """Case id -> fingerprint, of those that were noted."""
    file = folder / "cases.parquet"
    if "fingerprint" not in pl.read_parquet_schema(file):
        return {}
    rows = pl.read_parquet(file, columns=["case_id", "fingerprint"]).rows()
    return {name: mark for name, mark in rows if mark}


def read_families(folder: Path) -> dict[str, str]:
    """Case id -> family, of a report that `write_report` wrote."""
    return dict(pl.read_parquet(folder / "cases.parquet", columns=["case_id", "family"]).rows())


def read_slices(folder: Path) -> dict[str, str]:
    """Case id -> slice, of a report that `write_report` wrote."""
    return dict(pl.read_parquet(folder / "cases.parquet", columns=["case_id", "slice"]).rows())
