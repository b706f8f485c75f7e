"""Strategies that have a teacher rewrite a hand-written example: what they share."""

import json
import random
from abc import abstractmethod
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar, Generic, TypeVar, cast

from pydantic import Field

from forgemind_assets.foundry.strategies.answers import AnswerShape
from forgemind_assets.foundry.strategies.base import Message, Order, Question, shares
from forgemind_assets.foundry.strategies.prompts import (
    Finding,
    GoalWords,
    TeacherPrompt,
    Template,
    Text,
    WorkedExample,
    chosen_variants,
    filled,
    load_template,
)
from forgemind_assets.foundry.strategies.taught import (
    Draft,
    Job,
    Taught,
    Work,
    as_text,
    by_turns,
    cleaned,
    read_object,
)
from forgemind_assets.records import Record, Seed, render_answer


class Lines(Record):
    """Text that is asked for as a list of lines: small teachers break off in one long string."""

    least: int = Field(default=1, ge=1)
    most: int = Field(default=20, ge=1)


class RewritePrompt(TeacherPrompt):
    """A prompt that shows an example (`{{input}}`) and asks for another in its place."""

    example: WorkedExample | None = None
    field: str = Field(
        pattern=r"^[a-z][a-z0-9_]*$", description="field of the teacher's answer for the new input"
    )
    lines: Lines | None = Field(default=None, description="None: the new input is one text")
    answer_fields: tuple[str, ...] = Field(
        default=(), description="fields of the goal's answer that the teacher writes too"
    )
    draws: dict[str, tuple[Text, ...]] = Field(
        default_factory=dict, description="placeholder -> what to draw from"
    )
    source_chars: int = Field(default=900, ge=1, description="longer examples are not shown")

    def slots(self, goal: GoalWords) -> frozenset[str]:
        """The words of the slices, what is drawn, and the example with its answer."""
        return goal.slots | frozenset(self.draws) | {"input", "answer", *self.own_slots()}

    def own_slots(self) -> frozenset[str]:
        """Placeholders that the strategy fills itself."""
        return frozenset()

    def needed(self) -> frozenset[str]:
        """Each request shows the example."""
        return frozenset({"input"})

    def problems(self, goal: GoalWords) -> Iterator[Finding]:
        """Also: what is drawn from nothing, an example that does not answer as asked."""
        yield from super().problems(goal)
        for name, drawn in self.draws.items():
            if not drawn:
                yield ("draws", name), "expected at least 1 item, found none"
        for index, name in enumerate(self.answer_fields):
            if name not in goal.answer_fields:
                choices = ", ".join(sorted(goal.answer_fields))
                yield ("answer_fields", index), f"expected one of {choices}, found {name!r}"
        for name in (self.field, *self.answer_fields):
            if self.example is not None and name not in self.example.answer:
                yield ("example", "answer"), f"expected the key {name}, found none"

    def asked_schema(self, answer_schema: Mapping[str, Any]) -> dict[str, Any]:
        """JSON schema of the teacher's answer."""
        text: dict[str, Any] = {"type": "string"}
        if self.lines is not None:
            limits = {"minItems": self.lines.least, "maxItems": self.lines.most}
            text = {"type": "array", "items": text, **limits}
        asked = {name: answer_schema["properties"][name] for name in self.answer_fields}
        properties = {self.field: text, **asked}
        return {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }

    def read(self, text: str) -> tuple[str, dict[str, Any]] | None:
        """The new input, and the fields of the answer; None where they are not there."""
        answer = read_object(text)
        if answer is None or any(name not in answer for name in self.answer_fields):
            return None
        new = cleaned(as_text(answer.get(self.field)), self.comment_mark)
        return (new, {name: answer[name] for name in self.answer_fields}) if new.strip() else None


P = TypeVar("P", bound=RewritePrompt)


@dataclass(frozen=True)
class Errand:
    """What one request is about: the example shown, the one whose answer the new input has."""

    source: Seed
    target: Seed
    words: Mapping[str, str]


