"""Teachers behind the Warden: what may not be sent is not asked, what may not be used is held."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from forgemind_assets.foundry.strategies.base import Ask, Heard, Inquiry, Question, Reply
from forgemind_assets.warden.policy import Policy, Stage
from forgemind_assets.warden.scan_report import LayerSummary
from forgemind_assets.warden.screening import joined, screen
from forgemind_assets.warden.verdict import Classifier, Subject

PROMPTS: Stage = "teacher_prompts"
ANSWERS: Stage = "teacher_answers"


@dataclass
class ScreenedTeachers:
    """An `Ask` that screens each question before it is sent, and each answer before it is used.

    Attributes:
        ask: reaches the teachers.
        policy: the effective policy.
        models: classifiers of the layers that need one.
        layers: for both stages what each layer did so far; nothing where nothing was asked.
        held: for both stages how many texts were held back, by reason.
    """

    ask: Ask
    policy: Policy
    models: Mapping[str, Classifier] = field(default_factory=dict)
    layers: dict[Stage, tuple[LayerSummary, ...]] = field(init=False)
    held: dict[Stage, Counter[str]] = field(init=False)

    def __post_init__(self) -> None:
        stages = (PROMPTS, ANSWERS)
        self.layers = {
            stage: screen(stage, [], self.policy, self.models).layers for stage in stages
        }
        self.held = {stage: Counter() for stage in stages}

    def __call__(self, inquiries: Sequence[Inquiry]) -> list[Heard]:
        """What each inquiry heard, a reply a question. Raises what `ask` raises."""
        stopped = [
            self._screen(PROMPTS, [prompt_subject(question) for question in one.questions])
            for one in inquiries
        ]
        sent = [_passed(one, reasons) for one, reasons in zip(inquiries, stopped, strict=True)]
        asked = [one for one in sent if one.questions]
        heard = iter(self.ask(asked) if asked else ())
        return [
            self._heard(one, reasons, next(heard) if one.questions else Heard(()))
            for one, reasons in zip(sent, stopped, strict=True)
        ]

    def _heard(self, sent: Inquiry, stopped: Sequence[str | None], heard: Heard) -> Heard:
        """All replies of an inquiry: those to what was sent, and why the rest was not."""
        given = iter(self._answers(sent.questions, heard.replies))
        replies = [Reply(None, "", held=reason) if reason else next(given) for reason in stopped]
        return Heard(replies, heard.trouble)

    def _answers(self, questions: Sequence[Question], replies: Sequence[Reply]) -> list[Reply]:
        """The replies, without the texts that are held back."""
        pairs = zip(questions, replies, strict=True)
        subjects = [answer_subject(q, reply) for q, reply in pairs if reply.text is not None]
        found = iter(self._screen(ANSWERS, subjects))
        passed: list[Reply] = []
        for reply in replies:
            reason = None if reply.text is None else next(found)
            passed.append(replace(reply, text=None, held=reason) if reason else reply)
        return passed

    def _screen(self, stage: Stage, subjects: Sequence[Subject]) -> tuple[str | None, ...]:
        screened = screen(stage, subjects, self.policy, self.models)
        self.layers[stage] = joined(self.layers[stage], screened.layers)
        self.held[stage].update(reason for reason in screened.reasons if reason)
        return screened.reasons


def _passed(inquiry: Inquiry, stopped: Sequence[str | None]) -> Inquiry:
    """What may be sent of an inquiry; the rest counts as replied to."""
    for _ in filter(None, stopped):
        inquiry.on_reply()
    pairs = zip(inquiry.questions, stopped, strict=True)
    return replace(inquiry, questions=[question for question, reason in pairs if not reason])


def prompt_subject(question: Question) -> Subject:
    """A question's messages as one thing to judge."""
    parts = {
        f"{number}_{message.get('role', '')}": message.get("content", "")
        for number, message in enumerate(question.messages, start=1)
    }
    return Subject(str(question.seed), parts, question.slice)


def answer_subject(question: Question, reply: Reply) -> Subject:
    """A raw answer as one thing to judge, by the thresholds of its question's slice."""
    return Subject(reply.key, {"answer": reply.text or ""}, question.slice)
