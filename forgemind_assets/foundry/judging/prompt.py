"""The prompt with which judges are asked: a file of the goal, `prompts/judge.yaml`."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import yaml
from pydantic import Field

from forgemind_assets.foundry.judging.votes import render_vote, vote_schema
from forgemind_assets.foundry.strategies.base import Message, Question
from forgemind_assets.foundry.strategies.prompts import SLOT, Finding, filled
from forgemind_assets.goal import Goal, Task
from forgemind_assets.goal_judges import PROMPT
from forgemind_assets.goal_schema import unknown_name
from forgemind_assets.records import Record

Text = Annotated[str, Field(min_length=1)]
SLOTS = ("input", "labels")
INPUT = re.compile(r"\{\{input\}\}")


class WorkedVote(Record):
    """An input and the vote on it, shown before every request; not measured on."""

    input: Text
    label: Text
    confidence_percent: int = Field(default=95, ge=0, le=100)


class JudgePrompt(Record):
    """`prompts/judge.yaml`: `{{input}}` is what is judged, `{{labels}}` the goal's labels.

    The author's label and the slice are not shown: a judge that sees them repeats them.
    """

    version: int = Field(ge=1, description="raised with every change of the wording")
    system: Text
    request: str = Field(pattern=INPUT.pattern)
    examples: tuple[WorkedVote, ...] = ()
    max_tokens: int = Field(default=48, ge=16)
    temperature: float = Field(default=0.0, ge=0, le=2)

    def problems(self, task: Task | None) -> Iterator[Finding]:
        """What is wrong with the prompt for this task: place and message."""
        for key, text in (("system", self.system), ("request", self.request)):
            for slot in dict.fromkeys(SLOT.findall(text)):
                if slot not in SLOTS or (slot, key) == ("input", "system"):
                    known = SLOTS if key == "request" else SLOTS[1:]
                    yield (key,), unknown_name("placeholder", slot, known)
        for index, example in enumerate(self.examples):
            if task is not None and task.labels and example.label not in task.labels:
                place = ("examples", index, "label")
                yield place, unknown_name("label", example.label, task.labels)


@dataclass(frozen=True)
class JudgeTemplate:
    """A prompt as it is used, for the labels of its goal, and the hash of its file."""

    prompt: JudgePrompt
    labels: Sequence[str]
    digest: str

    def shows(self, text: str) -> bool:
        """Whether the prompt itself holds this input, so that its label is given away."""
        said = "\n".join([self.prompt.system, self.prompt.request])
        shown = [example.input.strip() for example in self.prompt.examples]
        return text.strip() in shown or text.strip() in said

    def question(self, text: str, slice_name: str) -> Question:
        """The request to judge a text. `slice_name` is for the policy and is not sent."""
        prompt, labels = self.prompt, ", ".join(self.labels)

        def asked(judged: str) -> Message:
            content = filled(prompt.request, {"input": judged.rstrip("\n"), "labels": labels})
            return {"role": "user", "content": content}

        messages: list[Message] = [
            {"role": "system", "content": filled(prompt.system, {"labels": labels})}
        ]
        for one in prompt.examples:
            answer = render_vote(one.label, one.confidence_percent)
            messages += [asked(one.input), {"role": "assistant", "content": answer}]
        return Question(
            messages=(*messages, asked(text)),
            json_schema=vote_schema(self.labels),
            max_tokens=prompt.max_tokens,
            temperature=prompt.temperature,
            seed=0,
            slice=slice_name,
        )


def load_judge_template(goal: Goal) -> JudgeTemplate:
    """Reads the goal's prompt. Raises FileNotFoundError or pydantic's ValidationError."""
    content = (goal.folder / goal.spec.prompts / PROMPT).read_bytes()
    prompt = JudgePrompt.model_validate(yaml.safe_load(content))
    digest = hashlib.sha256(content).hexdigest()[:16]
    return JudgeTemplate(prompt, goal.spec.task.labels, digest)
