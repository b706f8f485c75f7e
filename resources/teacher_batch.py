"""One batch of questions to a teacher: its queue, its clock, its judgement of the teacher."""

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable, Sequence

from forgemind_assets.errors import BudgetExceeded, TeacherError
from resources.teacher_api import CallFailed, ChatApi, Reply
from resources.teacher_terms import Account, TeacherAnswer, TeacherRequest


class Batch:
    """Answers to distinct requests, from the ledger or from the teacher; use it once."""

    def __init__(
        self,
        account: Account,
        on_answer: Callable[[TeacherAnswer], None],
        usable: Callable[[str], bool],
        max_seconds: float | None,
    ):
        self._account = account
        self._on_answer = on_answer
        self._usable = usable
        self._deadline = None if max_seconds is None else time.monotonic() + max_seconds
        self._answers: dict[str, TeacherAnswer] = {}
        self._queue: deque[tuple[str, TeacherRequest]] = deque()
        self._no_money: BudgetExceeded | None = None
        self._seen = self._good = 0
        self._example = ""
        self._apis: list[ChatApi] = []
        self._connecting = asyncio.Lock()

    def run(self, requests: Sequence[TeacherRequest]) -> list[TeacherAnswer]:
        """The answers, in the order of the requests."""
        keys = [self._account.key(r) for r in requests]
        for key, request in dict(zip(keys, requests, strict=True)).items():
            stored = self._stored(key, request)
            if stored is None:
                self._queue.append((key, request))
            else:
                self._arrived(stored)
        if self._queue:
            self._apis.append(
                ChatApi(self._account.connect(), self._account.teacher.timeout_seconds)
            )
            asyncio.run(self._ask_all())
        self._judge(at_end=True)
        if self._no_money and all(a.status == "skipped" for a in self._answers.values()):
            raise self._no_money
        return [self._answers[key] for key in keys]

    def _stored(self, key: str, request: TeacherRequest) -> TeacherAnswer | None:
        found = self._account.ledger.response(key)
        if found is None:
            return None
        return TeacherAnswer(
            request,
            key,
            "stored",
            found.text,
            finish_reason=found.finish_reason,
            input_tokens=found.input_tokens,
            output_tokens=found.output_tokens,
            seconds=found.seconds,
        )

    async def _ask_all(self) -> None:
        count = min(self._account.teacher.concurrency, len(self._queue))
        workers = [asyncio.create_task(self._work()) for _ in range(count)]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            for api in self._apis:
                await api.close()

    async def _work(self) -> None:
        while self._queue:
            self._arrived(await self._ask(*self._queue.popleft()))

    async def _ask(self, key: str, request: TeacherRequest) -> TeacherAnswer:
        """One request, attempt by attempt."""
        patience, why = self._account.patience, ""
        for attempt in range(1, patience.attempts + 1):
            if self._stopped():
                break
            api = self._apis[-1]
            try:
                return await self._attempt(api, key, request)
            except BudgetExceeded as error:
                self._no_money = error
                break
            except CallFailed as failed:
                why = failed.reason
                if failed.fatal:
                    raise TeacherError(self._refused(why)) from failed
                wait = self._wait(attempt, failed)
                if not failed.retry or wait is None or attempt == patience.attempts:
                    break
                await asyncio.sleep(wait)
                if failed.unreachable:
                    await self._reconnect(api)
        if not why:
            return TeacherAnswer(request, key, "skipped", reason=self._stopped())
        return TeacherAnswer(request, key, "failed", reason=why)

    async def _attempt(self, api: ChatApi, key: str, request: TeacherRequest) -> TeacherAnswer:
        """Reserve, call, store and settle. What may have been billed is settled in full.

        The ledger is written without awaiting: a batch that is given up cannot come between.
        """
        a = self._account
        most = a.cost(a.most_input(request), a.max_tokens(request))
        reservation = a.ledger.reserve(
            a.goal, a.iteration, "api", most, a.limit_dollars, note=a.teacher.name
        )
        began = time.monotonic()
        try:
            reply = await api.call(
                list(request.messages),
                schema=request.json_schema,
                max_tokens=a.max_tokens(request),
                temperature=a.temperature(request),
                seed=request.seed,
            )
        except CallFailed as failed:
            a.ledger.settle(reservation, most if failed.may_cost else 0.0, failed.reason)
            raise
        except BaseException:  # cancelled, or a bug: the teacher may be at work
            a.ledger.settle(reservation, most, "cut off: charged in full")
            raise
        answer = self._answer(key, request, reply, time.monotonic() - began)
        self._store(answer, reservation)
        return answer

    def _answer(
        self, key: str, request: TeacherRequest, reply: Reply, seconds: float
    ) -> TeacherAnswer:
        a = self._account
        known = reply.input_tokens is not None and reply.output_tokens is not None
        inputs = reply.input_tokens if known else a.most_input(request)
        outputs = reply.output_tokens if known else a.max_tokens(request)
        return TeacherAnswer(
            request,
            key,
            "fresh",
            reply.text,
            reason="" if known else "the server counts no tokens: the most is assumed",
            finish_reason=reply.finish_reason,
            input_tokens=inputs or 0,
            output_tokens=outputs or 0,
            dollars=a.cost(inputs or 0, outputs or 0),
            seconds=seconds,
        )

    def _store(self, answer: TeacherAnswer, reservation: int) -> None:
        a = self._account
        a.ledger.store_response(
            answer.key,
            goal=a.goal,
            teacher=a.teacher.name,
            iteration=a.iteration,
            request={"model": a.teacher.model, **answer.request.model_dump(mode="json")},
            text=answer.text or "",
            finish_reason=answer.finish_reason,
            input_tokens=answer.input_tokens,
            output_tokens=answer.output_tokens,
            dollars=answer.dollars,
            seconds=answer.seconds,
            settles=reservation,
        )

    async def _reconnect(self, broken: ChatApi) -> None:
        """A new connection, unless another worker made one since `broken` failed."""
        async with self._connecting:
            if self._apis[-1] is not broken:
                return
            endpoint = await asyncio.to_thread(self._account.connect)
            if endpoint != broken.endpoint:
                self._apis.append(ChatApi(endpoint, self._account.teacher.timeout_seconds))

    def _wait(self, attempt: int, failed: CallFailed) -> float | None:
        """Seconds until the next attempt; None if the server asks for more than we wait."""
        patience = self._account.patience
        if failed.retry_after is not None:
            return failed.retry_after if failed.retry_after <= patience.longest_wait else None
        backoff = min(patience.first_wait * 2 ** (attempt - 1), patience.longest_wait)
        return backoff * random.uniform(0.75, 1.25)  # noqa: S311 - spreads retries, no secret

    def _stopped(self) -> str:
        """Why nothing more is asked; empty while there is time and money."""
        if self._no_money:
            return "the budget is spent"
        late = self._deadline is not None and time.monotonic() >= self._deadline
        return "out of time" if late else ""

    def _arrived(self, answer: TeacherAnswer) -> None:
        self._answers[answer.key] = answer
        self._on_answer(answer)
        if answer.status == "skipped":
            return
        self._seen += 1
        if answer.text is not None and self._usable(answer.text):
            self._good += 1
        else:
            self._example = answer.reason if answer.text is None else f"it said {answer.text!r}"
        self._judge(at_end=False)

    def _judge(self, at_end: bool) -> None:
        """Raises TeacherError when there is enough to say that nothing can be used."""
        if self._good or not self._seen:
            return
        patience = self._account.patience
        none_answered = all(a.text is None for a in self._answers.values())
        enough = patience.enough_to_judge if at_end else patience.give_up_after
        if self._seen >= enough or (at_end and none_answered):
            raise TeacherError(self._refused(_shorten(self._example)))

    def _refused(self, example: str) -> str:
        teacher = self._account.teacher
        where = f" at {self._apis[-1].endpoint.base_url}" if self._apis else ""
        count = f"none of its first {self._seen} answers can be used; " if self._seen else ""
        return (
            f"teacher {teacher.name} ({teacher.model}{where}): {count}{example}; check its model, "
            "address, key and prompt, then run again"
        )


def _shorten(text: str, most: int = 300) -> str:
    return text if len(text) <= most else text[:most] + "…"
