"""What a fork will be, checked before anything is written: name, contract, history, next step."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from forgemind_assets.brain.decide import Prepare, Stop, decide
from forgemind_assets.brain.fork import Fork
from forgemind_assets.brain.state import State
from forgemind_assets.errors import GoalError, Problem, UserError
from forgemind_assets.goal import Goal
from forgemind_assets.goal_variant import read_changes, variant
from forgemind_assets.lorekeeper.store import Store
from forgemind_assets.partitions import iteration_key
from forgemind_assets.records import Plan
from resources.forking import Artefact, Standing, inherited, standing, state_at
from resources.forks import looks_elsewhere, spent_elsewhere
from resources.gate_looks import spent_by_looks
from resources.history import champion_of
from resources.workshop import Workshop


@dataclass(frozen=True)
class Proposal:
    """A fork that holds.

    Attributes:
        fork: its record.
        line: the compiled contract.
        text: the contract as it will stand in its file.
        standing: whether it is new, was begun, or is there already.
        artefacts: what it inherits.
        state: what its Brain will know.
        plan: what it does next; None where it is there already and went on.
        alpha_spent: of `success.alpha`, by all lines of the goal so far.
    """

    fork: Fork
    line: Goal
    text: str
    standing: Standing
    artefacts: Sequence[Artefact]
    state: State
    plan: Plan | None
    alpha_spent: float


def propose(
    goal: Goal,
    workshop: Workshop,
    instance: dg.DagsterInstance,
    *,
    iteration: str,
    sets: Sequence[str],
    name: str | None,
) -> Proposal:
    """The fork that was asked for.

    Raises:
        GoalError: with everything that is wrong with the iteration, the changes and the name.
        UserError: the new line would stop at once.
    """
    problems: list[Problem] = []
    key = _concluded(goal.name, workshop.store, iteration, problems)
    changes = read_changes(sets, problems)
    if not sets:
        message = "expected a change such as --set search.learning_rate=0.002, found none"
        problems.append(Problem("--set", None, "", f"{message}: the line would do the same again"))
    usable = name is None or re.fullmatch(r"[a-z][a-z0-9_]*", name)
    if not usable:
        message = f"expected small letters, digits and _, such as {goal.name}_b, found {name!r}"
        problems.append(Problem("--name", None, "", message))
    wanted = name if name and usable else f"{goal.name}_fork_{key or '0000'}"
    # Whatever the name will be, the contract's mistakes are told with the others.
    made = _written(goal, workshop.store, wanted, key or "0000", changes, problems)
    if problems or made is None or key is None:
        raise GoalError(problems)
    for number in _numbers(once=name is not None):
        chosen = wanted if number == 1 else f"{wanted}_{number}"
        made = _written(goal, workshop.store, chosen, key, changes, problems) or made
        text, line, fork = made
        found = standing(workshop, goal, chosen, fork)
        if found != "taken":
            return _proposal(goal, workshop, instance, fork, line, text, found)
    message = (
        f"expected a free name or the same fork again, found {wanted!r} taken by another goal, "
        f"by another fork, or by {shown_file(goal, wanted)}; choose another"
    )
    raise GoalError([Problem("--name", None, "", message)])


def _proposal(
    goal: Goal,
    workshop: Workshop,
    instance: dg.DagsterInstance,
    fork: Fork,
    line: Goal,
    text: str,
    found: Standing,
) -> Proposal:
    store = workshop.store
    state = state_at(workshop, instance, goal, fork)
    decision = decide(line.spec, state)
    if not isinstance(decision, Prepare) and found != "done":
        why = decision.reason if isinstance(decision, Stop) else "it waits for people or for runs"
        raise UserError(
            f"a line from {goal.name} {fork.iteration} would do nothing: {why}; where a limit is "
            "the reason, raise it as well: --set limits.max_iterations=N, limits.hours=N"
        )
    last = champion_of(store, goal.name, store.partitions(goal.name, "champion")[-1])
    return Proposal(
        fork=fork,
        line=line,
        text=text,
        standing=found,
        artefacts=inherited(store, goal.name, fork.iteration),
        state=state,
        plan=decision.plan if isinstance(decision, Prepare) else None,
        alpha_spent=max(
            last.alpha_spent + spent_elsewhere(store, goal.name), spent_by_looks(goal, workshop)
        ),
    )


def _concluded(goal: str, store: Store, wanted: str, problems: list[Problem]) -> str | None:
    """The key of an iteration that is concluded."""
    key = iteration_key(int(wanted)) if re.fullmatch(r"[0-9]{1,9}", wanted) else wanted
    known = store.partitions(goal, "registry_entry")
    if key in known:
        return key
    message = (
        f"expected a concluded iteration of {goal}: {', '.join(known) or '(none yet)'}; found "
        f"{wanted!r}"
    )
    problems.append(Problem("--from", None, "", message))
    return None


def _written(
    goal: Goal,
    store: Store,
    name: str,
    iteration: str,
    changes: dict[str, Any],
    problems: list[Problem],
) -> tuple[str, Goal, Fork] | None:
    """The contract as a text and compiled, and the record."""
    file = goal.folder / shown_file(goal, name)
    fork = Fork(
        goal=goal.name,
        goal_version=goal.version,
        iteration=iteration,
        changed=changes,
        max_iterations=goal.spec.limits.max_iterations,
        file=file.name,
    )
    made = variant(
        goal,
        name,
        file,
        changes,
        header=_header(goal, fork),
        other_looks=looks_elsewhere(store, goal, iteration, name),
        problems=problems,
    )
    if made is None:
        return None
    text, line = made
    limit = line.spec.limits.max_iterations
    return text, line, fork.model_copy(update={"max_iterations": limit})


def shown_file(goal: Goal, name: str) -> str:
    """`goal.yaml`, `python_security_fork_0002` -> `goal.fork_0002.yaml`."""
    return f"{goal.file.removesuffix('.yaml')}.{name.removeprefix(f'{goal.name}_')}.yaml"


def _header(goal: Goal, fork: Fork) -> str:
    return (
        f"# {fork.sentence[0].upper()}{fork.sentence[1:]}.\n"
        f"# Made by `forgemind fork` from {goal.file}, version {goal.version[:12]}; iterations "
        f"0000 to {fork.iteration}\n# are the history of this line. What follows is "
        f"{goal.file} with these changes.\n\n"
    )


def _numbers(*, once: bool) -> Iterator[int]:
    yield from range(1, 2 if once else 1000)
