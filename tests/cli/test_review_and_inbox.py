"""`forgemind review` and `forgemind inbox`, as a person uses them."""

import json

import pytest
from fakes.alert_facts import alert
from fakes.goal_folder import write_goal
from fakes.reviews import ADA, promotion, subject
from typer.testing import CliRunner

from forgemind_assets.cli.main import app
from forgemind_assets.home import Home
from forgemind_assets.warden.reviews import Rules
from resources.alert_delivery import deliver_due
from resources.alert_watch import Post
from resources.ledger_tables import write
from resources.review_tables import review_signatures
from resources.reviews import open_reviews


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("FORGEMIND_HOME", str(tmp_path))
    for name in ("FORGEMIND_REVIEWER", "FORGEMIND_SETTINGS", "FORGEMIND_LEDGER_URL"):
        monkeypatch.delenv(name, raising=False)
    return Home.from_environment()


def call(*words, code=0):
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == code, result.output
    return result.output


def test_a_review_is_listed_shown_and_approved_by_two(home):
    asked = open_reviews(home).ask(promotion(rules=Rules(persons=2)))
    assert asked.id in call("review", "list")
    shown = call("review", "show", asked.id[:6])
    assert "a" * 64 in shown
    assert "2 must approve" in shown
    words = ["review", "approve", asked.id, "--reason", "read it", "--reviewer"]
    assert "1 more must approve" in call(*words, "ada")
    assert "has decided already" in call(*words, "Ada", code=2)
    done = json.loads(call(*words, "bob", "--json"))
    assert (done["status"], len(done["rulings"])) == ("approved", 2)
    assert done["rulings"][0]["reviewer"]["source"] == "flag"
    assert json.loads(call("review", "list", "--json")) == []
    assert len(json.loads(call("review", "list", "--all", "--json"))) == 1


def test_a_rejection_is_recorded_with_the_name_in_the_environment(home, monkeypatch):
    asked = open_reviews(home).ask(promotion())
    monkeypatch.setenv("FORGEMIND_REVIEWER", "Ada")
    assert "is rejected: reject by Ada (environment)" in call(
        "review", "reject", asked.id, "--reason", "fails on CWE-89"
    )
    assert "fails on CWE-89" in call("review", "show", asked.id)


def test_mistakes_have_clear_errors(home):
    assert "found none for 'zzzz'" in call("review", "show", "zzzz", code=2)
    asked = open_reviews(home).ask(promotion(rules=Rules(own_goal=False), owners=(ADA,)))
    output = call("review", "approve", asked.id, "--reason", "mine", "--reviewer", "ada", code=2)
    assert "own goal" in output
    assert "Traceback" not in output
    assert "--reason" in call("review", "approve", asked.id, code=2)


def test_help_has_an_example_for_every_verb(home):
    for verb in ("list", "show", "approve", "reject", "set-aside", "verify"):
        assert "Example: forgemind review" in call("review", verb, "--help")
    assert "Example: forgemind inbox" in call("inbox", "--help")


def test_verify_names_the_record_that_was_edited(home):
    import sqlite3

    reviews = open_reviews(home)
    reviews.ask(promotion())
    reviews.ask(promotion(subject=subject(version="4")))
    assert "All review records hold" in call("review", "verify")
    with sqlite3.connect(home.root / "ledger.db") as connection:
        connection.execute("UPDATE review_records SET body = replace(body, '4', '5') WHERE seq = 2")
    connection.close()
    assert "review record 2" in call("review", "verify", code=1)
    assert json.loads(call("review", "verify", "--json", code=1))["broken"]["seq"] == 2
    assert "tampered" in call("review", "list", code=1)


def test_records_from_before_signing_are_read_and_set_aside(home):
    reviews = open_reviews(home)
    asked = reviews.ask(promotion())
    reviews.decide(asked.id, "approve", ADA, "read it")
    with write(reviews._engine) as connection:
        connection.execute(review_signatures.delete())
    for words in (("list",), ("show", asked.id), ("verify",)):
        said = " ".join(call("review", *words, code=1).split())
        assert "forgemind review set-aside --reason" in said
        assert "tampered" not in said
    assert f"{asked.id} approved, unsigned" in " ".join(
        call("review", "list", "--unsigned").split()
    )
    assert "records 1 to 2 count for nothing" in call("review", "set-aside", "--reason", "old")
    assert "No reviews." in call("review", "list", "--all")
    assert "All review records hold" in call("review", "verify")
    assert json.loads(call("review", "list", "--unsigned", "--json"))[0]["signed"] is False


def test_a_hostile_name_or_reason_colours_no_terminal(home):
    hostile = {"x": "\x1b]0;title", "input": ["def f():", "    return 1  # \x1b[2J\u202e"]}
    asked = open_reviews(home).ask(promotion(reason="ok\x1b[2J", evidence=hostile))
    shown = call("review", "list") + call("review", "show", asked.id)
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "     return 1  # ⟨U+001B⟩" in shown


def test_the_inbox_shows_what_was_told_and_what_is_new(home):
    assert "No alerts." in call("inbox")
    post = Post.open(home)
    post.outbox.add([alert(0), alert(1, goal="other")], post.channels)
    deliver_due(post.outbox, post.notifiers)
    text = call("inbox", "small_goal", "--mark-read")
    assert "canary_pass_rate = 0.12" in text
    assert "new" in text.splitlines()[-1]
    rows = json.loads(call("inbox", "--json"))
    assert [row["goal"] for row in rows] == ["small_goal", "other"]
    assert rows[0]["read_at"] is not None
    assert rows[1]["read_at"] is None


def test_the_inbox_says_what_was_not_delivered_and_can_try_again(home, monkeypatch):
    home.settings.write_text("alerts:\n  webhooks:\n    - {name: team, url_env: TEST_HOOK}\n")
    monkeypatch.delenv("TEST_HOOK", raising=False)
    post = Post.open(home)
    post.outbox.add([alert(0)], post.channels)
    text = call("inbox", "--deliver")
    assert "not delivered yet: team (the environment variable TEST_HOOK is not set" in text


def test_the_inbox_takes_a_goal_as_other_commands_do_and_refuses_one_that_is_not_known(
    home, tmp_path
):
    post = Post.open(home)
    gone = alert(1)
    post.outbox.add([gone], post.channels)
    deliver_due(post.outbox, post.notifiers)
    folder = write_goal(tmp_path / "goal")
    assert gone.title in call("inbox", str(folder))
    # the contract is not in `benchmarks/`: its alerts still are here
    assert gone.title in call("inbox", "small_goal")
    assert "expected a goal.yaml" in call("inbox", "smal_goal", code=2)
