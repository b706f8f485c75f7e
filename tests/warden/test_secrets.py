import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from warden.secret_examples import CARRIERS, ENCODINGS, KINDS, NAMES, NEEDS_NAME, SPLITS, examples

from forgemind_assets.warden.confusables import INVISIBLE
from forgemind_assets.warden.layers.secrets import Secrets
from forgemind_assets.warden.randomness import changes, entropy, looks_random
from forgemind_assets.warden.verdict import Passage, Verdict, redacted

HIDDEN = sorted(chr(code) for code in INVISIBLE)


def verdicts(text: str) -> tuple[Verdict, ...]:
    outcome = Secrets().judge([Passage(text)])[0]
    assert isinstance(outcome, tuple)
    return outcome


@pytest.mark.parametrize("kind", KINDS)
def test_a_secret_is_found_in_every_carrier_and_encoding(kind: str):
    mine = [e for e in examples(3) if e[0] == kind]
    missed = [e[1:4] for e in mine if max((v.score for v in verdicts(e[3])), default=0) < 0.5]
    assert len(mine) == len(CARRIERS) * len(ENCODINGS) + len(SPLITS)
    # a string drawn at random is now and then too regular to be told from a word
    assert len(missed) <= len(mine) // 100, missed


@given(st.sampled_from(sorted(KINDS.keys() - NEEDS_NAME)), st.integers(0, 10**6), st.data())
def test_zero_width_characters_never_hide_a_token(kind: str, seed: int, data: st.DataObject):
    secret = KINDS[kind](random.Random(seed))
    whole = f'value = f("{secret}")\n'
    plain = verdicts(whole)
    places = data.draw(st.lists(st.integers(1, len(secret) - 1), min_size=1, max_size=30))
    split = secret
    for place in sorted(set(places), reverse=True):
        split = split[:place] + data.draw(st.sampled_from(HIDDEN)) + split[place:]
    text = f'value = f("{split}")\n'
    hidden = verdicts(text)
    assert [(v.reason, v.score) for v in hidden] == [(v.reason, v.score) for v in plain]
    seen = [text[slice(*v.span)].translate(dict.fromkeys(INVISIBLE)) for v in hidden]
    assert seen == [whole[slice(*v.span)] for v in plain]


@given(
    st.sampled_from(sorted(KINDS)),
    st.sampled_from(sorted(CARRIERS)),
    st.sampled_from(sorted(ENCODINGS)),
    st.integers(0, 10**6),
)
def test_no_verdict_ever_contains_the_secret(kind: str, carrier: str, encoding: str, seed: int):
    rng = random.Random(seed)
    secret = KINDS[kind](rng)
    encoded = ENCODINGS[encoding](secret)
    for verdict in verdicts(CARRIERS[carrier](rng.choice(NAMES), encoded)):
        told = str(verdict)
        assert secret not in told
        assert encoded not in told
        assert all(
            secret[i : i + 5] not in verdict.shown
            for i in range(len(secret) - 4)
            if secret[i : i + 5] not in verdict.reason
        )


@given(st.text())
def test_a_redacted_form_shows_at_most_four_characters_and_a_fifth(text: str):
    shown = redacted("kind", text)
    head = shown.partition("…")[0]
    assert len(head) <= min(4, len(text) // 5)
    assert shown.endswith(f"(kind, {len(text)} characters)")


CLEAN = [
    'password = os.environ["DB_PASSWORD"]',
    "api_key = settings.API_KEY",
    "token: str | None = None",
    'password = getpass("Enter your password: ")',
    'SECRET_KEY = "change-me"',
    'api_key = "<your-api-key>"',
    'aws_access_key_id = "AKIAIOSFODNN7EXAMPLE"',
    'token = request.headers.get("X-Auth-Token")',
    "self.key = _verify_key_size(self, key)",
    "private = ed25519.Ed25519PrivateKey.generate()",
    'SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"',
    'request_id = "7f3d5c1a-1c2e-4b7e-9d1f-0a2b3c4d5e6f"',
    'key = "primary_email_address"',
    "DATABASE_URL = f'postgres://{user}:{password}@{host}/db'",
    'url = "postgres://user:password@localhost/db"',
    'if "-----BEGIN PRIVATE KEY-----" in data: load(data)',
    'PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]',
    'cache_key = f"user:{user_id}:profile"',
    'integrity = "sha512-u3nD4cLIsXbKaQ7YxkA0Xo0bPzJt2g9m3rVvGkU5oS1cWqTfYhZ8eLwNpRjMiBdE"',
    "suite.addTest(loader.loadTestsFromTestCase(Test))",
]


@pytest.mark.parametrize("text", CLEAN)
def test_clean_code_has_no_secret(text: str):
    assert [v for v in verdicts(text) if v.score >= 0.5] == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('password = "Tr0ub4dor&3"', "generic_password"),
        ("postgres://svc:k3Xq9ZpLm2Vt@db/app", "password_in_address"),
        ('x = "kJ8dK2mQ9zXw4Rt7Yb3Nf6Vh1Lc5Gs0P"', "high_entropy_string"),
        ('x = "acme_live_8f3kd93jf8s0dk29fjs8d7f6"', "prefixed_token"),
    ],
)
def test_a_secret_without_a_provider_is_put_before_a_person(text: str, reason: str):
    found = verdicts(text)
    assert [v.reason for v in found] == [reason]
    assert found[0].score >= 0.5


def test_each_finding_is_told_once_with_its_place():
    token = "ghp_aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5"
    text = f'a = "{token}"\n'
    (found,) = verdicts(text)
    assert (found.reason, text[slice(*found.span)], found.where) == ("github_token", token, "text")
    assert found.shown == "ghp_… (github_token, 40 characters)"


def test_randomness_from_both_sides():
    assert looks_random("k9Xq2ZpLm7Vt4RbW")
    assert not looks_random("k9Xq2ZpLm7Vt4Rb")
    assert not looks_random("loadTestsFromTestCase2")
    assert not looks_random("abcdefgh12345678")
    assert entropy("aabb") == 1.0
    assert changes("a1B2") == 1.0
    assert changes("abcd") == 0.0
