"""The models behind filters: the base model's surprise, and sentence embeddings."""

import numpy as np
import pytest
from fakes.tiny_model import write_tiny_model

from forgemind_assets.errors import NotAvailable
from forgemind_assets.forge.catalogue import ModelEntry
from forgemind_assets.foundry.filters.base import note_of
from forgemind_assets.foundry.filters.perplexity import PerplexityOutliers
from forgemind_assets.home import Home
from forgemind_assets.records import Row
from resources.base_perplexity import BasePerplexity
from resources.embeddings import SentenceModel
from resources.models import ModelStore


@pytest.fixture
def models(tmp_path):
    path = write_tiny_model(tmp_path / "tiny")
    entry = ModelEntry(
        name="tiny", licence="-", architecture="llama", roles=("base",), parameters=1, path=path
    )
    gone = entry.model_copy(update={"name": "gone", "path": tmp_path / "gone"})
    home = Home(root=tmp_path / "home", models=tmp_path / "models")
    return ModelStore(home, {"tiny": entry, "gone": gone})


def row_of(text):
    return Row.make(family="f", slice="s", input=text, expected={}, strategy="s")


def test_the_base_model_judges_each_text_once(models):
    seen = []
    model = BasePerplexity(models, "tiny", lambda *told: seen.append(told))
    first = model.log_probabilities(["cwe none", "line null", "cwe none"])
    assert first[0] == first[2] != first[1]
    assert all(value < 0 for value in first)
    count = len(seen)
    assert model.log_probabilities(["line null"]) == first[1:2]
    assert len(seen) == count


def test_rows_are_judged_by_the_base_models_surprise(models):
    rows = [row_of(f'{{"cwe": "none", "line": {n}}}') for n in range(30)]
    stage = PerplexityOutliers(BasePerplexity(models, "tiny"), max_deviations=50)
    assert stage.judge(rows) == [None] * 30
    assert note_of(stage) == ""


def test_a_base_model_that_is_not_here_judges_nothing_and_says_so(models):
    stage = PerplexityOutliers(BasePerplexity(models, "gone"))
    assert stage.judge([row_of(f"x{n}") for n in range(30)]) == [None] * 30
    assert note_of(stage).startswith("not run: gone: ")


def test_a_sentence_model_that_is_not_here_is_not_available(tmp_path):
    store = ModelStore(Home(root=tmp_path, models=tmp_path / "models"))
    with pytest.raises(NotAvailable, match="forgemind models pull all-minilm-l6-v2"):
        SentenceModel(store).embed(["a"])
    assert SentenceModel(store).embed([]).shape == (0, 0)


@pytest.mark.e2e
def test_sentences_of_the_same_meaning_are_closer_than_others():
    vectors = SentenceModel(ModelStore(Home.from_environment())).embed(
        ["How do I bake bread?", "What is the way to make a loaf?", "The train leaves at nine."]
    )
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2
