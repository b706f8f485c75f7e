"""Alerts as Slack-compatible JSON over HTTP."""

import logging
from contextvars import ContextVar
from email.utils import parsedate_to_datetime
from time import time

import httpx

from forgemind_assets.errors import DeliveryFailed
from forgemind_assets.warden.alert_settings import WebhookSettings
from forgemind_assets.warden.alert_texts import slack_message
from forgemind_assets.warden.alerts import Alert
from resources.notifiers.base import variable

_SENDING: ContextVar[bool] = ContextVar("forgemind_sending_alert", default=False)
# httpx logs the address of every request, and the address of a webhook is its password.
_LOGGERS = ("httpx", *(f"httpcore.{n}" for n in ("connection", "http11", "http2", "proxy")))


class _Silence(logging.Filter):
    """Drops what the HTTP client logs while an alert is sent."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not _SENDING.get()


_SILENCE = _Silence()


class Webhook:
    """Posts an alert to the address in an environment variable."""

    def __init__(self, settings: WebhookSettings):
        self._settings = settings

    def send(self, alert: Alert, attempt: int) -> None:
        """Posts it with the event's key as idempotency key. Only a 2xx counts as accepted.

        A redirect is refused: it would carry the alert to a host that nobody configured.
        """
        address = variable(self._settings.url_env)
        for name in _LOGGERS:
            logging.getLogger(name).addFilter(_SILENCE)
        headers = {"Idempotency-Key": alert.key, "X-ForgeMind-Attempt": str(attempt)}
        token = _SENDING.set(True)
        try:
            # The answer's body is never read: it says nothing that is needed.
            with (
                httpx.Client(
                    timeout=self._settings.timeout_seconds, follow_redirects=False
                ) as client,
                client.stream("POST", address, json=slack_message(alert), headers=headers) as got,
            ):
                status, after = got.status_code, got.headers.get("retry-after")
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
            # Only the kind of error: its text may hold the address.
            raise DeliveryFailed(f"no answer: {type(error).__name__}") from None
        finally:
            _SENDING.reset(token)
        if 300 <= status < 400:
            raise DeliveryFailed(f"status {status}: a redirect, which is refused")
        if not 200 <= status < 300:
            raise DeliveryFailed(f"status {status}", _seconds(after))


def _seconds(header: str | None) -> float | None:
    """Seconds of `Retry-After`: a number, or a date; None for anything else."""
    if header is None:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time())
    except ValueError:
        return None
