"""Planted values have the formats and checksums that their issuers document."""

import base64
import ipaddress
import json
import random
import re
import zlib

import planted_keys
import planted_people
import planted_secrets
import pytest
from bench_tests.planted_formats import FORMATS
from bench_tests.planted_undo import NATIONAL, from_base62, iban, luhn

TURNS = 60


def minted(kind: str):
    return [planted_secrets.MAKERS[kind](random.Random(turn)) for turn in range(TURNS)]


def people(kind: str) -> list[str]:
    make = planted_people.PEOPLE[kind][1]
    return [make(random.Random(turn)).secret for turn in range(TURNS)]


@pytest.mark.parametrize("kind", planted_secrets.MAKERS)
def test_a_secret_has_the_documented_format(kind):
    for item in minted(kind):
        text = "\n".join(f"{name}={value}" for name, value in item.fields)
        assert re.search(FORMATS[kind], text), text
        assert item.secret in text or kind == "gcp_service_account"


@pytest.mark.parametrize("kind", planted_secrets.MAKERS)
def test_a_format_knows_its_own_kind_only(kind):
    for other in set(planted_secrets.MAKERS) - {kind, "generic_assignment"}:
        for item in minted(other)[:10]:
            text = "\n".join(value for _, value in item.fields)
            assert re.search(FORMATS[kind], text) is None, (kind, other, text)


def test_githubs_and_npms_checksum_is_that_of_the_published_example():
    assert planted_keys.crc32_base62("zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ") == "0mLq17"
    for kind in ("github_classic", "npm"):
        for item in minted(kind):
            body = item.secret[4:]
            assert from_base62(body[30:]) == zlib.crc32(body[:30].encode())


def test_a_routable_gitlab_token_ends_with_its_length_and_its_checksum():
    routable = [item.secret for item in minted("gitlab") if "." in item.secret]
    assert routable
    for value in routable:
        head, check = value[:-7], value[-7:]
        payload = head.split("-", 1)[1].split(".")[0]
        assert int(check, 36) == zlib.crc32(head.encode())
        assert int(head[-2:], 36) == len(payload)


def test_an_armour_ends_with_the_checksum_of_its_bytes():
    assert planted_keys.crc24(b"123456789") == 0x21CF02  # the catalogue's check value
    for item in minted("pgp_private_key")[:10]:
        body, check = re.search(r"BLOCK-----\n\n([\s\S]+)\n=(.{4})\n", item.secret).groups()
        assert base64.b64decode(check) == planted_keys.crc24(base64.b64decode(body)).to_bytes(3)


def test_a_key_block_is_der_of_its_stated_length_or_openssh():
    for item in minted("private_key"):
        data = base64.b64decode("".join(item.secret.split("\n")[1:-1]))
        if "OPENSSH" in item.secret:
            assert data.startswith(b"openssh-key-v1\0")
        elif data[1] & 0x80:
            size = data[1] & 0x7F
            assert len(data) == 2 + size + int.from_bytes(data[2 : 2 + size])
        else:
            assert len(data) == 2 + data[1]


def test_an_rsa_modulus_has_2048_bits():
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = planted_keys.rsa_pem(random.Random(1)).encode()
    loaded = load_pem_private_key(key, None, unsafe_skip_rsa_key_validation=True)
    assert loaded.private_numbers().public_numbers.n.bit_length() == 2048


def test_a_service_account_is_json_with_a_key_in_it():
    for item in minted("gcp_service_account")[:10]:
        account = json.loads(item.fields[0][1])
        assert account["private_key"].strip() == item.secret
        assert account["type"] == "service_account"


def test_a_json_web_token_says_its_algorithm_and_its_end():
    for item in minted("jwt"):
        parts = [base64.urlsafe_b64decode(part + "==") for part in item.secret.split(".")]
        assert json.loads(parts[0]) == {"alg": "HS256", "typ": "JWT"}
        assert json.loads(parts[1])["exp"] - json.loads(parts[1])["iat"] == 86_400
        assert len(parts[2]) == 32


def test_a_pypi_token_is_a_macaroon_of_pypi():
    for item in minted("pypi"):
        body = item.secret.removeprefix("pypi-")
        data = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
        assert data.startswith(b"\x02\x01\x08pypi.org\x02\x24")
        assert data[-34:-32] == b"\x06\x20"


@pytest.mark.parametrize("name", NATIONAL)
def test_the_checks_of_national_numbers_accept_the_published_example_only(name):
    shape, good, example = NATIONAL[name]
    assert re.fullmatch(shape, example)
    assert good(example)
    place = next(at for at, sign in enumerate(example) if sign.isdigit() and at > 2)
    wrong = example[:place] + str((int(example[place]) + 1) % 10) + example[place + 1 :]
    assert not good(wrong)


def test_every_country_is_planted_with_right_check_digits():
    pairs = zip(NATIONAL.items(), planted_people.NATIONAL, strict=True)
    for (name, (shape, good, _)), (_, make) in pairs:
        for value in (make(random.Random(turn)) for turn in range(TURNS)):
            assert re.fullmatch(shape, value), (name, value)
            assert good(value), (name, value)


def test_accounts_and_cards_have_right_check_digits():
    assert iban("GB82 WEST 1234 5698 7654 32")
    assert luhn("4111 1111 1111 1111")
    assert not iban("GB83 WEST 1234 5698 7654 32")
    assert not luhn("4111 1111 1111 1112")
    assert all(iban(value) for value in people("iban"))
    assert all(luhn(value) for value in people("credit_card"))
    assert {value[:2] for value in people("iban")} > {"DE", "FR"}


def test_an_account_has_the_length_of_its_country():
    lengths = {"DE": 22, "GB": 22, "FR": 27, "ES": 24, "NL": 18, "IT": 27, "BE": 16, "AT": 20}
    lengths |= {"CH": 21, "PL": 28, "SE": 24, "PT": 25}
    for value in people("iban"):
        packed = value.replace(" ", "")
        assert len(packed) == lengths[packed[:2]]


def test_an_address_is_public_and_no_resolver():
    for value in people("ipv4"):
        assert ipaddress.ip_address(value).is_global
        assert not value.startswith(("8.8.", "1.1.", "9.9."))


def test_a_social_security_number_is_in_an_assignable_range():
    for value in people("us_ssn"):
        area, group, serial = map(int, value.split("-"))
        assert 0 < area < 900
        assert area != 666
        assert group * serial > 0


def test_phones_and_mails_have_their_form_and_no_reserved_domain():
    for value in people("phone"):
        assert 10 <= len(re.sub(r"\D", "", value)) <= 13
        assert re.fullmatch(r"\+\d[\d -]+\d", value)
    for value in people("email"):
        assert re.fullmatch(r"[a-z0-9._+-]+@[a-z0-9-]+(?:\.[a-z]{2,3}){1,2}", value)
        assert "example" not in value
