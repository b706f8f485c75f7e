from dataclasses import replace

import pytest
import torch

from forgemind_assets.forge import adapter, engine
from forgemind_assets.forge.encoding import encode_rows
from forgemind_assets.forge.engine import PeftEngine
from forgemind_assets.forge.llama_engine import LlamaEngine
from forgemind_assets.forge.weights import load_base
from forgemind_assets.records import TrainSettings


@pytest.fixture
def setting(tiny_base, tiny_rows):
    """A model whose adapter is not at zero, and rows for it."""
    model, tokenizer = load_base(tiny_base, precision="fp32", device="cpu")
    peft_model = adapter.attach(model, TrainSettings(rank=4, alpha=8))
    generator = torch.Generator().manual_seed(1)
    for parameter in adapter.trainable(peft_model).values():
        parameter.data = torch.randn(parameter.shape, generator=generator) * 0.1
    return peft_model, encode_rows(tokenizer, tiny_rows, max_length=512).rows


def gradients(peft_model, run, rows):
    loss = run.backward(rows)
    parameters = adapter.trainable(peft_model)
    found = {name: p.grad.clone() for name, p in parameters.items()}
    for parameter in parameters.values():
        parameter.grad = None
    return loss, found


def both(setting, rows, *, prefix_from, **options):
    peft_model, _ = setting
    general = PeftEngine(peft_model, device="cpu", precision="fp32")
    ours = LlamaEngine(peft_model, device="cpu", precision="fp32", rows=prefix_from, **options)
    return gradients(peft_model, general, rows), gradients(peft_model, ours, rows)


def assert_same(general, ours):
    assert ours[0] == pytest.approx(general[0], rel=1e-5)
    for name, expected in general[1].items():
        assert torch.allclose(ours[1][name], expected, rtol=1e-3, atol=1e-6), name


def test_loss_and_gradients_are_those_of_transformers_with_a_shared_prefix(setting):
    rows = setting[1][:7]
    assert_same(*both(setting, rows, prefix_from=rows))


def test_loss_and_gradients_are_those_of_transformers_without_shared_prefix(setting):
    rows = setting[1][:7]
    other = type(rows[0])(ids=(9, *rows[0].ids), label_start=rows[0].label_start + 1)
    assert_same(*both(setting, rows, prefix_from=(*rows, other)))


def test_weights_of_labels_are_those_of_transformers(setting):
    rows = [
        replace(row, weights=tuple(1.0 + 3 * (i % 3) for i in range(len(row.label_weights))))
        for row in setting[1][:7]
    ]
    general, ours = both(setting, rows, prefix_from=rows)
    assert_same(general, ours)
    plain, _ = both(setting, setting[1][:7], prefix_from=rows)
    assert abs(plain[0] - general[0]) > 1e-4


def test_a_batch_cut_into_parts_has_the_gradient_of_the_whole(setting):
    rows = setting[1][:7]
    assert_same(*both(setting, rows, prefix_from=rows, micro_tokens=128))


def test_a_row_that_is_alone_is_computed_like_one_among_others(setting):
    rows = setting[1]
    ours = LlamaEngine(setting[0], device="cpu", precision="fp32", rows=rows)
    alone = sum(ours.loss_sum([row]) for row in rows)
    assert ours.loss_sum(rows) == pytest.approx(alone, rel=1e-5)


def test_the_engine_follows_the_adapter_as_it_changes(setting):
    peft_model, rows = setting
    ours = LlamaEngine(peft_model, device="cpu", precision="fp32", rows=rows)
    before = ours.loss_sum(rows[:4])
    with torch.no_grad():
        for parameter in adapter.trainable(peft_model).values():
            parameter.mul_(2.0)
    general = PeftEngine(peft_model, device="cpu", precision="fp32").loss_sum(rows[:4])
    assert ours.loss_sum(rows[:4]) == pytest.approx(general, rel=1e-5)
    assert abs(general - before) > 1e-3


def test_bf16_stays_close_to_fp32(setting):
    peft_model, rows = setting
    exact = LlamaEngine(peft_model, device="cpu", precision="fp32", rows=rows)
    rounded = LlamaEngine(peft_model, device="cpu", precision="bf16", rows=rows)
    assert rounded.loss_sum(rows) == pytest.approx(exact.loss_sum(rows), rel=0.02)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        (TrainSettings(rank=4), "llama"),
        (TrainSettings(rank=4, dropout=0.1), "transformers"),
        (TrainSettings(rank=4, quantisation="nf4"), "transformers"),
    ],
)
def test_what_the_hand_written_engine_does_not_know_goes_to_transformers(setting, settings, name):
    chosen = engine.choose(setting[0], settings, device="cpu", precision="fp32", rows=setting[1])
    assert chosen.name == name
