"""Forging attempts on a promotion, on a real MLflow registry: each is refused or shown.

The goal asks for a person. Versions 1 and 2 meet it and wait, each with a review of its own.
"""

import json
import shutil
from contextlib import contextmanager
from html import unescape

import dagster as dg
import pytest
from fakes.artefacts import change_a_byte
from fakes.dashboard import form_of, running_dashboard, until
from fakes.forgery import approval_of, chained, rewrite, rows
from fakes.installation import forgemind, install
from fakes.reviews import ADA
from fakes.trials import conclude, promote_by_run, publish_plan, publish_report, publish_trial

from forgemind_assets.warden.chain import canonical_json
from resources import alert_watch
from resources.alert_watch import Post
from resources.guard.admission import Rights
from resources.registrations import open_registrations
from resources.registry import ADAPTER_TAG, TRIAL_TAG, Registry
from resources.reviews import open_reviews

# Warnings of mlflow are not ours to mend.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]
ASKS = {"policy": {"approval": {"promotion_to_stable": True}}}
GOAL = "small_goal"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Two registered versions, neither of which may be stable before a person has agreed."""
    folder = tmp_path_factory.mktemp("built")
    with pytest.MonkeyPatch.context() as environment, dg.instance_for_test() as instance:
        place = install(folder, instance, environment, ASKS)
        for key, passed in (("0000", 2), ("0001", 18), ("0002", 24)):
            publish_plan(place, key)
            publish_trial(place, f"{key}-a", passed)
            conclude(place, key)
    return folder


@pytest.fixture
def place(built, tmp_path, monkeypatch):
    """A copy of it that a test may attack."""
    shutil.copytree(built, tmp_path / "copy", symlinks=True)
    with dg.instance_for_test() as instance:
        place = install(tmp_path / "copy", instance, monkeypatch, ASKS)
        assert aliases(place) == {"candidate": "2"}
        yield place


def client(place):
    return Registry(place.workshop.home).client()


def aliases(place):
    """The aliases as MLflow itself holds them."""
    found = client(place).get_registered_model(GOAL).aliases
    return {alias: str(version) for alias, version in found.items()}


def nothing_moved(place):
    events = open_registrations(place.workshop.home).events(GOAL)
    assert {event.action for event in events} == {"gate_looked", "registered"}
    assert "stable" not in aliases(place)


def queue(place):
    return open_reviews(place.workshop.home)


def review_of(place, version):
    (found,) = [r for r in queue(place).state(GOAL) if r.question.subject.version == version]
    return found


def approve(place, version="1"):
    return queue(place).decide(review_of(place, version).id, "approve", ADA, "read the samples")


def promote(place, version, *more):
    return forgemind(place, "registry", "promote", "GOAL", version, "--reason", "it is good", *more)


@contextmanager
def browser(place, rights=Rights.ACT):
    with (
        running_dashboard(place.workshop.home, [place.goal]) as running,
        running.browser(rights) as page,
    ):
        yield running, page


# -- moved without approval ------------------------------------------------------------------


def test_the_command_line_moves_nothing_without_an_approval(place):
    for version in ("1", "2"):
        done = promote(place, version)
        assert done.exit_code == 1
        assert "asks for a person's consent" in done.output
    back = forgemind(place, "registry", "rollback", "GOAL", "--to", "1", "--reason", "it is good")
    assert back.exit_code == 1
    assert "never `stable`" in back.output
    nothing_moved(place)


@pytest.mark.parametrize("key", ["0001", "0002"])
def test_the_asset_moves_nothing_without_an_approval(place, key):
    """By hand, again and again, and after somebody has told Dagster that it is all right."""
    asset = dg.AssetKey([GOAL, "registry_entry"])
    told = dg.AssetMaterialization(asset, partition=key, metadata={"promoted": True})
    checked = dg.AssetCheckEvaluation(asset_key=asset, check_name="approved", passed=True)
    place.instance.report_runless_asset_event(told)
    place.instance.report_runless_asset_event(checked)
    for _ in range(2):
        assert promote_by_run(place, key).success
        entry = place.workshop.store.read_json(GOAL, "registry_entry", key, "entry.json")
        assert (entry["promoted"], entry["consent_missing"]) == (False, True)
    nothing_moved(place)


def test_the_dashboard_moves_nothing_without_an_approval(place):
    review = review_of(place, "2")
    path = f"/reviews/{review.id}"
    with browser(place) as (_, page):
        shown = page.get(path).text
        assert f"{path}/stable" not in shown, "no form for what is not approved"
        for token in (form_of(shown, "approve")["form_token"], "0" * 64, ""):
            assert page.post(f"{path}/stable", data={"form_token": token}).status_code == 403
        assert page.post(f"{path}/stable").status_code in (403, 415)
    assert review_of(place, "2").rulings == ()
    nothing_moved(place)


STRANGERS = [
    ("without the token", {}, 401),
    ("from a foreign origin", {"Origin": "http://evil.example"}, 403),
    ("from a foreign port", {"Origin": "http://127.0.0.1:1"}, 403),
    ("from a sandboxed frame", {"Origin": "null"}, 403),
    ("under a foreign host", {"Host": "evil.example", "Origin": "http://evil.example"}, 403),
    ("from another site", {"Sec-Fetch-Site": "cross-site"}, 403),
]


@pytest.mark.parametrize(("who", "headers", "status"), STRANGERS, ids=[s[0] for s in STRANGERS])
def test_no_stranger_approves_or_promotes_on_the_dashboard(place, who, headers, status):
    """Even with the page's own forms in hand, and when a person has approved version 1."""
    approve(place, "1")
    one, two = review_of(place, "1"), review_of(place, "2")
    with browser(place) as (running, page):
        forms = {
            f"/reviews/{two.id}/{verdict}": form_of(page.get(f"/reviews/{two.id}").text, verdict)
            for verdict in ("approve", "reject")
        }
        forms[f"/reviews/{one.id}/stable"] = form_of(page.get(f"/reviews/{one.id}").text, "stable")
        with running.stranger(Origin=running.origin) as stranger:
            sender = page if headers else stranger
            for path, form in forms.items():
                filled = form | {"reason": "it is good"}
                assert sender.post(path, data=filled, headers=headers).status_code == status
                get = sender.get(path, params=filled, headers=headers).status_code
                assert get in (401, 403, 405)
    assert review_of(place, "2").rulings == ()
    nothing_moved(place)


