"""Alerts in the inbox that `forgemind inbox` shows."""

from forgemind_assets.warden.alerts import Alert
from resources.alerts import Outbox


class Inbox:
    """Puts an alert into the ledger's inbox, once."""

    def __init__(self, outbox: Outbox):
        self._outbox = outbox

    def send(self, alert: Alert, attempt: int) -> None:
        """A second time changes nothing."""
        self._outbox.put_in_inbox(alert.key)
