"""Mutants of the dev cases that a model passes: kind by kind, within a budget."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from forgemind_assets.records import Case
from forgemind_assets.trial_grounds.attack.labels import LabelCheck
from forgemind_assets.trial_grounds.attack.records import (
    CONTROL,
    Attack,
    Mutation,
    Mutations,
    Specimen,
    digest,
)

ROUNDS = 3
"""How often a kind is drawn anew for one case before it has given all that it can."""


@dataclass(frozen=True)
class Mutants:
    """Attacks whose label holds, and how many texts of each kind were made for them."""

    attacks: tuple[Attack, ...]
    tried: Mapping[str, int]


def make_mutants(
    parents: Sequence[Case],
    dev: Sequence[Case],
    kinds: Mutations,
    labels: LabelCheck,
    *,
    budget: int,
    seed: int,
    limit: int,
) -> Mutants:
    """Up to `budget` mutants of `parents`, each kind as many as the others while it can.

    The result depends on nothing but the arguments. No text is made twice, and of all that comes
    from one kind each slice has as much as the others.

    Args:
        parents: dev cases that the model passes.
        dev: all of dev: what look-alikes and old code are taken from.
        kinds: by name.
        labels: decides whether the label still holds.
        budget: attacks wanted.
        seed: of the random choices.
        limit: characters of the longest text.
    """
    tried: Counter[str] = Counter()
    seen = {case.input for case in dev}
    works = {
        name: _of_kind(name, kind, parents, dev, labels, tried, seen, seed, limit)
        for name, kind in kinds.items()
    }
    found: list[Attack] = []
    while works and len(found) < budget:
        for name in list(works)[: budget - len(found)]:
            attack = next(works[name], None)
            if attack is None:
                del works[name]
            else:
                found.append(attack)
    return Mutants(tuple(found), dict(tried))


def _of_kind(
    name: str,
    kind: Mutation,
    parents: Sequence[Case],
    dev: Sequence[Case],
    labels: LabelCheck,
    tried: Counter[str],
    seen: set[str],
    seed: int,
    limit: int,
) -> Iterator[Attack]:
    rng = random.Random(f"attack/{name}/{seed}")  # noqa: S311 - reproducible, no secret
    for _ in range(1 if name == CONTROL else ROUNDS):
        for case in _mixed(parents, rng):
            changed = kind.change(_specimen(case, dev, labels, limit), rng)
            if changed is None or (name != CONTROL and changed[0] in seen):
                continue
            tried[name] += 1
            seen.add(changed[0])
            attack = _attack(name, case, changed[0], changed[1], labels)
            if attack is not None:
                yield attack


def _mixed(parents: Sequence[Case], rng: random.Random) -> list[Case]:
    """One case of every slice, then another of every slice, and so on."""
    slices: defaultdict[str, list[Case]] = defaultdict(list)
    for case in parents:
        slices[case.slice].append(case)
    groups = [slices[name] for name in sorted(slices)]
    rng.shuffle(groups)
    for group in groups:
        rng.shuffle(group)
    longest = max((len(group) for group in groups), default=0)
    return [group[n] for n in range(longest) for group in groups if n < len(group)]


def _specimen(case: Case, dev: Sequence[Case], labels: LabelCheck, limit: int) -> Specimen:
    shape = labels.shape
    own = shape.label_of(case.expected)
    others = [other for other in dev if other.id != case.id]
    line = case.expected.get(shape.line_key) if shape.line_key else None
    return Specimen(
        case.input,
        line if isinstance(line, int) else None,
        own == shape.harmless,
        [o.input for o in others if shape.label_of(o.expected) == shape.harmless],
        [
            o.input
            for o in others
            if o.family == case.family and shape.label_of(o.expected) not in (None, own)
        ],
        max(limit, len(case.input)),
    )


def _attack(
    kind: str, case: Case, text: str, line: int | None, labels: LabelCheck
) -> Attack | None:
    expected: dict[str, Any] = dict(case.expected)
    if labels.shape.line_key is not None and labels.shape.line_key in expected:
        expected[labels.shape.line_key] = line
    why = labels.mutant(case.input, text, case.expected, expected)
    if why is None:
        return None
    return Attack(
        id=f"{case.id}~{kind}~{digest(text, expected)}",
        kind=kind,
        slice=case.slice,
        family=case.family,
        parent=case.id,
        input=text,
        expected=expected,
        verified=why,
    )
