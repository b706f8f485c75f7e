"""Looking through the rows of a dataset."""

import pytest
from foundry_cases import row

from forgemind_assets.errors import UserError
from forgemind_assets.foundry.browsing import COLUMNS, RowQuery, browse
from forgemind_assets.foundry.pipeline import Rejected
from forgemind_assets.foundry.tables import rows_frame, write_rejected, write_rows


@pytest.fixture
def folder(tmp_path):
    kept = [row(f"x = {n}\n") for n in range(7)] + [row("y = 1\n", "CWE-89", 1, teacher="own")]
    lost = [Rejected(row("z = 1\n"), "length", "too_short"), Rejected(row("("), "parse", "broken")]
    write_rows(kept, tmp_path / "kept.parquet")
    write_rejected(lost, tmp_path / "rejected.parquet")
    return tmp_path


def test_kept_rows_come_in_their_order_part_by_part(folder):
    first, second = browse(folder, RowQuery(), 5), browse(folder, RowQuery(), 5, 5)
    assert (first.total, len(first.rows), len(second.rows)) == (8, 5, 3)
    assert [r["input"] for r in (*first.rows, *second.rows)][:7] == [f"x = {n}\n" for n in range(7)]
    assert set(first.rows[0]) == set(COLUMNS)
    assert first.rows[0]["reason"] is None


def test_filters_name_what_there_is(folder):
    found = browse(folder, RowQuery(slice="CWE-89", strategy="teacher_pairs"), 5)
    assert [r["teacher"] for r in found.rows] == ["own"]
    assert found.choices["strategy"] == ("seed_expansion", "teacher_pairs")
    assert found.choices["reason"] == ()
    lost = browse(folder, RowQuery(rejected=True, reason="broken"), 5)
    assert [(r["stage"], r["input"]) for r in lost.rows] == [("parse", "(")]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (RowQuery(slice="CWE-98"), "kept rows, slice: .*did you mean CWE-89"),
        (RowQuery(reason="broken"), r"kept rows, reason: expected one of \(none\)"),
        (RowQuery(rejected=True, reason="brocken"), "did you mean broken"),
    ],
)
def test_a_filter_that_names_nothing_is_a_mistake(folder, query, told):
    with pytest.raises(UserError, match=told):
        browse(folder, query, 5)


def test_a_table_from_before_there_were_prompt_variants_is_browsed(folder):
    rows_frame([row("a\n")]).drop("variant", "template").write_parquet(folder / "kept.parquet")
    (one,) = browse(folder, RowQuery(), 5).rows
    assert (one["input"], one["variant"]) == ("a\n", None)
