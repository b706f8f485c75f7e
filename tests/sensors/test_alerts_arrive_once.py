"""Receivers that are down, and a daemon that is killed in between: every alert arrives once.

A real HTTP server and a real SMTP server on loopback; each tick is a process of its own that is
killed by SIGKILL, until one comes to its end.
"""

import itertools
from collections import Counter
from email import message_from_string

import dagster as dg
import pytest
import yaml
from fakes.alert_daemon import AlertDaemon, Death
from fakes.goal_folder import write_goal
from fakes.smtp_server import FakeMailServer
from fakes.webhook_server import FakeReceiver

from forgemind_assets.home import Home
from resources.alert_watch import Post
from resources.alerts import LAST_RETRY_SECONDS

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
ALWAYS = 10**9
TO = "ada@example.com"


@dg.job(name="small_goal__train")
def empty_job():
    """A job whose runs are reported, not executed."""


class Place:
    """An installation with a webhook and a mail server, and a clock that a test moves."""

    def __init__(self, folder, instance, receiver, mail):
        self.instance, self.ahead = instance, 0.0
        self.home = Home(root=folder / "home", models=folder / "models")
        self.home.root.mkdir()
        post = {"name": "ops", "host": "127.0.0.1", "port": mail, "sender": "forge@example.com",
                "to": [TO]}  # fmt: skip
        hook = {"name": "chat", "url_env": "ALERT_HOOK"}
        settings = {"alerts": {"webhooks": [hook], "emails": [post]}}
        self.home.settings.write_text(yaml.safe_dump(settings))
        self.daemon = AlertDaemon(
            self.home.root,
            instance.root_directory,
            write_goal(folder / "goal"),
            {"ALERT_HOOK": f"http://127.0.0.1:{receiver}/services/T0"},
        )

    def run_fails(self, count):
        for _ in range(count):
            self.instance.report_run_failed(self.instance.create_run_for_job(empty_job), "broken")

    def tick(self, death=None):
        """A tick after every waiting time has passed."""
        self.ahead += LAST_RETRY_SECONDS
        return self.daemon.tick(self.ahead, death)

    def killed_ticks(self, deaths):
        """Ticks that die so, one after the other, until one comes to its end; how many died."""
        return next(number for number, death in enumerate(deaths) if self.tick(death))

    def deliver_the_rest(self):
        post = Post.open(self.home)
        while post.outbox.waiting(post.notifiers):
            assert self.tick()
        return {one.alert.key for one in post.outbox.read_inbox(limit=1000)}

    def logged(self):
        lines = (self.home.logs / "alerts.log").read_text().splitlines()
        return [line.rsplit("event=", 1)[1] for line in lines]


@pytest.fixture
def ports():
    """Two ports on which nobody listens now."""
    with FakeReceiver() as receiver, FakeMailServer() as mail:
        return receiver.port, mail.port


@pytest.fixture
def place(tmp_path, ports, monkeypatch):
    for name in ("FORGEMIND_SETTINGS", "FORGEMIND_LEDGER_URL"):
        monkeypatch.delenv(name, raising=False)
    with dg.instance_for_test(temp_dir=str(tmp_path)) as instance:
        place = Place(tmp_path, instance, *ports)
        yield place
        place.daemon.close()


def posted(receiver):
    """The event of every post that was accepted."""
    refused = len(receiver.posts) - len(receiver.accepted)
    return [headers["Idempotency-Key"] for _, headers, _ in receiver.posts[refused:]]


def mailed(mail):
    """Recipient and event of every mail that was accepted."""
    found = []
    for _, recipients, text in mail.mails:
        identity = message_from_string(text)["Message-ID"]
        found += [(to, identity.strip("<>").split("@")[0]) for to in recipients]
    return found


def later_and_later():
    return (Death("after", number) for number in itertools.count(1))


def after_each_step():
    """A tick notes in three transactions how far it has read; then come a claim and a mark."""
    return (Death("after", number) for number in itertools.cycle(range(1, 7)))


def at_each_mark():
    """The tick before died at a mark: this one makes up for it, and dies at the next mark."""
    return itertools.chain([Death("at mark", 1)], itertools.repeat(Death("at mark", 2)))


def test_receivers_down_and_the_daemon_killed_after_every_step_each_alert_arrives_once(
    place, ports
):
    place.run_fails(1)
    assert place.killed_ticks(later_and_later()) > 3, "nobody listens: connections are refused"

    place.run_fails(1)
    refusing = FakeReceiver(down=ALWAYS, status=500, port=ports[0])
    with refusing, FakeMailServer(down=ALWAYS, port=ports[1]) as mail:
        assert place.killed_ticks(later_and_later()) > 3, "they listen and cannot"
        assert len(refusing.posts) > 1
        assert (refusing.accepted, mail.mails) == ([], [])

    place.run_fails(1)
    with FakeReceiver(port=ports[0]) as receiver, FakeMailServer(port=ports[1]) as mail:
        assert place.killed_ticks(after_each_step()) > 10, "they are back"
        events = place.deliver_the_rest()
    assert len(events) == 3
    assert Counter(posted(receiver)) == dict.fromkeys(events, 1)
    assert Counter(mailed(mail)) == dict.fromkeys(itertools.product([TO], events), 1)
    assert Counter(place.logged()) == dict.fromkeys(events, 1)


def test_killed_between_a_delivery_and_its_note_the_repeat_carries_the_same_id(place, ports):
    """What cannot be known is sent again: a receiver tells the repeat by its id.

    Each delivery in turn is accepted, and the daemon dies before it could note that. So each
    comes twice, with the same Idempotency-Key or Message-ID and a higher attempt; none is lost,
    and none comes a third time.
    """
    place.run_fails(2)
    with (
        FakeReceiver(drops_repeats=True, port=ports[0]) as receiver,
        FakeMailServer(port=ports[1]) as mail,
    ):
        assert place.killed_ticks(at_each_mark()) == 2 * 4, "two alerts on four channels"
        events = place.deliver_the_rest()
    assert len(events) == 2
    posts = [(h["Idempotency-Key"], h["X-ForgeMind-Attempt"]) for _, h, _ in receiver.posts]
    assert sorted(posts) == sorted(itertools.product(events, ("1", "2")))
    assert len(receiver.accepted) == 2, "a receiver that honours the key has each once"
    assert Counter(mailed(mail)) == dict.fromkeys(itertools.product([TO], events), 2)
    assert Counter(place.logged()) == dict.fromkeys(events, 1), "the log reads before it writes"
