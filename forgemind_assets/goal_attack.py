"""Checks of what a goal says about attacks on its champion."""

from collections.abc import Iterator
from pathlib import Path

from forgemind_assets.goal import GoalSpec
from forgemind_assets.goal_schema import unknown_name
from forgemind_assets.goal_yaml import Document, Place


def attack_problems(spec: GoalSpec) -> Iterator[tuple[Place, str]]:
    """Unknown kinds and teachers, and settings of which one has no effect without the other."""
    from forgemind_assets.trial_grounds.attack.kinds import known_kinds

    attack, names = spec.attack, [teacher.name for teacher in spec.teachers]
    known = known_kinds(spec)
    for index, kind in enumerate(attack.kinds):
        if kind not in known:
            yield ("attack", "kinds", index), unknown_name("kind", kind, known)
    if attack.teacher is not None and attack.teacher not in names:
        yield ("attack", "teacher"), unknown_name("teacher", attack.teacher, names)
    if attack.requests and attack.teacher is None:
        message = f"expected one of {', '.join(names) or '(no teachers)'}, found nothing"
        yield ("attack", "teacher"), f"{message}: attack.requests is {attack.requests}"
    if attack.requests and not spec.filters.verifiers:
        message = "expected verifiers, found none: nothing could tell whether an attack is right"
        yield ("attack", "requests"), message
    if attack.requests > attack.cases > 0:
        message = f"expected at most attack.cases ({attack.cases}), found {attack.requests}"
        yield ("attack", "requests"), message


def check_attack_prompt(spec: GoalSpec, prompts: Path, document: Document) -> None:
    """Adds a problem where a teacher is to write attacks and there is no prompt for it."""
    if spec.attack.requests and not (prompts / "teacher" / "attack.yaml").is_file():
        message = "expected the prompt teacher/attack.yaml, with which attacks are asked for, "
        document.problem(("attack", "requests"), message + "found none")
