"""What a goal may say about an advisor, and what `goal check` says of what it may not."""

import pytest
from fakes.goal_folder import write_goal

from forgemind_assets.errors import GoalError
from forgemind_assets.goal_explain import explain
from forgemind_assets.goal_loading import load_goal

PAID = {
    "name": "paid",
    "kind": "openai",
    "model": "m",
    "api_key_env": "A_KEY",
    "prices": {"input": 1.0, "output": 2.0},
}
EMBEDDED = {"name": "embedded", "kind": "embedded", "model": "qwen2.5-coder-1.5b-instruct"}
BOTH = {"teachers": [EMBEDDED, PAID], "limits.api_dollars_per_goal": 5}


def goal_with(folder, changes=None, **search):
    own = {f"search.{key}": value for key, value in search.items()}
    return write_goal(folder, BOTH | own | (changes or {}))


def problems_of(folder):
    with pytest.raises(GoalError) as caught:
        load_goal(folder)
    return "\n".join(str(problem) for problem in caught.value.problems)


def test_nobody_advises_by_default(tmp_path):
    assert load_goal(goal_with(tmp_path)).spec.search.advisor is None


def test_an_advisor_is_asked_once_an_iteration_and_its_cost_is_counted(tmp_path):
    plain = explain(load_goal(goal_with(tmp_path / "plain", trials=3)), "cpu", {"A_KEY": "x"})
    goal = load_goal(goal_with(tmp_path / "goal", trials=3, advisor="paid"))
    more = explain(goal, "cpu", {"A_KEY": "x"})
    assert goal.spec.search.advisor_share == 0.5
    assert more.per_try.teacher_requests == plain.per_try.teacher_requests + 1
    prompt, answer = 320 + 48 * 55, 60 + 2 * 150
    assert more.per_try.api_dollars - plain.per_try.api_dollars == pytest.approx(
        (prompt + 2 * answer) / 1e6
    )
    assert any("no strategy asks it" in one.reason for one in plain.verdicts)
    assert not any("no strategy asks it" in one.reason for one in more.verdicts)


@pytest.mark.parametrize(
    ("search", "wanted"),
    [
        ({"advisor": "payed"}, "search.advisor: expected one of embedded, paid; found"),
        ({"advisor": "payed"}, "did you mean paid?"),
        ({"advisor": "paid", "trials": 1}, "search.trials: expected at least 2, found 1"),
        ({"advisor_share": 0.3}, "search.advisor: expected one of embedded, paid, found nothing"),
        (
            {"advisor": "paid", "advisor_share": 1.1},
            "expected a number at most 1, found the number 1.1",
        ),
        (
            {"advisor": "paid", "advisor_share": -0.1},
            "expected a number at least 0, found the number -0.1",
        ),
        ({"adviser": "paid"}, "did you mean advisor?"),
    ],
)
def test_what_cannot_be_is_named(tmp_path, search, wanted):
    assert wanted in problems_of(goal_with(tmp_path, **({"trials": 3} | search)))


def test_all_mistakes_are_told_at_once(tmp_path):
    found = problems_of(goal_with(tmp_path, advisor="nobody", trials=1))
    assert "search.advisor" in found
    assert "search.trials" in found


def test_a_paid_teacher_that_only_advises_needs_a_budget(tmp_path):
    free = {"limits.api_dollars_per_goal": 0}
    assert "the teacher paid is paid" in problems_of(
        goal_with(tmp_path, free, trials=2, advisor="paid")
    )


def test_an_advisor_without_a_share_is_pointed_out(tmp_path):
    goal = load_goal(goal_with(tmp_path, trials=3, advisor="paid", advisor_share=0))
    found = {one.subject: one.reason for one in explain(goal, "cpu", {"A_KEY": "x"}).verdicts}
    assert found["advisor paid"] == "is never asked: search.advisor_share is 0"
