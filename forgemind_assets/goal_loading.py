"""Loads a goal: finds its file, checks all that it names, and hashes it.

Every mistake is reported at once, with file, line and key, in one `GoalError`.
"""

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, cast

from pydantic import Field

from forgemind_assets.errors import GoalError, Problem
from forgemind_assets.goal import BASELINE_VARIANTS, Goal, GoalSpec
from forgemind_assets.goal_attack import check_attack_prompt
from forgemind_assets.goal_checks import check_secrets, check_spec
from forgemind_assets.goal_files import (
    content_hash,
    inside,
    missing_file,
    read_records,
)
from forgemind_assets.goal_prompts import check_judges, check_teacher_prompts, read_prompts
from forgemind_assets.goal_schema import found, unknown_name, validate_sections
from forgemind_assets.goal_sets import check_sets
from forgemind_assets.goal_suites import SuiteName
from forgemind_assets.goal_yaml import Document, Place, parse_yaml, read_yaml
from forgemind_assets.home import REPOSITORY
from forgemind_assets.records import Case, Record, Seed
from forgemind_assets.trial_grounds.statistics import typical_family

GOALS = REPOSITORY / "benchmarks"
SUITE_NAMES: tuple[SuiteName, ...] = ("dev", "full", "adversarial", "sealed")
OPTIONAL_SUITE: SuiteName = "impossible"


class SuiteSize(Record):
    """How large a suite is."""

    cases: int
    families: int
    family_size: float = Field(default=1.0, description="cases in the family of an average case")
    canary: int = 0


def find_goal(path: Path | str) -> Path:
    """The contract's file for a file, a goal's folder, or the name of one of the `goal_files`.

    Raises GoalError, naming the nearest goal, where there is none.
    """
    given = Path(path)
    for candidate in (given, GOALS / given):
        if candidate.is_file():
            return candidate.resolve()
        if (candidate / "goal.yaml").is_file():
            return (candidate / "goal.yaml").resolve()
    named = {goal_name(file): file for file in goal_files()}
    if str(path) in named:
        return named[str(path)].resolve()
    names = sorted(named)
    near = get_close_matches(given.name, names, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]}?" if near else f"; known goals: {', '.join(names)}"
    message = f"expected a goal.yaml, its folder or the name of a goal, found none{hint}"
    raise GoalError([Problem(str(path), None, "", message)])


def goal_files() -> list[Path]:
    """The goals of this installation: those in `benchmarks/`, and those in `FORGEMIND_GOALS`."""
    named = [Path(p) for p in os.environ.get("FORGEMIND_GOALS", "").split(os.pathsep) if p]
    files = [path / "goal.yaml" if path.is_dir() else path for path in named]
    return [*sorted(GOALS.glob("*/goal.yaml")), *files]


def goal_name(file: Path) -> str:
    """The name that a contract gives its goal; that of its folder where it cannot be read."""
    found: Any = read_yaml(file, file.name).value if file.is_file() else None
    name = found.get("name") if isinstance(found, dict) else None
    return name if isinstance(name, str) else file.parent.name


def unique_goals(paths: Iterable[Path]) -> list[Goal]:
    """Loads goals; of two files with the same goal name, the one named last counts."""
    return list({goal.name: goal for goal in map(load_goal, paths)}.values())


def load_goal(path: Path | str) -> Goal:
    """Compiles a goal from its file, its folder or its name.

    Raises:
        GoalError: with every problem that was found, in the order of the files and lines.
    """
    file = find_goal(path)
    return _compile(file, read_yaml(file, shown_path(file)))


def compile_text(file: Path, text: str) -> Goal:
    """Compiles what `file` is to hold, as `load_goal` will, before it is written.

    Raises:
        GoalError: with every problem that was found.
    """
    return _compile(file, parse_yaml(text, shown_path(file)), {file: text})


def _compile(file: Path, document: Document, unwritten: Mapping[Path, str] | None = None) -> Goal:
    folder = file.parent
    others: list[Problem] = []
    if document.lines:
        check_secrets(document)
        spec, broken = validate_sections(GoalSpec, document)
        check_spec(spec, document, broken)
        files = _check_files(spec, broken, folder, document, others)
        if not document.problems and not others:
            version = content_hash(folder, [file, *files], unwritten)
            return Goal(spec=spec, folder=folder, version=version, file=file.name)
    raise GoalError([*sorted(document.problems, key=lambda p: p.line or 0), *others])


def shown_path(path: Path) -> str:
    """A path as messages show it: short where it lies under the current folder."""
    here = Path.cwd()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else path.as_posix()


