"""What a try of a goal is likely to take: tokens, seconds and dollars, before anything runs.

These are estimates from measured speeds, good to about a factor of two. What is really spent
is counted in the ledger, and that is where limits are enforced.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, computed_field

from forgemind_assets.brain.search.advice import REACH, TOKENS, TOKENS_EACH, asked_for
from forgemind_assets.goal import GoalSpec, Teacher
from forgemind_assets.goal_names import models
from forgemind_assets.records import Record

Hardware = Literal["cpu", "gpu"]

# The Brain measures the base model twice before it trains anything.
BASELINES = 2

# Tokens of a training row with prompt and answer, and of a case (short Python snippets,
# measured: 160 teacher-written rows had 123 on average).
ROW_TOKENS = 123
# Tokens of a request to a teacher: a prompt of 400, an answer of 200 (two snippets of 40 to 90
# tokens each, measured with Qwen2.5-Coder-1.5B, and their JSON).
REQUEST_TOKENS = 400
REPLY_TOKENS = 200
# The longest vote of a judge: `max_tokens` of the shipped prompt.
VOTE_TOKENS = 32
# Tokens of a question to an advisor: without past trials, and for each of these (measured with
# the tokenizer of Qwen2.5-Coder on eight dials).
ADVICE_TOKENS = 320
ADVICE_TRIAL_TOKENS = 55
# Tokens per second of one answer from a hosted API; an assumption, APIs publish none.
API_TOKENS_PER_SECOND = 50.0
# llama.cpp, Qwen2.5-Coder-1.5B (1.54e9 weights) Q4_K_M, 2 cores: 37 tokens/s with 4 slots,
# 27 alone, measured. The bundled server runs on the processor, whatever card there is.
EMBEDDED_TOKENS_PER_SECOND = 37.0
EMBEDDED_ALONE_TOKENS_PER_SECOND = 27.0
EMBEDDED_WEIGHTS = 1.54e9
# A forward pass alone costs about a third of a training step without weight gradients.
PREFILL_SPEEDUP = 3.0


@dataclass(frozen=True)
class Speeds:
    """Tokens per second of a model with `weights` weights; other sizes scale in proportion.

    `source` says where the figures come from.
    """

    weights: float
    training: float
    training_4bit: float
    answering: float
    source: str


SPEEDS: dict[Hardware, Speeds] = {
    "cpu": Speeds(
        weights=134.5e6,
        training=645.0,
        training_4bit=645.0 / 30,
        answering=152.0,
        source=(
            "measured on 2 cores (x86-64, AVX512-BF16) with SmolLM2-135M: LoRA in bf16, answers "
            "in batches of 32; 4-bit on a processor is tens of times slower"
        ),
    ),
    "gpu": Speeds(
        weights=8.03e9,
        training=3083.0,
        training_4bit=2413.0,
        answering=500.0,
        source=(
            "Llama 3.1 8B on one RTX 4090: LoRA and QLoRA from torchtune's README; answering is "
            "an assumption, a quarter of what the card's memory bandwidth allows"
        ),
    ),
}


class Estimate(Record):
    """What something takes. Seconds of work, one thing after the other."""

    teacher_requests: int = 0
    teacher_tokens: int = Field(default=0, description="prompts and answers")
    teacher_seconds: float = 0.0
    training_tokens: int = 0
    training_seconds: float = 0.0
    testing_seconds: float = 0.0
    gpu_dollars: float = 0.0
    api_dollars: float = Field(
        default=0.0, description="with answers of full length: an upper bound"
    )

    @computed_field
    @property
    def hours(self) -> float:
        """All of it, in hours."""
        return (self.teacher_seconds + self.training_seconds + self.testing_seconds) / 3600

    def times(self, count: int) -> "Estimate":
        """The same work `count` times."""
        return Estimate(**{name: value * count for name, value in self})

    def plus(self, other: "Estimate") -> "Estimate":
        """One after the other."""
        return Estimate(**{name: value + getattr(other, name) for name, value in self})


def detect_hardware() -> Hardware:
    """`gpu` where an NVIDIA driver is loaded. Asks the system, not torch, which is slow."""
    return "gpu" if Path("/proc/driver/nvidia/version").exists() else "cpu"


def estimate_try(spec: GoalSpec, weights: int, dev: int, gate: int, hardware: Hardware) -> Estimate:
    """One iteration: teachers, and the training and tests of its trials.

    Every trial is put to the `dev` cases, and one to the `gate` cases (full and adversarial). What
    a race saves is not counted.
    """
    trial = _training(spec, weights, hardware).plus(estimate_tests(spec, weights, dev, hardware))
    asking = _teaching(spec).plus(_judging(spec))
    testing = estimate_tests(spec, weights, gate, hardware)
    return asking.plus(trial.times(spec.search.trials)).plus(testing)


def estimate_tests(spec: GoalSpec, weights: int, cases: int, hardware: Hardware) -> Estimate:
    """One model on `cases` cases, with answers of full length."""
    speeds = SPEEDS[hardware]
    scale = speeds.weights / weights
    answering = spec.task.max_answer_tokens / (speeds.answering * scale)
    reading = ROW_TOKENS / (speeds.training * PREFILL_SPEEDUP * scale)
    seconds = cases * (answering + reading)
    return Estimate(testing_seconds=seconds, gpu_dollars=_rent(spec, seconds))


def _training(spec: GoalSpec, weights: int, hardware: Hardware) -> Estimate:
    speeds, search = SPEEDS[hardware], spec.search
    four_bit = spec.limits.quantisation == "4bit"
    speed = speeds.training_4bit if four_bit else speeds.training
    tokens = round(search.rows * min(ROW_TOKENS, search.max_length) * search.epochs)
    seconds = tokens / (speed * speeds.weights / weights)
    if search.train_seconds is not None:
        seconds = min(seconds, search.train_seconds)
    return Estimate(
        training_tokens=tokens, training_seconds=seconds, gpu_dollars=_rent(spec, seconds)
    )


def _teaching(spec: GoalSpec) -> Estimate:
    """The iteration's requests, shared evenly by each strategy and teacher it asks."""
    teachers = {teacher.name: teacher for teacher in spec.teachers}
    asked = [teachers[name] for s in spec.strategies for name in s.asked]
    total = Estimate()
    for index, teacher in enumerate(asked):
        requests = spec.search.teacher_requests // len(asked)
        requests += index < spec.search.teacher_requests % len(asked)
        total = total.plus(_requests(teacher, requests))
    if spec.attack.teacher is not None and spec.attack.cases:
        total = total.plus(_requests(teachers[spec.attack.teacher], spec.attack.requests))
    return total.plus(_advising(spec))


