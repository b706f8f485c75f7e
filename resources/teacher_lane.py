"""One teacher at work: what is asked next, how fast, and what is tried again."""

import asyncio
import heapq
import itertools
import random
from collections import deque
from collections.abc import Sequence
from functools import partial

from forgemind_assets.errors import ForgeMindError
from resources.teacher_api import CallFailed, ChatApi, Endpoint
from resources.teacher_batch import Batch, Item
from resources.teacher_entries import answer_of, entry_of, reserve
from resources.teacher_journal import Journal
from resources.teacher_pace import Pace
from resources.teacher_terms import Account, TeacherAnswer

BUDGET_SECONDS = 0.05
"""Between two looks at a budget that waits for other requests of this process to settle."""


class Lane:
    """All batches of one run that go to one teacher."""

    def __init__(self, account: Account, endpoint: Endpoint, items: Sequence[Item]):
        self.account = account
        self._queue = deque(items)
        self._batches = list({id(item.batch): item.batch for item in items}.values())
        self._endpoint = endpoint
        self._later: list[tuple[float, int, Item]] = []
        self._numbers = itertools.count()
        self._tasks: dict[asyncio.Task[None], Item] = {}
        self._apis: list[ChatApi] = []
        self._held: set[int] = set()
        self._event = asyncio.Event()
        self._answers = 0
        self._refusals = 0
        self._rest_until = 0.0
        self._unreachable: ChatApi | None = None
        self._broken: BaseException | None = None

    async def run(self, journal: Journal) -> None:
        """Asks until nothing is left to ask."""
        self._journal, self._loop = journal, asyncio.get_running_loop()
        self.account.on_turn()
        teacher, now = self.account.teacher, self._loop.time()
        self._pace = Pace(
            teacher.concurrency, teacher.requests_per_minute, teacher.tokens_per_minute, now
        )
        self._open(self._endpoint)
        for batch in self._batches:
            batch.deadline = None if batch.seconds_left is None else now + batch.seconds_left
        try:
            while self._queue or self._later or self._tasks:
                await self._pause(await self._send())
                if self._broken is not None:
                    raise self._broken
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            for reservation in list(self._held):
                self._let_go(reservation)
            for api in self._apis:
                await api.close()

    def _open(self, endpoint: Endpoint) -> None:
        teacher = self.account.teacher
        api = self.account.open_api(endpoint, teacher.timeout_seconds, teacher.concurrency)
        self._apis.append(api)
        for batch in self._batches:
            batch.address = endpoint.base_url

    async def _pause(self, seconds: float | None) -> None:
        """Waits until something has changed, or for so long."""
        timer = None if seconds is None else self._loop.call_later(seconds, self._event.set)
        try:
            await self._event.wait()
        finally:
            self._event.clear()
            if timer is not None:
                timer.cancel()

    async def _send(self) -> float | None:
        """Starts what may start. Returns the seconds until more may, None if that is not known."""
        if self._unreachable is not None:
            await self._reconnect(self._unreachable)
        now = self._loop.time()
        self._leave_stopped(now)
        while self._later and self._later[0][0] <= now:
            self._queue.appendleft(heapq.heappop(self._later)[2])
        moments = [batch.deadline for batch in self._batches if not batch.stopped(now)]
        moments += [self._later[0][0]] if self._later else []
        if self._rest_until > now:
            moments.append(self._rest_until)
        elif self._queue:
            room = max(0, self._pace.window.size - len(self._tasks))
            ready = list(itertools.islice(self._queue, room))
            tokens = [item.batch.account.most_tokens(item.request) for item in ready]
            count, wait = self._pace.allowed(tokens, len(self._tasks), now)
            moments += [now + wait] if wait else []
            if count and await self._start(ready[:count], tokens[:count]) < count:
                moments.append(now + BUDGET_SECONDS)
        if not (self._queue or self._later or self._tasks):
            return 0.0
        known = [moment for moment in moments if moment is not None]
        return max(0.0, min(known) - now) if known else None

    def _leave_stopped(self, now: float) -> None:
        """Answers for what will not be asked any more."""
        reasons = {id(batch): batch.stopped(now) for batch in self._batches}
        if not any(reasons.values()):
            return
        waiting = [*self._queue, *(item for _, _, item in self._later)]
        if not any(reasons[id(item.batch)] for item in waiting):
            return
        for item in waiting:
            if reasons[id(item.batch)]:
                item.batch.leave(item, reasons[id(item.batch)])
        self._queue = deque(i for i in self._queue if not reasons[id(i.batch)])
        self._later = [entry for entry in self._later if not reasons[id(entry[2].batch)]]
        heapq.heapify(self._later)

    async def _start(self, items: list[Item], tokens: list[int]) -> int:
        """Reserves for these, the next ones of the queue, and starts them. Returns how many."""
        outcomes, short = await self._journal.reserve(
            lambda writer: reserve(writer, items, self._held)
        )
        for item, outcome, most in zip(items, outcomes, tokens, strict=False):
            self._queue.remove(item)
            if isinstance(outcome, int) and item.batch.error is not None:
                self._let_go(outcome)  # it was given up while the ledger was written
            elif isinstance(outcome, int):
                task = asyncio.create_task(self._attempt(item, outcome, most))
                self._tasks[task] = item
                task.add_done_callback(partial(self._ended, outcome))
            else:
                self._pace.not_sent([most])
                self._take(item, item.batch.recalled(item, outcome))
        self._pace.not_sent(tokens[len(outcomes) :])
        if short is not None:
            items[len(outcomes)].batch.no_money = short
            self._event.set()
        return len(outcomes)

    def _ended(self, reservation: int, task: asyncio.Task[None]) -> None:
        del self._tasks[task]
        if reservation in self._held:  # cancelled before its first step
            self._let_go(reservation)
        if not task.cancelled() and task.exception() is not None:
            self._broken = task.exception()
        self._event.set()

    def _let_go(self, reservation: int) -> None:
        """Settles what was reserved for a call that was given up before it was made."""
        self._held.discard(reservation)
        self._journal.write(lambda w: w.settle(reservation, 0.0, "not asked", must=False))

    async def _attempt(self, item: Item, reservation: int, most_tokens: int) -> None:
        """Call, store and settle. What may have been billed is settled in full."""
        self._held.discard(reservation)
        account, api, began = item.batch.account, self._apis[-1], self._loop.time()
        most = account.most_cost(item.request)

        def settle(dollars: float, note: str) -> "asyncio.Future[bool]":
            return self._journal.write(lambda writer: writer.settle(reservation, dollars, note))

        try:
            reply = await api.call(
                list(item.request.messages),
                schema=item.request.json_schema,
                max_tokens=account.max_tokens(item.request),
                temperature=account.temperature(item.request),
                seed=item.request.seed,
            )
        except CallFailed as failed:
            self._failed(item, api, failed)
            self._pace.used(most_tokens, most_tokens if failed.may_cost else 0)
            await settle(most if failed.may_cost else 0.0, failed.reason)
        except BaseException:  # cancelled, or a bug: the teacher may be at work
            settle(most, "cut off: charged in full")
            raise
        else:
            seconds = self._loop.time() - began
            answer = answer_of(item, reply, seconds)
            self._pace.used(most_tokens, answer.input_tokens + answer.output_tokens)
            self._pace.window.answered(seconds, full=bool(self._queue) and not self._pace.held)
            await self._journal.write(
                lambda writer: writer.store_response(**entry_of(item, answer), settles=reservation)
            )
            self._answers += 1
            self._refusals = 0
            self._take(item, answer)

    def _take(self, item: Item, answer: TeacherAnswer) -> None:
        redrawn = item.batch.take(item, answer)
        if redrawn is not None:
            self._queue.appendleft(redrawn)
        self._cancel_if_given_up(item.batch)

    def _cancel_if_given_up(self, batch: Batch) -> None:
        if batch.error is None:
            return
        for task, item in self._tasks.items():
            if item.batch is batch and task is not asyncio.current_task():
                task.cancel()

    def _failed(self, item: Item, api: ChatApi, failed: CallFailed) -> None:
        """Decides what becomes of an item."""
        now = self._loop.time()
        item.why = failed.reason
        if failed.unreachable:
            self._unreachable = api
        if failed.refused:
            self._refusals += 1
            if failed.limited:
                self._pace.window.refused(now)
        # While others are answered a refusal means `not yet`, and says nothing about this request.
        if not failed.refused or item.progress == self._answers:
            item.tries += 1
        item.progress = self._answers
        wait = self._wait(item, failed)
        if failed.fatal:
            item.batch.give_up(failed.reason)
            self._cancel_if_given_up(item.batch)
        elif wait is None or not failed.retry or item.tries >= item.batch.account.patience.attempts:
            item.batch.leave(item, "")
            self._cancel_if_given_up(item.batch)
        else:
            heapq.heappush(self._later, (now + wait, next(self._numbers), item))
            if failed.refused and self._refusals >= self._pace.window.size:
                self._rest_until = self._later[0][0]

    def _wait(self, item: Item, failed: CallFailed) -> float | None:
        """Seconds until the next attempt; None if the server asks for more than we wait."""
        patience = item.batch.account.patience
        if failed.retry_after is not None:
            return failed.retry_after if failed.retry_after <= patience.longest_wait else None
        backoff = min(patience.first_wait * 2 ** max(0, item.tries - 1), patience.longest_wait)
        return backoff * random.uniform(0.75, 1.25)  # noqa: S311 - spreads retries, no secret

    async def _reconnect(self, broken: ChatApi) -> None:
        """A new connection, unless there is one already since `broken` failed."""
        self._unreachable = None
        if self._apis[-1] is not broken:
            return
        try:
            endpoint = await asyncio.to_thread(self.account.connect)
        except ForgeMindError as error:
            for batch in self._batches:
                batch.error = batch.error or error
                self._cancel_if_given_up(batch)
            return
        if endpoint != broken.endpoint:
            self._open(endpoint)
