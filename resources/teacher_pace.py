"""How fast a teacher may be asked: limits that are known, and the one that is found out.

Nothing here looks at a clock; times are seconds of whatever clock the caller keeps.
"""

import math
from collections.abc import Sequence

MINUTE = 60.0


class Bucket:
    """A limit of so many units a minute, spread evenly, with one second's worth saved up.

    In any minute no more than `per_minute` units are begun, and at most one whole request more
    where a single request is larger than a second's worth.
    """

    def __init__(self, per_minute: float, now: float):
        self._depth = max(1.0, math.floor(per_minute / MINUTE))
        self._rate = (per_minute - self._depth + 1) / MINUTE
        self._level, self._seen = self._depth, now

    def wait(self, amount: float, now: float) -> float:
        """Seconds until so much may be taken; 0.0 if it may be now."""
        self._fill(now)
        missing = min(amount, self._depth) - self._level
        # Rounding may leave a billionth missing, which no clock can wait for.
        return missing / self._rate if missing > 1e-9 else 0.0

    def take(self, amount: float, now: float) -> None:
        """Takes it. What is larger than the bucket leaves a debt that the next one waits for."""
        self._fill(now)
        self._level -= amount

    def give_back(self, amount: float) -> None:
        """Returns what was taken for a request and not used by it."""
        self._level = min(self._depth, self._level + amount)

    def _fill(self, now: float) -> None:
        self._level = min(self._depth, self._level + (now - self._seen) * self._rate)
        self._seen = now


class Window:
    """How many requests may be under way at a teacher whose limit is not known.

    Additive increase and multiplicative decrease: it doubles in each round trip until something
    is refused, which halves it. From then on it shrinks by a tenth for a refusal (once in a round
    trip), and grows by 1 a round trip, by 2 in the next, and so on, so that a limit that was
    lifted is found soon (the idea of CUBIC, RFC 9438). A tenth instead of TCP's three tenths,
    because a refused request costs nothing and what is not asked is lost.
    """

    START = 16
    SHRINK = 0.9
    ROUND_TRIP = 1.0  # seconds, where none is known

    def __init__(self, most: int):
        self._most = most
        self._size = float(min(most, self.START))
        self._doubling = True
        self._step = 1.0
        self._answers = 0.0
        self._cut = -math.inf
        self.round_trip = 0.0

    @property
    def size(self) -> int:
        """Requests that may be under way."""
        return max(1, round(self._size))

    @property
    def spacing(self) -> float:
        """Seconds between requests; 0.0 until something was refused.

        A server that counts refuses what comes together although it would take it evenly spread.
        """
        return 0.0 if self._doubling else (self.round_trip or self.ROUND_TRIP) / self._size

    def answered(self, seconds: float, *, full: bool) -> None:
        """Notes an answer after `seconds`; `full` says whether more would have been asked."""
        known = self.round_trip
        self.round_trip = known + (seconds - known) / 8 if known else seconds
        if not full:
            return
        self._size = min(self._most, self._size + (1 if self._doubling else self._step / self.size))
        self._answers += 1
        if self._answers >= self.size:
            self._answers = 0.0
            self._step += 1

    def refused(self, now: float) -> None:
        """Notes that the teacher said it is asked too much."""
        if now < self._cut + self.round_trip:
            return
        self._size = max(1.0, self._size * (0.5 if self._doubling else self.SHRINK))
        self._doubling, self._step, self._answers, self._cut = False, 1.0, 0.0, now


class Pace:
    """The window and the known limits of one teacher.

    Attributes:
        window: the limit that is found out.
        held: whether a known limit held a request back when it was last asked.
    """

    TOGETHER = 0.01
    """Seconds' worth of spaced requests that may go at once: timers are no finer than that."""

    def __init__(
        self,
        most: int,
        requests_per_minute: float | None,
        tokens_per_minute: float | None,
        now: float,
    ):
        self.window = Window(most)
        self.held = False
        self._credit, self._credited = 1.0, now
        self._requests = Bucket(requests_per_minute, now) if requests_per_minute else None
        self._tokens = Bucket(tokens_per_minute, now) if tokens_per_minute else None

    def allowed(self, tokens: Sequence[int], under_way: int, now: float) -> tuple[int, float]:
        """How many of the next requests may go, by their most tokens, and takes what they need.

        Returns:
            (that number, seconds until the next may go if time alone holds it, else 0.0).
        """
        room = max(0, min(len(tokens), self.window.size - under_way))
        spaced, next_one = self._spaced(now)
        self.held = False
        count = 0
        while count < min(room, spaced):
            needs = [(self._requests, 1), (self._tokens, tokens[count])]
            limits = [(bucket, need) for bucket, need in needs if bucket is not None]
            wait = max((bucket.wait(need, now) for bucket, need in limits), default=0.0)
            if wait:
                self.held = True
                break
            for bucket, need in limits:
                bucket.take(need, now)
            count += 1
        else:
            wait = next_one if room > spaced else 0.0
        self._credit -= count
        return count, wait

    def _spaced(self, now: float) -> tuple[int, float]:
        """How many requests may go by their spacing, and the seconds until there is one more."""
        spacing = self.window.spacing
        if not spacing:
            self._credit, self._credited = float(self.window.size), now
            return self.window.size, 0.0
        earned = (now - self._credited) / spacing
        self._credit = min(max(1.0, self.TOGETHER / spacing), self._credit + earned)
        self._credited = now
        whole = math.floor(self._credit + 1e-9)
        return max(0, whole), (whole + 1 - self._credit) * spacing

    def used(self, reserved: int, used: int) -> None:
        """Corrects the tokens that were taken by those that were used."""
        if self._tokens is not None:
            self._tokens.give_back(reserved - used)

    def not_sent(self, tokens: Sequence[int]) -> None:
        """Gives back what was taken for requests that did not go after all."""
        for most in tokens:
            self.used(most, 0)
            if self._requests is not None:
                self._requests.give_back(1)
