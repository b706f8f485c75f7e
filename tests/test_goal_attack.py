"""What a goal may say about attacks, and what `goal check` says of what it may not."""

import pytest
import yaml
from fakes.attacks import SLICES, prompt
from fakes.goal_folder import write_goal

from forgemind_assets.errors import GoalError
from forgemind_assets.goal_explain import explain
from forgemind_assets.goal_loading import load_goal


def goal_with(folder, attack, change=lambda prompt: None, **changes):
    place = write_goal(folder, {"attack": attack} | changes)
    teacher = place / "prompts" / "teacher"
    words = {"slices": {name: {"subject": name} for name in SLICES}}
    (teacher / "slices.yaml").write_text(yaml.safe_dump(words))
    content = prompt()
    change(content)
    (teacher / "attack.yaml").write_text(yaml.safe_dump(content))
    return place


def problems_of(folder):
    with pytest.raises(GoalError) as caught:
        load_goal(folder)
    return "\n".join(str(problem) for problem in caught.value.problems)


def test_attacks_are_off_by_default_and_cost_what_they_ask_for(tmp_path):
    assert load_goal(write_goal(tmp_path / "plain")).spec.attack.cases == 0
    asked = {"cases": 200, "teacher": "embedded", "requests": 30, "kinds": ["moved"]}
    goal = load_goal(goal_with(tmp_path / "goal", asked))
    plain, more = explain(load_goal(tmp_path / "plain"), "cpu"), explain(goal, "cpu")
    assert more.per_try.testing_seconds > plain.per_try.testing_seconds
    assert more.per_try.teacher_requests == plain.per_try.teacher_requests + 30


@pytest.mark.parametrize(
    ("attack", "wanted"),
    [
        ({"kinds": ["movd"]}, "attack.kinds[0]: expected one of renamed,"),
        ({"kinds": ["letter_case"]}, "found the unknown kind 'letter_case'"),
        ({"teacher": "embeded"}, "did you mean embedded?"),
        ({"cases": 9, "requests": 2}, "attack.teacher: expected one of embedded, found nothing"),
        (
            {"cases": 2, "requests": 9, "teacher": "embedded"},
            "attack.requests: expected at most attack.cases (2), found 9",
        ),
        ({"cases": -1}, "attack.cases: expected a number at least 0"),
        ({"case": 1}, "did you mean cases?"),
    ],
)
def test_what_cannot_be_is_named(tmp_path, attack, wanted):
    assert wanted in problems_of(goal_with(tmp_path, attack))


def test_a_teacher_that_writes_attacks_needs_a_prompt_and_something_that_verifies(tmp_path):
    asked = {"cases": 9, "requests": 2, "teacher": "embedded"}
    place = goal_with(tmp_path, asked, **{"filters.verifiers": []})
    (place / "prompts" / "teacher" / "attack.yaml").unlink()
    found = problems_of(place)
    assert "attack.requests: expected verifiers, found none" in found
    assert "expected the prompt teacher/attack.yaml" in found


def test_a_paid_teacher_that_only_attacks_needs_a_budget(tmp_path):
    paid = {
        "name": "paid",
        "kind": "openai",
        "model": "m",
        "api_key_env": "A_KEY",
        "prices": {"input": 1.0, "output": 1.0},
        "terms": "own_model",
    }
    asked = {"cases": 9, "requests": 2, "teacher": "paid"}
    strategies = [{"name": "seed_expansion"}]
    place = goal_with(tmp_path, asked, **{"teachers": [paid], "strategies": strategies,
                                          "search.teacher_requests": 0})  # fmt: skip
    assert "the teacher paid is paid" in problems_of(place)


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (
            lambda p: p["variants"].update(plain="{{subject}}: {{input}}"),
            ["unknown placeholder 'input'", "expected the placeholder {{trick}}, found none"],
        ),
        (
            lambda p: p["tricks"]["lure"].update(bluff="x"),
            ["tricks.lure.bluff: expected a name that tricks.hide does not have"],
        ),
        (lambda p: p.pop("tricks"), ["attack.yaml:"]),
    ],
)
def test_the_prompt_is_checked(tmp_path, change, wanted):
    found = problems_of(goal_with(tmp_path, {}, change))
    for words in wanted:
        assert words in found
