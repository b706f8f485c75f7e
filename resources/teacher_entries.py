"""What the engine enters into the ledger: reservations before a call, answers after it."""

from collections.abc import Sequence
from typing import Any

from forgemind_assets.errors import BudgetExceeded
from resources.ledger_writer import LedgerWriter, StoredResponse
from resources.teacher_api import Reply
from resources.teacher_batch import Item
from resources.teacher_terms import TeacherAnswer


def reserve(
    writer: LedgerWriter, items: Sequence[Item], held: set[int]
) -> tuple[list[int | StoredResponse], BudgetExceeded | None]:
    """For each item its reservation, noted in `held`, or the answer that is there already.

    It ends before the first one that would pass the limit. An error comes with that only where no
    reservation of this process is open that may be settled at less.
    """
    outcomes: list[int | StoredResponse] = []
    stored = writer.stored([item.key for item in items])
    for item in items:
        a = item.batch.account
        if item.key in stored:
            outcomes.append(stored[item.key])
            continue
        try:
            most = a.most_cost(item.request)
            note = a.teacher.name
            made = writer.reserve(a.goal, a.iteration, "api", most, a.limit_dollars, note=note)
        except BudgetExceeded as error:
            return outcomes, None if writer.open_here(a.goal, "api") else error
        held.add(made)
        outcomes.append(made)
    return outcomes, None


def answer_of(item: Item, reply: Reply, seconds: float) -> TeacherAnswer:
    """What came back and what it costs; where the server counts no tokens, the most."""
    account = item.batch.account
    known = reply.input_tokens is not None and reply.output_tokens is not None
    inputs = reply.input_tokens if known else account.most_input(item.request)
    outputs = reply.output_tokens if known else account.max_tokens(item.request)
    return TeacherAnswer(
        item.request,
        item.key,
        "fresh",
        reply.text,
        reason="" if known else "the server counts no tokens: the most is assumed",
        finish_reason=reply.finish_reason,
        input_tokens=inputs or 0,
        output_tokens=outputs or 0,
        dollars=account.cost(inputs or 0, outputs or 0),
        seconds=seconds,
    )


def entry_of(item: Item, answer: TeacherAnswer) -> dict[str, Any]:
    """An answer as the ledger keeps it: as it was said, before anything is mended."""
    account = item.batch.account
    request = item.request.model_dump(mode="json", exclude={"redraws"})
    return {
        "key": item.key,
        "goal": account.goal,
        "teacher": account.teacher.name,
        "iteration": account.iteration,
        "request": {"model": account.teacher.model, **request},
        "text": answer.text or "",
        "finish_reason": answer.finish_reason,
        "input_tokens": answer.input_tokens,
        "output_tokens": answer.output_tokens,
        "dollars": answer.dollars,
        "seconds": answer.seconds,
    }
