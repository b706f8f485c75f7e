"""Our own corpora: what must be found in its usual places, and what only looks like it."""

import random

import pytest
from warden.clean_examples import TEMPLATES, clean_examples
from warden.identity_examples import (
    CARRIERS,
    FORMATS,
    GENERIC,
    IBANS,
    NAMES,
    account,
    written,
)
from warden.secret_carriers import more_examples

from forgemind_assets.warden.layers.personal_data import PersonalData
from forgemind_assets.warden.layers.secrets import Secrets
from forgemind_assets.warden.secret_names import purpose
from forgemind_assets.warden.verdict import Passage


def flagged(layer: Secrets | PersonalData, texts: list[str]) -> list[bool]:
    outcomes = layer.judge([Passage(text) for text in texts])
    assert all(isinstance(one, tuple) for one in outcomes)
    return [any(v.score >= 0.5 for v in one) for one in outcomes if isinstance(one, tuple)]


def test_what_only_looks_like_a_secret_is_let_pass():
    examples = clean_examples(1, 3)
    alarms = flagged(Secrets(), [text for _, text in examples])
    wrong = [TEMPLATES[i] for (i, _), alarm in zip(examples, alarms, strict=True) if alarm]
    assert len(wrong) <= len(examples) // 100, wrong


def test_secrets_are_found_in_many_more_places():
    examples = more_examples(1)
    found = flagged(Secrets(), [text for *_, text, _ in examples])
    missed = [e[:3] for e, hit in zip(examples, found, strict=True) if not hit]
    assert len(missed) <= len(examples) // 100, missed


def test_identity_numbers_are_found_in_every_country_and_place():
    rng = random.Random(1)
    texts = [
        (kind, put(name, written(rng, kind)))
        for kind in FORMATS
        for put in CARRIERS.values()
        for name in (rng.choice(NAMES[kind]), rng.choice(GENERIC))
    ]
    found = flagged(PersonalData(), [text for _, text in texts])
    missed = [pair for pair, hit in zip(texts, found, strict=True) if not hit]
    assert len(missed) <= len(texts) // 100, missed


def test_ibans_of_every_country_are_found():
    rng = random.Random(1)
    texts = [put("account", account(rng, c)) for c in IBANS for put in CARRIERS.values()]
    missed = [t for t, hit in zip(texts, flagged(PersonalData(), texts), strict=True) if not hit]
    assert missed == []


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("api_key", "secret"),
        ("publicKey", "public"),
        ("token_hash", "public"),
        ("hash_secret", "secret"),
        ("page_access_token", "secret"),
        ("next_page_token", "public"),
        ("PGPASSWORD", "secret"),
        ("keyboard", ""),
        ("ssh_private_key", "secret"),
    ],
)
def test_a_name_says_what_its_value_is_for(name: str, says: str):
    assert purpose(name) == says
