"""YAML with line numbers: values, places, and what is refused."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from forgemind_assets.goal_yaml import dotted, read_yaml, scalar


def problems_of(tmp_path: Path, content: bytes) -> list[str]:
    path = tmp_path / "goal.yaml"
    path.write_bytes(content)
    return [str(p) for p in read_yaml(path, "goal.yaml").problems]


def test_values_follow_the_core_schema_of_yaml_1_2(tmp_path: Path):
    path = tmp_path / "goal.yaml"
    path.write_text("a: 1e-3\nb: yes\nc: 2024-01-01\nd: '5'\ne: none\nf: ~\ng: true\nh: .inf\n")
    assert read_yaml(path, "g").value == {
        "a": 0.001,
        "b": "yes",
        "c": "2024-01-01",
        "d": "5",
        "e": "none",
        "f": None,
        "g": True,
        "h": ".inf",
    }


def test_every_place_knows_its_line(tmp_path: Path):
    path = tmp_path / "goal.yaml"
    path.write_text("# comment\na:\n  b:\n    - 1\n    - c: 2\n")
    document = read_yaml(path, "g")
    places = [("a",), ("a", "b"), ("a", "b", 0), ("a", "b", 1), ("a", "b", 1, "c")]
    assert [document.line(place) for place in places] == [2, 3, 4, 5, 5]
    assert document.line(("a", "b", 7, "nowhere")) == 3
    assert dotted(("a", "b", 1, "c")) == "a.b[1].c"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "goal.yaml:1: expected a mapping, found an empty file"),
        (b"# only this\n", "goal.yaml:1: expected a mapping, found an empty file"),
        (b"a: 1\nb: [1\nc: 2\n", "goal.yaml:3: expected well-formed YAML"),
        (b"a: 1\n\tb: 2\n", "goal.yaml:2: expected well-formed YAML"),
        (b"a: 1\nb: \x01\n", "goal.yaml:2: expected well-formed YAML"),
        (b"a: 1\nb: \xff\n", "goal.yaml:2: expected UTF-8 text"),
        (b"a: 1\n---\nb: 2\n", "goal.yaml:2: expected well-formed YAML, found: another document"),
        (b"a:\n  b: 1\n  b: 2\n", "goal.yaml:3: a.b: expected each key once"),
        (b"a: &x 1\nb: *x\n", "goal.yaml:2: b: expected the value itself, found an alias"),
        (b"a: &x [*x]\n", "goal.yaml:1: a[0]: expected the value itself, found an alias"),
        (b"a: !!python/object:os.system 1\n", "found the tag !!python/object:os.system"),
        (b"? [a]\n: 1\n", "goal.yaml:1: expected a word as key"),
        (b"[" * 50_000, "goal.yaml:1: expected at most 40 levels"),
        (b"a: '" + b"x" * 1_000_001, "expected at most 1,000,000 bytes"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_refused_and_where(tmp_path: Path, content: bytes, message: str):
    found = problems_of(tmp_path, content)
    assert len(found) == 1
    assert message in found[0]


def test_a_missing_file_is_a_problem(tmp_path: Path):
    assert "No such file" in str(read_yaml(tmp_path / "none.yaml", "none.yaml").problems[0])


@given(st.text(max_size=200))
def test_no_text_makes_the_reader_raise(tmp_path_factory: pytest.TempPathFactory, text: str):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    document = read_yaml(path, "any.yaml")
    assert document.problems or document.lines


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text("abc: #-'\n0", max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner),
    max_leaves=10,
)


@given(plain)
def test_what_was_dumped_is_read_back(tmp_path_factory: pytest.TempPathFactory, value: object):
    path = tmp_path_factory.getbasetemp() / "round.yaml"
    path.write_text(yaml.safe_dump({"v": value}))
    assert read_yaml(path, "r").value == {"v": value}


@pytest.mark.parametrize("text", ["1e999", "nan", "-", ".", "1_000", "0x10", "9" * 400])
def test_odd_numbers_stay_text(text: str):
    assert isinstance(scalar(text), str)
