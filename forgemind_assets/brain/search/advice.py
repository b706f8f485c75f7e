"""What an advisor, a language model, is asked. Pure.

It is told the dials with their bounds, and of each trial its dials and its pass rate on dev, or how
it broke off: what a `PastTrial` holds, and nothing else. No case, no text of a case, no result of a
gate is among these.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from forgemind_assets.brain.search.advice_answer import answer_schema, told_bounds, told_value
from forgemind_assets.brain.search.memory import PastTrial, ideas_that_failed, window
from forgemind_assets.brain.search.space import Space, Values
from forgemind_assets.foundry.strategies.base import Question

SYSTEM = (
    "You tune the fine-tuning of a language model with LoRA. You answer with one JSON object: "
    "settings to try next, each with its reason in at most 12 words."
)
TEMPERATURE = 0.7
TOKENS, TOKENS_EACH = 60, 150
"""Room in the answer: around the candidates, and for each."""


@dataclass(frozen=True)
class Reach:
    """How much an advisor is told and asked at once: past trials, and candidates at most."""

    trials: int
    candidates: int


REACH: Mapping[str, Reach] = {"embedded": Reach(10, 3), "openai": Reach(48, 12)}
"""By kind of teacher. Question and answer share the 1,536 tokens of the embedded one: measured with
Qwen2.5-Coder's tokens, 300 for all but the trials, 55 for a trial, 510 for the answer."""


@dataclass(frozen=True)
class Brief:
    """What one asking is about.

    Attributes:
        base_model: that is fine-tuned.
        rows: that it is fine-tuned on.
        first: the plan's first trial, which is tried anyway.
        count: candidates that are asked for.
        trials: past ones that are told at most.
        seed: of the answer.
    """

    base_model: str
    rows: int
    first: Values
    count: int
    trials: int
    seed: int


def asked_for(reach: Reach, places: int) -> int:
    """Candidates to ask for: twice as many as there are places, so that some may be refused."""
    return min(reach.candidates, 2 * places)


def question(space: Space, past: Sequence[PastTrial], brief: Brief) -> Question:
    """Asks for candidates; `past` are all trials as the coming one sees them, oldest first."""
    told = "\n".join(
        [
            f"A {brief.base_model} is fine-tuned on {brief.rows} rows. Its pass rate is to rise.",
            f"Propose {brief.count} settings worth a trial, unlike each other and all below.",
            "Each has all of these, within their bounds:",
            *(f"{dial.name}: {told_bounds(dial)}" for dial in space.dials),
            f"Tried so far, oldest first ({', '.join(dial.name for dial in space.dials)}):",
            *(_told_trials(space, past, brief.trials) or ["nothing"]),
            f"{_told(space, brief.first)}: tried next anyway",
        ]
    )
    return Question(
        messages=({"role": "system", "content": SYSTEM}, {"role": "user", "content": told}),
        json_schema=answer_schema(space, brief.count),
        max_tokens=TOKENS + TOKENS_EACH * brief.count,
        temperature=TEMPERATURE,
        seed=brief.seed,
    )


def _told_trials(space: Space, past: Sequence[PastTrial], most: int) -> list[str]:
    """The best, the newest and some failed ones, each with what came of it."""
    chosen = window(past, most)
    failed = [idea.values for idea in ideas_that_failed(past)]
    lines: list[str] = []
    for trial in chosen:
        whole = space.centre | trial.values
        elsewhere = " (not quite comparable)" if trial.goal else ""
        away = "; keep away" if trial.values in failed else ""
        lines.append(f"{_told(space, whole)}: {_told_result(trial)}{elsewhere}{away}")
    return lines


def _told_result(trial: PastTrial) -> str:
    """The pass rate on dev; what a stopped trial had come to by then is none."""
    if trial.score is None:
        return "broke off"
    return f"{trial.score:.0%}" if trial.finished else "stopped early, others were far ahead"


def _told(space: Space, values: Values) -> str:
    return ", ".join(told_value(values[dial.name]) for dial in space.dials)
