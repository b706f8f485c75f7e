"""The pipeline: nothing is lost, nothing is kept twice, and an empty stage is loud."""

import json
from dataclasses import dataclass, field

import pytest
from fakes.filter_models import CountedLetters, RareLetters
from fakes.programs import NoRoom
from foundry_cases import (
    ORIGINS,
    SAFE_SHELL,
    SEEDS,
    VULNERABLE_SHELL,
    VULNERABLE_SQL,
    row,
    small_goal,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forgemind_assets.errors import EmptyStage, NotAvailable
from forgemind_assets.foundry import tables
from forgemind_assets.foundry.data_card import make_card
from forgemind_assets.foundry.filters.base import Equipment
from forgemind_assets.foundry.filters.length import Length
from forgemind_assets.foundry.pipeline import funnel_text, pipeline_for, run_filters
from forgemind_assets.foundry.strategies.seed_expansion import expand
from forgemind_assets.goal_filters import Filters
from forgemind_assets.warden.terms import stated


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
    rows = stated(expand(SEEDS, {s.slice: 20 for s in SEEDS}, 1), ORIGINS)
    result = run_filters([*rows, row(VULNERABLE_SHELL, teacher="own")], pipeline_for(goal))
    reasons = {(r.stage, r.reason) for r in result.rejected}
    assert ("decontamination", "in_a_suite") in reasons
    assert ("verified_label", "still_vulnerable") in reasons
    assert SEEDS[0].input not in {r.input for r in result.kept}
    assert "verified_label" in funnel_text(result.funnel)


EVERY_FILTER = Filters.model_validate(
    {
        "language": {"allowed": ["en"], "of": "comments"},
        "repetition": {"of": "code"},
        "perplexity": {},
        "semantic_duplicates": {"cosine": 0.999},
        "decontamination_cosine": 0.9999,
        "max_family_share": 0.5,
        "diversity": {"rows": 20},
        "verifiers": ["python_security"],
    }
)
ODD_ROWS = [
    row("x = (\n"),
    row("ab\n"),
    row("no_json()\n" * 9).model_copy(update={"answer": "no json"}),
    row("a_list()\n" * 9).model_copy(update={"answer": "[]", "teacher": "own"}),
    row(VULNERABLE_SHELL, teacher="own"),
    row(SAFE_SHELL),
    row(VULNERABLE_SQL),
]


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.integers(0, 29), min_size=1, max_size=60))
def test_with_every_filter_on_kept_and_rejected_are_the_input(goal, picks):
    spec = goal.spec.model_copy(update={"filters": EVERY_FILTER})
    filters = pipeline_for(
        goal.model_copy(update={"spec": spec}),
        Equipment(embedder=CountedLetters(), perplexity=RareLetters()),
    )
    grown = stated(expand(SEEDS, {s.slice: 3 for s in SEEDS}, 1), ORIGINS)
    pool = [*ODD_ROWS, *grown]
    rows = [pool[n % len(pool)] for n in picks]
    try:
        result = run_filters(rows, filters)
    except EmptyStage:
        return
    together = [*result.kept, *(r.row for r in result.rejected)]
    assert sorted(r.row_id for r in together) == sorted(r.row_id for r in rows)
    for stage in result.funnel:
        assert stage.rows_in - stage.rows_out == sum(stage.reasons.values())
        assert 0 <= stage.only <= stage.alone <= len(rows)


def test_the_funnel_tells_what_each_filter_would_have_dropped_alone():
    rows = [row("a\n"), row("bb\n"), row("c" * 9), row("d" * 10), row("e" * 30)]
    stages = [Length(2, 20), DropByNumber(frozenset({0, 2}))]
    funnel = run_filters(rows, stages).funnel
    assert [(s.rows_in, s.rows_out) for s in funnel] == [(5, 3), (3, 1)]
    assert [(s.alone, s.only) for s in funnel] == [(2, 1), (2, 1)]


def test_what_did_not_run_says_so_in_the_funnel(goal):
    filters = Filters.model_validate({"semantic_duplicates": {}, "decontamination_cosine": 0.9})
    spec = goal.spec.model_copy(update={"filters": filters})
    rows = stated(expand(SEEDS, {s.slice: 3 for s in SEEDS}, 1), ORIGINS)
    result = run_filters(rows, pipeline_for(goal.model_copy(update={"spec": spec})))
    notes = {s.stage: s.note for s in result.funnel if s.note}
    assert notes == {
        "semantic_duplicates": "not run: no sentence model was given",
        "decontamination": "by meaning: not run: no sentence model was given",
    }
    assert "not run: no sentence model" in funnel_text(result.funnel)
    records = {r["stage"]: r for r in tables.funnel_records(result.funnel)}
    assert records["semantic_duplicates"]["reasons"] == "not run: no sentence model was given"


