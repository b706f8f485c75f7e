"""The page of rows: nothing that a teacher wrote becomes markup, and the filters lead on."""

import pytest
from fakes.pages import HOSTILE, read

from forgemind_assets.dashboard.records import RowsPage
from forgemind_assets.dashboard.rows_page import rows_address, rows_page
from forgemind_assets.foundry.browsing import COLUMNS, RowQuery


def found(text, **changes):
    values = {
        "goal": text,
        "iteration": text,
        "query": RowQuery(rejected=True, slice=text),
        "total": 60,
        "number": 2,
        "pages": 3,
        "rows": (dict.fromkeys(COLUMNS, text),),
        "choices": {"slice": (text,), "strategy": (text, "b"), "reason": (text,)},
    }
    return RowsPage(**(values | changes))


@pytest.mark.parametrize("text", HOSTILE)
def test_what_others_wrote_stays_text(text):
    calm, wild = read(rows_page(found("plain"))), read(rows_page(found(text)))
    assert wild.shape == calm.shape
    assert wild.open == []


def test_filters_are_a_form_that_changes_nothing_and_pages_keep_them():
    page = rows_page(found("plain"))
    assert '<form method="get" action="/goals/plain/rows/plain">' in page
    assert '<option value="plain" selected>plain</option>' in page
    assert "60 rejected rows, page 2 of 3." in page
    assert "slice=plain&amp;rejected=1&amp;page=3" in page
    assert 'href="/goals/plain/rows/plain?slice=plain&amp;rejected=1"' in page


def test_a_row_that_was_made_without_a_teacher_says_no_more_than_it_knows():
    row = dict.fromkeys(COLUMNS, "plain") | dict.fromkeys(
        ("teacher", "variant", "template", "reason", "stage", "parent")
    )
    page = rows_page(found("plain", query=RowQuery(), rows=(row,), number=1, pages=1, total=1))
    assert "None" not in page
    assert "Next page" not in page
    assert "1 kept rows, page 1 of 1." in page


def test_addresses_hold_any_name():
    assert rows_address("a/b", "0 1", RowQuery(reason="x&y"), 2) == (
        "/goals/a%2Fb/rows/0%201?reason=x%26y&page=2"
    )
