"""The dashboard as it really runs: who is refused, and that a decision is recorded."""

import httpx
import pytest
from fakes.dashboard import form_of, running_dashboard
from fakes.datasets import publish_raw
from fakes.goal_folder import write_goal
from fakes.reviews import promotion, reviewer, subject

from forgemind_assets.goal_loading import load_goal
from forgemind_assets.home import Home
from forgemind_assets.warden.reviews import Rules as ReviewRules
from resources.dashboard_data import Source
from resources.dashboard_server import ACTIONS, Dashboard
from resources.data_room import make_filtered
from resources.guard.admission import Rights
from resources.reviews import open_reviews


@pytest.fixture
def place(tmp_path, monkeypatch):
    for name in ("FORGEMIND_LEDGER_URL", "FORGEMIND_USER", "FORGEMIND_REVIEWER"):
        monkeypatch.delenv(name, raising=False)
    home = Home(root=tmp_path / "home", models=tmp_path / "models")
    return home, load_goal(write_goal(tmp_path / "goal"))


@pytest.fixture
def asked(place):
    return open_reviews(place[0]).ask(promotion())


@pytest.fixture
def dashboard(place, asked):
    with running_dashboard(place[0], [place[1]]) as running:
        yield running


def rulings(place):
    return [r for one in open_reviews(place[0]).state() for r in one.rulings]


def decision(client, review, action="approve", **fields):
    """What a person's browser sends: the page's own form, filled in."""
    page = client.get(f"/reviews/{review.id}").text
    return form_of(page, action) | {"reason": "read all samples", "reviewer": ""} | fields


PAGES = ("/", "/goals/small_goal", "/reviews", "/alerts")


def test_every_page_answers_and_forbids_scripts_and_foreign_sources(dashboard, asked):
    with dashboard.browser() as client:
        for path in (*PAGES, f"/reviews/{asked.id}"):
            answer = client.get(path)
            assert answer.status_code == 200, path
            policy = answer.headers.get_list("content-security-policy")
            assert any("default-src 'none'" in one for one in policy)
            assert answer.headers["cache-control"] == "no-store"
            assert "<script" not in answer.text
            assert " style=" not in answer.text
        assert client.get("/style.css").headers["content-type"].startswith("text/css")
        assert client.get("/goals/other").status_code == 404
        assert client.get("/reviews/0000").status_code == 404
        assert client.get(f"/reviews/{asked.id[:4]}").status_code == 404


def test_what_can_be_changed_here_is_what_these_tests_try(place):
    routes = Dashboard(Source(place[0], [place[1]])).routes()
    changing = {route.path for route in routes if route.methods - {"GET", "HEAD"}}
    decisions = {f"/reviews/{{review}}/{action}" for action in ACTIONS}
    assert changing == decisions | {"/goals/{goal}/stop"}


def test_rows_are_browsed_page_by_page_and_what_is_not_there_is_refused(tmp_path):
    goal, workshop = publish_raw(tmp_path, extra=30)
    make_filtered(goal, workshop, "0001")
    base = "/goals/small_goal/rows/0001"
    with (
        running_dashboard(workshop.home, [goal]) as running,
        running.browser(Rights.LOOK) as client,
    ):
        assert base in client.get("/goals/small_goal").text
        first = client.get(base)
        assert (first.status_code, "kept rows, page 1 of" in first.text) == (200, True)
        assert "<script" not in first.text
        lost = client.get(base, params={"rejected": "1", "reason": "too_short", "page": "2"}).text
        assert "30 rejected rows, page 2 of 2" in lost
        assert client.get(base, params={"page": "999"}).status_code == 200
        assert client.get(base, params={"reason": "too_short"}).status_code == 200
        lost = {"rejected": "1", "reason": "none"}
        for asked in ({"page": "-1"}, {"page": "x"}, {"slice": "none"}, lost):
            assert client.get(base, params=asked).status_code == 400, asked
        for path in ("/goals/small_goal/rows/0009", "/goals/other/rows/0001",
                     "/goals/small_goal/rows/%2e%2e"):  # fmt: skip
            assert client.get(path).status_code in (404, 405), path
    with running_dashboard(workshop.home, [goal]) as running, running.stranger() as client:
        assert client.get(base).status_code == 401


def test_an_approval_is_recorded_with_who_why_and_what(dashboard, place, asked):
    with dashboard.browser() as client:
        form = decision(client, asked, reason="read it,\r\nall of it")
        answer = client.post(f"/reviews/{asked.id}/approve", data=form)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/reviews/{asked.id}")
        page = client.get(answer.headers["location"]).text
    (ruling,) = rulings(place)
    assert (ruling.verdict, ruling.reviewer.name, ruling.reviewer.source) == (
        "approve",
        "ada",
        "environment",
    )
    assert ruling.reason == "read it,\nall of it"
    assert ruling.subject == asked.question.subject.digest
    assert "approved" in page
    assert 'action="/reviews/' in page, "an approved promotion can be made stable"


