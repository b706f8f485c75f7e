"""The data card says what a dataset holds, and its bytes depend on nothing but the rows."""

import json
from dataclasses import replace

import pytest
from foundry_cases import row, small_goal
from hypothesis import given
from hypothesis import strategies as st

from forgemind_assets.foundry.data_card import (
    EXAMPLES,
    EXCERPT_CHARS,
    QUOTED_STAGES,
    make_card,
)
from forgemind_assets.foundry.data_card_page import card_file, card_page, page_of
from forgemind_assets.foundry.filters.registry import FILTERS
from forgemind_assets.foundry.pipeline import OBJECTING, FilterResult, Rejected, StageCount

KEPT = (
    row("a = 1\n"),
    row("b = 22\n"),
    row("run(cmd)\n", "CWE-78", 1, teacher="own"),
)
GONE = tuple(Rejected(row(f"gone_{n} = {n}\n"), "length", "too_short") for n in range(5))
GATE = Rejected(row("the_case_of_the_gate()\n"), "decontamination", "in_a_suite")
FUNNEL = (
    StageCount("length", 9, 4, {"too_short": 5}),
    StageCount("decontamination", 4, 3, {"in_a_suite": 1}),
)
RESULT = FilterResult(KEPT, (*GONE, GATE), FUNNEL)


@pytest.fixture
def goal(tmp_path):
    return small_goal(tmp_path)


def test_a_card_counts_rows_sources_slices_and_labels(goal):
    card = make_card(goal, "0003", RESULT)
    assert (card.rows_in, card.rows_kept, card.rows_rejected) == (9, 3, 6)
    assert card.keep_ratio == 0.3333
    taught = next(one for one in card.sources if one.teacher == "own")
    assert (taught.strategy, taught.rows_in, taught.rows_kept) == ("teacher_pairs", 1, 1)
    assert (taught.licence, taught.terms) == ("Apache-2.0", "own_model")
    assert [(s.name, s.rows, s.share) for s in card.classes] == [
        ("none", 2, 0.6667),
        ("CWE-78", 1, 0.3333),
    ]
    assert sum(s.rows for s in card.slices) == 3
    assert [(s.stage, s.rows_in, s.rows_out) for s in card.filters] == [
        ("length", 9, 4),
        ("decontamination", 4, 3),
    ]
    assert card.filters[0].settings == "20 to 4000 characters"


def test_the_same_rows_in_another_order_give_the_same_bytes(goal):
    turned = FilterResult(KEPT[::-1], (GATE, *GONE[::-1]), FUNNEL)
    first, second = make_card(goal, "0003", RESULT), make_card(goal, "0003", turned)
    assert first.json() == second.json()
    assert card_file(first) == card_file(second)


def test_another_row_gives_another_digest(goal):
    fewer = FilterResult(KEPT[:2], RESULT.rejected, FUNNEL)
    one, two = make_card(goal, "0003", RESULT), make_card(goal, "0003", fewer)
    assert one.rows_sha256 != two.rows_sha256


def test_examples_are_few_and_short(goal):
    long = Rejected(row("x = 1  # " + "y" * 400 + "\n"), "length", "too_long")
    card = make_card(goal, "0003", replace(RESULT, rejected=(*GONE, long)))
    short, other = card.rejections
    assert (short.rows, len(short.examples)) == (5, EXAMPLES)
    assert len(other.examples[0].excerpt) == EXCERPT_CHARS


def test_the_text_of_a_gate_case_is_never_shown(goal):
    card = make_card(goal, "0003", RESULT)
    assert "the_case_of_the_gate" not in card.json() + card_file(card)
    assert "(not shown)" in card_page(card)


def test_a_stage_that_the_card_does_not_know_is_not_quoted(goal):
    found = Rejected(row("call(me_maybe)\n"), "safety", "secrets")
    card = make_card(goal, "0003", replace(RESULT, rejected=(found,)))
    assert "me_maybe" not in card.json()


