"""Language, repetition, perplexity, meaning, diversity and families, from both sides."""

from importlib import import_module

import numpy as np
import pytest
from fakes.filter_models import CountedLetters, NoWeights, RareLetters
from foundry_cases import SAFE_SHELL, SAFE_SQL, SEEDS, VULNERABLE_SQL, row
from hypothesis import given
from hypothesis import strategies as st

from forgemind_assets.foundry.filters.base import note_of
from forgemind_assets.foundry.filters.diversity import Diversity
from forgemind_assets.foundry.filters.family_balance import FamilyBalance
from forgemind_assets.foundry.filters.language import Language, prose_of
from forgemind_assets.foundry.filters.perplexity import PerplexityOutliers
from forgemind_assets.foundry.filters.repetition import LIMITS, Repetition, repetition
from forgemind_assets.foundry.filters.semantic_duplicates import SemanticDuplicates
from forgemind_assets.foundry.filters.shares import surplus

ENGLISH = "The invoice is sent to the customer as soon as the order has left the warehouse."
GERMAN = "Die Rechnung wird dem Kunden geschickt, sobald die Bestellung das Lager verlassen hat."
COMMENTED = f'def send(order):\n    """{GERMAN}"""\n    return order\n'


def with_family(text, family):
    return row(text).model_copy(update={"family": family})


def test_another_language_is_dropped_and_a_text_too_short_to_tell_is_kept():
    rows = [row(ENGLISH), row(GERMAN), row("Guten Tag, wie geht es?")]
    assert Language(("en",)).judge(rows) == [None, "other_language", None]
    assert Language(("en", "de")).judge(rows) == [None, None, None]


def test_code_is_judged_by_its_comments_only_where_the_goal_says_so():
    assert prose_of(COMMENTED + "x = 1  # wichtig\n") == f"{GERMAN}\nwichtig"
    assert prose_of("x = (") == ""
    rows = [row(COMMENTED), row(VULNERABLE_SQL), row("x = (")]
    assert Language(("en",), "comments").judge(rows) == ["other_language", None, None]


def test_every_language_that_the_library_knows_fits_the_goals_pattern():
    langid = import_module("py3langid.langid")
    labels = langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE).labels
    assert all(2 <= len(code) <= 3 and code.isalpha() and code.islower() for code in labels)


def test_prose_that_says_the_same_again_is_dropped_and_a_short_one_is_not_judged():
    words = " ".join(f"w{n}" for n in range(60))
    again = f"{words}\n{words}\n{words}"
    assert Repetition("prose").judge([row(words), row(again)]) == [None, "repeated_lines"]
    assert Repetition("prose").judge([row("again and again\n" * 10)]) == [None]  # 30 words
    assert repetition("so on " * 40, LIMITS["prose"]) == "frequent_ngram"
    sentence = " ".join(f"v{n}" for n in range(20))
    assert repetition(f"{words} {sentence} {sentence}", LIMITS["prose"]) == "repeated_ngrams"


@pytest.mark.parametrize("times", [9, 20])
def test_a_model_that_is_stuck_is_found_in_code(times):
    stuck = VULNERABLE_SQL + "    con.execute('SELECT 1 FROM badges')\n" * times
    assert Repetition("code").judge([row(stuck)]) == ["repeated_lines"]


def test_code_that_repeats_itself_by_nature_is_kept():
    fields = "".join(f"        self.field_{n} = field_{n}\n" for n in range(20))
    table = "".join(f"    '{n}': handle_{n},\n" for n in range(20))
    checks = "".join(f"    assert double({n}) == {2 * n}\n" for n in range(20))
    codes = [f"class A:\n    def __init__(self):\n{fields}", f"TABLE = {{\n{table}}}\n", checks]
    stage = Repetition("code")
    assert stage.judge([row(code) for code in [*codes, *(s.input for s in SEEDS)]]) == [None] * 11


def test_what_surprises_the_base_model_far_more_or_less_is_dropped():
    rows = [row("abcdefgh" + "i" * (n % 5)) for n in range(40)]
    stage = PerplexityOutliers(RareLetters())
    assert stage.judge([*rows, row("zzzzzzzz")])[-2:] == [None, "too_surprising"]
    assert note_of(stage) == ""
    rows = [row("z" + "abcdefgh" + "i" * (n % 5)) for n in range(40)]
    assert stage.judge([*rows, row("abcdefgh")])[-2:] == [None, "too_predictable"]


def test_a_stage_without_its_model_keeps_all_rows_and_says_that_it_did_not_run():
    rows = [row(f"x = {n}\n") for n in range(30)]
    for stage in (
        PerplexityOutliers(None),
        PerplexityOutliers(NoWeights()),
        SemanticDuplicates(None),
        SemanticDuplicates(NoWeights()),
    ):
        assert stage.judge(rows) == [None] * 30
        assert note_of(stage).startswith("not run: ")
    few = PerplexityOutliers(RareLetters())
    assert few.judge(rows[:19]) == [None] * 19
    assert note_of(few) == "not run: 19 rows are fewer than 20"


def test_rows_of_the_same_meaning_and_answer_are_dropped_but_the_first():
    rows = [row("abc"), row("cab"), row("cab", "CWE-78", 1), row("xyz")]
    stage = SemanticDuplicates(CountedLetters(), 0.99)
    assert stage.judge(rows) == [None, "semantic_duplicate", None, None]


def test_a_semantic_duplicate_of_a_dropped_row_only_is_kept():
    rows = [row("aaaa"), row("aaab"), row("aabb")]
    vectors = CountedLetters().embed([r.input for r in rows])
    near = float(vectors[0] @ vectors[1])
    assert near > float(vectors[1] @ vectors[2]) - 0.1
    stage = SemanticDuplicates(CountedLetters(), 0.85)
    assert stage.judge(rows) == [None, "semantic_duplicate", None]


def test_the_rows_that_differ_most_are_selected_and_each_slice_keeps_its_share():
    same = [f"{SAFE_SHELL}# {n}\n" for n in range(8)]
    rows = [row(text) for text in [*same, VULNERABLE_SQL, SAFE_SQL]]
    reasons = Diversity(3).judge(rows)
    assert reasons[0] is None
    assert reasons[8] is None
    assert reasons.count("too_like_the_others") == 7
    assert Diversity(10).judge(rows) == [None] * 10
    other = [r.model_copy(update={"slice": "CWE-78"}) for r in rows]
    both = Diversity(10).judge([*rows, *other])
    assert both[:10].count(None) == both[10:].count(None) == 5


@given(st.lists(st.sampled_from("aaaaaabbcde"), max_size=60), st.floats(0.05, 1))
def test_no_group_has_more_than_its_share_and_no_row_goes_without_need(groups, share):
    gone = surplus(groups, share)
    kept = [g for g, one in zip(groups, gone, strict=True) if not one]
    assert all(kept.count(g) <= share * len(kept) + 1e-6 for g in set(kept))
    if groups and all(groups.count(g) <= share * len(groups) for g in set(groups)):
        assert not any(gone)


def test_a_family_that_is_too_common_loses_its_surplus_evenly():
    rows = [with_family(f"n{i}\n", "big") for i in range(60)]
    rows += [with_family(f"m{i}\n", f"f{i % 4}") for i in range(40)]
    reasons = FamilyBalance(0.3).judge(rows)
    assert reasons.count("family_too_common") == 60 - 17
    assert np.flatnonzero([told is None for told in reasons[:60]])[-1] > 50
    assert FamilyBalance(0.6).judge(rows) == [None] * 100
