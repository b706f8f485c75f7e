"""Two real embedded teachers of one goal, asked together on this machine."""

import pytest
from fakes.goal_folder import write_goal

from forgemind_assets.foundry.accounts import SourceAccount
from forgemind_assets.goal_loading import load_goal
from forgemind_assets.home import Home
from forgemind_assets.records import DataSettings, Plan, TrialSettings
from resources.data_room import make_filtered, make_raw
from resources.embedded_server import stop
from resources.history import read_sources
from resources.workshop import Workshop

TEACHERS = [
    {"name": "embedded", "kind": "embedded", "model": "qwen2.5-coder-1.5b-instruct"},
    {"name": "small", "kind": "embedded", "model": "smollm2-135m-instruct"},
]


@pytest.mark.e2e
@pytest.mark.timeout(1800)
def test_two_embedded_teachers_write_the_rows_of_one_iteration(tmp_path):
    changes = {
        "teachers": [one | {"timeout_seconds": 900} for one in TEACHERS],
        "strategies": [
            {"name": "seed_expansion"},
            {"name": "teacher_pairs", "teachers": ["embedded", "small"]},
        ],
    }
    goal = load_goal(write_goal(tmp_path / "goal", changes))
    models = str(Home.from_environment().models)
    workshop = Workshop(home_root=str(tmp_path / "home"), models_root=models)
    plan = Plan(
        iteration="0001",
        hypothesis="h",
        expected_effect="e",
        data=DataSettings(rows=24, teacher_requests=8),
        trials=(TrialSettings(name="a"),),
    )
    with workshop.store.publish(goal.name, "plan", "0001", {}) as folder:
        (folder / "plan.json").write_text(plan.model_dump_json())
    try:
        made = make_raw(goal, workshop, "0001")
        # either may have gone idle while the other wrote, so that not both need to run now
        assert len(list(workshop.home.logs.glob("embedded_server.*.log"))) == 2
    finally:
        stop(workshop.home)
    accounts = [SourceAccount.model_validate(one) for one in made["accounts"]]
    taught = {one.teacher: one for one in accounts if one.teacher}
    assert set(taught) == {"embedded", "small"}
    assert all(one.asked == one.answered == 4 for one in taught.values())
    assert all(one.seconds > 0 == one.dollars for one in taught.values())
    assert taught["embedded"].valid > 0
    make_filtered(goal, workshop, "0001")
    known = {one.teacher: one for one in read_sources(goal.name, workshop.store, "0001")}
    assert {name: one.asked for name, one in known.items()} == {"embedded": 4, "small": 4}
