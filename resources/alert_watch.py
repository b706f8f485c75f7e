"""Looks for what people should be told, and delivers it: what the sensor and the loop call."""

import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import dagster as dg

from forgemind_assets.goal import Goal
from forgemind_assets.home import Home
from forgemind_assets.lorekeeper.store import Store
from forgemind_assets.settings import load_settings
from forgemind_assets.warden.alert_facts import Facts, redact
from forgemind_assets.warden.alert_settings import (
    DEFAULT_UI,
    AlertSettings,
    Channel,
    channels,
    secret_variables,
)
from forgemind_assets.warden.alerts import Alert, alerts_from
from resources.alert_delivery import SENDING_SECONDS, deliver_due
from resources.alerts import Outbox
from resources.notifiers.base import Notifier
from resources.notifiers.registry import notifiers
from resources.review_facts import broken_records_facts, open_reviews_facts
from resources.reviews import open_reviews
from resources.run_facts import RUN_ENDS, checks_under_way, ended_runs, hours, money, stops

RETRY_SECONDS = 15.0
SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|WEBHOOK", re.IGNORECASE)
SECRET_ADDRESS = re.compile(r"://[^/\s:@]*:([^/\s@]+)@")
# A shorter value is too likely to be a word that stands in an honest message.
SHORTEST_SECRET = 8


@dataclass(frozen=True)
class Watched:
    """What one look led to."""

    new: int
    delivered: int
    waiting: int

    @property
    def sentence(self) -> str:
        """For a log."""
        return f"{self.new} new alerts, {self.delivered} delivered, {self.waiting} to be tried"


@dataclass(frozen=True)
class Post:
    """The outbox of an installation, with its channels and what serves them."""

    outbox: Outbox
    channels: tuple[Channel, ...]
    notifiers: Mapping[str, Notifier]
    ui: str
    secrets: Mapping[str, str]

    @staticmethod
    def open(home: Home) -> "Post":
        """Raises SettingsError where the settings do not hold."""
        settings = load_settings(home.settings).alerts
        home.root.mkdir(parents=True, exist_ok=True)
        outbox = Outbox(home.ledger_url)
        found = tuple(channels(settings))
        return Post(outbox, found, notifiers(found, home, outbox), ui_of(settings),
                    secrets_of_environment(settings))  # fmt: skip

    def add(self, facts: Facts, positions: Mapping[str, int] | None = None) -> list[Alert]:
        """Records what is new in some facts."""
        found = alerts_from(redact(facts, self.secrets), self.ui)
        return self.outbox.add(found, self.channels, positions) if found or positions else []


def watch(
    goals: Sequence[Goal],
    instance: dg.DagsterInstance,
    home: Home,
    seconds: float = SENDING_SECONDS,
    clock: Callable[[], float] = time.time,
) -> Watched:
    """One look: records every event since the last one, and delivers what is due by the clock.

    After `seconds` no send is begun; what is left is due at the next look.

    Raises:
        SettingsError: the settings do not hold. Nothing was read, so nothing is lost.
    """
    post = Post.open(home)
    new = look(post, goals, instance, home)
    sent = deliver_due(post.outbox, post.notifiers, clock, seconds)
    return Watched(len(new), sent, post.outbox.waiting(post.notifiers))


def look(
    post: Post, goals: Sequence[Goal], instance: dg.DagsterInstance, home: Home
) -> list[Alert]:
    """Records every event since the last look and returns the new ones."""
    new: list[Alert] = []
    for kind in RUN_ENDS:
        for read in ended_runs(instance, kind, post.outbox.position(kind.value)):
            facts = Facts(checks=read.checks, runs=read.runs)
            new += post.add(facts, {read.kind: read.position})
    reviews = open_reviews(home)
    store = Store(home.store)
    rest = Facts(
        checks=(*checks_under_way(instance), *broken_records_facts(reviews)),
        spending=tuple(f for goal in goals for f in (*money(goal, home), *hours(goal, store))),
        stops=tuple(stops(goals, instance, home)),
        reviews=tuple(open_reviews_facts(reviews)),
    )
    return new + post.add(rest)


@contextmanager
def delivering(home: Home, seconds: float = RETRY_SECONDS) -> Iterator[None]:
    """Delivers in a thread while the block works: a long training must not hold an alert back.

    Raises:
        SettingsError: the settings do not hold; before the block begins.
    """
    post, stop, problems = Post.open(home), threading.Event(), []

    def work() -> None:
        try:
            while not stop.wait(seconds):
                deliver_due(post.outbox, post.notifiers)
        except Exception as error:
            problems.append(error)

    thread = threading.Thread(target=work, name="alerts", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    if problems:
        raise problems[0]


def ui_of(settings: AlertSettings) -> str:
    """The address that links begin with: the settings', or where this process serves the UI."""
    served = os.environ.get("FORGEMIND_UI_URL", "") if settings.ui_url == DEFAULT_UI else ""
    return (served or settings.ui_url).rstrip("/")


def secrets_of_environment(settings: AlertSettings) -> dict[str, str]:
    """Values of the environment that no alert may show, with the names that stand for them."""
    named = secret_variables(settings)
    found = {}
    for name, value in os.environ.items():
        parts = [value] if name in named or SECRET_NAME.search(name) else []
        parts += SECRET_ADDRESS.findall(value)
        found |= {part.strip(): name for part in parts if len(part.strip()) >= SHORTEST_SECRET}
    return found