def test_a_stated_name_counts_as_the_flag_of_the_command_line(dashboard, place, asked):
    with dashboard.browser() as client:
        form = decision(client, asked, "reject", reviewer="bob")
        assert client.post(f"/reviews/{asked.id}/reject", data=form).status_code == 303
    (ruling,) = rulings(place)
    assert (ruling.verdict, ruling.reviewer.name, ruling.reviewer.source) == (
        "reject",
        "bob",
        "flag",
    )


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"reason": " "}, "expected a reason"),
        ({"reason": "x" * 2001}, "at most 2000 letters"),
        ({"reviewer": "a\u202eb"}, "reviewer&#x27;s name"),
    ],
)
def test_a_decision_that_the_rules_refuse_is_told_and_not_recorded(
    dashboard, place, asked, fields, told
):
    with dashboard.browser() as client:
        answer = client.post(f"/reviews/{asked.id}/approve", data=decision(client, asked, **fields))
    assert answer.status_code == 409
    assert told in answer.text
    assert rulings(place) == []


def test_nobody_decides_on_their_own_goal_where_the_policy_says_so(dashboard, place):
    rules = ReviewRules(own_goal=False)
    question = promotion(rules=rules, owners=(reviewer("Ada"),), subject=subject(version="9"))
    review = open_reviews(place[0]).ask(question)
    with dashboard.browser() as client:
        answer = client.post(f"/reviews/{review.id}/approve", data=decision(client, review))
    assert answer.status_code == 409
    assert "nobody decides on their own goal" in answer.text
    assert rulings(place) == []


def test_two_persons_are_two_even_from_one_browser(dashboard, place):
    question = promotion(rules=ReviewRules(persons=2), subject=subject(version="9"))
    review = open_reviews(place[0]).ask(question)
    path = f"/reviews/{review.id}/approve"
    with dashboard.browser() as client:
        assert client.post(path, data=decision(client, review)).status_code == 303
        again = client.post(path, data=decision(client, review, reviewer=" ADA "))
        assert (again.status_code, len(rulings(place))) == (409, 1)
        assert "has decided already" in again.text
        assert client.post(path, data=decision(client, review, reviewer="bob")).status_code == 303
    assert open_reviews(place[0]).get(review.id).status == "approved"


def test_without_the_token_nothing_is_shown_or_decided(dashboard, place, asked):
    with dashboard.browser() as client:
        form = decision(client, asked)
    with dashboard.stranger(Origin=dashboard.origin) as client:
        for path in (*PAGES, f"/reviews/{asked.id}", "/style.css"):
            assert client.get(path).status_code == 401, path
        assert client.get("/", params={"token": "x" * 43}).status_code == 403
        for action in ACTIONS:
            path = f"/reviews/{asked.id}/{action}"
            assert client.post(path, data=form).status_code == 401
            assert client.get(path, params=form).status_code == 401
            assert client.post(f"{path}?token={dashboard.keys.act}", data=form).status_code == 403
    assert rulings(place) == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Host": "evil.example"},
        {"Host": "evil.example", "Origin": "http://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("action", ACTIONS)
def test_another_page_or_host_decides_nothing(dashboard, place, asked, headers, action):
    with dashboard.browser() as client:
        form = decision(client, asked)
        answer = client.post(f"/reviews/{asked.id}/{action}", data=form, headers=headers)
        assert answer.status_code == 403
    assert rulings(place) == []


def test_a_request_without_an_origin_decides_nothing(dashboard, place, asked):
    with dashboard.browser() as client:
        form = decision(client, asked)
        del client.headers["origin"]
        assert client.post(f"/reviews/{asked.id}/approve", data=form).status_code == 403
    assert rulings(place) == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("action", ACTIONS)
def test_no_other_method_decides(dashboard, place, asked, method, action):
    with dashboard.browser() as client:
        form = decision(client, asked)
        path = f"/reviews/{asked.id}/{action}"
        assert client.request(method, path, params=form).status_code in (403, 405)
        assert client.request(method, path, data=form).status_code in (403, 405)
    assert rulings(place) == []


def test_a_form_that_this_page_did_not_make_decides_nothing(dashboard, place, asked):
    other = open_reviews(place[0]).ask(promotion(subject=subject(version="4")))
    with dashboard.browser() as client:
        right, path = decision(client, asked), f"/reviews/{asked.id}/approve"
        forged = [
            {k: v for k, v in right.items() if k != "form_token"},
            right | {"form_token": ""},
            right | {"form_token": "0" * 64},
            right | {"form_token": "\udcff".encode("utf-8", "surrogatepass").decode("latin-1")},
            right | decision(client, other),
            right | decision(client, asked, "reject"),
        ]
        for form in forged:
            assert client.post(path, data=form).status_code == 403, form
    assert rulings(place) == []


def test_a_form_is_spent_when_the_review_has_changed(dashboard, place):
    question = promotion(rules=ReviewRules(persons=2), subject=subject(version="9"))
    review = open_reviews(place[0]).ask(question)
    with dashboard.browser() as client:
        form = decision(client, review)
        open_reviews(place[0]).decide(review.id, "approve", reviewer("bob"), "read it")
        assert client.post(f"/reviews/{review.id}/approve", data=form).status_code == 403
    assert [r.reviewer.name for r in rulings(place)] == ["bob"]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ("{}", "application/json", 415),
        ("form_token=x", "text/plain", 415),
        ("form_token=x", "multipart/form-data; boundary=x", 415),
        ("reason=a&reason=b", "application/x-www-form-urlencoded", 400),
        ("reason=%ff", "application/x-www-form-urlencoded", 400),
        ("&".join(f"a{i}=1" for i in range(99)), "application/x-www-form-urlencoded", 400),
        ("a=" + "x" * 70_000, "application/x-www-form-urlencoded", 413),
        ("", "application/x-www-form-urlencoded", 403),
    ],
)
def test_what_is_no_form_of_ours_is_refused(dashboard, place, asked, body, kind, status):
    with dashboard.browser() as client:
        answer = client.post(
            f"/reviews/{asked.id}/approve", content=body, headers={"Content-Type": kind}
        )
        assert answer.status_code == status
    assert rulings(place) == []