def test_a_quoted_stage_still_hides_what_looks_like_a_secret(goal):
    text = "api_key = 'sk-" + "proj-" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6'\n"
    card = make_card(goal, "0003", replace(RESULT, rejected=(Rejected(row(text), "parse", "no"),)))
    assert card.rejections[0].examples[0].excerpt == ""
    assert "a1B2c3D4" not in card_file(card)


def test_the_firewall_the_safety_layers_and_the_terms_are_not_quoted():
    assert {"decontamination", "safety", "source_terms"} == OBJECTING
    assert set(FILTERS) == QUOTED_STAGES | OBJECTING
    assert not QUOTED_STAGES & OBJECTING


def test_licences_and_terms_are_named_with_their_counts(goal):
    foreign = row("gpl = 1\n").model_copy(update={"licence": "GPL-3.0-only"})
    gone = (*RESULT.rejected, Rejected(foreign, "source_terms", "licence_not_allowed"))
    card = make_card(goal, "0003", replace(RESULT, rejected=gone))
    assert [(p.licence, p.terms, p.rows_in, p.rows_kept) for p in card.permissions] == [
        ("Apache-2.0", "own_model", 1, 1),
        ("GPL-3.0-only", "", 1, 0),
        ("own", "", 8, 2),
    ]
    page = card_page(card)
    assert "## Licences and terms" in page
    assert "| GPL-3.0-only | - | 1 | 0 |" in page
    assert "gpl = 1" not in page


def test_the_filter_of_terms_shows_what_the_policy_admits(goal):
    funnel = (StageCount("source_terms", 9, 9, {}), *FUNNEL)
    settings = make_card(goal, "0003", replace(RESULT, funnel=funnel)).filters[0].settings
    assert settings.startswith("licences own, Apache-2.0, ")
    assert settings.endswith("teachers' terms training_allowed, own_model")


def test_sources_of_which_nobody_stated_anything_are_named(goal):
    old = row("c = 333\n").model_copy(update={"licence": None})
    unread = row("run(d)\n", "CWE-78", 1, teacher="own").model_copy(update={"terms": "unknown"})
    page = card_page(make_card(goal, "0003", replace(RESULT, kept=(*KEPT, old, unread))))
    assert "Nobody stated what may be trained on the rows of: seed_expansion, own." in page
    assert "Nobody stated" not in card_page(make_card(goal, "0003", RESULT))


def test_the_page_of_the_file_is_the_page(goal, tmp_path):
    card = make_card(goal, "0003", RESULT)
    file = tmp_path / "card.md"
    file.write_text(card_file(card), encoding="utf-8")
    assert page_of(file) == card_page(card)
    assert "size_categories: [n<1K]" in card_file(card)


def test_a_backtick_or_a_bar_in_a_row_does_not_break_the_table(goal):
    odd = Rejected(row("a = `b` | c\n"), "parse", "syntax_error")
    page = card_page(make_card(goal, "0003", replace(RESULT, rejected=(odd,))))
    line = next(one for one in page.splitlines() if "syntax_error" in one)
    assert line.count("|") - line.count("\\|") == 8
    assert line.count("`") == 2


@given(st.lists(st.integers(0, 40), min_size=1, max_size=20, unique=True), st.integers(0, 20))
def test_the_card_accounts_for_every_row(tmp_path_factory, numbers, cut):
    goal = small_goal(tmp_path_factory.getbasetemp())
    rows = [row(f"value_{n} = {n}\n", "CWE-89" if n % 2 else "none") for n in numbers]
    kept, gone = rows[:cut], [Rejected(r, "length", "too_short") for r in rows[cut:]]
    card = make_card(goal, "0001", FilterResult(tuple(kept), tuple(gone), ()))
    data = json.loads(card.json())
    assert data["rows_in"] == len(rows)
    assert sum(s["rows"] for s in data["slices"]) == len(kept)
    assert sum(s["rows"] for s in data["classes"]) == len(kept)
    assert sum(r["rows"] for r in data["rejections"]) == len(gone)
    assert sum(s["rows_in"] for s in data["sources"]) == len(rows)
    assert sum(p["rows_in"] for p in data["permissions"]) == len(rows)
    assert sum(p["rows_kept"] for p in data["permissions"]) == len(kept)
