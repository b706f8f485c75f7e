"""A person approves on the dashboard, and `stable` moves: by HTTP, and in a real browser."""

import time

import dagster as dg
import pytest
from fakes.chromium import find_chromium, tab_of
from fakes.dashboard import PATIENCE_SECONDS, form_of, running_dashboard, until
from fakes.installation import forgemind, install
from fakes.trials import conclude, publish_plan, publish_report, publish_trial

from resources.dashboard_promotions import Asked
from resources.guard.admission import Rights
from resources.registrations import open_registrations
from resources.registry import STABLE, Registry
from resources.reviews import open_reviews
from resources.sealed import sealed_lock

# Warnings of mlflow and great_expectations are not ours to mend.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]
ASKS = {"policy": {"approval": {"promotion_to_stable": True}}}
PHONE_PIXELS = 360


@pytest.fixture
def waiting(tmp_path, monkeypatch):
    """An installation with a version that meets the goal and waits for a person."""
    monkeypatch.setenv("FORGEMIND_USER", "ada at the page")
    with dg.instance_for_test() as instance:
        place = install(tmp_path, instance, monkeypatch, ASKS)
        publish_plan(place, "0001")
        publish_trial(place, "0001-a", passed=23)
        entry = conclude(place, "0001")
        assert (entry["promoted"], entry["consent_missing"]) == (False, True)
        yield place


def stable(place):
    return Registry(place.workshop.home).version_of("small_goal", STABLE)


def until_gone(note):
    end = time.monotonic() + PATIENCE_SECONDS
    while note.exists():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_an_approval_on_the_page_moves_stable_without_a_terminal(waiting):
    home = waiting.workshop.home
    (review,) = open_reviews(home).state("small_goal")
    path = f"/reviews/{review.id}"
    with running_dashboard(home, [waiting.goal]) as running, running.browser() as client:
        assert "23" in client.get(path).text
        form = form_of(client.get(path).text, "approve") | {"reason": "read the samples"}
        early = {"form_token": form["form_token"]}
        assert client.post(f"{path}/stable", data=early).status_code == 403
        assert client.post(f"{path}/approve", data=form).status_code == 303
        assert stable(waiting) is None, "an approval alone moves nothing"

        form = form_of(client.get(path).text, "stable")
        assert client.get(f"{path}/stable", params=form).status_code == 405
        foreign = {"Origin": "http://evil.example"}
        assert client.post(f"{path}/stable", data=form, headers=foreign).status_code == 403
        assert stable(waiting) is None
        with sealed_lock(home):  # as long as another one is asked about its cases
            answer = client.post(f"{path}/stable", data=form)
            assert answer.status_code == 303, answer.text
            page = client.get(path).text
            assert "Version 1 is being made stable" in page
            assert ('http-equiv="refresh"' in page, "<form" in page) == (True, False)
            twice = client.post(f"{path}/stable", data=form)
            assert (twice.status_code, "is being made stable" in twice.text) == (409, True)
            assert stable(waiting) is None
        page = until(client, path, "Version 1 is stable.")
        assert stable(waiting).trial == "0001-a"
        assert ('http-equiv="refresh"' in page, "<form" in page) == (False, False)
        for told in ("opened 1 of 5 times", "12 of 12 cases (100.0%) of the sealed suite passed"):
            assert told in page
        assert "opened 1 of 5 times" in client.get("/goals/small_goal").text
        shown = forgemind(waiting, "review", "show", review.id).output
        assert "12 of 12 cases (100.0%) of the sealed suite passed" in shown
        again = client.post(f"{path}/stable", data=form)
        assert (again.status_code, "only an approved promotion" in again.text) == (409, True)


