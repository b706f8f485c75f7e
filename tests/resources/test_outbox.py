"""The outbox: every event once, every delivery until it succeeds, whoever is killed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fakes.alert_facts import alert
from fakes.webhook_server import FakeReceiver

from forgemind_assets.errors import DeliveryFailed
from forgemind_assets.warden.alert_settings import Channel, WebhookSettings
from resources.alert_delivery import deliver_due
from resources.alerts import LEASE_SECONDS, Outbox, back_off
from resources.notifiers.webhook import Webhook

ROOT = Path(__file__).resolve().parents[2]
HOOK = WebhookSettings(name="team", url_env="TEST_HOOK")
TEAM = Channel("team", "webhook", webhook=HOOK)
LOG = Channel("log", "log")


@pytest.fixture
def outbox(url):
    return Outbox(url)


class Recorder:
    """A receiver in this process; `fails` of its first sends do."""

    def __init__(self, fails=0, retry_after=None):
        self.keys, self._fails, self._after = [], fails, retry_after

    def send(self, alert, attempt):
        if self._fails:
            self._fails -= 1
            raise DeliveryFailed("status 503", self._after)
        self.keys.append(alert.key)


class Clock:
    def __init__(self, now=1_000.0):
        self.now = now

    def __call__(self):
        return self.now


def test_an_event_is_recorded_once_with_a_delivery_for_each_channel_that_wants_it(outbox):
    loud = Channel("loud", "webhook", at_least="error", webhook=HOOK)
    quiet = alert(1, severity="WARN")
    new = outbox.add([alert(0), quiet, alert(0)], [LOG, loud], {"runs": 7})
    assert new == [alert(0), quiet]
    assert outbox.add([alert(0, description="told differently")], [LOG, loud]) == []
    assert outbox.waiting(["log"]) == 2
    assert outbox.waiting(["loud"]) == 1


def test_a_failure_is_noted_whatever_letters_the_receiver_sent(outbox):
    outbox.add([alert(0)], [LOG], now=1.0)
    outbox.put_in_inbox(alert(0).key)
    outbox.failed(outbox.claim(["log"], 2.0), "said \x00 and \ud800", 3.0)
    assert outbox.read_inbox()[0].undelivered == {"log": "said \ufffd and ?"}


def test_a_position_never_moves_back(outbox):
    name = f"runs-{os.urandom(4).hex()}"
    assert outbox.position(name) is None
    for position, held in [(5, 5), (3, 5), (9, 9)]:
        outbox.add([], [], {name: position})
        assert outbox.position(name) == held


def test_a_failed_transaction_records_neither_events_nor_position(outbox):
    class Broken(list):
        def __iter__(self):
            yield LOG
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        outbox.add([alert(0)], Broken(), {"broken": 7})
    assert outbox.position("broken") is None
    assert outbox.add([alert(0)], [LOG]) == [alert(0)]


def test_a_channel_that_fails_is_tried_again_later_and_holds_up_no_other(outbox):
    clock, team, log = Clock(), Recorder(fails=2), Recorder()
    outbox.add([alert(0), alert(1)], [TEAM, LOG], now=clock())
    served = {"team": team, "log": log}
    assert deliver_due(outbox, served, clock) == 2
    assert log.keys == [alert(0).key, alert(1).key]
    assert deliver_due(outbox, served, clock) == 0, "the second alert fails, the first waits"
    assert deliver_due(outbox, served, clock) == 0
    clock.now += back_off(1)
    assert deliver_due(outbox, served, clock) == 2
    assert sorted(team.keys) == sorted(log.keys)
    assert deliver_due(outbox, served, clock) == 0


def test_waiting_grows_to_a_quarter_of_an_hour_and_a_receiver_may_ask_for_more(outbox):
    assert [back_off(n) for n in (1, 2, 3, 8, 9, 500)] == [5, 10, 20, 640, 900, 900]
    clock, team = Clock(), Recorder(fails=1, retry_after=60.0)
    outbox.add([alert(0)], [TEAM], now=clock())
    deliver_due(outbox, {"team": team}, clock)
    clock.now += 59
    assert deliver_due(outbox, {"team": team}, clock) == 0
    clock.now += 1
    assert deliver_due(outbox, {"team": team}, clock) == 1


def test_a_claimed_delivery_is_nobody_elses_until_its_lease_has_run_out(outbox, url):
    other = Outbox(url)
    outbox.add([alert(0)], [TEAM], now=1.0)
    mine = outbox.claim(["team"], 1.0)
    assert mine is not None
    assert other.claim(["team"], 1.0 + LEASE_SECONDS - 1) is None
    taken = other.claim(["team"], 1.0 + LEASE_SECONDS)
    assert (taken.id, taken.attempts) == (mine.id, 2)
    outbox.failed(mine, "late", 0.0)
    assert other.claim(["team"], 2.0 + LEASE_SECONDS) is None, "a lost lease frees nothing"
    outbox.delivered(mine)
    assert other.waiting(["team"]) == 0, "what the receiver has, it has"


def test_a_channel_that_is_gone_from_the_settings_is_left_alone(outbox):
    outbox.add([alert(0)], [TEAM], now=1.0)
    assert outbox.claim(["log"], 2.0) is None
    assert outbox.waiting(["log"]) == 0


def test_a_bug_in_a_notifier_is_shown_and_frees_the_delivery(outbox):
    class Broken:
        def send(self, alert, attempt):
            raise ZeroDivisionError

    clock = Clock()
    outbox.add([alert(0)], [TEAM], now=clock())
    with pytest.raises(ZeroDivisionError):
        deliver_due(outbox, {"team": Broken()}, clock)
    clock.now += back_off(1)
    assert deliver_due(outbox, {"team": Recorder()}, clock) == 1


def test_the_inbox_has_each_alert_once_and_says_what_was_not_delivered(outbox):
    outbox.add([alert(0), alert(1, goal="other")], [TEAM, LOG], now=1.0)
    for _ in range(2):
        outbox.put_in_inbox(alert(0).key, now=5.0)
    outbox.put_in_inbox(alert(1).key, now=6.0)
    claim = outbox.claim(["team"], 2.0)
    outbox.failed(claim, "status 503", 100.0)
    found = outbox.read_inbox()
    assert [one.alert for one in found] == [alert(0), alert(1, goal="other")]
    assert found[0].undelivered == {"team": "status 503", "log": ""}
    assert [one.alert.goal for one in outbox.read_inbox("other")] == ["other"]
    assert len(outbox.read_inbox(limit=1)) == 1
    outbox.mark_read([alert(0).key], now=7.0)
    assert [one.read_at for one in outbox.read_inbox()] == [7.0, None]


CHILD = """
import os, signal, sys
from forgemind_assets.warden.alert_settings import WebhookSettings
from resources.alert_delivery import deliver_due
from resources.alerts import Outbox
from resources.notifiers.webhook import Webhook