def test_who_may_only_look_approves_and_promotes_nothing(place):
    approve(place, "1")
    one, two = review_of(place, "1"), review_of(place, "2")
    with running_dashboard(place.workshop.home, [place.goal]) as running:
        with running.browser() as page:
            stable = form_of(page.get(f"/reviews/{one.id}").text, "stable")
            consent = form_of(page.get(f"/reviews/{two.id}").text, "approve") | {"reason": "ok"}
        with running.browser(Rights.LOOK) as page:
            assert page.post(f"/reviews/{one.id}/stable", data=stable).status_code == 403
            assert page.post(f"/reviews/{two.id}/approve", data=consent).status_code == 403
    assert review_of(place, "2").rulings == ()
    nothing_moved(place)


def test_an_alias_that_was_moved_in_mlflow_itself_is_shown_and_not_loaded(place):
    client(place).set_registered_model_alias(GOAL, "stable", "2")
    listed = json.loads(forgemind(place, "registry", "list", "GOAL", "--json").stdout)
    assert "moved outside of ForgeMind" in listed["warning"]
    suite = str(place.goal.folder / "suites" / "dev.jsonl")
    done = forgemind(place, "evaluate", f"{place.goal.folder}@stable", "--suite", suite)
    assert done.exit_code == 1
    assert "moved outside of ForgeMind" in done.output
    with browser(place) as (_, page):
        assert "stable version</dt><dd>none" in page.get(f"/goals/{GOAL}").text


# -- a record edited in the database ---------------------------------------------------------


def rejected_then_turned(records):
    """Version 2 was rejected; the word in the stored decision is another one now."""
    records[-1]["body"] = records[-1]["body"].replace('"reject"', '"approve"')
    return records


def turned_with_its_hash(records):
    return chained(rejected_then_turned(records))


def reason_reworded(records):
    records[1]["body"] = records[1]["body"].replace("cases passed", "cases shone")
    return records


def another_version(records):
    """The question about version 1 now asks about version 3."""
    records[0]["body"] = records[0]["body"].replace('"version":"1"', '"version":"3"')
    return chained(records)


def rules_softened(records):
    question = json.loads(records[1]["body"])
    question["rules"]["persons"], question["rules"]["own_goal"] = 1, True
    question["asked_by"]["name"] = "nobody"
    records[1]["body"] = canonical_json(question)
    return chained(records)


def rejection_removed(records):
    return records[:-1]


def all_removed(records):
    return []


EDITS = [
    rejected_then_turned,
    turned_with_its_hash,
    reason_reworded,
    another_version,
    rules_softened,
    rejection_removed,
    all_removed,
]


@pytest.mark.parametrize("edit", EDITS, ids=[edit.__name__ for edit in EDITS])
def test_an_edited_record_is_shown_everywhere_and_moves_nothing(place, edit):
    refused = review_of(place, "2")
    queue(place).decide(refused.id, "reject", ADA, "it fails on CWE-89")
    rewrite(queue(place), edit(rows(queue(place))))
    everything_refuses(place, refused.id)


@pytest.mark.parametrize("witness", ["as it was", "written anew", "gone"])
def test_an_approval_added_to_the_database_is_shown_everywhere_and_moves_nothing(place, witness):
    """The forger continues the chain rightly, and has all of the home but the key."""
    forged = chained([*rows(queue(place)), approval_of(review_of(place, "2"), ADA)])
    wanted = review_of(place, "2").id
    rewrite(queue(place), forged)
    seen = queue(place)._witness
    if witness == "written anew":
        seen.write_text(json.dumps({"seq": len(forged), "hash": forged[-1]["hash"]}))
    elif witness == "gone":
        seen.unlink()
    everything_refuses(place, wanted)