def test_an_approval_of_other_reports_moves_nothing(waiting):
    home = waiting.workshop.home
    (review,) = open_reviews(home).state("small_goal")
    path = f"/reviews/{review.id}"
    with running_dashboard(home, [waiting.goal]) as running, running.browser() as client:
        form = form_of(client.get(path).text, "approve") | {"reason": "read the samples"}
        assert client.post(f"{path}/approve", data=form).status_code == 303
        publish_report(waiting, "benchmark_report", "0001-a", passed=22)
        page = client.get(path).text
        assert "benchmark_report of 0001-a is another one now" in page
        answer = client.post(f"{path}/stable", data=form_of(page, "stable"))
        assert answer.status_code == 303
        page = until(client, path, "Refused: ")
        assert "asks for a person&#x27;s consent" in page
        assert form_of(page, "stable"), "it can be asked again"
    assert stable(waiting) is None


def test_a_promotion_that_died_with_its_dashboard_goes_on_with_the_next_one(waiting):
    """A note is all that is left of what was asked; one for looking only leaves it."""
    home = waiting.workshop.home
    (review,) = open_reviews(home).state("small_goal")
    note = home.run / "promotions" / f"{review.id}.json"
    note.parent.mkdir(parents=True)
    note.write_text(Asked(review=review.id, by="ada at the page").model_dump_json())
    with running_dashboard(home, [waiting.goal]) as running, running.browser() as client:
        until_gone(note)
        assert stable(waiting) is None, "without an approval a note promotes nothing"
        form = form_of(client.get(f"/reviews/{review.id}").text, "approve") | {"reason": "read it"}
        assert client.post(f"/reviews/{review.id}/approve", data=form).status_code == 303
    note.write_text(Asked(review=review.id, by="ada at the page").model_dump_json())
    with (
        running_dashboard(home, [waiting.goal], read_only=True) as running,
        running.browser(Rights.LOOK) as client,
    ):
        assert "is being made stable" in client.get(f"/reviews/{review.id}").text
    assert stable(waiting) is None
    with running_dashboard(home, [waiting.goal]):
        until_gone(note)
    assert stable(waiting).trial == "0001-a"
    moved = open_registrations(home).events("small_goal")[-1]
    assert (moved.action, moved.by) == ("promoted", "ada at the page")


@pytest.mark.skipif(find_chromium() is None, reason="no Chromium on the PATH")
def test_a_click_on_approve_in_a_browser_as_wide_as_a_phone_moves_stable(waiting, tmp_path):
    home = waiting.workshop.home
    (review,) = open_reviews(home).state("small_goal")
    with (
        running_dashboard(home, [waiting.goal]) as running,
        tab_of(find_chromium(), tmp_path / "profile", PHONE_PIXELS) as tab,
    ):
        tab.open(running.address(), "location.search === '' && document.querySelector('table')")
        addresses = ("/", "/goals/small_goal", "/alerts", f"/reviews/{review.id}")
        for path in addresses:
            tab.open(running.origin + path, f"location.pathname === {path!r}")
            assert tab.value("document.documentElement.scrollWidth") <= PHONE_PIXELS, path
            assert tab.value("document.styleSheets.length") == 1, path
            name = path.strip("/").replace("/", "-") or "goals"
            picture = tab.screenshot()
            (tmp_path / f"{name}.png").write_bytes(picture)
            assert len(picture) > 5_000

        tab.click("#approve")
        tab.wait_for("document.querySelector('#approve-reason:invalid')")
        assert open_reviews(home).get(review.id).rulings == (), "a reason is required"
        tab.click("#approve-reason")
        tab.write("read the samples on my phone")
        tab.click("#approve")
        tab.wait_for("document.querySelector('#stable-button')")
        (ruling,) = open_reviews(home).get(review.id).rulings
        assert (ruling.verdict, ruling.reason) == ("approve", "read the samples on my phone")
        assert stable(waiting) is None

        # From here on by keyboard alone.
        for _ in range(60):
            if tab.value("document.activeElement.id") == "stable-button":
                break
            tab.press("Tab", 9)
        assert tab.value("document.activeElement.id") == "stable-button"
        tab.press("Enter", 13, text="\r")
        tab.wait_for("document.body.innerText.includes('Version 1 is stable.')")
    assert stable(waiting).trial == "0001-a"
