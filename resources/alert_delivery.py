"""Sends what is due: the loop between the outbox and the notifiers."""

import time
from collections.abc import Callable, Mapping

from forgemind_assets.errors import DeliveryFailed
from resources.alerts import LAST_RETRY_SECONDS, Outbox, back_off
from resources.notifiers.base import Notifier

# A sensor's tick may take a minute (Dagster's default); no send is begun after this.
SENDING_SECONDS = 20.0


def deliver_due(
    outbox: Outbox,
    notifiers: Mapping[str, Notifier],
    clock: Callable[[], float] = time.time,
    seconds: float = SENDING_SECONDS,
) -> int:
    """Sends what is due and returns how many were delivered.

    A channel that fails is left alone until the next call: the others need not wait for it.
    """
    with outbox.kept_open():
        return _deliver(outbox, notifiers, clock, time.monotonic() + seconds)


def _deliver(
    outbox: Outbox, notifiers: Mapping[str, Notifier], clock: Callable[[], float], end: float
) -> int:
    working, delivered = set(notifiers), 0
    while working and time.monotonic() < end:
        claim = outbox.claim(working, clock())
        if claim is None:
            break
        try:
            notifiers[claim.channel].send(claim.alert, claim.attempts)
        except DeliveryFailed as error:
            wait = max(back_off(claim.attempts), min(error.retry_after or 0, LAST_RETRY_SECONDS))
            outbox.failed(claim, str(error), clock() + wait)
            working.discard(claim.channel)
        except BaseException as error:
            # A bug or an interruption: the delivery is free again for the next call.
            outbox.failed(claim, type(error).__name__, clock() + back_off(claim.attempts))
            raise
        else:
            outbox.delivered(claim, clock())
            delivered += 1
    return delivered
