"""Checks the prompts of a goal: of the task, of the strategies that ask, and of the judges."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from forgemind_assets.errors import Problem
from forgemind_assets.goal import Strategy, Task
from forgemind_assets.goal_judges import PROMPT, Judges
from forgemind_assets.goal_names import registry
from forgemind_assets.goal_schema import unknown_name, validate
from forgemind_assets.goal_yaml import Document, read_yaml
from forgemind_assets.prompting import TaskPrompt
from forgemind_assets.records import Seed


def read_prompts(
    prompts: Path, shown: str, seeds: Sequence[Seed], task: Task | None, problems: list[Problem]
) -> list[str]:
    """Checks every file under `prompts`; returns the names of the task prompt variants.

    `task` is None where the contract's own does not hold; what needs it is left out then.
    """
    known = {seed.id for seed in seeds}
    documents = {
        path: read_yaml(path, f"{shown}/{path.relative_to(prompts).as_posix()}")
        for path in sorted(prompts.rglob("*.yaml"))
    }
    words = _goal_words(documents, prompts, seeds, task)
    for path, document in documents.items():
        kind = teacher_prompt_type(path.stem) if path.parent.name == "teacher" else None
        if not document.problems and kind is not None:
            prompt: Any = validate(kind, document)
            for place, message in prompt.problems(words) if prompt is not None and words else ():
                document.problem(place, message)
        if not document.problems and path.parent == prompts / "task":
            _check_task_prompt(document, known)
        if not document.problems and path == prompts / PROMPT:
            _check_judge_prompt(document, task)
        problems += document.problems
    return sorted(path.stem for path in (prompts / "task").glob("*.yaml"))


def teacher_prompt_type(name: str) -> Any:
    """What `prompts/teacher/<name>.yaml` must hold; None for a file that nobody asks with."""
    from forgemind_assets.trial_grounds.attack.written import NAME, AttackPrompt

    strategy = registry("strategy").get(name)
    if name == NAME:
        return AttackPrompt
    return strategy.prompt_type if strategy is not None else None


def _check_task_prompt(document: Document, seed_ids: set[str]) -> None:
    prompt = validate(TaskPrompt, document)
    for index, shot in enumerate(prompt.shots if prompt else ()):
        if shot not in seed_ids:
            near = get_close_matches(shot, seed_ids, n=1, cutoff=0.5)
            hint = f"; did you mean {near[0]}?" if near else ""
            document.problem(("shots", index), f"expected the id of a seed, found {shot!r}{hint}")


def _check_judge_prompt(document: Document, task: Task | None) -> None:
    from forgemind_assets.foundry.judging.prompt import JudgePrompt

    prompt = validate(JudgePrompt, document)
    for place, message in prompt.problems(task) if prompt else ():
        document.problem(place, message)


def check_judges(judges: Judges | None, prompts: Path, document: Document) -> None:
    """Adds a problem for judges without the prompt that they are asked with."""
    if judges is not None and not (prompts / PROMPT).is_file():
        message = f"expected the prompt {PROMPT}, with which judges are asked, found none"
        document.problem(("judges",), message)


def _goal_words(
    documents: dict[Path, Document], prompts: Path, seeds: Sequence[Seed], task: Task | None
) -> Any:
    """What templates are checked against, after the check of the words of the slices.

    None where it is not known: the seeds, the task or the words do not hold.
    """
    from forgemind_assets.foundry.strategies.prompts import SLICES_FILE, GoalWords, SliceWords

    slices = frozenset(seed.slice for seed in seeds)
    properties = task.answer_schema.get("properties") if task else None
    fields = frozenset[str](properties) if isinstance(properties, dict) else frozenset[str]()
    document = documents.get(prompts / "teacher" / SLICES_FILE)
    if document is None:
        return GoalWords(slices, {}, fields) if slices and task else None
    words = None if document.problems else validate(SliceWords, document)
    if words is None:
        return None
    _check_slice_words(words.slices, slices, document)
    return GoalWords(slices, words.slices, fields) if slices and task else None


def _check_slice_words(
    words: dict[str, dict[str, str]], slices: frozenset[str], document: Document
) -> None:
    every = list(dict.fromkeys(key for one in words.values() for key in one))
    for name, one in words.items():
        if slices and name not in slices:
            document.problem(("slices", name), unknown_name("slice", name, sorted(slices)))
        for key in every:
            if key not in one:
                document.problem(
                    ("slices", name), f"expected the word {key} as the others have, found none"
                )
    for name in sorted(slices - set(words)):
        document.problem(("slices",), f"expected words for the slice {name}, found none")


def check_teacher_prompts(
    strategies: Iterable[Strategy], prompts: Path, document: Document
) -> None:
    """Adds a problem for a strategy without the prompt it asks with, or the wordings it names."""
    for index, strategy in enumerate(strategies):
        kind = registry("strategy").get(strategy.name)
        if kind is None or not kind.needs_teacher:
            continue
        file = prompts / "teacher" / f"{strategy.name}.yaml"
        if not file.is_file():
            message = f"expected the prompt teacher/{file.name}, with which it asks, found none"
            document.problem(("strategies", index, "name"), message)
            continue
        value = read_yaml(file, file.name).value
        variants = value.get("variants") if isinstance(value, dict) else None
        _check_variants(strategy, index, variants, document)


def _check_variants(strategy: Strategy, index: int, variants: Any, document: Document) -> None:
    wanted, place = strategy.options.get("variants"), ("strategies", index, "options", "variants")
    if not isinstance(wanted, list):
        return  # the strategy's own check of its options says so
    for number, name in enumerate(wanted):
        if isinstance(variants, dict) and name not in variants:
            document.problem((*place, number), unknown_name("variant", name, sorted(variants)))
