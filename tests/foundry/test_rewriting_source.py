"""Span edits and the finding that moves with the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forgemind_assets.foundry.rewriting.literals import read_literal, read_literals
from forgemind_assets.foundry.rewriting.source import AnchorLost, Edit, Snippet, Source, apply_edits

CODE = "a = 1\n    \nif a:\n    run(a)\n"


def test_a_line_beyond_the_end_is_refused():
    with pytest.raises(ValueError, match="line 9"):
        Snippet.at_line(CODE, 9)


def test_an_insertion_before_the_finding_moves_it_down():
    snippet = apply_edits(Snippet.at_line(CODE, 4), [Edit(0, 0, "# one\n# two\n")])
    assert snippet.line == 6


def test_an_insertion_at_the_finding_goes_before_it():
    start = Snippet.at_line("run(a)\n", 1)
    after = apply_edits(start, [Edit(0, 0, "import x\n")])
    assert (after.line, after.text[after.anchor :]) == (2, "run(a)\n")


def test_replacing_the_text_around_the_finding_is_refused():
    with pytest.raises(AnchorLost):
        apply_edits(Snippet("abcdef", 3), [Edit(1, 5, "x")])


def test_overlapping_edits_are_refused():
    with pytest.raises(ValueError, match="overlap"):
        apply_edits(Snippet("abcdef", None), [Edit(0, 3, "x"), Edit(2, 4, "y")])


@given(st.integers(1, 12), st.lists(st.integers(0, 12), max_size=6))
def test_the_finding_stays_on_its_statement_whatever_lines_are_inserted(line, inserted):
    lines = [f"call_{n}()" for n in range(1, 13)]
    text = "\n".join(lines) + "\n"
    starts = [sum(len(x) + 1 for x in lines[:n]) for n in range(13)]
    edits = [Edit(starts[n], starts[n], "# note\n") for n in set(inserted)]
    after = apply_edits(Snippet.at_line(text, line), edits)
    assert after.text.split("\n")[after.line - 1] == f"call_{line}()"


def test_names_in_f_strings_have_true_offsets():
    source = Source(Snippet("é = 1\nx = f\"ä {a.b!r} {{no}} {c[0]:>{w}} {d + 'e'}\"\n", None))
    import ast

    found = {}
    for chunk in source.chunks[1:]:
        for node in ast.walk(chunk.tree):
            if isinstance(node, ast.Name):
                found[node.id] = source.text[chunk.start(node) : chunk.end(node)]
    assert found == {"a": "a", "c": "c", "w": "w", "d": "d"}


def test_joined_literals_are_read_one_by_one():
    text = "\n".join([r"r'\d' ", "f'{x[\"k\"]}'  # note", ' "b"'])
    assert [one.prefix for one in read_literals(text, 0, len(text))] == ["r", "f", ""]


def test_an_unclosed_literal_is_refused():
    with pytest.raises(ValueError, match="does not end"):
        read_literal('"abc', 0)
