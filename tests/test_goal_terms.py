"""A goal is told of sources that may not be trained on before anything is asked or paid."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from fakes.goal_folder import write_goal

from forgemind_assets.errors import GoalError
from forgemind_assets.goal_loading import GOALS, load_goal
from forgemind_assets.goal_terms import origins_of
from forgemind_assets.warden.terms import Origin

API: dict[str, Any] = {
    "name": "embedded",
    "kind": "openai",
    "model": "gpt-4o-mini",
    "api_key_env": "SOME_KEY",
    "prices": {"input": 0.15, "output": 0.6},
}


def api(**changes: Any) -> dict[str, Any]:
    return {"teachers.0": API | changes, "limits.api_dollars_per_goal": 5}


def problems_of(folder: Path) -> list[str]:
    with pytest.raises(GoalError) as caught:
        load_goal(folder)
    return [f"{p.line} {p.key}: {p.message}" for p in caught.value.problems]


def line_of(folder: Path, text: str) -> int:
    lines = (folder / "goal.yaml").read_text().split("\n")
    return next(number for number, line in enumerate(lines, 1) if text in line)


@pytest.mark.parametrize("terms", ["training_allowed", "own_model"])
def test_a_teacher_whose_terms_the_policy_admits_is_fine(tmp_path: Path, terms: str):
    goal = load_goal(write_goal(tmp_path, api(terms=terms)))
    assert origins_of(goal.spec)["embedded"] == Origin(None, terms)


def test_a_teacher_whose_terms_forbid_training_is_refused_with_its_line(tmp_path: Path):
    folder = write_goal(tmp_path, api(terms="training_forbidden"))
    (found,) = problems_of(folder)
    assert found.startswith(
        f"{line_of(folder, 'terms: training_forbidden')} teachers[0].terms: expected what "
        "policy.training.teacher_terms admits (training_allowed, own_model), found "
        "training_forbidden: no row that teacher_pairs gets from embedded may be trained on"
    )
    assert "ask another teacher" in found


def test_a_teacher_whose_terms_nobody_read_is_refused_and_what_may_be_stated_is_said(
    tmp_path: Path,
):
    (found,) = problems_of(write_goal(tmp_path, api()))
    assert "teachers[0].terms" in found
    assert "found unknown" in found
    assert "read the provider's terms and state one of training_allowed, own_model" in found


def test_terms_are_a_closed_set(tmp_path: Path):
    (found,) = problems_of(write_goal(tmp_path, api(terms="training_alowed")))
    assert "did you mean training_allowed?" in found


def test_a_person_may_admit_more_in_the_policy(tmp_path: Path):
    changes = api(terms="no_competing_models")
    assert "no_competing_models" in problems_of(write_goal(tmp_path / "a", changes))[0]
    admitted = {"training": {"teacher_terms": ["no_competing_models"]}}
    changes |= {
        "policy": admitted,
        "strategies": [{"name": "teacher_pairs", "teacher": "embedded"}],
    }
    load_goal(write_goal(tmp_path / "b", changes))


def test_the_policy_cannot_admit_what_is_forbidden(tmp_path: Path):
    policy = {"training": {"teacher_terms": ["training_forbidden"]}}
    found = problems_of(write_goal(tmp_path, {"policy": policy}))
    assert any("policy.training.teacher_terms[0]" in text for text in found)


def test_a_teacher_that_no_strategy_asks_needs_no_terms(tmp_path: Path):
    changes = api() | {"strategies": [{"name": "seed_expansion"}], "search.teacher_requests": 0}
    load_goal(write_goal(tmp_path, changes))


def test_the_terms_of_an_embedded_teacher_follow_from_its_licence(tmp_path: Path):
    goal = load_goal(write_goal(tmp_path / "a"))
    assert origins_of(goal.spec)["embedded"] == Origin("Apache-2.0", "training_allowed")
    found = problems_of(write_goal(tmp_path / "b", {"teachers.0.terms": "own_model"}))
    assert found[0].endswith("expected nothing for an embedded teacher, found a value")


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"licence": "Apache-2.0"}, None),
        ({"licence": "Apache-2.0", "terms": "training_forbidden"}, "found training_forbidden"),
        ({"licence": "Secret-1.0"}, "policy.training.licences admits"),
        ({"licence": "CC-BY-4.0"}, "found unknown"),
        ({"licence": "CC-BY-4.0", "terms": "own_model"}, None),
    ],
)
def test_a_catalogue_of_ones_own_says_what_its_teachers_allow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: dict[str, Any], words: str | None
):
    ours = {"name": "ours", "architecture": "llama", "roles": ["teacher"], "parameters": 1}
    catalogue = tmp_path / "catalogue.yaml"
    catalogue.write_text(yaml.safe_dump([ours | {"path": str(tmp_path)} | entry]))
    monkeypatch.setenv("FORGEMIND_CATALOGUE", str(catalogue))
    folder = write_goal(tmp_path / "goal", {"teachers.0.model": "ours"})
    if words is None:
        load_goal(folder)
        return
    (found,) = problems_of(folder)
    assert found.startswith(f"{line_of(folder, 'model: ours')} teachers[0].model: ")
    assert words in found


def test_seeds_are_the_owners_unless_the_goal_says_otherwise(tmp_path: Path):
    assert origins_of(load_goal(write_goal(tmp_path / "a")).spec)[""] == Origin("own")
    load_goal(write_goal(tmp_path / "b", {"seeds_licence": "MIT"}))
    folder = write_goal(tmp_path / "c", {"seeds_licence": "GPL-3.0-only"})
    (found,) = problems_of(folder)
    assert found.startswith(f"{line_of(folder, 'seeds_licence')} seeds_licence: expected what ")
    assert "found GPL-3.0-only: no row of seed_expansion may be trained on" in found


def test_seeds_that_no_strategy_rewrites_need_no_licence(tmp_path: Path):
    changes = {
        "seeds_licence": "GPL-3.0-only",
        "strategies": [{"name": "teacher_pairs", "teacher": "embedded"}],
    }
    load_goal(write_goal(tmp_path, changes))


def test_a_policy_whose_thresholds_cross_does_not_hide_the_terms(tmp_path: Path):
    policy = {"layers": {"secrets": {"drop_at": 0.3}}}
    found = problems_of(write_goal(tmp_path, api() | {"policy": policy}))
    assert [text.split()[1] for text in found] == ["teachers[0].terms:", "policy.layers.secrets:"]


@pytest.mark.parametrize("file", ["goal.yaml", "goal.llama3-8b.yaml", "goal.two_teachers.yaml"])
def test_the_goals_that_come_with_forgemind_state_their_terms(file: str):
    goal = load_goal(GOALS / "python_security" / file)
    assert json.loads(goal.spec.model_dump_json())["seeds_licence"] == "own"
    assert "unknown" not in {origin.terms for origin in origins_of(goal.spec).values()}
