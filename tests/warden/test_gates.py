"""What is looked for first must be there wherever the whole pattern matches."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forgemind_assets.warden import personal_contacts, personal_places, secret_context
from forgemind_assets.warden.decoding import readings
from forgemind_assets.warden.layers import secrets
from forgemind_assets.warden.normalise import normalise
from forgemind_assets.warden.number_runs import runs
from forgemind_assets.warden.secret_context import NAME_WORDS
from forgemind_assets.warden.secret_rule import END, START
from forgemind_assets.warden.secret_rules import RULES

GATED = [r for r in RULES if r.needs is not None and r.pattern.pattern.startswith(START)]


@given(st.from_regex(secret_context._ANY_NAME, fullmatch=True))
def test_whatever_begins_the_name_of_a_secret_holds_a_word_that_is_looked_up(name: str):
    assert any(word in name for word in NAME_WORDS)


@pytest.mark.parametrize("word", sorted(NAME_WORDS))
def test_every_word_that_is_looked_up_begins_a_name(word: str):
    assert secret_context._ANY_NAME.search(word)


@pytest.mark.parametrize("rule", GATED, ids=lambda rule: rule.kind)
@given(data=st.data())
def test_a_token_holds_what_its_rule_needs(rule, data):
    body = rule.pattern.pattern.removeprefix(START).removesuffix(END)
    alphabet = st.characters(min_codepoint=0x20, max_codepoint=0x7E)
    text = data.draw(st.from_regex(body, fullmatch=True, alphabet=alphabet))
    assert rule.needs.search("\n".join(secrets._ASCII_RUN.findall(f'x = "{text}"')))


@given(st.text("aZ09_é+/%.:$!~- \n=\"'"))
def test_runs_of_ascii_are_the_same_with_the_faster_pattern(text: str):
    if text.isascii():
        assert secrets._ASCII_RUN.findall(text) == secrets._RUN.findall(text)


@given(st.from_regex(personal_places._STREET, fullmatch=True))
def test_every_street_holds_a_house_number(street: str):
    assert personal_places._HOUSE_NUMBER.search(street)


@given(st.text("aZ9@@..-_+/ é"))
def test_every_address_of_mail_holds_what_is_looked_for_first(text: str):
    if personal_contacts._EMAIL.search(text):
        assert personal_contacts._AT.search(text)


@given(st.lists(st.from_regex(r"[0-9a-f]{1,4}", fullmatch=True), min_size=8, max_size=8))
def test_an_address_of_eight_groups_is_seen(groups: list[str]):
    text = f"peer {':'.join(groups)} up"
    assert personal_places._IPV6.search(text)
    assert personal_places._GROUPS.search(text)


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=8), st.booleans())
def test_text_in_pairs_of_hexadecimal_digits_is_read(text: str, colons: bool):
    pairs = text.encode().hex(":" if colons else " ")
    assert any(text in view.text for view in readings(f"x = '{pairs}'").views)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("call +49 151 23456789 now", ["+49 151 23456789"]),
        ("(415) 555-2671", ["(415) 555-2671"]),
        ("ID AB 12345678 x", ["ID AB 12345678"]),
        ("+(030) 901820 12", ["+(030) 901820 12"]),
        ("a-+49 151 23456789", ["+49 151 23456789"]),
        ("x1234567890", []),
        ("v.12345678", []),
        ("1234567", []),
        ("12345678", ["12345678"]),
    ],
)
def test_runs_of_digits_begin_and_end_where_a_number_could(text: str, found: list[str]):
    assert [run for _, run in runs(text)] == found
    assert all(text[start:].startswith(run) for start, run in runs(text))


def test_a_mark_that_follows_a_plain_letter_is_put_together_with_it():
    assert normalise("e\u0301t\u0301") == "ét\u0301"
    assert normalise("pa\u200bss") == "pass"
    assert not re.search("\u200b", normalise("\u200b\u200ba\u200bb"))
