import pytest
from hypothesis import given
from hypothesis import strategies as st

from forgemind_assets.warden.patterns import (
    MAX_PATTERN,
    PatternError,
    PatternTimeout,
    compile_pattern,
    search_all,
)

GOOD = [
    r"\bACME-\d{4}\b",
    r"(?i)project\s+falcon",
    r"[a-z]+[0-9]+",
    r"(?:ab|cd){2,5}",
    r"foo.*bar",
    "a" * MAX_PATTERN,
]
EXPLOSIVE = [
    r"(a+)+b",
    r"(a|ab)*c",
    r"a*a*b",
    r"([a-z]+\d)+",
    r"(a?a?)+b",
    r"\d+\d+",
    r"(.*a){12}",
    r"(\w+)\s\1",
    r"a{1,5000}",
]
BROKEN = ["(", "[z-a]", "*a", "", "x*", "a" * (MAX_PATTERN + 1), "(?P<n>a)(?P<n>b)"]


@pytest.mark.parametrize("pattern", GOOD)
def test_a_bounded_pattern_compiles(pattern: str):
    assert compile_pattern(pattern)


@pytest.mark.parametrize("pattern", EXPLOSIVE + BROKEN)
def test_a_bad_or_catastrophic_pattern_is_refused(pattern: str):
    with pytest.raises(PatternError, match="expected"):
        compile_pattern(pattern)


@given(st.text("ab(|)*+?.[]{},1\\d", max_size=14))
def test_any_text_compiles_or_is_refused(pattern: str):
    try:
        compiled = compile_pattern(pattern)
    except PatternError:
        return
    search_all(compiled, "ab" * 200)


def test_a_search_without_end_is_given_up():
    import regex

    with pytest.raises(PatternTimeout):
        search_all(regex.compile(r"(?:a|aa)+$"), "a" * 60 + "b")


def test_all_matches_are_found():
    assert search_all(compile_pattern("ab"), "ab-ab") == [(0, 2), (3, 5)]
