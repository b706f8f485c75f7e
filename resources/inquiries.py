"""Puts the inquiries of strategies to the goal's teachers, all at once and behind the policy."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from forgemind_assets.errors import ForgeMindError
from forgemind_assets.foundry.screened_teachers import ScreenedTeachers
from forgemind_assets.foundry.strategies.base import Ask, Heard, Inquiry, Question, Reply
from forgemind_assets.goal import Goal
from forgemind_assets.warden.policy_files import effective_policy
from resources.classifiers import open_classifiers
from resources.ledger import Ledger
from resources.teacher_batch import Batch
from resources.teacher_engine import ask_all
from resources.teachers import TeacherAnswer, TeacherClient, TeacherRequest, open_teacher
from resources.workshop import Workshop


def screened_teachers(goal: Goal, workshop: Workshop, iteration: str) -> ScreenedTeachers:
    """The goal's teachers behind the policy's safety layers."""
    return ScreenedTeachers(
        teachers_of(goal, workshop, iteration),
        effective_policy(goal.spec.policy),
        open_classifiers(goal, workshop, iteration),
    )


def teachers_of(goal: Goal, workshop: Workshop, iteration: str) -> Ask:
    """What puts inquiries to the goal's teachers, with progress while one is loading."""
    ledger = workshop.ledger()

    def ask(inquiries: Sequence[Inquiry]) -> list[Heard]:
        clients = {
            name: client_of(goal, workshop, ledger, iteration, name)
            for name in dict.fromkeys(one.teacher for one in inquiries)
        }
        batches = [_batch(clients[one.teacher], one) for one in inquiries]
        outcomes = ask_all(batches)
        return [_heard(*pair, ledger) for pair in zip(batches, outcomes, strict=True)]

    return ask


def client_of(
    goal: Goal, workshop: Workshop, ledger: Ledger, iteration: str, name: str
) -> TeacherClient:
    """A client for one of the goal's teachers. Raises what `open_teacher` raises."""
    progress = workshop.progress(goal.name)
    client = open_teacher(
        next(teacher for teacher in goal.spec.teachers if teacher.name == name),
        workshop.home,
        ledger,
        workshop.models,
        goal,
        iteration,
        on_wait=lambda seconds, what: progress.report(
            f"{name}: {what}", round(seconds), 0, "seconds", where=iteration
        ),
    )
    tell = lambda: progress.say(f"{name}: waiting for answers", where=iteration)  # noqa: E731
    return TeacherClient(replace(client.account, on_turn=tell))


def _batch(client: TeacherClient, inquiry: Inquiry) -> Batch:
    told: Callable[[TeacherAnswer], None] = lambda _: inquiry.on_reply()  # noqa: E731
    requests = [request_of(question) for question in inquiry.questions]
    return Batch(client.account, requests, told, usable=inquiry.usable)


def _heard(batch: Batch, outcome: list[TeacherAnswer] | ForgeMindError, ledger: Ledger) -> Heard:
    """What a batch came to; where it was given up, what was answered before."""
    if isinstance(outcome, ForgeMindError):
        return Heard([_reply(answer, ledger) for answer in batch.until_given_up()], outcome)
    return Heard([_reply(answer, ledger) for answer in outcome])


def _reply(answer: TeacherAnswer, ledger: Ledger) -> Reply:
    """An answer with what it cost, also where that was paid earlier."""
    paid = ledger.response(answer.key) if answer.status == "stored" else None
    return Reply(
        answer.text,
        answer.key,
        dollars=paid.dollars if paid else answer.dollars,
        seconds=answer.seconds,
        asked=answer.status != "skipped",
    )


def request_of(question: Question) -> TeacherRequest:
    """A strategy's question in the teachers' terms."""
    return TeacherRequest(
        messages=question.messages,
        json_schema=dict(question.json_schema),
        max_tokens=question.max_tokens,
        temperature=question.temperature,
        seed=question.seed,
    )
