import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forgemind_assets.forge.encoding import (
    encode_rows,
    end_id,
    prompt_ids,
    shared_prefix,
    value_starts,
)
from forgemind_assets.home import Home


@pytest.fixture(scope="module")
def tokenizer(tiny_base):
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tiny_base)


def test_the_inference_prompt_is_an_exact_prefix_of_the_training_row(tokenizer, tiny_rows):
    encoded = encode_rows(tokenizer, tiny_rows, max_length=512).rows
    for row, (messages, answer) in zip(encoded, tiny_rows, strict=True):
        prompt = prompt_ids(tokenizer, messages)
        assert list(row.ids[: row.label_start]) == prompt
        assert tokenizer.decode(row.ids[row.label_start :]) == answer + "<|im_end|>"


def test_a_row_at_the_limit_is_kept_and_one_token_more_is_refused(tokenizer, tiny_rows):
    length = len(encode_rows(tokenizer, tiny_rows[:1], max_length=512).rows[0].ids)
    assert encode_rows(tokenizer, tiny_rows[:1], max_length=length).refused == ()
    over = encode_rows(tokenizer, tiny_rows[:1], max_length=length - 1)
    assert (over.rows, over.refused) == ((), (0,))


def test_the_end_mark_comes_from_the_template_where_it_is_not_the_end_of_sequence(tokenizer):
    tokenizer.eos_token = "<|endoftext|>"
    try:
        assert end_id(tokenizer) == tokenizer.convert_tokens_to_ids("<|im_end|>")
    finally:
        tokenizer.eos_token = "<|im_end|>"


def test_a_template_without_end_mark_ends_at_the_end_of_sequence(tokenizer):
    template = tokenizer.chat_template
    tokenizer.chat_template = "{% for m in messages %}{{ m['content'] }}\n{% endfor %}"
    try:
        assert end_id(tokenizer) == tokenizer.eos_token_id
    finally:
        tokenizer.chat_template = template


@given(st.lists(st.lists(st.integers(0, 2), max_size=6), max_size=5))
def test_the_shared_prefix_is_shared_and_cannot_be_longer(sequences):
    length = shared_prefix(sequences)
    heads = {tuple(s[:length]) for s in sequences}
    assert len(heads) <= 1
    longer = {tuple(s[: length + 1]) for s in sequences}
    assert not sequences or len(longer) > 1 or min(map(len, sequences)) == length


ANSWER = '{"risk": "SQL: \\"injection\\"", "fix": null, "spot": {"line": [3, 4]}, "cwe": "CWE-89"}'


def test_the_values_of_a_json_answer_are_found_where_they_begin():
    starts = value_starts(ANSWER)
    assert list(starts) == ["risk", "fix", "spot", "cwe"]
    assert ANSWER[starts["fix"] :].startswith("null,")
    assert ANSWER[starts["spot"] :].startswith('{"line"')


@pytest.mark.parametrize("text", ["", "none", "[1, 2]", '{"a": }', '{"a" 1}', '"a"'])
def test_other_answers_have_no_values(text):
    assert value_starts(text) == {}


@given(
    st.dictionaries(
        st.text(max_size=5), st.none() | st.integers() | st.text(max_size=8), max_size=5
    )
)
def test_every_key_of_a_rendered_answer_is_found(answer):
    text = json.dumps(answer, ensure_ascii=False)
    starts = value_starts(text)
    assert list(starts) == list(answer)
    for key, value in answer.items():
        assert text[starts[key] :].startswith(json.dumps(value, ensure_ascii=False))


def test_the_first_token_of_a_weighted_value_counts_more_and_no_other(tokenizer, tiny_rows):
    messages, _ = tiny_rows[0]
    rows = [(messages, ANSWER)]
    plain = encode_rows(tokenizer, rows, max_length=512).rows[0]
    row = encode_rows(tokenizer, rows, max_length=512, answer_weights={"fix": 7.0}).rows[0]
    assert row.ids == plain.ids
    assert set(plain.label_weights) == {1.0}
    labels = row.ids[row.label_start :]
    (heavy,) = [i for i, weight in enumerate(row.label_weights) if weight == 7.0]
    assert sorted(row.label_weights)[:-1] == [1.0] * (len(labels) - 1)
    before = tokenizer.decode(labels[:heavy])
    assert ANSWER.startswith(before)
    assert before.rstrip().endswith('"fix":') or before.endswith('"fix": ')
    assert tokenizer.decode(labels[: heavy + 1]) != before


@pytest.mark.e2e
def test_the_real_tokenizer_renders_the_same_row_as_its_chat_template():
    from transformers import AutoTokenizer

    base = Home.from_environment().models / "smollm2-135m-instruct" / "clean"
    tokenizer = AutoTokenizer.from_pretrained(base)
    messages = [{"role": "system", "content": "Review."}, {"role": "user", "content": "x = 1\n"}]
    answer = '{"cwe": "none", "line": null, "fix": null}'
    (row,) = encode_rows(tokenizer, [(messages, answer)], max_length=512).rows
    whole = tokenizer.apply_chat_template(
        [*messages, {"role": "assistant", "content": answer}], tokenize=False
    )
    assert list(row.ids) == tokenizer(whole.rstrip("\n"), add_special_tokens=False)["input_ids"]
