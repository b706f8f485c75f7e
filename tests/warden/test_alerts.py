"""What becomes an alert, and what it says."""

import json

import pytest
from fakes.alert_facts import UI, alert, check_fact
from hypothesis import given
from hypothesis import strategies as st

from forgemind_assets.warden.alert_facts import (
    Facts,
    ReviewFact,
    RunFact,
    SpendingFact,
    StopFact,
    redact,
)
from forgemind_assets.warden.alert_texts import (
    email_message,
    log_line,
    slack_message,
    terminal_text,
)
from forgemind_assets.warden.alerts import Alert, alerts_from, at_least, plain, reached


def spending(used, limit=50.0, **changes):
    values = {"goal": "g", "what": "APIs", "scope": None, "unit": "$", "at": 5.0}
    return SpendingFact(used=used, limit=limit, **(values | changes))


def run(**changes):
    values = {"run_id": "r1", "goal": "g", "phase": "train", "partition": "0001-a", "failures": 3,
              "allowed": 3, "final": True, "message": "loss is nan", "at": 5.0}  # fmt: skip
    return RunFact(**(values | changes))


def test_a_failed_check_carries_figure_threshold_link_and_what_to_do():
    found = alerts_from(Facts(checks=(check_fact(),)), UI)[0]
    assert (found.kind, found.severity, found.partition) == ("check_failed", "error", "0001-a")
    assert found.figure == "canary_pass_rate = 0.12"
    assert found.threshold == "needed = 0.35"
    assert found.link == (
        f"{UI}/assets/small_goal/canary_report?view=checks&checkDetail=canary_alive&partition=0001-a"
    )
    assert "Open the check" in found.what_to_do


def test_a_check_that_passed_and_a_run_that_will_be_tried_again_are_no_alerts():
    assert alerts_from(Facts(checks=(check_fact(passed=True),), runs=(run(final=False),)), UI) == []


def test_a_warning_is_less_than_an_error_and_a_check_may_say_what_to_do():
    fact = check_fact(severity="WARN", blocking=False, metadata={"what_to_do": "Ask Ada"})
    found = alerts_from(Facts(checks=(fact,)), UI)[0]
    assert (found.severity, found.what_to_do) == ("warning", "Ask Ada")
    assert found.figure == fact.description
    assert at_least([found], "error") == []
    assert at_least([found], "warning") == [found]


@pytest.mark.parametrize(
    ("used", "percent"),
    [(0, []), (24.999999, []), (25, [50]), (39.999999, [50]), (40, [80]), (49.999999, [80]),
     (50, [100]), (70, [100])],
)  # fmt: skip
def test_the_budget_is_warned_of_at_half_four_fifths_and_all(used, percent):
    assert [level for level, _ in reached(spending(used))] == percent


def test_a_level_that_is_reached_exactly_counts_whatever_the_binary_fractions():
    assert [level for level, _ in reached(spending(0.1 * 3 * 0.8, 0.3))] == [80]
    assert [level for level, _ in reached(spending(0.08, 0.1))] == [80]


def test_a_limit_of_zero_warns_of_nothing():
    assert reached(spending(0.0, 0.0)) == []


def test_a_level_is_one_event_until_the_limit_is_raised():
    def key(*args):
        return alerts_from(Facts(spending=(spending(*args),)), UI)[0].key

    assert key(26, 50) == key(30, 50)
    assert len({key(26, 50), key(41, 50), key(26, 51)}) == 3


def test_each_kind_says_what_happened():
    facts = Facts(
        runs=(run(),),
        spending=(spending(41),),
        stops=(StopFact(goal="g", iteration="0004", reason="limit reached: 4 of 4 iterations",
                        goal_met=False, at=5.0),),
        reviews=(ReviewFact(review="3f2a", goal="g", partition="0002", persons=2, at=5.0,
                            kind="promotion_to_stable", reason="the goal is met"),),
    )  # fmt: skip
    found = {alert.kind: alert for alert in alerts_from(facts, UI)}
    assert "loss is nan" in found["run_failed"].title
    assert found["run_failed"].link == f"{UI}/runs/r1"
    assert found["budget_warning"].figure == "$41.00 used (82%)"
    assert found["budget_warning"].threshold == "limit $50.00"
    assert found["stopped"].figure == "limit reached: 4 of 4 iterations"
    assert found["approval_needed"].what_to_do.startswith("forgemind review show 3f2a")
    assert "2 persons" in found["approval_needed"].threshold


names = st.text(min_size=1, max_size=5)
places = st.tuples(names, names, names, st.none() | names)


@given(places, places)
def test_two_events_have_two_keys_and_one_event_has_one(one, other):
    def key(place):
        run_id, asset, check, partition = place
        return alert(run_id=run_id, asset=asset, check=check, partition=partition).key

    assert (key(one) == key(other)) == (one == other)
    assert key(one).replace("_", "").replace("-", "").isalnum()


@given(st.text(max_size=400), st.integers(2, 200))
def test_plain_text_is_one_visible_line_of_a_length(text, limit):
    found = plain(text, limit)
    assert len(found) <= limit
    assert "\n" not in found
    assert found.isprintable()


HOSTILE = "<!channel> *bold* \x1b[31m\r\nBcc: all@example.com\u202e <http://evil|ok> &amp;"


@pytest.mark.parametrize("form", [terminal_text, log_line])
def test_a_hostile_text_forges_no_line_and_no_colour(form):
    text = form(alert(description=HOSTILE, metadata={}))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert not any(line.startswith("Bcc") for line in text.splitlines())
    assert len(log_line(alert(description=HOSTILE)).splitlines()) == 1


def test_a_hostile_text_calls_nobody_in_slack_and_adds_no_header_to_a_mail():
    hostile = alert(description=HOSTILE, metadata={})
    message = slack_message(hostile)
    assert "<" not in message["text"]
    marked = [
        b["text"]["text"] for b in message["blocks"] if b.get("text", {}).get("type") == "mrkdwn"
    ]
    assert len(marked) == 1
    assert "channel" not in marked[0]
    mail = email_message(hostile, "forge@example.com", "ops@example.com")
    assert mail["Bcc"] is None
    assert b"\nBcc:" not in mail.as_bytes()


def test_slack_blocks_keep_to_its_limits_and_are_json():
    found = slack_message(alert(description="é" * 5000))
    json.dumps(found)
    assert len(found["blocks"][0]["text"]["text"]) <= 150
    assert all(len(f["text"]) <= 2000 for f in found["blocks"][1]["fields"])


def test_a_mail_has_the_events_message_id():
    found = alert()
    mail = email_message(found, "forge@example.com", "ops@example.com")
    assert mail["Message-ID"] == f"<{found.key}@example.com>"
    assert "canary_pass_rate = 0.12" in mail.get_content()
    assert (
        email_message(found, "forge@example.com", "b@example.com")["Message-ID"]
        == mail["Message-ID"]
    )


def test_a_secret_is_replaced_before_anything_is_shortened():
    secret = "s3cr3t-" + "x" * 60
    facts = Facts(
        checks=(check_fact(description="a" * 215 + secret, metadata={"what_to_do": secret}),)
    )
    found = alerts_from(redact(facts, {secret: "API_KEY", secret[:30]: "SHORT"}), UI)[0]
    assert isinstance(found, Alert)
    assert "s3cr3t" not in found.model_dump_json()
    assert found.what_to_do.startswith("[API_KEY]")
