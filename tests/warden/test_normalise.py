# ruff: noqa: RUF001 - look-alikes are the subject

import base64
import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from warden.secret_examples import LETTERS

from forgemind_assets.warden import decoding
from forgemind_assets.warden.confusables import FOLD, INVISIBLE
from forgemind_assets.warden.decoding import readings
from forgemind_assets.warden.normalise import normalise, normalised
from forgemind_assets.warden.views import Edit, View

TOKEN = "ghp_aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5"
MESSY = st.text(
    st.sampled_from(
        [
            *"abz09 \n=\"'",
            *map(chr, list(FOLD)[:80]),
            *map(chr, sorted(INVISIBLE)[:90]),
            *"áÅ\u0301\u0308ﬁｇ½가\u1100\u1161ﾊﾞ\u0345",
        ]
    )
    | st.characters(codec="utf-8")
)


@given(MESSY)
def test_normalising_twice_changes_nothing(text: str):
    once = normalise(text)
    assert normalise(once) == once


@given(st.text(string.printable.replace("\x0b", "").replace("\x0c", "")))
def test_plain_ascii_is_left_alone(text: str):
    assert normalise(text) == text


def test_ascii_text_costs_no_new_view():
    view = View("x = 1")
    assert normalised(view) is view


def test_nothing_folds_to_what_folds_again_and_nothing_is_both():
    assert not FOLD.keys() & {ord(c) for c in FOLD.values()}
    assert not FOLD.keys() & INVISIBLE


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("ра\u0455\u0455w\u043erd", "password"),
        ("ｐａｓｓ", "pass"),
        ("to\u200bk\u2060en", "token"),
        ("𝐬𝐞𝐜𝐫𝐞𝐭", "secret"),
        ("to\x00ken", "token"),
        ("a\u00adb", "ab"),
    ],
)
def test_a_disguised_word_reads_as_a_person_sees_it(written: str, read: str):
    assert normalise(written) == read


@given(st.text(), st.data())
def test_a_span_of_a_view_maps_into_the_original(text: str, data: st.DataObject):
    view = normalised(View(text))
    if not view.text:
        return
    start = data.draw(st.integers(0, len(view.text) - 1))
    end = data.draw(st.integers(start + 1, len(view.text)))
    low, high = view.source(start, end)
    assert 0 <= low <= high <= len(text)
    if text.isascii() and not re.search(r"[\x00-\x08\x0e-\x1f\x7f]", text):
        assert text[low:high] == view.text[start:end]


def test_a_span_walks_back_through_two_steps():
    first = View("ab[CODE]yz").derive([Edit(2, 8, "c-d", "base64")])
    second = first.derive([Edit(3, 4, "", "zero_width")])
    assert second.text == "abcdyz"
    assert second.source(0, 2) == (0, 2)
    assert second.source(2, 4) == (2, 8)
    assert second.source(4, 6) == (8, 10)
    assert second.how(2, 4) == "base64+zero_width"
    assert second.how(4, 6) == "text"


FORMS = {
    "base64": base64.b64encode(TOKEN.encode()).decode(),
    "base64url": base64.urlsafe_b64encode(f"{TOKEN}~~~???".encode()).decode().rstrip("="),
    "base32": base64.b32encode(TOKEN.encode()).decode(),
    "hex": TOKEN.encode().hex(),
    "hex_upper": TOKEN.encode().hex().upper(),
    "hex_pairs": TOKEN.encode().hex(":"),
    "percent": "".join(f"%{ord(c):02x}" for c in TOKEN),
    "backslash": "".join(f"\\x{ord(c):02x}" for c in TOKEN),
    "unicode_escape": "".join(f"\\u{ord(c):04x}" for c in TOKEN),
    "entities": "".join(f"&#{ord(c)};" for c in TOKEN),
    "codes": str(list(TOKEN.encode())),
    "chr": " + ".join(f"chr({ord(c)})" for c in TOKEN),
    "plus": f'"{TOKEN[:9]}" + "{TOKEN[9:]}"',
    "implicit": f'("{TOKEN[:9]}"\n    "{TOKEN[9:]}")',
    "mixed_quotes": f"\"{TOKEN[:9]}\" + '{TOKEN[9:]}'",
    "join": f'"".join(["{TOKEN[:9]}", "{TOKEN[9:20]}", "{TOKEN[20:]}"])',
    "zero_width": "\u200b".join(TOKEN),
    "tags": "".join(chr(0xE0000 + ord(c)) for c in TOKEN),
    "twice": base64.b64encode(base64.b64encode(TOKEN.encode())).decode(),
    "hex_in_base64": base64.b64encode(TOKEN.encode().hex().encode()).decode(),
    "wrapped": base64.encodebytes(("padding line\n" * 12 + TOKEN).encode()).decode(),
    "utf16": base64.b64encode(TOKEN.encode("utf-16-le")).decode(),
    "escaped_newline": "first line\\n" + base64.b64encode(TOKEN.encode()).decode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_an_encoded_token_is_read_and_traced_to_its_place(form: str):
    text = f'before = 1\nvalue = "{FORMS[form]}" # after'
    view = next(v for v in readings(text).views if TOKEN in v.text)
    at = view.text.index(TOKEN)
    low, high = view.source(at, at + len(TOKEN))
    assert 20 <= low < high <= len(text) - len(" # after")
    assert view.how(at, at + len(TOKEN)) != "text"


def test_what_is_no_text_stays_as_it_is():
    for run in (
        "3f2504e04f8941d39a0c0305e82c3301",
        "loadTestsFromTestCaseAndMore",
        "QWxhZGRpbjpvcGVuIHNlc2FtZQXX9/+/",
    ):
        assert len(readings(f"x = {run}").views) == 1


def test_a_zip_bomb_stops_at_its_bound():
    import zlib

    bomb = base64.b64encode(zlib.compress(b"A" * 10_000_000)).decode()
    longest = max(len(v.text) for v in readings(f"x = '{bomb}'").views)
    assert longest < 100_000


def nested(depth: int) -> str:
    text = TOKEN
    for _ in range(depth):
        text = base64.b64encode(text.encode()).decode()
    return text


def test_deeper_than_the_bound_is_said_to_be_incomplete():
    inside = readings(nested(decoding.MAX_DEPTH))
    beyond = readings(nested(decoding.MAX_DEPTH + 1))
    assert inside.complete
    assert TOKEN in inside.views[-1].text
    assert not beyond.complete


def test_more_tries_than_the_bound_are_said_to_be_incomplete():
    one = base64.b64encode(b"just a short text here").decode()
    assert readings(" ".join([one] * 50)).complete
    assert not readings(" ".join([one] * (decoding.MAX_TRIES + 1))).complete


@given(st.text(), st.text(LETTERS + "+/=_-%\\x&#;\"' ,\n", max_size=300))
def test_no_text_breaks_the_decoder(one: str, two: str):
    found = readings(one + two)
    assert 1 <= len(found.views) <= 20
