"""Mean log-probabilities: batches give what one text at a time gives."""

import pytest
import torch

from forgemind_assets.forge.scoring import mean_log_probabilities
from forgemind_assets.forge.weights import load_base

TEXTS = ["1 + 2", "7", "", "3 + 11111 and so on", "1 + 2", "9" * 40]


@pytest.fixture(scope="module")
def loaded(tiny_base):
    return load_base(tiny_base, precision="fp32", device="cpu")


def alone(model, tokenizer, text, most=512):
    ids = torch.tensor([tokenizer(text, add_special_tokens=False)["input_ids"][:most]])
    with torch.no_grad():
        logs = torch.log_softmax(model(ids).logits[0, :-1].float(), dim=-1)
    return float(logs[torch.arange(ids.shape[1] - 1), ids[0, 1:]].mean())


def test_a_batch_gives_each_text_its_own_mean_in_the_texts_order(loaded):
    told = mean_log_probabilities(*loaded, TEXTS)
    for place in (0, 3, 4, 5):
        assert told[place] == pytest.approx(alone(*loaded, TEXTS[place]), abs=1e-5)
    assert told[0] == told[4]


def test_a_text_with_nothing_to_predict_is_zero(loaded):
    assert mean_log_probabilities(*loaded, [""]) == [0.0]


def test_a_long_text_is_read_up_to_the_limit(loaded):
    told = mean_log_probabilities(*loaded, ["12 + 3456789"], max_tokens=5)
    assert told == [pytest.approx(alone(*loaded, "12 + 3456789", 5), abs=1e-5)]


def test_progress_counts_texts(loaded):
    seen = []
    mean_log_probabilities(*loaded, TEXTS, on_progress=lambda *told: seen.append(told))
    assert seen[-1][0] == seen[-1][1]
