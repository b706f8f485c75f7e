"""What a notifier is: it hands one alert to one receiver, or says why it could not."""

import os
from typing import Protocol

from forgemind_assets.errors import DeliveryFailed
from forgemind_assets.warden.alerts import Alert


class Notifier(Protocol):
    """One channel."""

    def send(self, alert: Alert, attempt: int) -> None:
        """Returns when the receiver has accepted. Raises DeliveryFailed when it did not."""
        ...


def variable(name: str) -> str:
    """The value of an environment variable that the settings name. Raises DeliveryFailed."""
    value = os.environ.get(name, "").strip()
    if not value:
        raise DeliveryFailed(f"the environment variable {name} is not set where alerts are sent")
    return value
