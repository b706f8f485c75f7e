"""Puts a suite to a model, case by case, and keeps what came back.

Answers are journaled as they arrive, so that an evaluation that was killed asks only for the
cases that are missing. The journal's name is the hash of everything that could change an answer:
the model, the prompt and the cases.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel

from forgemind_assets.prompting import Message
from forgemind_assets.records import Case, TestResult
from forgemind_assets.trial_grounds.graders.registry import Grader


class Predictor(Protocol):
    """A model that answers prompts."""

    def answers(
        self, prompts: Sequence[list[Message]], max_new_tokens: int
    ) -> Iterator[tuple[int, str]]:
        """Yields (index of the prompt, answer) in any order, each index once."""
        ...


def evaluate(
    cases: Sequence[Case],
    prompts: Sequence[list[Message]],
    predictor: Callable[[], Predictor],
    grader: Grader,
    *,
    max_new_tokens: int,
    journal: Path | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[TestResult]:
    """Results in the order of the cases.

    Args:
        cases: what to ask.
        prompts: chat messages, one list for each case.
        predictor: opens the model; called only when an answer is missing.
        grader: decides each answer.
        max_new_tokens: limit of one answer.
        journal: file of JSON lines that answers are appended to and read back from.
        on_progress: called with (cases done, cases in all).
    """
    answers = read_journal(journal) if journal else {}
    missing = [i for i, case in enumerate(cases) if case.id not in answers]
    on_progress(len(cases) - len(missing), len(cases))
    if missing:
        asked = [prompts[i] for i in missing]
        for index, answer in predictor().answers(asked, max_new_tokens):
            case = cases[missing[index]]
            answers[case.id] = answer
            if journal:
                append_journal(journal, case.id, answer)
            on_progress(sum(c.id in answers for c in cases), len(cases))
    return [
        grade_case(case, prompt, answers.get(case.id), grader)
        for case, prompt in zip(cases, prompts, strict=True)
    ]


def grade_case(case: Case, prompt: list[Message], answer: str | None, grader: Grader) -> TestResult:
    """One result; a case without an answer is unscored."""
    common: dict[str, Any] = {"case_id": case.id, "family": case.family, "slice": case.slice}
    common["fingerprint"] = fingerprint(case, grader)
    text = "\n".join(f"[{m['role']}]\n{m['content']}" for m in prompt)
    if answer is None:
        return TestResult(**common, prompt=text, answer="", passed=None, reason="no_answer")
    grade = grader.grade(case, answer)
    return TestResult(
        **common,
        prompt=text,
        answer=answer,
        passed=grade.passed,
        reason=grade.reason,
        scores=grade.scores,
    )


def fingerprint(case: Case, grader: Grader) -> str:
    """What two results of one case must share to be comparable: what is asked, and what is right.

    The prompt around it is the model's own affair. A grader's source is sealed apart from this.
    """
    rules = grader.model_dump(mode="json") if isinstance(grader, BaseModel) else {}
    told = [case.input, case.expected, type(grader).__name__, rules]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


def best_constant(
    cases: Sequence[Case], answers: Sequence[str], grader: Grader
) -> tuple[str, float]:
    """The one answer that would pass most cases if it were given every time, and its pass rate.

    A model that has learned anything beats it. `("", 0.0)` where there is nothing to compare.
    """
    if not cases or not answers:
        return "", 0.0
    passed = {a: sum(grader.grade(case, a).passed is True for case in cases) for a in answers}
    best = max(passed, key=passed.__getitem__)
    return best, passed[best] / len(cases)


def journal_name(model_hash: str, prompt_variant: str, goal_version: str, tokens: int) -> str:
    """File name that changes with the model, the prompt, and the goal's suites and prompts."""
    text = f"{model_hash}\n{prompt_variant}\n{goal_version}\n{tokens}"
    return f"answers-{hashlib.sha256(text.encode()).hexdigest()[:24]}.jsonl"


def read_journal(path: Path) -> dict[str, str]:
    """Answers by case id; a last line that a crash cut short is passed over."""
    if not path.exists():
        return {}
    answers = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        answers[entry["case_id"]] = entry["answer"]
    return answers


def append_journal(path: Path, case_id: str, answer: str) -> None:
    """Adds one answer, on a line of its own even after a line that was cut short."""
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps({"case_id": case_id, "answer": answer}, ensure_ascii=False)
    with path.open("a+b") as stream:
        if stream.tell() and not _ends_with_newline(path):
            stream.write(b"\n")
        stream.write(line.encode() + b"\n")


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as stream:
        stream.seek(-1, 2)
        return stream.read(1) == b"\n"
