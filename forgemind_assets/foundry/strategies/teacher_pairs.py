"""Teacher pairs: a teacher writes a vulnerable snippet and its repair for a drawn scenario."""

import json
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import yaml
from pydantic import Field

from forgemind_assets.foundry.strategies.base import (
    Made,
    Order,
    Question,
    Reply,
    StrategyAccount,
    shares,
)
from forgemind_assets.foundry.verifiers.python_security import find
from forgemind_assets.goal import Goal
from forgemind_assets.records import Record, Row, Seed

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


class PairPrompt(Record):
    """`prompts/teacher/teacher_pairs.yaml`."""

    system: str
    example: Example
    request: str
    applications: tuple[str, ...] = Field(min_length=1)
    sources: tuple[str, ...] = Field(min_length=1)
    styles: tuple[str, ...] = Field(min_length=1)
    max_tokens: int = Field(default=260, ge=32)
    temperature: float = Field(default=0.9, ge=0, le=2)
    classes: dict[str, Weakness]


@dataclass(frozen=True)
class AnswerShape:
    """Names of the fields of an answer, and the label of harmless code."""

    label_key: str
    line_key: str
    fix_key: str
    harmless: str
    patterns: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @staticmethod
    def of(goal: Goal, seeds: Sequence[Seed] = ()) -> "AnswerShape":
        """As the goal's grader options say; the first label is the harmless one.

        A seed of each slice is the pattern of its answers: the order of the keys, and what else
        all answers of the slice say.
        """
        options = goal.spec.task.grader_options
        return AnswerShape(
            str(options.get("label_key", "cwe")),
            str(options.get("line_key", "line")),
            str(options.get("fix_key", "fix")),
            goal.spec.task.labels[0] if goal.spec.task.labels else "none",
            {seed.slice: seed.expected for seed in seeds},
        )

    def answer(
        self, slice_name: str, label: str, line: int | None, fix: str | None
    ) -> dict[str, Any]:
        """The expected answer."""
        said = {self.label_key: label, self.line_key: line, self.fix_key: fix}
        return dict(self.patterns.get(slice_name, {})) | said


def load_pair_prompt(prompts: Path) -> PairPrompt:
    """Reads the file. Raises FileNotFoundError or pydantic's ValidationError."""
    text = (prompts / "teacher" / f"{NAME}.yaml").read_text(encoding="utf-8")
    return PairPrompt.model_validate(yaml.safe_load(text))


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
    prompt: PairPrompt, weights: Mapping[str, float], count: int, seed: int
) -> list[Question]:
    """`count` questions, spread over the classes by the weights of their slices.

    A class weighs what its slice and its safe slice weigh together. What is the same for all
    questions comes first, so that a server can keep it.
    """
    per_class = {
        label: weights.get(label, 1.0) + weights.get(f"safe/{label}", 1.0)
        for label in prompt.classes
    }
    rng = random.Random(f"{NAME}/{seed}")  # noqa: S311 - reproducible, no secret
    questions: list[Question] = []
    for label, wanted in sorted(shares(per_class, count).items()):
        calls = _in_turn(list(prompt.classes[label].calls), wanted, rng)
        questions += [_question(prompt, label, call, rng) for call in calls]
    rng.shuffle(questions)
    return questions


def _in_turn(calls: list[Call], wanted: int, rng: random.Random) -> list[Call]:
    """`wanted` calls, each as often as the others, in random order."""
    drawn: list[Call] = []
    while len(drawn) < wanted:
        drawn += rng.sample(calls, len(calls))
    return drawn[:wanted]


