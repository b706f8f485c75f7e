"""What the safety layers find in a model's answers is shown, and changes no grade."""

from forgemind_assets.records import TestResult
from forgemind_assets.trial_grounds.outputs import screen_outputs
from forgemind_assets.warden.checks import POSTS, result_of
from forgemind_assets.warden.policy import LayerPolicy, Policy
from forgemind_assets.warden.policy_files import default_policy

TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
(OUTPUTS,) = [post for post in POSTS if post.stage == "model_outputs"]


def result(name, answer):
    return TestResult(
        case_id=name, family="f", slice="CWE-89", prompt="p", answer=answer, passed=True, reason="r"
    )


def check(layers, name):
    return result_of(next(one for one in layers if one.layer == name))


def test_a_key_in_an_answer_is_found_and_the_check_passes_with_the_finding():
    layers = screen_outputs([result("a", "calm"), result("b", f"use {TOKEN}")], default_policy())
    told = check(layers, "secrets")
    assert told.passed
    assert told.metadata["state"].value == "findings"
    assert TOKEN not in repr(told)
    assert check(layers, "injection").metadata["state"].value == "clean"


def test_a_required_layer_that_could_not_run_fails_and_does_not_hold_the_report_back():
    policy = Policy(layers={"detoxify": LayerPolicy(model_outputs="required", quarantine_at=0.5)})
    (layer,) = screen_outputs([result("a", "calm")], policy)
    assert not result_of(layer).passed
    assert not OUTPUTS.blocks
