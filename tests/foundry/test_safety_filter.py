import json

import dagster as dg
import pytest
from foundry_cases import row

from forgemind_assets.foundry.filters.safety import Safety
from forgemind_assets.warden.checks import result_of
from forgemind_assets.warden.policy import LayerPolicy, Policy
from forgemind_assets.warden.policy_files import default_policy
from forgemind_assets.warden.scan_report import LayerSummary, layer_verdict
from forgemind_assets.warden.screening import summary_of

TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
LEAK = f'TOKEN = "{TOKEN}"\n\n\ndef call(session):\n    return session.get("/x", auth=TOKEN)\n'
CALM = "def total(items):\n    return sum(item.price for item in items)\n"


def test_a_row_with_a_key_of_a_provider_is_forbidden_and_the_others_stay():
    stage = Safety(default_policy())
    reasons = stage.judge([row(CALM), row(LEAK)])
    assert reasons[0] is None
    assert reasons[1].startswith("forbidden_secrets_")
    assert TOKEN not in json.dumps([str(one) for one in stage.layers])


def test_every_layer_that_is_on_says_that_it_ran():
    stage = Safety(default_policy())
    stage.judge([row(CALM)])
    on = [one for one in stage.layers if one.need != "off"]
    assert {one.layer for one in on} >= {"secrets", "personal_data", "injection", "code_rules"}
    assert all(one.ran == one.passages == 2 for one in on)


def test_rows_are_held_back_while_a_required_layer_has_no_model():
    layers = {"detoxify": LayerPolicy(training_rows="required", quarantine_at=0.5, drop_at=0.9)}
    stage = Safety(Policy(layers=layers))
    assert stage.judge([row(CALM)]) == ["quarantined_detoxify_not_run_model_missing"]
    assert not layer_verdict(stage.layers[0]).passed


@pytest.mark.parametrize(
    ("need", "passed", "severity"),
    [("required", False, "ERROR"), ("optional", True, "WARN")],
)
def test_a_layer_that_did_not_run_fails_where_it_is_required_and_is_shown_where_not(
    need, passed, severity
):
    result = result_of(LayerSummary("x", "1", need, 4, 0, {"model_missing": 4}))
    assert (result.passed, result.severity) == (passed, dg.AssetCheckSeverity[severity])
    assert "not run on 4 texts" in result.description


def test_a_layer_without_a_record_did_not_run(tmp_path):
    assert not layer_verdict(summary_of(tmp_path, "training_rows", "secrets")).passed
