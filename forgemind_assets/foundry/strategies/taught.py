"""What all strategies that ask a teacher share: jobs, counting, and rows with provenance."""

import json
import random
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from pydantic import Field

from forgemind_assets.foundry.strategies.base import (
    Heard,
    Made,
    Order,
    Question,
    Reply,
    StrategyAccount,
)
from forgemind_assets.records import Record, Row

T = TypeVar("T")


@dataclass(frozen=True)
class Draft:
    """What an answer gives: an input and the answer to it, without provenance yet."""

    family: str
    slice: str
    input: str
    expected: dict[str, Any]


@dataclass(frozen=True)
class Job:
    """One question, the prompt variant that words it, and how its answer is read.

    `read` gives no drafts for an answer that cannot be used.
    """

    question: Question
    variant: str
    read: Callable[[str], Sequence[Draft]]


@dataclass(frozen=True)
class Work:
    """All jobs of an order. `template` is the prompt's hash; `readable` knows garbage."""

    jobs: Sequence[Job]
    template: str
    readable: Callable[[str], bool]


class TaughtOptions(Record):
    """Options of a strategy that asks a teacher.

    Attributes:
        variants: names of the wordings to ask with; all of the prompt where nothing is said.
    """

    variants: list[str] | None = Field(None, min_length=1)


class Taught(ABC):
    """A strategy that asks a teacher. A subclass says which requests, and how they are read.

    All that take part hand over their work first; `foundry.asking` puts it to the teachers.
    """

    name: ClassVar[str]
    needs_teacher: ClassVar[bool] = True
    prompt_type: ClassVar[type[Record] | None]
    option_type: ClassVar[type[Record]] = TaughtOptions

    @abstractmethod
    def work(self, order: Order) -> Work:
        """The jobs for up to `order.requests` requests, in the order in which they are asked.

        The same job is drawn whatever the number of requests: what a preview has asked and paid
        is what the run would ask.
        """

    def made(self, work: Work, heard: Heard, teacher: str) -> Made:
        """Rows of what came back, and the account of it."""
        rows: list[Row] = []
        answered = valid = 0
        for job, reply in zip(work.jobs, heard.replies, strict=True):
            if reply.text is None:
                continue
            answered += 1
            drafts = job.read(reply.text)
            valid += bool(drafts)
            rows += [self._row(draft, job, reply, teacher, work.template) for draft in drafts]
        unasked = sum(bool(reply.held) and not reply.key for reply in heard.replies)
        held = sum(bool(reply.held) for reply in heard.replies) - unasked
        account = StrategyAccount(
            self.name,
            teacher,
            sum(reply.asked for reply in heard.replies) - unasked,
            answered + held,
            valid,
            len(rows),
            unasked,
            held,
            dollars=sum(reply.dollars for reply in heard.replies),
            seconds=sum(reply.seconds for reply in heard.replies),
            trouble=str(heard.trouble or ""),
        )
        return Made(tuple(rows), account)

    def _row(self, draft: Draft, job: Job, reply: Reply, teacher: str, template: str) -> Row:
        return Row.make(
            family=draft.family,
            slice=draft.slice,
            input=draft.input,
            expected=draft.expected,
            strategy=self.name,
            teacher=teacher,
            parent=f"request:{reply.key}",
            variant=job.variant,
            template=template,
        )


def by_turns(groups: Mapping[str, Sequence[T]], seed: str) -> list[T]:
    """The first of every group, then the second, and so on; groups in an order drawn by `seed`.

    What comes first is the same, however long the groups are: neither a preview nor a budget
    that ends in the middle favours one.
    """
    drawn = {name: random.Random(f"{seed}/{name}").random() for name in groups}  # noqa: S311
    ordered = [groups[name] for name in sorted(groups, key=lambda name: (drawn[name], name))]
    longest = max((len(group) for group in ordered), default=0)
    return [group[n] for n in range(longest) for group in ordered if n < len(group)]


def read_object(text: str) -> dict[str, Any] | None:
    """The JSON object in an answer; None where there is none."""
    start, end = text.find("{"), text.rfind("}")
    try:
        answer = json.loads(text[start : end + 1])
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def as_text(value: object) -> str:
    """Text, whether it came as lines or in one piece; empty for anything else."""
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "\n".join(value)
    return value if isinstance(value, str) else ""


def cleaned(text: str, comment_mark: str = "") -> str:
    """Text without a fence, blank runs and blank lines after a header, or comments.

    A mark within a string is kept: a comment ends the line without a quote.
    """
    fenced = re.search(r"```\w*\n(.*?)```", text, re.DOTALL)
    body = (fenced[1] if fenced else text).replace("\r\n", "\n").expandtabs(4)
    lines = body.split("\n")
    if comment_mark:
        comment = re.compile(rf"\s+{re.escape(comment_mark)}[^'\"\n]*$")
        lines = [comment.sub("", line) for line in lines]
        lines = [line for line in lines if not line.lstrip().startswith(comment_mark)]
    whole = "\n".join(line.rstrip() for line in lines).strip() + "\n"
    return re.sub(r":\n\n+(?=[ ])", ":\n", re.sub(r"\n{4,}", "\n\n\n", whole))