def test_who_may_only_look_sees_no_form_and_sends_none(dashboard, place, asked):
    with dashboard.browser() as client:
        form = decision(client, asked)
    with dashboard.browser(Rights.LOOK) as client:
        page = client.get(f"/reviews/{asked.id}").text
        assert "<form" not in page
        assert "form_token" not in page
        for action in ACTIONS:
            path = f"/reviews/{asked.id}/{action}"
            assert client.post(path, data=form).status_code == 403
    assert rulings(place) == []


def test_a_read_only_dashboard_lets_nobody_decide(place, asked):
    with (
        running_dashboard(place[0], [place[1]], read_only=True) as running,
        running.browser(Rights.ACT) as client,
    ):
        assert "<form" not in client.get(f"/reviews/{asked.id}").text
        path = f"/reviews/{asked.id}/approve"
        assert client.post(path, data={"form_token": "x"}).status_code == 403
    assert rulings(place) == []


def test_an_edited_record_is_shown_and_nothing_can_be_decided(dashboard, place, asked):
    import sqlalchemy as sa

    with dashboard.browser() as client:
        form = decision(client, asked)
        engine = sa.create_engine(place[0].ledger_url)
        with engine.begin() as connection:
            connection.execute(
                sa.text("UPDATE review_records SET body = replace(body, '93%', '99%')")
            )
        engine.dispose()
        shown = client.get("/reviews")
        assert shown.status_code == 500
        assert "tampered" in shown.text
        refused = client.post(f"/reviews/{asked.id}/approve", data=form)
        assert refused.status_code == 500
        assert "tampered" in refused.text


def test_reviews_of_goals_that_are_not_served_are_not_reached(dashboard, place):
    review = open_reviews(place[0]).ask(promotion(subject=subject(goal="other_goal")))
    with dashboard.browser() as client:
        assert review.id not in client.get("/reviews").text
        assert client.get(f"/reviews/{review.id}").status_code == 404
        assert client.post(f"/reviews/{review.id}/approve", data={"a": "b"}).status_code == 404


def test_a_promotion_without_approval_is_not_made(dashboard, place, asked):
    with dashboard.browser() as client:
        page = client.get(f"/reviews/{asked.id}").text
        assert "/stable" not in page, "no form for what is not approved"
        answer = client.post(f"/reviews/{asked.id}/stable", data=decision(client, asked))
        assert answer.status_code == 403


def test_a_websocket_finds_no_door(dashboard):
    from websockets.exceptions import InvalidStatus
    from websockets.sync.client import connect

    with dashboard.browser() as client:
        cookies = "; ".join(f"{c.name}={c.value}" for c in client.cookies.jar)
    with pytest.raises(InvalidStatus) as refused:
        connect(
            f"ws://127.0.0.1:{dashboard.port}/",
            origin=dashboard.origin,
            additional_headers={"Cookie": cookies},
        )
    assert refused.value.response.status_code == 403


def test_the_cookie_is_strict_and_hidden_from_scripts(dashboard):
    with dashboard.stranger() as client:
        answer = client.get("/", params={"token": dashboard.keys.act})
    assert isinstance(answer, httpx.Response)
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
