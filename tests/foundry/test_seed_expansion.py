"""The strategy: counts, determinism, variety, and the finding's line."""

import ast
import json
from collections import Counter

import pytest
from foundry_cases import SEEDS
from hypothesis import given, settings
from hypothesis import strategies as st

from forgemind_assets.foundry.strategies.base import shares
from forgemind_assets.foundry.strategies.seed_expansion import expand

SINKS = {"CWE-89": ".execute(", "CWE-78": "os", "CWE-798": "password", "CWE-502": "loads("}
EACH = {s.slice: 60 for s in SEEDS}


@pytest.fixture(scope="module")
def rows():
    return expand(SEEDS, EACH, rng_seed=3)


def test_every_slice_gets_what_was_asked_and_nothing_else(rows):
    assert Counter(r.slice for r in rows) == EACH
    assert expand(SEEDS, {"CWE-89": 5}, 0) == expand(SEEDS, {"CWE-89": 5, "no-such": 9}, 0)


def test_each_seed_itself_is_there_once(rows):
    texts = Counter(r.input for r in rows)
    assert all(texts[s.input] == 1 for s in SEEDS)
    assert max(texts.values()) == 1


def test_the_result_depends_on_the_arguments_only(rows):
    assert expand(SEEDS, EACH, rng_seed=3) == rows
    assert expand(SEEDS, EACH, rng_seed=4) != rows


def test_another_size_of_one_slice_leaves_the_others_as_they_are(rows):
    other = expand(SEEDS, EACH | {"CWE-78": 10}, rng_seed=3)
    assert [r for r in other if r.slice == "CWE-89"] == [r for r in rows if r.slice == "CWE-89"]


def test_every_product_parses_and_keeps_its_label(rows):
    seeds = {s.id: s for s in SEEDS}
    for row in rows:
        ast.parse(row.input)
        answer, seed = json.loads(row.answer), seeds[row.parent]
        assert answer["cwe"] == seed.expected["cwe"]
        assert answer["fix"] == seed.expected["fix"]
        assert (answer["line"] is None) == (seed.expected["line"] is None)


def test_the_finding_points_at_the_sink_after_all_rewrites(rows):
    for row in rows:
        line = json.loads(row.answer)["line"]
        if line is not None:
            told = row.input.split("\n")[line - 1]
            sink = SINKS[row.slice]
            words = (
                ("pass", "pwd")
                if sink == "password"
                else ("system", "popen")
                if sink == "os"
                else (sink,)
            )
            assert any(word in told.lower() for word in words), row.input


def test_products_are_varied_and_mostly_short(rows):
    lengths = sorted(len(r.input) for r in rows)
    assert lengths[-1] <= 1200
    assert lengths[len(lengths) // 2] < 400
    assert len({r.input.split("\n")[0] for r in rows}) > 100


def test_families_of_a_slice_get_equal_shares():
    more = [
        s.model_copy(update={"family": f"f{i}", "id": f"{s.id}-{i}", "input": s.input + f"# {i}\n"})
        for i in range(4)
        for s in SEEDS
        if s.slice == "CWE-89"
    ]
    counts = Counter(r.family for r in expand(more, {"CWE-89": 40}, 1))
    assert set(counts.values()) == {10}


@settings(max_examples=50)
@given(
    st.dictionaries(st.text("abc", min_size=1, max_size=3), st.floats(0, 10), max_size=6),
    st.integers(0, 500),
)
def test_shares_add_up_and_leave_out_what_weighs_nothing(weights, total):
    result = shares(weights, total)
    positive = [w for w in weights.values() if w > 0]
    assert sum(result.values()) == (total if positive else 0)
    assert all(weights[name] > 0 for name in result)