class Rewrites(Taught, Generic[P]):
    """Draws examples slice by slice; a subclass says which, and what more is said of them."""

    prompt_type: ClassVar[type[Record] | None] = RewritePrompt

    def weights(self, order: Order, prompt: P) -> Mapping[str, float]:
        """How often each slice is a source, relative to the others; as the plan says."""
        return {seed.slice: order.weights.get(seed.slice, 1.0) for seed in order.seeds}

    @abstractmethod
    def errand(self, order: Order, prompt: P, source: Seed, rng: random.Random) -> Errand:
        """What to ask about one example."""

    def work(self, order: Order) -> Work:
        """One question an errand; the same ones first, however many are asked."""
        template = load_template(order.goal, self.name, cast("type[P]", self.prompt_type))
        prompt, shape = template.prompt, AnswerShape.of(order.goal, order.seeds)
        variants = chosen_variants(prompt, order)
        pools: defaultdict[str, list[Seed]] = defaultdict(list)
        for seed in order.seeds:
            if len(seed.input) <= prompt.source_chars:
                pools[seed.slice].append(seed)
        weights = self.weights(order, prompt)
        jobs: defaultdict[str, list[Job]] = defaultdict(list)
        for name, count in sorted(
            shares({n: weights.get(n, 0.0) for n in pools}, order.requests).items()
        ):
            rng = random.Random(f"{self.name}/{order.seed}/{name}")  # noqa: S311 - reproducible
            for source in islice(in_turn(pools[name], rng), count):
                errand = self.errand(order, prompt, source, rng)
                jobs[name].append(_job(order, template, errand, shape, rng.choice(variants), rng))
        asked = by_turns(jobs, f"{self.name}/{order.seed}")
        return Work(asked, template.digest, lambda text: prompt.read(text) is not None)


def in_turn(seeds: Sequence[Seed], rng: random.Random) -> Iterator[Seed]:
    """Examples without end, from each family as often as from the others."""
    families: defaultdict[str, list[Seed]] = defaultdict(list)
    for seed in seeds:
        families[seed.family].append(seed)
    groups = list(families.values())
    while True:
        rng.shuffle(groups)
        for group in groups:
            yield rng.choice(group)


def _job(
    order: Order,
    template: Template[Any],
    errand: Errand,
    shape: AnswerShape,
    variant: str,
    rng: random.Random,
) -> Job:
    prompt: RewritePrompt = template.prompt
    source, target = errand.source, errand.target
    told = {k: v for k, v in target.expected.items() if k != shape.line_key}
    slots = {
        **template.words.get(source.slice, {}),
        **{name: rng.choice(drawn) for name, drawn in sorted(prompt.draws.items())},
        **errand.words,
        "input": source.input.rstrip("\n"),
        "answer": render_answer(told),
    }

    def read(text: str) -> Sequence[Draft]:
        answer = prompt.read(text)
        if answer is None or answer[0].strip() in (source.input.strip(), target.input.strip()):
            return []
        expected = shape.placed(target.expected | answer[1], answer[0], source)
        return [Draft(source.family, target.slice, answer[0], expected)]

    question = Question(
        messages=(*opening(prompt), _user(filled(prompt.variants[variant], slots))),
        json_schema=prompt.asked_schema(order.goal.spec.task.answer_schema),
        max_tokens=prompt.max_tokens,
        temperature=prompt.temperature,
        seed=rng.randrange(2**31),
        slice=target.slice,
    )
    return Job(question, variant, read)


def opening(prompt: RewritePrompt) -> tuple[Message, ...]:
    """What is the same in every request: the system's words, the worked example."""
    system = {"role": "system", "content": prompt.system}
    if prompt.example is None:
        return (system,)
    shown = json.dumps(prompt.example.answer, ensure_ascii=False)
    return system, _user(prompt.example.request), {"role": "assistant", "content": shown}


def _user(content: str) -> Message:
    return {"role": "user", "content": content}
