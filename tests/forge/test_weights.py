import pytest
import torch

from forgemind_assets.errors import StoreError
from forgemind_assets.forge.weights import clean_gguf, folder_hash, load_base
from forgemind_assets.home import Home


def test_the_hash_changes_with_a_byte_and_with_a_name(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"abc")
    first = folder_hash(tmp_path)
    assert first == folder_hash(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"abd")
    second = folder_hash(tmp_path)
    (tmp_path / "model.safetensors").rename(tmp_path / "other.safetensors")
    assert len({first, second, folder_hash(tmp_path)}) == 3


def test_a_folder_without_a_model_is_named(tmp_path):
    with pytest.raises(StoreError, match="expected a model folder"):
        load_base(tmp_path)


def test_a_file_that_is_no_gguf_is_refused_before_it_is_read(tmp_path):
    (tmp_path / "x.gguf").write_bytes(b"<html>")
    with pytest.raises(StoreError, match="is not a GGUF file"):
        clean_gguf(tmp_path / "x.gguf", tmp_path / "out")
    with pytest.raises(StoreError, match="found none"):
        clean_gguf(tmp_path / "y.gguf", tmp_path / "out")


@pytest.mark.parametrize(
    ("precision", "dtype"), [("fp32", torch.float32), ("bf16", torch.bfloat16)]
)
def test_the_precision_is_that_of_the_weights(tiny_base, precision, dtype):
    model, _ = load_base(tiny_base, precision=precision, device="cpu")
    assert model.model.layers[0].mlp.up_proj.weight.dtype == dtype
    assert not model.training


def test_an_unknown_quantisation_is_refused(tiny_base):
    with pytest.raises(ValueError, match="int3"):
        load_base(tiny_base, quantisation="int3")


@pytest.mark.e2e
def test_the_clean_base_knows_the_capital_of_france():
    from forgemind_assets.forge.inference import generate

    base = Home.from_environment().models / "smollm2-135m-instruct" / "clean"
    model, tokenizer = load_base(base)
    prompt = [{"role": "user", "content": "What is the capital of France?"}]
    ((_, answer),) = generate(model, tokenizer, [prompt], max_new_tokens=12)
    assert "Paris" in answer
