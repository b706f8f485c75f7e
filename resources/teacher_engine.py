"""The generation engine: any number of batches to any number of teachers, at once."""

import asyncio
from collections.abc import Callable, Sequence

from forgemind_assets.errors import ForgeMindError
from forgemind_assets.goal import Teacher
from resources.ledger import Ledger
from resources.teacher_batch import Batch, Item
from resources.teacher_journal import Journal
from resources.teacher_lane import Lane
from resources.teacher_terms import TeacherAnswer


def ask_all(
    batches: Sequence[Batch],
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
) -> list[list[TeacherAnswer] | ForgeMindError]:
    """What became of each batch: its answers in the order of its requests, or its error.

    All batches share one ledger. Those of one teacher share its limits, in the order given; one
    teacher's trouble does not touch another's batches. Teachers are asked at the same time, but
    those of one `place` one after the other. What is stored is not asked, and a server
    is started only for what is missing; what another process has in flight is not seen, so that
    two that ask the same at the same time both pay. `loop_factory` makes another event loop than
    asyncio's.
    """
    lanes: dict[Teacher, list[Item]] = {}
    for batch in batches:
        missing = batch.recall()
        if missing and batch.error is None:
            lanes.setdefault(batch.account.teacher, []).extend(missing)
    opened = [lane for items in lanes.values() if (lane := _opened(items)) is not None]
    if opened:
        with asyncio.Runner(loop_factory=loop_factory or _event_loop) as runner:
            runner.run(_run(opened, batches[0].account.ledger))
    return [_outcome(batch) for batch in batches]


def _event_loop() -> asyncio.AbstractEventLoop:
    """uvloop's, which takes less time a request; asyncio's where there is none (Windows)."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def _opened(items: list[Item]) -> Lane | None:
    """A lane to the teacher of these items, which is started here: an interrupt can end that."""
    account = items[0].batch.account
    try:
        return Lane(account, account.connect(), items)
    except ForgeMindError as error:
        for item in items:
            item.batch.error = error
        return None


async def _run(lanes: Sequence[Lane], ledger: Ledger) -> None:
    places: dict[str, list[Lane]] = {}
    for number, lane in enumerate(lanes):
        places.setdefault(lane.account.place or f"lane {number}", []).append(lane)
    with Journal(ledger) as journal:
        running = [asyncio.create_task(_in_turn(line, journal)) for line in places.values()]
        try:
            await asyncio.gather(*running)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)


async def _in_turn(lanes: Sequence[Lane], journal: Journal) -> None:
    for lane in lanes:
        await lane.run(journal)


def _outcome(batch: Batch) -> list[TeacherAnswer] | ForgeMindError:
    try:
        return batch.finish()
    except ForgeMindError as error:
        return error
