"""The examination is what it says: right counts and formats, one find a text, none in clean."""

import ast
import ipaddress
import json
import random
import re
import shlex
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import planted_carriers
import planted_corpus
import pytest
import yaml
from bench_tests.planted_formats import FORMATS, is_placeholder
from bench_tests.planted_undo import UNDO, flat, iban, luhn
from planted_clean import LOOKALIKES
from planted_marks import MARK
from planted_mint import Field

BENCH = Path(planted_corpus.__file__).parent
SECRETS, PEOPLE = planted_corpus.secrets(), planted_corpus.personal()
ALL = [*SECRETS, *PEOPLE]
DISGUISED = [item for item in ALL if item.encoding != "none"]
MAIL = re.compile(r"[\w.+-]+@([\w-]+\.[\w.-]*\w)")
ADDRESS = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])")


@cache
def clean() -> list[str]:
    return planted_corpus.clean_rows()


def named(item) -> str:
    return f"{item.kind}-{item.carrier}-{item.encoding}"


def test_there_are_a_thousand_secrets_of_thirty_kinds_and_three_hundred_people():
    kinds = Counter(item.kind for item in SECRETS)
    assert (len(SECRETS), len(kinds), len(PEOPLE)) == (1_000, 30, 300)
    assert set(kinds.values()) == {33, 34}


def test_half_of_the_kinds_are_held_out_and_each_kind_is_on_one_side():
    sides = {(item.kind, item.held_out) for item in SECRETS}
    assert len(sides) == 30
    assert sum(held_out for _, held_out in sides) == 15
    people = {(item.kind, item.held_out) for item in PEOPLE}
    assert (len(people), sum(held_out for _, held_out in people)) == (7, 4)


@pytest.mark.parametrize("items", [SECRETS, PEOPLE], ids=["secrets", "personal"])
def test_a_third_is_disguised_in_four_ways_of_about_the_same_share(items):
    ways = Counter(item.encoding for item in items)
    share = 1 - ways.pop("none") / len(items)
    assert abs(share - 1 / 3) < 0.02
    assert len(ways) == 4
    assert max(ways.values()) - min(ways.values()) <= 3


def test_every_kind_is_disguised_in_every_way_and_every_carrier_is_used():
    assert {(item.kind, item.encoding) for item in SECRETS} >= {
        (kind, way) for kind in FORMATS for way in UNDO
    }
    assert {item.carrier for item in SECRETS} == {item.carrier for item in PEOPLE}
    assert min(Counter(item.carrier for item in SECRETS).values()) > 40


@pytest.mark.parametrize("seed", range(4))
def test_each_value_comes_back_when_its_encoding_is_undone(seed):
    items = [*planted_corpus.secrets(seed), *planted_corpus.personal(seed)]
    lost = [item for item in items if flat(item.secret) not in flat(UNDO[item.encoding](item.text))]
    assert lost == []


def test_a_disguised_value_cannot_be_read_in_the_clear():
    assert [named(item) for item in DISGUISED if flat(item.secret) in flat(item.text)] == []


def test_a_text_has_80_to_800_characters_unless_its_value_alone_is_long():
    for item in ALL:
        assert len(item.text) >= 80
        size = len(item.secret) * (1 if item.encoding in ("none", "zero_width") else 2)
        assert len(item.text) <= 800 or size > 200, named(item)
    assert sum(len(item.text) > 800 for item in ALL) < len(ALL) / 10


def test_a_value_stands_at_the_beginning_in_the_middle_and_at_the_end():
    places = [item.text.find(item.secret) / len(item.text) for item in ALL]
    thirds = Counter(int(place * 3) for place in places if place >= 0)
    assert min(thirds.values()) > 100


def test_carriers_are_well_formed():
    for item in ALL:
        if item.carrier in ("python", "docstring", "comment"):
            ast.parse(item.text)
        elif item.carrier == "json":
            assert isinstance(json.loads(item.text), dict)
        elif item.carrier == "yaml":
            assert isinstance(yaml.safe_load(item.text), dict)
        elif item.carrier == "shell":
            assert shlex.split(item.text, comments=True)


@pytest.mark.parametrize("family", ["secret", "person"])
@pytest.mark.parametrize("carrier", planted_carriers.CARRIERS)
def test_a_carrier_without_its_value_holds_nothing_to_find(carrier, family):
    field = Field("SETTING", "value", '"value"', "'value'")
    for seed in range(60):
        text = planted_carriers.CARRIERS[carrier](random.Random(seed), [field], family)
        found = [kind for kind, shape in FORMATS.items() if re.search(shape, text)]
        assert (found, MAIL.findall(text), ADDRESS.findall(text)) == ([], [], []), text
        mixed = re.findall(r"\b(?=\w*\d)(?=\w*[A-Za-z])[A-Za-z0-9]{12,}\b", text)
        assert mixed == [], text


def test_the_same_seed_gives_the_same_corpus_in_another_process():
    code = (
        "import hashlib, planted_corpus as c\n"
        "rows = [c.secrets(3), c.personal(3), c.clean_rows(3, 200)]\n"
        "print(hashlib.sha256(repr(rows).encode()).hexdigest())"
    )
    marks = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=BENCH,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(BENCH)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(marks) == 1


def test_another_seed_gives_other_values_and_other_rows():
    first = {item.secret for item in ALL}
    second = {item.secret for item in planted_corpus.secrets(1) + planted_corpus.personal(1)}
    assert first & second == set()
    assert len(set(clean()[:500]) & set(planted_corpus.clean_rows(1, 500))) < 10


def test_clean_rows_are_distinct_python_of_100_to_600_characters():
    assert len(set(clean())) == 10_000
    assert all(100 <= len(row) <= 600 for row in clean())
    for row in clean():
        ast.parse(row)


def test_clean_rows_hold_no_planted_value_and_no_format_but_placeholders():
    # A quarter of the rows holds every template some twenty times.
    text = "\n\n".join(clean()[:2_500])
    assert [named(item) for item in ALL if item.secret in text] == []
    for kind, shape in FORMATS.items():
        found = {match[0] for match in re.finditer(shape, text)}
        assert [value for value in found if not is_placeholder(value)] == [], kind


def test_clean_rows_hold_no_personal_data():
    reserved = (".example", ".test", "example.com", "example.org", "example.net")
    for row in clean():
        domains = [domain for domain in MAIL.findall(row) if not domain.endswith(reserved)]
        assert set(domains) <= {"github.com"}, row
        if "version" not in row.lower():
            public = [a for a in ADDRESS.findall(row) if ipaddress.ip_address(a).is_global]
            assert public == [], row
        numbers = re.findall(r"(?<![\w.])\d(?:[ -]?\d){12,18}(?![\w.])", row)
        assert [n for n in numbers if luhn(n) and n.strip("0- ")] == [], row
        accounts = re.findall(r"\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b", row)
        assert [account for account in accounts if iban(account)] == [], row
        assert re.search(r"\+\d[\d ()-]{7,}\d", row) is None, row


def test_every_look_alike_stands_in_the_clean_rows():
    slots = re.compile(rf"\$[a-z]+\d?|{MARK.pattern}", re.IGNORECASE)
    missing = []
    for template in LOOKALIKES:
        longest = max(slots.sub("\0", template).split("\0"), key=len)
        if sum(longest in row for row in clean()) < 30:
            missing.append(template)
    assert missing == []


def test_the_examination_knows_no_scanner():
    for path in sorted(BENCH.glob("planted_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
                roots = {name.split(".")[0] for name in names}
                assert not roots & {"forgemind_assets", "resources", "sensors"}, path
