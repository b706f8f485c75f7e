"""Puts the work of all strategies to all their teachers at once, and makes rows of the answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count

from forgemind_assets.foundry.strategies.base import Ask, Heard, Inquiry, Made, Order, Progress
from forgemind_assets.foundry.strategies.registry import STRATEGIES
from forgemind_assets.foundry.strategies.taught import Taught, Work


@dataclass(frozen=True)
class Assignment:
    """What one strategy has for one teacher."""

    strategy: Taught
    teacher: str
    work: Work


def assigned(name: str, order: Order) -> Assignment:
    """The work of a strategy for its order's teacher. Nobody is asked yet."""
    strategy = STRATEGIES[name]()
    assert isinstance(strategy, Taught), "every strategy that needs a teacher is one"
    assert order.teacher is not None, "the goal's compiler checks that this strategy has a teacher"
    return Assignment(strategy, order.teacher, strategy.work(order))


def ask_together(assignments: Sequence[Assignment], ask: Ask, on_progress: Progress) -> list[Made]:
    """What came of each assignment, in their order. One without jobs asks nothing.

    A teacher that fails leaves the others' answers in place: its account says why. Raises that
    reason where all of them failed.
    """
    busy = [one for one in assignments if one.work.jobs]
    told = _counter(busy, on_progress)
    inquiries = [
        Inquiry(one.teacher, [job.question for job in one.work.jobs], one.work.readable, told)
        for one in busy
    ]
    heard = list(ask(inquiries)) if inquiries else []
    troubles = [one.trouble for one in heard if one.trouble is not None]
    if troubles and len(troubles) == len(heard):
        raise troubles[0]
    replies = iter(heard)
    return [
        one.strategy.made(one.work, next(replies) if one.work.jobs else Heard(()), one.teacher)
        for one in assignments
    ]


def _counter(busy: Sequence[Assignment], on_progress: Progress) -> Callable[[], None]:
    """Counts the replies of all together, under the names of who is at work."""
    total = sum(len(one.work.jobs) for one in busy)
    label = ", ".join(dict.fromkeys(one.strategy.name for one in busy))
    teachers = list(dict.fromkeys(one.teacher for one in busy))
    if len(teachers) > 1:
        label += f" by {', '.join(teachers)}"
    done = count(1)
    if total:
        on_progress(label, 0, total)
    return lambda: on_progress(label, next(done), total)
