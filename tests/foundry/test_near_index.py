"""The near-duplicate index: exact decisions, kinds, growth, and nothing lost on disk."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forgemind_assets.foundry.filters.near_index import NearIndex, Shape
from resources.near_shelf import open_shelf

WORDS = [f"w{n}" for n in range(400)]


def text_of(rng, length=80):
    return " ".join(rng.choices(WORDS, k=length))


def shared(a, b, size=3):
    sets = [
        {tuple(t[i : i + size]) for i in range(max(1, len(t) - size + 1))}
        for t in (a.split(), b.split())
    ]
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


@given(st.lists(st.text("ab c", max_size=12), max_size=20))
def test_texts_of_any_length_have_prints_and_an_equal_text_is_always_near(texts):
    index = NearIndex(Shape(0.9))
    found = index.add(index.prints(texts, [""] * len(texts)))
    tokens = [tuple(t.split()) for t in texts]
    for place, own in enumerate(tokens):
        if own in tokens[:place]:
            assert found[place]


def test_what_is_called_near_is_near_and_hardly_any_near_pair_is_missed():
    rng = random.Random(5)
    texts, truth = [], []
    for _ in range(300):
        words = text_of(rng).split()
        other = [w if rng.random() > 0.03 else "changed" for w in words]
        texts += [" ".join(words), " ".join(other)]
        truth += [False, shared(texts[-2], texts[-1]) >= 0.8]
    index = NearIndex(Shape(0.8))
    found = index.add(index.prints(texts, [""] * len(texts)))
    assert not any(f and not t for f, t in zip(found, truth, strict=True))
    assert sum(found) >= 0.97 * sum(truth)
    assert 50 < sum(truth) < 290


def test_texts_of_different_kinds_never_meet():
    index = NearIndex(Shape(0.9))
    assert index.add(index.prints(["a b c d", "a b c d", "a b c d"], ["x", "y", "x"])) == [
        False,
        False,
        True,
    ]


def test_the_bands_reach_the_recall_that_is_asked_for_with_as_few_meetings_as_can_be():
    for jaccard in (0.5, 0.65, 0.8, 0.9, 0.99):
        shape = Shape(jaccard)
        meet = 1 - (1 - jaccard**shape.rows) ** shape.bands
        assert meet >= shape.recall
        assert shape.rows * shape.bands <= shape.permutations
    assert Shape(0.9).rows > Shape(0.65).rows


def test_an_index_on_disk_answers_like_one_in_memory_and_outlives_its_process(tmp_path):
    rng = random.Random(6)
    texts = [text_of(rng) for _ in range(40)]
    texts += [f"{text} end" for text in texts[:10]]
    memory = NearIndex(Shape(0.9))
    expected = memory.add(memory.prints(texts, [""] * 50))
    with open_shelf(tmp_path / "near.sqlite", "0001") as shelf:
        index = NearIndex(Shape(0.9), shelf)
        assert index.add(index.prints(texts, [""] * 50)) == expected
    with open_shelf(tmp_path / "near.sqlite", "0002") as shelf:
        index = NearIndex(Shape(0.9), shelf)
        later = index.prints([*texts[:5], text_of(rng)], [""] * 6)
        assert index.known(later) == [True] * 5 + [False]


def test_an_owner_that_is_forgotten_no_longer_meets_itself_and_others_stay(tmp_path):
    texts = ["a b c d e f", "u v w x y z"]
    for owner, text in zip(("0001", "0002"), texts, strict=True):
        with open_shelf(tmp_path / "near.sqlite", owner) as shelf:
            index = NearIndex(Shape(0.9), shelf)
            index.add(index.prints([text], [""]))
    with open_shelf(tmp_path / "near.sqlite", "0002") as shelf:
        shelf.forget()
        index = NearIndex(Shape(0.9), shelf)
        assert index.known(index.prints(texts, ["", ""])) == [True, False]


def test_a_block_that_fails_leaves_the_index_as_it_was(tmp_path):
    with pytest.raises(ZeroDivisionError), open_shelf(tmp_path / "near.sqlite", "1") as shelf:
        index = NearIndex(Shape(0.9), shelf)
        index.add(index.prints(["a b c d"], [""]))
        raise ZeroDivisionError
    with open_shelf(tmp_path / "near.sqlite", "1") as shelf:
        index = NearIndex(Shape(0.9), shelf)
        assert index.known(index.prints(["a b c d"], [""])) == [False]
