import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forgemind_assets.foundry.answer_shape import TOO_DEEP, fault_of, shape

SCHEMA = {
    "type": "object",
    "properties": {"lines": {"type": "array", "items": {"type": "string"}, "minItems": 2}},
    "required": ["lines"],
    "additionalProperties": False,
}
GOOD = '{"lines": ["a = 1", "b = \\"x\\""]}'


def test_what_fits_is_left_as_it_was_said():
    shaped = shape(GOOD, "stop", SCHEMA)
    assert (shaped.text, shaped.repaired, shaped.fault) == (GOOD, False, "")


@pytest.mark.parametrize(
    "said",
    [
        f"```json\n{GOOD}\n```",
        f"Here is the code:\n{GOOD}\nI hope that it helps.",
        GOOD.replace('"]', '",]'),
        GOOD.replace('"lines"', "lines"),
        GOOD.replace('", "', '" "'),
        GOOD.replace("]}", "}"),
    ],
)
def test_slips_of_form_are_mended(said):
    shaped = shape(said, "stop", SCHEMA)
    assert (shaped.repaired, shaped.fault) == (True, "")
    assert json.loads(shaped.text) == {"lines": ["a = 1", 'b = "x"']}


@pytest.mark.parametrize(
    ("said", "finish", "fault"),
    [
        (GOOD[:20], "length", "cut off at max_tokens"),
        (GOOD[:20] + "}", "length", "cut off at max_tokens"),
        (GOOD[:20], "stop", "no JSON object"),
        ("I cannot help with that.", "stop", "no JSON object"),
        ("", "stop", "no JSON object"),
        ('{"lines": ["a = 1"]}', "stop", "$.lines"),
        ('{"lines": "a = 1",}', "stop", "$.lines"),
        ('{"lines": ["a", "b"], "more": 1}', "stop", "more"),
        ("[1, 2]", "stop", "$"),
    ],
)
def test_what_does_not_fit_is_left_as_it_was_said_with_the_reason(said, finish, fault):
    shaped = shape(said, finish, SCHEMA)
    assert (shaped.text, shaped.repaired) == (said, False)
    assert fault in shaped.fault


def test_an_answer_that_ends_with_the_last_allowed_token_and_is_whole_is_used():
    assert shape(GOOD, "length", SCHEMA).fault == ""


lines = st.lists(st.text(max_size=8), max_size=4)


@given(value=st.fixed_dictionaries({"lines": lines}), ends=st.sampled_from(["", ",", "\n```"]))
def test_nothing_that_is_called_fitting_misses_the_schema(value, ends):
    text = json.dumps(value)
    shaped = shape(text[:-1] + ends + "}", "stop", SCHEMA)
    if not shaped.fault:
        assert fault_of(json.loads(shaped.text), SCHEMA) == ""


@pytest.mark.parametrize("said", ["[" * 20_000, '{"lines": ' * 20_000, "[" * 9000 + "]" * 9000])
def test_an_answer_that_is_nested_endlessly_ends_no_run(said):
    shaped = shape(said, "stop", SCHEMA)
    assert (shaped.text, shaped.repaired) == (said, False)
    assert shaped.fault in (TOO_DEEP, "no JSON object")
