"""One batch of questions to a teacher: what is missing, what came, and whether it is of use."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from forgemind_assets.errors import BudgetExceeded, ForgeMindError, TeacherError
from forgemind_assets.foundry.answer_shape import shape
from resources.ledger_writer import StoredResponse
from resources.teacher_terms import Account, TeacherAnswer, TeacherRequest


@dataclass(slots=True, eq=False)
class Item:
    """A request that must be asked.

    Attributes:
        batch: what it belongs to.
        name: key of the request as it was given.
        request: the present draw.
        key: that draw's name in the ledger.
        draw: its number; 0 is the request as it was given.
        tries: attempts of this draw that count.
        progress: what the teacher had answered when it last refused this.
        why: what the last attempt failed of.
    """

    batch: "Batch"
    name: str
    request: TeacherRequest
    key: str
    draw: int = 0
    tries: int = 0
    progress: int = 0
    why: str = ""


class Batch:
    """Distinct requests on one account, and their answers; use it once."""

    def __init__(
        self,
        account: Account,
        requests: Sequence[TeacherRequest],
        on_answer: Callable[[TeacherAnswer], None] = lambda _: None,
        *,
        usable: Callable[[str], bool] = lambda _: True,
        max_seconds: float | None = None,
    ):
        self.account = account
        self._until = None if max_seconds is None else time.monotonic() + max_seconds
        self.deadline: float | None = None
        self.no_money: BudgetExceeded | None = None
        self.error: ForgeMindError | None = None
        self.address = ""
        self._names = [account.key(request) for request in requests]
        self._requests = dict(zip(self._names, requests, strict=True))
        self._on_answer = on_answer
        self._usable = usable
        self._answers: dict[str, TeacherAnswer] = {}
        self._seen = self._good = 0
        self._example = ""

    @property
    def seconds_left(self) -> float | None:
        """Of the time that the batch was given when it was made; None for all the time it takes."""
        return None if self._until is None else self._until - time.monotonic()

    def recall(self) -> list[Item]:
        """Takes what the ledger has, and returns what must be asked, in the order of asking."""
        missing: list[Item] = []
        items = [Item(self, name, request, name) for name, request in self._requests.items()]
        while items:
            stored = self.account.ledger.responses([item.key for item in items])
            further: list[Item] = []
            for item in items:
                found = stored.get(item.key)
                if found is None:
                    missing.append(item)
                elif (redrawn := self.take(item, self.recalled(item, found))) is not None:
                    further.append(redrawn)
            items = further
        return missing

    def recalled(self, item: Item, found: StoredResponse) -> TeacherAnswer:
        """The answer that is in the ledger."""
        return TeacherAnswer(
            self._requests[item.name],
            item.key,
            "stored",
            found.text,
            finish_reason=found.finish_reason,
            input_tokens=found.input_tokens,
            output_tokens=found.output_tokens,
            seconds=found.seconds,
        )

    def take(self, item: Item, answer: TeacherAnswer) -> Item | None:
        """Gives out what came for an item, or returns the draw that must be made instead."""
        schema = item.request.json_schema
        if schema is not None and answer.text is not None:
            shaped = shape(answer.text, answer.finish_reason, schema)
            more = item.draw < self.account.redraws(item.request) and not self.stopped()
            if shaped.fault and more:
                return self._redrawn(item, f"does not fit the schema: {shaped.fault}")
            answer = replace(
                answer,
                request=self._requests[item.name],
                text=shaped.text,
                repaired=shaped.repaired,
                reason=f"does not fit the schema: {shaped.fault}"
                if shaped.fault
                else answer.reason,
            )
        self._arrived(item.name, answer)
        return None

    def _redrawn(self, item: Item, why: str) -> Item:
        draw = item.draw + 1
        request = self._requests[item.name].drawn(draw)
        return Item(self, item.name, request, self.account.key(request), draw, why=why)

    def leave(self, item: Item, reason: str) -> None:
        """Gives an item up: it has failed if it was tried, and was skipped if not."""
        request = self._requests[item.name]
        status = "failed" if item.why else "skipped"
        self._arrived(
            item.name, TeacherAnswer(request, item.key, status, reason=item.why or reason)
        )

    def stopped(self, now: float | None = None) -> str:
        """Why nothing more is asked; empty while there is time and money."""
        if self.error is not None:
            return "given up"
        if self.no_money is not None:
            return "the budget is spent"
        late = now is not None and self.deadline is not None and now >= self.deadline
        return "out of time" if late else ""

    def finish(self) -> list[TeacherAnswer]:
        """The answers in the order of the requests.

        Raises:
            TeacherError: nothing can be used.
            BudgetExceeded: not one request could be paid for.
        """
        if self.error is None:
            self._judge(at_end=True)
        if self.error is not None:
            raise self.error
        if self.no_money and all(a.status == "skipped" for a in self._answers.values()):
            raise self.no_money
        return [self._answers[name] for name in self._names]

    def until_given_up(self) -> list[TeacherAnswer]:
        """The answers that came before the batch was given up; the other requests as skipped."""
        return [
            self._answers.get(name)
            or TeacherAnswer(self._requests[name], name, "skipped", reason="given up")
            for name in self._names
        ]

    def give_up(self, example: str) -> None:
        """Ends the batch with an error: every further request would end like this example."""
        if self.error is None:
            self.error = TeacherError(self._refused(example))

    def _arrived(self, name: str, answer: TeacherAnswer) -> None:
        if self.error is not None:
            return
        self._answers[name] = answer
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
        """Gives up when there is enough to say that nothing can be used."""
        if self._good or not self._seen:
            return
        patience = self.account.patience
        none_answered = all(a.text is None for a in self._answers.values())
        enough = patience.enough_to_judge if at_end else patience.give_up_after
        if self._seen >= enough or (at_end and none_answered):
            self.give_up(_shorten(self._example))

    def _refused(self, example: str) -> str:
        teacher = self.account.teacher
        where = f" at {self.address}" if self.address else ""
        count = f"none of its first {self._seen} answers can be used; " if self._seen else ""
        return (
            f"teacher {teacher.name} ({teacher.model}{where}): {count}{example}; check its model, "
            "address, key and prompt, then run again"
        )


def _shorten(text: str, most: int = 300) -> str:
    return text if len(text) <= most else text[:most] + "…"
