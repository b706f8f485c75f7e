"""Where alerts go: the `alerts:` section of the installation's settings.

Addresses belong to the machine and its people, not to a goal: one outbox serves all goals, and a
change of address must not change a goal's version, which is the hash of its folder. What is
secret stands in the environment; the settings hold the names of the variables.
"""

import re
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from forgemind_assets.records import Record
from forgemind_assets.warden.alerts import Severity

ENV_NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"
CHANNEL_NAME = r"^[a-z0-9][a-z0-9_.-]*$"
BUILT_IN = ("log", "inbox")
# What Dagster's webserver and `forgemind run` listen on unless told otherwise.
DEFAULT_UI = "http://127.0.0.1:3000"


class WebhookSettings(Record):
    """A receiver of JSON over HTTP, such as a Slack incoming webhook."""

    name: str = Field(pattern=CHANNEL_NAME)
    url_env: str = Field(
        pattern=ENV_NAME, description="NAME of the environment variable that holds the address"
    )
    at_least: Severity = "info"
    timeout_seconds: float = Field(default=10.0, gt=0, le=60)


class EmailSettings(Record):
    """A mail server and who gets the mail. Each recipient is a delivery of its own."""

    name: str = Field(pattern=CHANNEL_NAME)
    host: str = Field(min_length=1)
    port: int = Field(default=587, ge=1, le=65535)
    tls: Literal["auto", "required", "implicit"] = Field(
        default="auto",
        description="auto: STARTTLS where offered, and never a password without it; "
        "required: STARTTLS or no mail; implicit: TLS from the first byte (port 465)",
    )
    sender: str
    to: tuple[str, ...] = Field(min_length=1)
    user_env: str | None = Field(default=None, pattern=ENV_NAME)
    password_env: str | None = Field(default=None, pattern=ENV_NAME)
    at_least: Severity = "info"
    timeout_seconds: float = Field(default=10.0, gt=0, le=60)

    @field_validator("sender", "to")
    @classmethod
    def _addresses(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        addresses = (value,) if isinstance(value, str) else value
        if not all(re.fullmatch(r"[!-?A-~]+@[A-Za-z0-9.-]+", one) for one in addresses):
            raise ValueError("expected a mail address such as team@example.com")
        return value

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.user_env is None) != (self.password_env is None):
            raise ValueError("expected both user_env and password_env, or neither")
        return self


class AlertSettings(Record):
    """The channels. The log and the inbox are always on."""

    ui_url: str = Field(
        default=DEFAULT_UI,
        pattern=r"^https?://[^\s/?#@]+(/[^\s?#@]*)?$",
        description="address at which people reach the Dagster UI; links in alerts begin with it",
    )
    webhooks: tuple[WebhookSettings, ...] = ()
    emails: tuple[EmailSettings, ...] = ()

    @model_validator(mode="after")
    def _unique_names(self) -> Self:
        names = [one.name for one in (*self.webhooks, *self.emails)]
        twice = sorted({name for name in names if names.count(name) > 1 or name in BUILT_IN})
        if twice:
            raise ValueError(
                f"expected channel names that differ, from each other and from log and inbox; "
                f"found {', '.join(twice)} again"
            )
        return self


@dataclass(frozen=True)
class Channel:
    """One place where each alert is delivered once."""

    name: str
    kind: Literal["webhook", "email", "log", "inbox"]
    at_least: Severity = "info"
    webhook: WebhookSettings | None = None
    email: EmailSettings | None = None
    recipient: str | None = None


def channels(settings: AlertSettings) -> list[Channel]:
    """Every channel, the built-in ones first; a mail server gives one for each recipient.

    A mail to several could be accepted for one and refused for another, and sending it again
    would give the first a second copy.
    """
    found = [Channel("inbox", "inbox"), Channel("log", "log")]
    found += [Channel(one.name, "webhook", one.at_least, webhook=one) for one in settings.webhooks]
    found += [
        Channel(f"{one.name}/{to}", "email", one.at_least, email=one, recipient=to)
        for one in settings.emails
        for to in dict.fromkeys(one.to)
    ]
    return found


def secret_variables(settings: AlertSettings) -> set[str]:
    """Names of the environment variables that hold this section's secrets."""
    names = {one.url_env for one in settings.webhooks}
    return names | {one.password_env for one in settings.emails if one.password_env}
