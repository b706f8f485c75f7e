"""The form that asks a loop to end: recorded as `forgemind stop` does, and refused to others."""

import pytest
from fakes.dashboard import form_of, running_dashboard
from fakes.goal_folder import write_goal

from forgemind_assets.goal_loading import load_goal
from forgemind_assets.home import Home
from resources.guard.admission import Rights
from resources.stop_wishes import StopWishes

PAGE, FORM = "/goals/small_goal", "/goals/small_goal/stop"


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in ("FORGEMIND_LEDGER_URL", "FORGEMIND_USER", "FORGEMIND_REVIEWER"):
        monkeypatch.delenv(name, raising=False)
    return Home(root=tmp_path / "home", models=tmp_path / "models")


@pytest.fixture
def dashboard(home, tmp_path):
    with running_dashboard(home, [load_goal(write_goal(tmp_path / "goal"))]) as running:
        yield running


def filled(client, **fields):
    form = form_of(client.get(PAGE).text, "stop")
    return form | {"reason": "the suite needs more families", "reviewer": ""} | fields


def test_a_person_asks_on_the_goals_page_and_the_page_says_so(dashboard, home):
    with dashboard.browser() as client:
        form = filled(client)
        answer = client.post(FORM, data=form)
        assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
        page = client.get(PAGE).text
        assert client.post(FORM, data=form).status_code == 403, "a form is sent once"
    wish = StopWishes(home).wished("small_goal")
    assert (wish.by.name, wish.by.source, wish.number) == ("ada", "environment", 1)
    assert wish.reason == "the suite needs more families"
    assert "ada (environment): the suite needs more families" in page
    assert "forgemind run small_goal" in page
    assert "stop-button" not in page


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"reason": " "}, "expected a reason of 1 to 2000 letters, found 0"),
        ({"reason": "x" * 2001}, "found 2001"),
        ({"reviewer": "a\u202eb"}, "reviewer&#x27;s name"),
    ],
)
def test_a_wish_without_a_reason_or_a_name_is_told_and_not_recorded(dashboard, home, fields, told):
    with dashboard.browser() as client:
        answer = client.post(FORM, data=filled(client, **fields))
    assert answer.status_code == 409
    assert told in answer.text
    assert StopWishes(home).newest("small_goal") is None


def test_nobody_else_stops_a_loop(dashboard, home):
    with dashboard.browser() as client:
        form = filled(client)
        for changed in ({"form_token": ""}, {"form_token": "0" * 64}):
            assert client.post(FORM, data=form | changed).status_code == 403
        for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            assert client.post(FORM, data=form, headers=headers).status_code == 403
        assert client.get(FORM, params=form).status_code == 405
        assert client.post("/goals/other/stop", data=form).status_code == 404
    with dashboard.browser(Rights.LOOK) as client:
        assert "stop-button" not in client.get(PAGE).text
        assert client.post(FORM, data=form).status_code == 403
    with dashboard.stranger(Origin=dashboard.origin) as client:
        assert client.post(FORM, data=form).status_code == 401
    assert StopWishes(home).newest("small_goal") is None
