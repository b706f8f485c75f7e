"""Validation of the datasets with Great Expectations."""

import warnings

import pytest
from foundry_cases import SEEDS, row, small_goal

from forgemind_assets.foundry.strategies.seed_expansion import expand
from forgemind_assets.foundry.tables import rows_frame

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]


@pytest.fixture(scope="module")
def expectations():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from forgemind_assets.foundry import expectations as module

        module._expectations()
    return module


@pytest.fixture(scope="module")
def frame():
    return rows_frame(expand(SEEDS, {s.slice: 10 for s in SEEDS}, 1))


def test_a_sound_dataset_passes_both_validations(expectations, frame, tmp_path):
    assert expectations.validate_raw(frame).success
    report = expectations.validate_filtered(frame, small_goal(tmp_path))
    assert report.success, report.failed


def test_a_row_without_origin_fails_the_raw_validation(expectations, frame):
    import polars as pl

    broken = frame.with_columns(pl.lit(None, dtype=pl.String).alias("strategy"))
    report = expectations.validate_raw(broken)
    assert [(f.expectation, f.column) for f in report.failed] == [
        ("expect_column_values_to_not_be_null", "strategy")
    ]


def test_duplicates_and_unknown_labels_fail_the_filtered_validation(expectations, tmp_path):
    twice = rows_frame([row("a = eval(b) + 11111111\n")] * 2)
    failed = expectations.validate_filtered(twice, small_goal(tmp_path)).failed
    assert {"row_id", "input", "largest_label_share"} <= {f.column for f in failed}
    other = rows_frame(
        [row("a = eval(b) + 11111111\n", "CWE-1", 1), row("b = 11111111111111111\n")]
    )
    failed = expectations.validate_filtered(other, small_goal(tmp_path)).failed
    assert "label" in {f.column for f in failed}
