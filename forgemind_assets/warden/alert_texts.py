"""An alert as people read it: terminal, log line, Slack-compatible JSON, e-mail."""

from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from forgemind_assets.warden.alerts import Alert

# Slack's limits: https://docs.slack.dev/reference/block-kit/blocks (header 150, field 2000).
SLACK_HEADER = 150


def terminal_text(alert: Alert) -> str:
    """Five lines for a terminal; the texts hold no control characters."""
    return "\n".join(
        [
            f"{alert.severity.upper():<8}{_where(alert)}  {_time(alert)}  {alert.title}",
            f"  found      {alert.figure}",
            f"  expected   {alert.threshold}",
            f"  to do      {alert.what_to_do}",
            f"  see        {alert.link}",
        ]
    )


def log_line(alert: Alert) -> str:
    """One line, with the event's key at its end."""
    parts = [alert.title, f"found: {alert.figure}", f"expected: {alert.threshold}"]
    parts += [f"to do: {alert.what_to_do}", alert.link, f"event={alert.key}"]
    return f"{_time(alert)} {alert.severity.upper()} {_where(alert)} {' | '.join(parts)}"


def slack_message(alert: Alert) -> dict[str, Any]:
    """The JSON body of a Slack incoming webhook; `text` serves receivers that know no blocks.

    What was found stands in `plain_text` objects, in which nothing is a command or a link.
    """
    fields = {
        "Goal": _where(alert),
        "Severity": alert.severity,
        "Found": alert.figure,
        "Expected": alert.threshold,
    }
    where = f"<{slack_escape(alert.link)}|Open in Dagster>"
    text = f"{alert.severity.upper()} {_where(alert)}: {alert.title}. {alert.what_to_do}"
    return {
        "text": f"{slack_escape(text)} {slack_escape(alert.link)}",
        "blocks": [
            {"type": "header", "text": _plain(_short(alert.title, SLACK_HEADER))},
            {"type": "section", "fields": [_plain(f"{k}: {v}") for k, v in fields.items()]},
            {"type": "section", "text": _plain(f"To do: {alert.what_to_do}")},
            {"type": "section", "text": {"type": "mrkdwn", "text": where, "verbatim": True}},
            {"type": "context", "elements": [_plain(f"{_time(alert)}  {alert.key}")]},
        ],
    }


def slack_escape(text: str) -> str:
    """The three characters that Slack gives a meaning; without them `<!channel>` calls nobody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def email_message(alert: Alert, sender: str, recipient: str) -> EmailMessage:
    """A mail whose Message-ID is the event's: a mailbox that knows it shows it once."""
    message = EmailMessage()
    message["Subject"] = f"[ForgeMind] {alert.severity.upper()} {_where(alert)}: {alert.title}"
    message["From"] = sender
    message["To"] = recipient
    message["Date"] = format_datetime(datetime.fromtimestamp(alert.happened, UTC))
    message["Message-ID"] = f"<{alert.key}@{sender.rsplit('@', 1)[1]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(f"{terminal_text(alert)}\n\nEvent {alert.key}\n")
    return message


def _where(alert: Alert) -> str:
    return f"{alert.goal} {alert.partition}" if alert.partition else alert.goal


def _time(alert: Alert) -> str:
    return datetime.fromtimestamp(alert.happened, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
