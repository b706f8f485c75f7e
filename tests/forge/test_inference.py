import pytest
import torch

from forgemind_assets.forge.decoder import CachedDecoder
from forgemind_assets.forge.encoding import prompt_ids
from forgemind_assets.forge.inference import _answers, _StopRule, generate, merge_and_load
from forgemind_assets.forge.llama_decoder import LlamaDecoder
from forgemind_assets.forge.training import train
from forgemind_assets.forge.weights import load_base
from forgemind_assets.records import TrainSettings

LIMIT = 12


@pytest.fixture(scope="module")
def loaded(tiny_base):
    return load_base(tiny_base, precision="fp32", device="cpu")


@pytest.fixture(scope="module")
def prompts(tiny_rows):
    return [messages for messages, _ in tiny_rows]


def one_by_one(model, tokenizer, prompts):
    """What `model.generate` says to each prompt alone."""
    answers = {}
    for index, prompt in enumerate(prompts):
        ids = torch.tensor([prompt_ids(tokenizer, prompt)])
        out = model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=LIMIT,
            do_sample=False,
        )
        tokens = out[0, ids.shape[1] :]
        answers[index] = tokenizer.decode(tokens, skip_special_tokens=True).strip()
    return answers


@pytest.mark.parametrize("batch_size", [1, 5, 64])
def test_batched_answers_are_those_of_single_generate_calls(loaded, prompts, batch_size):
    model, tokenizer = loaded
    found = list(generate(model, tokenizer, prompts, max_new_tokens=LIMIT, batch_size=batch_size))
    assert sorted(index for index, _ in found) == list(range(len(prompts)))
    assert dict(found) == one_by_one(model, tokenizer, prompts)


def test_prompts_may_be_token_ids(loaded, prompts):
    model, tokenizer = loaded
    ids = [prompt_ids(tokenizer, prompt) for prompt in prompts[:3]]
    given = dict(generate(model, tokenizer, ids, max_new_tokens=LIMIT))
    assert given == dict(generate(model, tokenizer, prompts[:3], max_new_tokens=LIMIT))


@pytest.mark.parametrize("prefix", [0, 7])
@pytest.mark.parametrize("drop", [[], [0, 3]])
def test_both_decoders_agree_with_and_without_prefix_and_dropped_rows(
    loaded, prompts, prefix, drop
):
    model, tokenizer = loaded
    ids = [prompt_ids(tokenizer, prompt) for prompt in prompts[:6]]
    seen = []
    for kind in (LlamaDecoder, CachedDecoder):
        decoder = kind(model, ids[0][:prefix])
        tokens = decoder.start([row[prefix:] for row in ids], LIMIT)
        steps = [tokens]
        kept = [i for i in range(6) if i not in drop]
        if drop:
            decoder.keep(kept)
            tokens = [tokens[i] for i in kept]
        for _ in range(5):
            tokens = decoder.step(tokens)
            steps.append(tokens)
        seen.append(steps)
    assert seen[0] == seen[1]


def test_an_adapter_beside_the_weights_and_merged_into_them_answer_alike(
    tiny_base, tiny_rows, prompts, tmp_path
):
    settings = TrainSettings(
        learning_rate=5e-3, epochs=6, rank=4, alpha=8, batch_size=6, precision="fp32"
    )
    train(tiny_rows, settings, tiny_base, tmp_path / "out", tmp_path / "work", device="cpu")
    from forgemind_assets.forge import adapter

    model, tokenizer = load_base(tiny_base, precision="fp32", device="cpu")
    plain = dict(generate(model, tokenizer, prompts, max_new_tokens=LIMIT))
    beside = adapter.load(model, tmp_path / "out")
    merged, _ = merge_and_load(tiny_base, tmp_path / "out", precision="fp32", device="cpu")
    assert not LlamaDecoder.supports(beside)
    assert LlamaDecoder.supports(merged)
    apart = dict(generate(beside, tokenizer, prompts, max_new_tokens=LIMIT))
    assert dict(generate(merged, tokenizer, prompts, max_new_tokens=LIMIT)) == apart
    assert apart != plain


class Scripted:
    """A decoder that says given token lists, whatever it reads."""

    def __init__(self, scripts):
        self.rows, self.at, self.widths = list(scripts), 0, []

    def start(self, rows, room):
        self.widths.append(len(self.rows))
        return [row[0] for row in self.rows]

    def step(self, tokens):
        self.at += 1
        self.widths.append(len(tokens))
        return [row[min(self.at, len(row) - 1)] for row in self.rows]

    def keep(self, rows):
        self.rows = [self.rows[i] for i in rows]


def said(tokenizer, *texts, limit=50):
    scripts = [tokenizer(text)["input_ids"] for text in texts]
    decoder = Scripted(scripts)
    answers = dict(_answers(decoder, scripts, _StopRule(tokenizer), limit))
    return [tokenizer.decode(answers[row]) for row in range(len(texts))], decoder.widths


def test_an_answer_ends_at_the_end_mark(loaded):
    assert said(loaded[1], "ab<|im_end|>cd")[0] == ["ab"]


def test_an_answer_ends_at_a_newline_after_a_json_object(loaded):
    assert said(loaded[1], '{"a": 1}\nmore<|im_end|>')[0] == ['{"a": 1}']


def test_a_newline_before_the_json_object_is_complete_does_not_end_it(loaded):
    text = '```json\n{"a":\n1}\n```'
    assert said(loaded[1], text + "<|im_end|>")[0] == [text]


def test_an_answer_ends_at_the_limit(loaded):
    assert said(loaded[1], "abcdef<|im_end|>", limit=3)[0] == ["abc"]


def test_finished_rows_leave_the_batch(loaded):
    answers, widths = said(loaded[1], *["a<|im_end|>"] * 3, "abcd<|im_end|>")
    assert answers == ["a", "a", "a", "abcd"]
    assert widths == [4, 4, 1, 1, 1]


def test_an_answer_is_given_as_soon_as_it_is_complete(loaded):
    scripts = [loaded[1](text)["input_ids"] for text in ("abcd<|im_end|>", "a<|im_end|>")]
    decoder = Scripted(scripts)
    row, _ = next(_answers(decoder, scripts, _StopRule(loaded[1]), 50))
    assert (row, decoder.at) == (1, 1)


def test_no_prompts_give_no_answers(loaded):
    assert list(generate(*loaded, [], max_new_tokens=LIMIT)) == []
