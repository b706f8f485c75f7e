"""The pipeline: nothing is lost, nothing is kept twice, and an empty stage is loud."""

import json
from dataclasses import dataclass, field

import pytest
from foundry_cases import SEEDS, VULNERABLE_SHELL, row, small_goal
from hypothesis import given
from hypothesis import strategies as st

from forgemind_assets.errors import EmptyStage
from forgemind_assets.foundry import tables
from forgemind_assets.foundry.pipeline import funnel_text, pipeline_for, run_filters
from forgemind_assets.foundry.strategies.seed_expansion import expand


@dataclass(frozen=True)
class DropByNumber:
    """Drops the rows at the given positions (of what arrives)."""

    positions: frozenset[int]
    name: str = field(default="by_number")

    def judge(self, rows):
        return ["picked" if i in self.positions else None for i in range(len(rows))]


@given(st.integers(1, 30), st.lists(st.frozensets(st.integers(0, 30)), max_size=4))
def test_kept_and_rejected_are_the_input(count, picks):
    rows = [row(f"x{n} = {n}\n") for n in range(count)]
    try:
        result = run_filters(rows, [DropByNumber(p) for p in picks])
    except EmptyStage:
        return
    together = [*result.kept, *(r.row for r in result.rejected)]
    assert sorted(r.row_id for r in together) == sorted(r.row_id for r in rows)
    assert result.funnel[-1].rows_out == len(result.kept) if picks else True
    for before, after in zip(result.funnel, result.funnel[1:], strict=False):
        assert before.rows_out == after.rows_in


def test_a_stage_that_rejects_everything_fails_with_the_funnel():
    with pytest.raises(EmptyStage, match=r"by_number rejected every row(.|\n)*picked 2"):
        run_filters([row("a\n"), row("b\n")], [DropByNumber(frozenset({0, 1}))])


def test_no_rows_at_all_is_an_empty_stage():
    with pytest.raises(EmptyStage, match="no strategy"):
        run_filters([], [])


def test_progress_names_each_stage():
    seen = []
    run_filters([row("a\n")], [DropByNumber(frozenset())] * 2, lambda *told: seen.append(told))
    assert seen == [("by_number", 0, 2), ("by_number", 1, 2)]


@pytest.fixture
def goal(tmp_path):
    for name in ("dev", "full", "adversarial", "sealed"):
        case = {"input": f"{name}_case = compute_something_else()\n"}
        (tmp_path / f"{name}.jsonl").write_text(json.dumps(case) + "\n")
    (tmp_path / "full.jsonl").write_text(json.dumps({"input": SEEDS[0].input}) + "\n")
    return small_goal(tmp_path)


def test_a_seed_that_stands_in_a_suite_is_taken_out_with_its_close_kin(goal):
    rows = expand(SEEDS, {s.slice: 20 for s in SEEDS}, 1)
    result = run_filters([*rows, row(VULNERABLE_SHELL, teacher="own")], pipeline_for(goal))
    reasons = {(r.stage, r.reason) for r in result.rejected}
    assert ("decontamination", "in_a_suite") in reasons
    assert ("verified_label", "still_vulnerable") in reasons
    assert SEEDS[0].input not in {r.input for r in result.kept}
    assert "verified_label" in funnel_text(result.funnel)


def test_tables_hold_rows_as_they_were_and_answer_questions(goal, tmp_path):
    rows = expand(SEEDS, {s.slice: 5 for s in SEEDS}, 1)
    result = run_filters([*rows, row(VULNERABLE_SHELL, teacher="own")], pipeline_for(goal))
    kept, rejected = tmp_path / "kept.parquet", tmp_path / "rejected.parquet"
    tables.write_rows(result.kept, kept)
    tables.write_rejected(result.rejected, rejected)
    assert tables.read_rows(kept) == list(result.kept)
    assert sum(r["row_count"] for r in tables.rejection_reasons(rejected)) == len(result.rejected)
    assert sum(r["row_count"] for r in tables.slice_counts(kept)) == len(result.kept)
    assert tables.funnel_records(result.funnel)[0]["stage"] == "parse"


def test_a_table_without_rejected_rows_has_all_columns(tmp_path):
    tables.write_rejected([], tmp_path / "none.parquet")
    assert tables.rejection_reasons(tmp_path / "none.parquet") == []


def test_a_table_from_before_there_were_prompt_variants_is_read(tmp_path):
    old = tables.rows_frame([row("a\n")]).drop("variant", "template")
    old.write_parquet(tmp_path / "old.parquet")
    assert tables.read_rows(tmp_path / "old.parquet") == [row("a\n")]