def test_a_copy_of_a_suite_case_is_never_quoted_whichever_stage_drops_it(goal):
    near = SEEDS[0].input + "\n"
    others = stated(expand(SEEDS[2:], {s.slice: 3 for s in SEEDS}, 1), ORIGINS)
    rows = [row(SEEDS[0].input), row(near), *others]
    result = run_filters(rows, pipeline_for(goal))
    dropped = {r.stage: r for r in result.rejected if r.row.input.startswith(SEEDS[0].input)}
    assert set(dropped) == {"exact_duplicates", "decontamination"}
    assert all(r.hidden for r in dropped.values())
    card = make_card(goal, "0001", result)
    quoted = [e.excerpt for one in card.rejections for e in one.examples]
    assert not any("badges.db" in text for text in quoted)


def with_verifiers(goal, *uses):
    filters = Filters.model_validate({"verifiers": uses})
    return goal.model_copy(update={"spec": goal.spec.model_copy(update={"filters": filters})})


def test_several_verifiers_judge_a_teachers_rows_in_turn(goal):
    forbidden = {"name": "regex", "options": {"must_not": ["gzip"], "of": "input"}}
    goal = with_verifiers(goal, {"name": "parser", "options": {"syntax": "python"}}, forbidden)
    rows = [row(VULNERABLE_SHELL), *(row(f"x{n} = (\n", teacher="own") for n in range(2))]
    result = run_filters([*rows, row(VULNERABLE_SHELL + "# 2", teacher="own")], stages(goal))
    assert [r.reason for r in result.rejected] == ["does_not_parse"] * 2 + ["pattern_forbidden"]
    assert [r.input for r in result.kept] == [VULNERABLE_SHELL]


def stages(goal):
    return [stage for stage in pipeline_for(goal) if stage.name == "verified_label"]


def test_a_goal_that_runs_programs_stops_where_none_can_be_held(goal):
    tests = {"function": "f", "cases": [{"expected": 1}]}
    goal = with_verifiers(goal, {"name": "python_tests", "options": tests})
    with pytest.raises(NotAvailable, match="verifiers run programs: no namespaces here"):
        pipeline_for(goal, Equipment(programs=NoRoom()))
    with pytest.raises(NotAvailable, match="no sandbox"):
        pipeline_for(goal)
    assert pipeline_for(goal, Equipment(programs=NoRoom(None)))


def test_tables_hold_rows_as_they_were_and_answer_questions(goal, tmp_path):
    rows = stated(expand(SEEDS, {s.slice: 5 for s in SEEDS}, 1), ORIGINS)
    result = run_filters([*rows, row(VULNERABLE_SHELL, teacher="own")], pipeline_for(goal))
    kept, rejected = tmp_path / "kept.parquet", tmp_path / "rejected.parquet"
    tables.write_rows(result.kept, kept)
    tables.write_rejected(result.rejected, rejected)
    assert tables.read_rows(kept) == list(result.kept)
    assert sum(r["row_count"] for r in tables.rejection_reasons(rejected)) == len(result.rejected)
    assert sum(r["row_count"] for r in tables.slice_counts(kept)) == len(result.kept)
    assert tables.funnel_records(result.funnel)[0]["stage"] == "source_terms"


def test_a_table_without_rejected_rows_has_all_columns(tmp_path):
    tables.write_rejected([], tmp_path / "none.parquet")
    assert tables.rejection_reasons(tmp_path / "none.parquet") == []


def test_rows_that_may_not_be_trained_on_are_kept_among_the_rejected_and_in_the_funnel(goal):
    foreign = row("kiosk_gpl = 1\n").model_copy(update={"licence": "GPL-3.0-only"})
    unread = row(VULNERABLE_SHELL, teacher="own").model_copy(update={"terms": "unknown"})
    known = [row(SAFE_SHELL), row(VULNERABLE_SHELL, "CWE-78", 5)]
    result = run_filters([*known, foreign, unread], pipeline_for(goal)[:1])
    assert result.kept == tuple(known)
    assert [(r.row, r.stage, r.reason) for r in result.rejected] == [
        (foreign, "source_terms", "licence_not_allowed"),
        (unread, "source_terms", "teacher_terms_not_allowed"),
    ]
    assert (result.funnel[0].rows_in, result.funnel[0].rows_out) == (4, 2)
    assert dict(result.funnel[0].reasons) == {
        "licence_not_allowed": 1,
        "teacher_terms_not_allowed": 1,
    }


def test_a_table_of_before_rows_knew_their_licence_is_read_and_its_rows_are_not_trained_on(
    goal, tmp_path
):
    old = tmp_path / "old.parquet"
    tables.rows_frame([row(SAFE_SHELL)]).drop("licence", "terms").write_parquet(old)
    with pytest.raises(
        EmptyStage, match=r"source_terms rejected every row(.|\n)*licence_unknown 1"
    ):
        run_filters(tables.read_rows(old), pipeline_for(goal))


def test_a_table_from_before_there_were_prompt_variants_is_read(tmp_path):
    old = tables.rows_frame([row("a\n")]).drop("variant", "template")
    old.write_parquet(tmp_path / "old.parquet")
    assert tables.read_rows(tmp_path / "old.parquet") == [row("a\n")]
