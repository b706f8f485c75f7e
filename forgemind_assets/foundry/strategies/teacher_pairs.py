"""Teacher pairs: a teacher writes a vulnerable snippet and its repair for a drawn scenario."""

import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any, ClassVar

from pydantic import Field

from forgemind_assets.foundry.strategies.answers import AnswerShape
from forgemind_assets.foundry.strategies.base import Order, Question, shares
from forgemind_assets.foundry.strategies.prompts import (
    GoalWords,
    TeacherPrompt,
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
from forgemind_assets.records import Record

NAME = "teacher_pairs"
VULNERABLE, REPAIRED = "vulnerable_code", "repaired_code"


class Call(Record):
    """One dangerous use of an interface, and how it is repaired."""

    use: str
    repair: str
    fix: str = Field(description="the short fix that the model learns to name")


class Weakness(Record):
    """One class: its name in words, and the calls to draw from."""

    name: str
    calls: tuple[Call, ...] = Field(min_length=1)


class Example(Record):
    """A worked example that is shown before every request."""

    request: str
    vulnerable_code: tuple[str, ...]
    repaired_code: tuple[str, ...]


class PairPrompt(TeacherPrompt):
    """`prompts/teacher/teacher_pairs.yaml`."""

    example: Example
    applications: tuple[str, ...] = Field(min_length=1)
    sources: tuple[str, ...] = Field(min_length=1)
    styles: tuple[str, ...] = Field(min_length=1)
    classes: dict[str, Weakness]

    def slots(self, goal: GoalWords) -> frozenset[str]:
        """What is drawn."""
        return frozenset({"weakness", "use", "repair", "application", "source", "style"})


def answer_schema() -> dict[str, Any]:
    """JSON schema of the teacher's answer: two pieces of code, as lists of lines."""
    code = {"type": "array", "items": {"type": "string"}, "minItems": 3, "maxItems": 12}
    return {
        "type": "object",
        "properties": {VULNERABLE: code, REPAIRED: code},
        "required": [VULNERABLE, REPAIRED],
        "additionalProperties": False,
    }


def build_requests(
    prompt: PairPrompt,
    weights: Mapping[str, float],
    count: int,
    seed: int,
    variants: Sequence[str] = (),
) -> list[tuple[Question, str]]:
    """`count` questions and their variants, spread over the classes by the weights of the slices.

    A class weighs what its slice and its safe slice weigh together. The first questions of a
    class are the same, however many there are of it.
    """
    per_class = {
        label: weights.get(label, 1.0) + weights.get(f"safe/{label}", 1.0)
        for label in prompt.classes
    }
    questions: dict[str, list[tuple[Question, str]]] = {}
    for label, wanted in sorted(shares(per_class, count).items()):
        rng = random.Random(f"{NAME}/{seed}/{label}")  # noqa: S311 - reproducible, no secret
        for call in islice(_in_turn(prompt.classes[label].calls, rng), wanted):
            variant = rng.choice(list(variants) or sorted(prompt.variants))
            question = _question(prompt, label, call, variant, rng)
            questions.setdefault(label, []).append((question, variant))
    return by_turns(questions, f"{NAME}/{seed}")


def _in_turn(calls: Sequence[Call], rng: random.Random) -> Iterator[Call]:
    """Calls without end, each as often as the others, in random order."""
    while True:
        yield from rng.sample(list(calls), len(calls))


def _question(
    prompt: PairPrompt, label: str, call: Call, variant: str, rng: random.Random
) -> Question:
    application = rng.choice(prompt.applications)
    drawn = {
        "weakness": prompt.classes[label].name,
        "use": call.use,
        "repair": call.repair,
        "application": application,
        "source": rng.choice(prompt.sources),
        "style": rng.choice(prompt.styles),
    }
    return Question(
        messages=(
            {"role": "system", "content": prompt.system},
            {"role": "user", "content": prompt.example.request},
            {"role": "assistant", "content": _shown(prompt.example)},
            {"role": "user", "content": filled(prompt.variants[variant], drawn)},
        ),
        json_schema=answer_schema(),
        max_tokens=prompt.max_tokens,
        temperature=prompt.temperature,
        seed=rng.randrange(2**31),
        meta={"label": label, "fix": call.fix, "application": application},
        slice=label,
    )


def _shown(example: Example) -> str:
    lines = {VULNERABLE: example.vulnerable_code, REPAIRED: example.repaired_code}
    return json.dumps(lines, ensure_ascii=False)


def parse_answer(
    text: str, meta: Mapping[str, str], shape: AnswerShape, comment_mark: str = "#"
) -> list[Draft]:
    """The two drafts of an answer: vulnerable with the line that analysis finds, and repaired.

    An answer that is not the two pieces of code, or gives the same code twice, makes none.
    Where nothing is found the line is None, and the filters decide.
    """
    pair = read_pair(text, comment_mark)
    if pair is None:
        return []
    vulnerable, repaired = pair
    label, safe = meta["label"], f"safe/{meta['label']}"
    family = f"teacher-{label.lower()}-{_slug(meta['application'])}"
    named = shape.answer(label, label, shape.line_of(vulnerable, label), meta["fix"])
    harmless = shape.answer(safe, shape.harmless, None, None)
    return [Draft(family, label, vulnerable, named), Draft(family, safe, repaired, harmless)]


def read_pair(text: str, comment_mark: str = "#") -> tuple[str, str] | None:
    """The two pieces of code in an answer, cleaned; None where they are not there."""
    answer = read_object(text)
    if answer is None:
        return None
    one, two = (cleaned(as_text(answer.get(name)), comment_mark) for name in (VULNERABLE, REPAIRED))
    return (one, two) if one != two and one.strip() and two.strip() else None


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


class TeacherPairs(Taught):
    """Asks the order's teacher for pairs."""

    name: ClassVar[str] = NAME
    prompt_type: ClassVar[type[Record] | None] = PairPrompt

    def work(self, order: Order) -> Work:
        """One question a pair."""
        template = load_template(order.goal, NAME, PairPrompt)
        prompt, shape = template.prompt, AnswerShape.of(order.goal, order.seeds)
        variants = chosen_variants(prompt, order)
        questions = build_requests(prompt, order.weights, order.requests, order.seed, variants)
        mark = prompt.comment_mark
        jobs = [
            Job(q, variant, partial(parse_answer, meta=q.meta, shape=shape, comment_mark=mark))
            for q, variant in questions
        ]
        return Work(jobs, template.digest, lambda text: read_pair(text, mark) is not None)