def load_cases(goal: Goal, suite: SuiteName | Literal["canary"]) -> list[Case]:
    """The cases of a suite; `canary` is the marked part of `dev`. Raises GoalError.

    An optional suite that the goal does not have has none.
    """
    name = "dev" if suite == "canary" else suite
    path = suite_paths(goal, name).get(name)
    cases = read_suite(path) if path is not None else []
    return [case for case in cases if case.canary] if suite == "canary" else cases


def suite_digests(goal: Goal) -> dict[str, str]:
    """SHA-256 of every suite's file, as it is now; "missing" for one that is not there."""
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "missing"
        for name, path in suite_paths(goal).items()
    }


def suite_paths(goal: Goal, *names: str) -> dict[str, Path]:
    """Where the goal's suites lie: those named, or all that it has."""
    wanted = names or (*SUITE_NAMES, OPTIONAL_SUITE)
    found = {name: getattr(goal.spec.suites, name) for name in wanted}
    return {name: goal.folder / path for name, path in found.items() if path is not None}


def suite_sizes(goal: Goal) -> dict[str, SuiteSize]:
    """Counts of every suite: all that may be known of a gate. Raises GoalError."""
    sizes = {}
    for name in suite_paths(goal):
        cases = load_cases(goal, cast(SuiteName, name))
        families = Counter(case.family for case in cases)
        sizes[name] = SuiteSize(
            cases=len(cases),
            families=len(families),
            family_size=typical_family(list(families.values())),
            canary=sum(case.canary for case in cases),
        )
    return sizes


def load_seeds(goal: Goal) -> list[Seed]:
    """The hand-written examples. Raises GoalError."""
    return _read_all(goal.folder / goal.spec.seeds, Seed)


def read_suite(path: Path) -> list[Case]:
    """The cases of any suite file. Raises GoalError with every broken line."""
    return _read_all(path, Case)


def _read_all(path: Path, model: type) -> list:
    problems: list[Problem] = []
    records = read_records(path, shown_path(path), model, problems)
    if problems:
        raise GoalError(problems)
    return [record for _, record in records]


def _check_files(
    spec: GoalSpec,
    broken: frozenset[str],
    folder: Path,
    document: Document,
    problems: list[Problem],
) -> list[Path]:
    """Reads suites, seeds and prompts, and adds what is wrong; returns the files it read."""
    sets, files, read = {}, {}, []
    asked = document.value.get("suites") if isinstance(document.value, dict) else None
    extra = (OPTIONAL_SUITE,) if isinstance(asked, dict) and asked.get(OPTIONAL_SUITE) else ()
    for name in (*SUITE_NAMES, *extra, "seeds"):
        place: Place = ("seeds",) if name == "seeds" else ("suites", name)
        path = _existing(folder, place, document)
        if path is not None:
            read.append(path)
            files[name] = shown_path(path)
            model = Seed if name == "seeds" else Case
            sets[name] = read_records(path, files[name], model, problems)
    check_sets(None if "task" in broken else spec.task, sets, files, problems)
    prompts = _existing(folder, ("prompts",), document)
    if prompts is not None:
        seeds = [record for _, record in sets.get("seeds", [])]
        task = None if "task" in broken else spec.task
        variants = read_prompts(prompts, shown_path(prompts), seeds, task, problems)
        _check_variants(
            () if "search" in broken else spec.search.prompt_variants, variants, document
        )
        check_teacher_prompts(() if "strategies" in broken else spec.strategies, prompts, document)
        check_judges(None if "judges" in broken else spec.judges, prompts, document)
        if "attack" not in broken:
            check_attack_prompt(spec, prompts, document)
        read += prompts.rglob("*.yaml")
    return read


def _existing(folder: Path, place: Place, document: Document) -> Path | None:
    """The file or folder that a place of the goal names, or None: missing, outside, no text."""
    relative: Any = document.value if isinstance(document.value, dict) else {}
    for step in place:
        relative = relative.get(step) if isinstance(relative, dict) else None
    if relative is None and len(place) == 1:
        relative = GoalSpec.model_fields[str(place[0])].default
    if not isinstance(relative, str):
        return None
    path = inside(folder, relative)
    if path is None:
        document.problem(
            place, f"expected a path within the goal's folder, found {found(relative)}"
        )
    elif not path.is_dir() if place == ("prompts",) else not path.is_file():
        document.problem(place, missing_file(path, relative))
    else:
        return path
    return None


def _check_variants(wanted: Iterable[str], variants: list[str], document: Document) -> None:
    for index, name in enumerate(wanted):
        if name not in variants:
            place = ("search", "prompt_variants", index)
            document.problem(place, unknown_name("prompt variant", name, variants))
    for name in BASELINE_VARIANTS:
        if name not in variants:
            message = (
                f"expected task/{name}.yaml, with which the base model is measured, found none"
            )
            document.problem(("prompts",), message)
