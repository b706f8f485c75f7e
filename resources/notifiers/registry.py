"""The notifiers by the kind of their channel."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from forgemind_assets.home import Home
from forgemind_assets.warden.alert_settings import Channel
from resources.alerts import Outbox
from resources.notifiers.base import Notifier
from resources.notifiers.email import Email
from resources.notifiers.inbox import Inbox
from resources.notifiers.log import Log
from resources.notifiers.webhook import Webhook

T = TypeVar("T")

NOTIFIERS: Mapping[str, Callable[[Channel, Home, Outbox], Notifier]] = {
    "inbox": lambda channel, home, outbox: Inbox(outbox),
    "log": lambda channel, home, outbox: Log(home.logs / "alerts.log"),
    "webhook": lambda channel, home, outbox: Webhook(_given(channel.webhook)),
    "email": lambda channel, home, outbox: Email(_given(channel.email), _given(channel.recipient)),
}


def notifiers(channels: Sequence[Channel], home: Home, outbox: Outbox) -> dict[str, Notifier]:
    """A notifier for each channel, by the channel's name."""
    return {one.name: NOTIFIERS[one.kind](one, home, outbox) for one in channels}


def _given(value: T | None) -> T:
    assert value is not None, "channels() gives each kind its settings"
    return value