def _question(prompt: PairPrompt, label: str, call: Call, rng: random.Random) -> Question:
    application = rng.choice(prompt.applications)
    drawn = {
        "weakness": prompt.classes[label].name,
        "use": call.use,
        "repair": call.repair,
        "application": application,
        "source": rng.choice(prompt.sources),
        "style": rng.choice(prompt.styles),
    }
    text = re.sub(r"\{\{(\w+)\}\}", lambda m: drawn[m[1]], prompt.request)
    return Question(
        messages=(
            {"role": "system", "content": prompt.system},
            {"role": "user", "content": prompt.example.request},
            {"role": "assistant", "content": _shown(prompt.example)},
            {"role": "user", "content": text},
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
    text: str, meta: Mapping[str, str], shape: AnswerShape, teacher: str, key: str
) -> list[Row]:
    """The two rows of an answer: vulnerable with the line that analysis finds, and repaired.

    An answer that is not the two pieces of code, or gives the same code twice, makes no rows.
    Where nothing is found the line is None, and the filters decide.
    """
    pair = read_pair(text)
    if pair is None:
        return []
    vulnerable, repaired = pair
    label = meta["label"]
    line = _line_of(vulnerable, label)
    family = f"teacher-{label.lower()}-{_slug(meta['application'])}"
    kept = {"family": family, "strategy": NAME, "teacher": teacher, "parent": f"request:{key}"}
    return [
        Row.make(
            slice=label,
            input=vulnerable,
            expected=shape.answer(label, label, line, meta["fix"]),
            **kept,
        ),
        Row.make(
            slice=f"safe/{label}",
            input=repaired,
            expected=shape.answer(f"safe/{label}", shape.harmless, None, None),
            **kept,
        ),
    ]


def read_pair(text: str) -> tuple[str, str] | None:
    """The two pieces of code in an answer, cleaned; None where they are not there."""
    start, end = text.find("{"), text.rfind("}")
    try:
        answer = json.loads(text[start : end + 1])
    except json.JSONDecodeError:
        return None
    if not isinstance(answer, dict):
        return None
    one, two = (_clean(_as_text(answer.get(field))) for field in (VULNERABLE, REPAIRED))
    return (one, two) if one != two and one.strip() and two.strip() else None


def _as_text(code: object) -> str:
    """Code as text, whether it came as lines or in one piece; empty for anything else."""
    if isinstance(code, list) and all(isinstance(line, str) for line in code):
        return "\n".join(code)
    return code if isinstance(code, str) else ""


def _clean(code: str) -> str:
    """Code without a fence, comments that may tell the label, and blank lines after a header."""
    fenced = re.search(r"```(?:python|py)?\n(.*?)```", code, re.DOTALL)
    body = (fenced[1] if fenced else code).replace("\r\n", "\n").expandtabs(4)
    lines = [re.sub(r"\s+#[^'\"\n]*$", "", line).rstrip() for line in body.split("\n")]
    text = "\n".join(line for line in lines if not line.lstrip().startswith("#")).strip() + "\n"
    return re.sub(r":\n\n+(?=[ ])", ":\n", re.sub(r"\n{4,}", "\n\n\n", text))


def _line_of(code: str, label: str) -> int | None:
    try:
        return next((line for found, line in find(code) if found == label), None)
    except (SyntaxError, ValueError, RecursionError):
        return None


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


class TeacherPairs:
    """Asks the order's teacher for pairs."""

    needs_teacher: ClassVar[bool] = True
    prompt_type: ClassVar[type[Record] | None] = PairPrompt

    def make(self, order: Order) -> Made:
        """Rows from up to `order.requests` answers. Raises what the teacher's client raises."""
        teacher = order.teacher
        assert teacher is not None, "the goal's compiler checks that this strategy has a teacher"
        prompt = load_pair_prompt(order.goal.folder / order.goal.spec.prompts)
        questions = build_requests(prompt, order.weights, order.requests, order.seed)
        shape = AnswerShape.of(order.goal, order.seeds)
        done = iter(range(1, len(questions) + 1))
        order.on_progress(NAME, 0, len(questions))
        replies = order.ask(
            teacher,
            questions,
            lambda text: read_pair(text) is not None,
            lambda: order.on_progress(NAME, next(done, len(questions)), len(questions)),
        )
        return _made(questions, replies, shape, teacher)


def _made(
    questions: Sequence[Question], replies: Sequence[Reply], shape: AnswerShape, teacher: str
) -> Made:
    rows: list[Row] = []
    answered = valid = 0
    unasked = sum(bool(reply.held) and not reply.key for reply in replies)
    held = sum(bool(reply.held) for reply in replies) - unasked
    for question, reply in zip(questions, replies, strict=True):
        if reply.text is None:
            continue
        answered += 1
        made = parse_answer(reply.text, question.meta, shape, teacher, reply.key)
        valid += bool(made)
        rows += made
    asked = len(questions) - unasked
    account = StrategyAccount(
        NAME, teacher, asked, answered + held, valid, len(rows), unasked, held
    )
    return Made(tuple(rows), account)