class Killed(Webhook):
    def send(self, alert, attempt):
        if {after}:
            super().send(alert, attempt)
        os.kill(os.getpid(), signal.SIGKILL)

hook = Killed(WebhookSettings(name="team", url_env="TEST_HOOK"))
deliver_due(Outbox({url!r}), {{"team": hook}})
"""


def kill_in_delivery(url, hook, *, after):
    code = CHILD.format(url=url, after=after)
    environment = os.environ | {"TEST_HOOK": hook}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=False)
    assert done.returncode == -9


def test_a_sender_killed_between_claim_and_send_loses_and_doubles_nothing(url, outbox, monkeypatch):
    outbox.add([alert(n) for n in range(3)], [TEAM])
    with FakeReceiver() as server:
        monkeypatch.setenv("TEST_HOOK", server.url)
        kill_in_delivery(url, server.url, after=False)
        assert server.posts == []
        assert deliver_due(outbox, {"team": Webhook(HOOK)}) == 3
    assert len(server.accepted) == 3


def test_a_sender_killed_between_send_and_mark_sends_the_same_key_again(url, outbox, monkeypatch):
    outbox.add([alert(n) for n in range(3)], [TEAM])
    with FakeReceiver(drops_repeats=True) as server:
        monkeypatch.setenv("TEST_HOOK", server.url)
        kill_in_delivery(url, server.url, after=True)
        assert len(server.accepted) == 1
        assert deliver_due(outbox, {"team": Webhook(HOOK)}) == 3
    headers = [headers for _, headers, _ in server.posts]
    keys = [one["Idempotency-Key"] for one in headers]
    assert keys[0] == keys[1]
    assert [one["X-ForgeMind-Attempt"] for one in headers] == ["1", "2", "1", "1"]
    assert len(server.accepted) == 3, "every alert arrives once"


SENDER = """
from forgemind_assets.warden.alert_settings import WebhookSettings
from resources.alert_delivery import deliver_due
from resources.alerts import Outbox
from resources.notifiers.webhook import Webhook
hook = Webhook(WebhookSettings(name="team", url_env="TEST_HOOK"))
print(deliver_due(Outbox({url!r}), {{"team": hook}}, seconds=float("inf")))
"""


def test_two_processes_that_deliver_at_once_share_the_work(contested):
    Outbox(contested).add([alert(n) for n in range(20)], [TEAM])
    with FakeReceiver() as server:
        environment = os.environ | {"TEST_HOOK": server.url}
        command = [sys.executable, "-c", SENDER.format(url=contested)]
        both = [
            subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE)
            for _ in range(2)
        ]
        sent = [int(process.communicate()[0]) for process in both]
    assert sum(sent) == 20
    assert len({headers["Idempotency-Key"] for _, headers, _ in server.posts}) == 20
    assert len(server.posts) == 20


ADDER = """
from fakes.alert_facts import alert
from forgemind_assets.warden.alert_settings import Channel
from resources.alerts import Outbox
outbox = Outbox({url!r})
print(sum(len(outbox.add([alert(n)], [Channel("log", "log")], {{"runs": n}})) for n in range(15)))
"""


def test_processes_that_find_the_same_events_at_once_record_each_once(contested):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    command = [sys.executable, "-c", ADDER.format(url=contested)]
    every = [
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE)
        for _ in range(3)
    ]
    assert sum(int(process.communicate()[0]) for process in every) == 15
    outbox = Outbox(contested)
    assert outbox.waiting(["log"]) == 15
    assert outbox.position("runs") == 14
