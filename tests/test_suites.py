"""The suites of `python_security`: sizes, balance, and that no two sets overlap.

A failure names ids and counts, never the text of a case: the gates stay closed.
"""

import ast
import io
import tokenize
from collections import Counter
from functools import cache
from itertools import combinations
from pathlib import Path

import pytest

from forgemind_assets.goal_loading import load_cases, load_goal, load_seeds
from forgemind_assets.records import Case, Seed

SETS = ("dev", "full", "adversarial", "sealed")
CWES = {f"CWE-{n}" for n in (22, 78, 79, 89, 94, 295, 327, 330, 502, 611, 798, 918)}
PAIRS = list(combinations((*SETS, "seeds", "impossible"), 2))
CASES = {"dev": 120, "full": 300, "adversarial": 100, "sealed": 150}
# Two snippets are near duplicates when they share this much of their token triples. Names and
# strings count as they are, so a renamed copy is caught by its `shape` instead: the node types of
# the whole tree. Trees of fewer nodes than a short function has are idioms that snippets share.
NEAR = 0.7
SHAPE_NODES = 60


@cache
def cases(name: str) -> tuple[Case | Seed, ...]:
    goal = load_goal("python_security")
    return tuple(load_seeds(goal) if name == "seeds" else load_cases(goal, name))


def tokens(text: str) -> list[str]:
    """The tokens of a snippet, without comments and layout."""
    skipped = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    readline = io.StringIO(text).readline
    return [t.string for t in tokenize.generate_tokens(readline) if t.type not in skipped]


def shingles(words: list[str]) -> frozenset[tuple[str, ...]]:
    """All runs of three tokens."""
    return frozenset(zip(words, words[1:], words[2:], strict=False)) or frozenset([tuple(words)])


def shape(text: str) -> list[str]:
    """The node types of a snippet's syntax tree, in order."""
    return [type(node).__name__ for node in ast.walk(ast.parse(text))]


def jaccard(first: frozenset, second: frozenset) -> float:
    return len(first & second) / len(first | second)


def similar(
    first: list[tuple[str, frozenset]], second: list[tuple[str, frozenset]], limit: float
) -> list[str]:
    """Pairs of ids at or above the limit; sizes alone rule most pairs out."""
    found = []
    for left_id, left in first:
        for right_id, right in second:
            small, large = sorted((len(left), len(right)))
            if small >= limit * large and jaccard(left, right) >= limit:
                found.append(f"{left_id} ~ {right_id}")
    return found


@cache
def token_sets(name: str) -> list[tuple[str, frozenset]]:
    return [(case.id, shingles(tokens(case.input))) for case in cases(name)]


def report(ids: list[str]) -> str:
    """Ids for a failure message."""
    return f"{len(ids)}: " + ", ".join(ids[:20])


def test_likeness_is_seen_and_difference_is_not_mistaken_for_it():
    query = 'cur.execute("SELECT a FROM t WHERE b = ?", (value,))\nrows = cur.fetchall()\n'
    copy = "# note\n" + query.replace("rows", "found")
    other = 'os.system("ls " + folder)\n'
    sets = [
        [(name, shingles(tokens(text)))]
        for name, text in zip("abc", (query, copy, other), strict=True)
    ]
    assert similar(sets[0], sets[1], NEAR) == ["a ~ b"]
    assert similar(sets[0], sets[2], NEAR) == []
    assert shape(query) == shape(copy) != shape(other)


@pytest.mark.parametrize("name", [*SETS, "seeds"])
def test_every_snippet_parses_and_every_finding_lies_on_a_line_of_code(name: str):
    broken = []
    for case in cases(name):
        lines = case.input.split("\n")
        line = case.expected["line"]
        try:
            ast.parse(case.input)
            ok = line is None or bool(lines[line - 1].strip())
        except (SyntaxError, IndexError):
            ok = False
        if not ok:
            broken.append(case.id)
    assert not broken, report(broken)


@pytest.mark.parametrize("name", [*SETS, "seeds"])
def test_the_slice_agrees_with_the_label(name: str):
    wrong = []
    for case in cases(name):
        kind, label = case.slice.removeprefix("safe/"), case.expected["cwe"]
        safe = case.slice.startswith("safe/")
        right = label == ("none" if safe else kind) and kind in CWES
        if not right or safe != (case.expected["line"] is None):
            wrong.append(case.id)
    assert not wrong, report(wrong)


def test_ids_are_unique_over_all_sets():
    counts = Counter(case.id for name in (*SETS, "seeds") for case in cases(name))
    twice = [case_id for case_id, count in counts.items() if count > 1]
    assert not twice, report(twice)


@pytest.mark.parametrize("name", SETS)
def test_each_set_is_large_enough(name: str):
    count = len(cases(name))
    assert count >= CASES[name]


def test_the_canary_is_large_enough_and_the_gate_has_enough_families():
    canary = sum(case.canary for case in cases("dev") if isinstance(case, Case))
    families = len({case.family for case in cases("full")})
    assert canary >= 24
    assert families >= 60


@pytest.mark.parametrize("name", SETS)
def test_safe_code_is_35_to_45_percent_of_each_set(name: str):
    safe = sum(case.slice.startswith("safe/") for case in cases(name))
    share = safe / len(cases(name))
    assert 0.35 <= share <= 0.45


@pytest.mark.parametrize("name", [*SETS, "seeds"])
def test_every_weakness_and_its_safe_counterpart_is_in_each_set(name: str):
    slices = {case.slice for case in cases(name)}
    missing = sorted((CWES | {f"safe/{cwe}" for cwe in CWES}) - slices)
    assert not missing, report(missing)


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_no_two_sets_share_a_family(first: str, second: str):
    shared = sorted({c.family for c in cases(first)} & {c.family for c in cases(second)})
    assert not shared, report(shared)


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_no_near_duplicates_across_sets(first: str, second: str):
    pairs = similar(token_sets(first), token_sets(second), NEAR)
    assert not pairs, report(pairs)


@pytest.mark.parametrize("name", [*SETS, "seeds"])
def test_no_exact_duplicates_within_a_set(name: str):
    seen: dict[str, str] = {}
    doubles = []
    for case in cases(name):
        text = " ".join(tokens(case.input))
        if text in seen:
            doubles.append(f"{seen[text]} = {case.id}")
        seen.setdefault(text, case.id)
    assert not doubles, report(doubles)


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_no_long_snippet_is_a_renamed_copy_from_another_set(first: str, second: str):
    shapes: dict[tuple[str, ...], str] = {}
    for case in cases(first):
        shapes.setdefault(tuple(shape(case.input)), case.id)
    copies = [
        f"{shapes[key]} ~ {case.id}"
        for case in cases(second)
        if len(key := tuple(shape(case.input))) >= SHAPE_NODES and key in shapes
    ]
    assert not copies, report(copies)


def test_the_folder_holds_the_sets_and_nothing_else():
    folder = load_goal("python_security").folder / "suites"
    expected = sorted(f"{name}.jsonl" for name in (*SETS, "impossible"))
    assert sorted(p.name for p in Path(folder).iterdir()) == expected