def everything_refuses(place, review):
    """Command line, asset, dashboard and alerts: each names the records, nobody goes on."""
    verified = forgemind(place, "review", "verify")
    assert verified.exit_code == 1
    assert "review record" in verified.output
    reason = ("--reason", "it is good")
    for arguments in (
        ("review", "list"),
        ("review", "show", review),
        ("review", "approve", review, *reason),
        ("review", "reject", review, *reason),
        ("registry", "promote", "GOAL", "2", *reason),
        ("registry", "promote", "GOAL", "1", *reason),
    ):
        done = forgemind(place, *arguments)
        assert done.exit_code == 1, arguments
        assert "review records were tampered with" in " ".join(done.output.split()), arguments
    assert not promote_by_run(place, "0002").success
    with browser(place) as (_, page):
        for path in ("/", f"/goals/{GOAL}", "/reviews", f"/reviews/{review}"):
            answer = page.get(path)
            assert (answer.status_code, "tampered" in answer.text) == (500, True), path
        for action in ("approve", "reject", "stable"):
            path = f"/reviews/{review}/{action}"
            assert page.post(path, data={"form_token": "0" * 64}).status_code == 500
    alert_watch.watch([place.goal], place.instance, place.workshop.home, seconds=float("inf"))
    told = [one.alert.title for one in Post.open(place.workshop.home).outbox.read_inbox()]
    assert any(title.startswith("Check review_records") for title in told), told
    nothing_moved(place)


# -- an approval replayed for something else -------------------------------------------------


def test_an_approval_is_good_for_its_own_version_only(place):
    approve(place, "1")
    done = promote(place, "2")
    assert (done.exit_code, "asks for a person's consent" in done.output) == (1, True)
    assert promote_by_run(place, "0002").success
    two = review_of(place, "2")
    with browser(place) as (_, page):
        spent = form_of(page.get(f"/reviews/{review_of(place, '1').id}").text, "stable")
        assert page.post(f"/reviews/{two.id}/stable", data=spent).status_code == 403
    nothing_moved(place)


def test_an_approval_copied_to_another_version_is_shown_everywhere(place):
    approve(place, "1")
    two = review_of(place, "2")
    records = rows(queue(place))
    rewrite(queue(place), chained([*records, records[-1] | {"review": two.id}]))
    found = queue(place).verify()
    assert "another version" in found.reason
    everything_refuses(place, two.id)


def dress_as(place, version, other):
    """MLflow's tags say of one version what is true of another."""
    tags = client(place).get_model_version(GOAL, other).tags
    for name in (ADAPTER_TAG, TRIAL_TAG):
        client(place).set_model_version_tag(GOAL, version, name, tags[name])


def test_a_version_that_claims_the_approved_adapter_is_not_promoted(place):
    approve(place, "1")
    dress_as(place, "2", "1")
    done = promote(place, "2")
    assert done.exit_code == 1
    assert "the record says version 1" in " ".join(done.output.split())
    nothing_moved(place)


def the_version_points_at_another_adapter(place):
    dress_as(place, "1", "2")
    return "the record says version 2"


def a_byte_of_the_adapter_changed(place):
    folder = place.workshop.store.folder(GOAL, "adapter", "0001-a")
    change_a_byte(folder / "adapter_model.safetensors")
    return "adapter_model.safetensors: expected SHA-256"


def the_adapter_published_anew(place):
    """The store's own hashes agree: only the signature of the registration does not."""
    store = place.workshop.store
    source = store.folder(GOAL, "adapter", "0001-a")
    with store.publish(GOAL, "adapter", "0001-a", {}) as folder:
        shutil.copytree(source, folder, dirs_exist_ok=True)
        change_a_byte(folder / "adapter_model.safetensors")
    return "altered after it was registered"


def a_report_published_anew(place):
    publish_report(place, "benchmark_report", "0001-a", passed=24)
    return "asks for a person's consent"


def a_further_report(place):
    publish_report(place, "adversarial_report", "0001-a", passed=24)
    return "asks for a person's consent"


REPLAYS = [
    the_version_points_at_another_adapter,
    a_byte_of_the_adapter_changed,
    the_adapter_published_anew,
    a_report_published_anew,
    a_further_report,
]


@pytest.mark.parametrize("attack", REPLAYS, ids=[attack.__name__ for attack in REPLAYS])
def test_an_approval_is_not_good_for_another_adapter_or_other_reports(place, attack):
    approved = approve(place, "1")
    words = attack(place)
    done = promote(place, "1")
    assert done.exit_code == 1
    assert words in " ".join(done.output.split())
    path = f"/reviews/{approved.id}"
    with browser(place) as (_, page):
        answer = page.post(f"{path}/stable", data=form_of(page.get(path).text, "stable"))
        assert answer.status_code == 303, answer.text
        told = unescape(until(page, path, "Refused: "))
        assert words in " ".join(told.split())
    nothing_moved(place)


def test_what_was_approved_and_is_unchanged_is_promoted(place):
    """The attacks above fail for their own reasons: without one, the same steps move `stable`."""
    approve(place, "1")
    done = promote(place, "1", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["approval"]["reviewers"] == ["ada"]
    assert aliases(place) == {"candidate": "2", "stable": "1"}