def _advising(spec: GoalSpec) -> Estimate:
    """One question to the advisor, with as many past trials and candidates as it takes."""
    search = spec.search
    places = math.ceil(search.advisor_share * (search.trials - 1))
    if search.advisor is None or not places:
        return Estimate()
    teacher = next(teacher for teacher in spec.teachers if teacher.name == search.advisor)
    reach = REACH[teacher.kind]
    longest = TOKENS + TOKENS_EACH * asked_for(reach, places)
    asked = ADVICE_TOKENS + ADVICE_TRIAL_TOKENS * reach.trials
    return _requests(teacher.model_copy(update={"max_tokens": longest}), 1, prompt=asked)


def _judging(spec: GoalSpec) -> Estimate:
    """The most that judges can be asked: all their rows, and the examples as in a first try."""
    total = Estimate()
    if spec.judges is not None:
        teachers = {teacher.name: teacher for teacher in spec.teachers}
        for name in spec.judges.teachers:
            asked = spec.judges.examples + spec.judges.max_rows
            total = total.plus(_requests(teachers[name], asked, VOTE_TOKENS))
    return total


def _requests(
    teacher: Teacher,
    requests: int,
    most_reply: int | None = None,
    prompt: int = REQUEST_TOKENS,
) -> Estimate:
    longest = min(teacher.max_tokens, most_reply or teacher.max_tokens)
    reply = min(REPLY_TOKENS, longest)
    dollars = 0.0
    if teacher.prices is not None:
        per_request = prompt * teacher.prices.input
        per_request += longest * teacher.prices.output
        dollars = requests * per_request / 1e6
    return Estimate(
        teacher_requests=requests,
        teacher_tokens=requests * (prompt + reply),
        teacher_seconds=requests * reply / _reply_speed(teacher),
        api_dollars=dollars,
    )


def _reply_speed(teacher: Teacher) -> float:
    """Tokens per second of all answers of a teacher together."""
    if teacher.kind == "openai":
        return API_TOKENS_PER_SECOND * teacher.concurrency
    slots = EMBEDDED_TOKENS_PER_SECOND if teacher.concurrency > 1 else None
    weights = models("teacher").get(teacher.model, EMBEDDED_WEIGHTS)
    return (slots or EMBEDDED_ALONE_TOKENS_PER_SECOND) * EMBEDDED_WEIGHTS / weights


def _rent(spec: GoalSpec, seconds: float) -> float:
    return seconds / 3600 * spec.limits.gpu_dollars_per_hour
