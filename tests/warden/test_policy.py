from pathlib import Path

import pytest
from fakes.goal_folder import REMOVE, write_goal
from pydantic import ValidationError

from forgemind_assets.errors import GoalError
from forgemind_assets.goal_loading import load_goal
from forgemind_assets.warden.layers.registry import LAYERS
from forgemind_assets.warden.policy import (
    STAGES,
    LayerPolicy,
    Policy,
    Thresholds,
    overlaid,
)
from forgemind_assets.warden.policy_files import default_policy, effective_policy, load_policy


def problems(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(GoalError) as caught:
        load_policy(path)
    return [str(problem) for problem in caught.value.problems]


def test_the_default_policy_names_every_layer_and_holds():
    policy = default_policy()
    assert policy.layers.keys() == LAYERS.keys()
    assert all(policy.layer("secrets").need(stage) == "required" for stage in STAGES)
    assert policy.approval.promotion_to_stable


def test_a_goal_states_only_what_differs():
    given = Policy.model_validate(
        {"layers": {"injection": {"model_outputs": "off"}}, "approval": {"approvers": 2}}
    )
    policy = effective_policy(given)
    assert policy.layer("injection").model_outputs == "off"
    assert policy.layer("injection").training_rows == "required"
    assert policy.layer("secrets") == default_policy().layer("secrets")
    assert policy.approval.approvers == 2
    assert policy.approval.quarantine


def test_an_empty_statement_is_the_default():
    assert overlaid(default_policy(), Policy()) == default_policy()


def test_a_policy_is_frozen_and_closed():
    with pytest.raises(ValidationError):
        default_policy().approval.approvers = 3  # type: ignore[misc]
    with pytest.raises(ValidationError):
        Policy.model_validate({"promotion": "automatic"})


def test_every_mistake_is_told_with_its_line_and_key(tmp_path: Path):
    found = problems(
        tmp_path,
        "layers:\n  secrets:\n    training_rows: requird\n  injection:\n    drop_at: 1.5\n"
        "    colour: red\n"
        "rules:\n  - name: Bad Name\n    pattern: '(a+)+$'\napproval:\n  approvers: 0\n",
    )
    text = "\n".join(found)
    assert "policy.yaml:3: layers.secrets.training_rows" in text
    assert "did you mean required?" in text
    assert "policy.yaml:5: layers.injection.drop_at: expected a number at most 1, found" in text
    assert "policy.yaml:6: layers.injection.colour" in text
    assert "policy.yaml:8: rules[0].name" in text
    assert "policy.yaml:9: rules[0].pattern" in text
    assert "a repetition within a repetition" in text
    assert "policy.yaml:11: approval.approvers" in text
    assert len(found) == 6


def test_an_unknown_layer_and_a_rule_named_twice(tmp_path: Path):
    found = problems(
        tmp_path,
        "layers:\n  secret:\n    training_rows: required\nrules:\n  - {name: a, pattern: x}\n"
        "  - {name: a, pattern: y}\n",
    )
    assert "policy.yaml:2: layers.secret" in found[0]
    assert "did you mean secrets?" in found[0]
    assert "policy.yaml:6: rules[1].name: expected each name once" in found[1]


def test_thresholds_that_cross_are_refused(tmp_path: Path):
    found = problems(tmp_path, "layers:\n  secrets: {quarantine_at: 0.9, drop_at: 0.5}\n")
    assert "quarantine_at at most drop_at (0.5), found 0.9" in found[0]
    assert Thresholds(quarantine_at=0.5, drop_at=0.5)


def test_a_slice_may_have_thresholds_of_its_own():
    layer = LayerPolicy(quarantine_at=0.5, drop_at=0.8, by_slice={"CWE-798": Thresholds(drop_at=1)})
    assert layer.limits("CWE-798") == Thresholds(quarantine_at=0.5, drop_at=1)
    assert layer.limits("other").drop_at == 0.8


def test_a_goals_policy_is_checked_with_the_goal(tmp_path: Path):
    policy = {
        "layers": {"secrets": {"drop_at": 0.3}, "injektion": {"model_outputs": "off"}},
        "rules": [{"name": "a", "pattern": "(x+)+"}],
    }
    folder = write_goal(tmp_path / "small", {"policy": policy})
    with pytest.raises(GoalError) as caught:
        load_goal(folder)
    text = str(caught.value)
    assert "policy.rules[0].pattern: expected a pattern whose cost is bounded" in text
    policy["rules"] = []
    with pytest.raises(GoalError) as caught:
        load_goal(write_goal(tmp_path / "other", {"policy": policy}))
    text = str(caught.value)
    assert "policy.layers.secrets: expected quarantine_at at most drop_at (0.3), found 0.5" in text
    assert "policy.layers.injektion" in text
    assert "did you mean injection?" in text


def test_a_goal_without_a_policy_has_the_default_one(tmp_path: Path):
    goal = load_goal(write_goal(tmp_path / "small", {"policy": REMOVE}))
    assert effective_policy(goal.spec.policy) == default_policy()
