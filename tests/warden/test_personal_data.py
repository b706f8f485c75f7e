import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import iban, luhn
from stdnum.br import cpf
from stdnum.es import dni

from forgemind_assets.warden.identity_numbers import NUMBERS, holds
from forgemind_assets.warden.layers.personal_data import PersonalData
from forgemind_assets.warden.verdict import Passage, Verdict


def verdicts(text: str) -> tuple[Verdict, ...]:
    outcome = PersonalData().judge([Passage(text)])[0]
    assert isinstance(outcome, tuple)
    return outcome


def acted_on(text: str) -> list[str]:
    return [v.reason for v in verdicts(text) if v.score >= 0.5]


FOUND = [
    ("write to anna.kowalska@firma-gdansk.pl today", "email"),
    ("anna [at] firma-gdansk [dot] pl", "email"),
    ("call (415) 555-2671", "phone"),
    ("+49 151 23456789", "phone"),
    ("tel: 030 901820", "phone"),
    ('phone = "06 12 34 56 78"', "phone"),
    ("GB33 BUKB 2020 1555 5555 55", "iban"),
    ("DE89370400440532013000", "iban"),
    ("4539 1488 0343 6467", "credit_card"),
    ("376680816376961", "credit_card"),
    ("536-90-4399", "us_ssn"),
    ("ssn: 536904399", "us_ssn"),
    ("12345678Z", "es_dni"),
    ("X1234567L", "es_nie"),
    ("nhs_number = 9434765919", "gb_nhs"),
    ("529.982.247-25", "br_cpf"),
    ("pesel 44051401359", "pl_pesel"),
    ("Steuer-ID: 36 574 261 809", "de_steuer_id"),
    ("RSSMRA85T10A562S", "it_codice_fiscale"),
    ("1 85 05 78 006 084 91", "fr_nir"),
    ("AB123456C", "gb_nino"),
    ("85.07.30-033.28", "be_national_number"),
    ("756.9217.0769.85", "ch_ahv"),
    ("131052-308T", "fi_hetu"),
    ("11010519491231002X", "cn_resident_id"),
    ("peer 93.184.216.34 connected", "ip_address"),
    ("2607:f8b0:4005:805::200e", "ip_address"),
    ("DOB: 1984-03-12", "birth_date"),
]


@pytest.mark.parametrize(("text", "reason"), FOUND)
def test_personal_data_is_found(text: str, reason: str):
    assert reason in acted_on(text)


@pytest.mark.parametrize(
    "text",
    [
        "GB33 BUKB 2020 1555 5555 56",  # wrong mod 97
        "4539 1488 0343 6468",  # wrong Luhn
        "4111 1111 1111 1111",  # a published test card
        "12345678A",  # wrong letter
        "529.982.247-26",  # wrong check digits
        "000-12-3456",
        "666-12-3456",
        "900-12-0000",
        "123-00-4567",
        "078-05-1120",  # printed on a wallet's specimen
        "user@example.com",
        "(202) 555-0143",
        "192.168.1.10",
        "203.0.113.9",
        "version 93.184.216.34",
        "0.3333333333333333",
        "x = 1999/12/31",
        "sha = 9434765919abcdef",
    ],
)
def test_what_belongs_to_nobody_is_not_acted_on(text: str):
    assert acted_on(text) == []


def test_what_is_reserved_is_still_told():
    assert [(v.reason, v.score) for v in verdicts("user@example.com")] == [("email", 0.2)]


@given(st.integers(0, 10**18 - 1))
def test_one_wrong_digit_hides_an_iban(account: int):
    body = f"{account:018d}"
    good = "DE" + iban.calc_check_digits(f"DE00{body}") + body
    wrong = good[:-1] + str((int(good[-1]) + 1) % 10)
    assert "iban" in acted_on(good)
    assert "iban" not in acted_on(wrong)


@given(st.integers(0, 10**14 - 1))
def test_one_wrong_digit_hides_a_card(number: int):
    body = f"4{number:014d}"
    good = body + luhn.calc_check_digit(body)
    wrong = good[:-1] + str((int(good[-1]) + 1) % 10)
    if len(set(good)) > 3:
        assert [v.reason for v in verdicts(good)] == ["credit_card"]
    assert "credit_card" not in acted_on(wrong)


@given(st.integers(1, 99_999_998))
def test_every_dni_and_cpf_that_holds_is_found(number: int):
    text = f"{number:08d}"
    if len(set(text)) > 2:
        assert "es_dni" in acted_on(text + dni.calc_check_digit(text))
    body = f"{number + 100_000_000:09d}"
    whole = body + cpf._calc_check_digits(body)
    if len(set(whole)) > 3:
        assert acted_on(f"cpf {whole[:3]}.{whole[3:6]}.{whole[6:9]}-{whole[9:]}")


def test_every_identity_number_has_a_rule_that_runs():
    for number in NUMBERS:
        assert holds(number, "nothing") is False
        assert 0 < number.strength < 1


def test_a_hidden_address_is_found_and_never_shown():
    address = "anna.kowalska@firma-gdansk.pl"
    for text in (address.encode().hex(), "\u200b".join(address), address.replace("@", "%40")):
        (found,) = verdicts(f'x = "{text}"')
        assert found.reason == "email"
        assert found.where != "text"
        assert address not in str(found)
