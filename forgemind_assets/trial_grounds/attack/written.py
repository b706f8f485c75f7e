"""Attacks that a teacher writes: misleading texts of its own, asked for with `attack.yaml`.

The teacher is shown the words of a slice and a trick, and no example of any set: what it writes is
no kin of a dev case, a seed or a training row.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from forgemind_assets.foundry.strategies.base import Ask, Inquiry, Question, Reply, shares
from forgemind_assets.foundry.strategies.prompts import (
    Finding,
    GoalWords,
    Text,
    filled,
    load_template,
)
from forgemind_assets.foundry.strategies.rewrites import RewritePrompt, opening
from forgemind_assets.foundry.strategies.taught import by_turns
from forgemind_assets.goal import Goal, Variant
from forgemind_assets.records import Record
from forgemind_assets.trial_grounds.attack.labels import LabelCheck
from forgemind_assets.trial_grounds.attack.records import WRITTEN, Attack, digest

NAME = "attack"


class NamedTricks(Record):
    """Tricks by name, for texts that have something to find and for those that have not."""

    hide: dict[Variant, Text] = Field(min_length=1)
    lure: dict[Variant, Text] = Field(min_length=1)


class AttackPrompt(RewritePrompt):
    """`prompts/teacher/attack.yaml`; `{{trick}}` is drawn by the slice's label."""

    tricks: NamedTricks

    def slots(self, goal: GoalWords) -> frozenset[str]:
        """As of a rewrite, without an example: none is shown."""
        return super().slots(goal) - {"input", "answer"}

    def own_slots(self) -> frozenset[str]:
        """The trick."""
        return frozenset({"trick"})

    def needed(self) -> frozenset[str]:
        """It must be said."""
        return self.own_slots()

    def problems(self, goal: GoalWords) -> Iterator[Finding]:
        """Also: one name for two tricks, whose attacks could not be told apart."""
        yield from super().problems(goal)
        for name in sorted(self.tricks.hide.keys() & self.tricks.lure.keys()):
            yield ("tricks", "lure", name), "expected a name that tricks.hide does not have"


@dataclass(frozen=True)
class Written:
    """What a teacher gave: attacks whose label holds, and the counts of all that it wrote."""

    attacks: tuple[Attack, ...]
    tried: Mapping[str, int]
    asked: int
    answered: int
    valid: int
    dollars: float
    seconds: float


@dataclass(frozen=True)
class _Wish:
    question: Question
    slice: str
    trick: str


def write_attacks(
    goal: Goal,
    labels: LabelCheck,
    ask: Ask,
    teacher: str,
    *,
    requests: int,
    seed: int,
    weights: Mapping[str, float] | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Written:
    """Asks for attacks and keeps those whose label every verifier of the goal confirms.

    Args:
        goal: the compiled goal, with `prompts/teacher/attack.yaml`.
        labels: its verifiers, and the answers of its slices.
        ask: reaches the teacher.
        teacher: its name.
        requests: how many questions are asked, one attack each.
        seed: of the random choices.
        weights: slice -> how often it is asked for, relative to the others.
        on_progress: called with (answers, questions).

    Raises:
        TeacherError: the teacher was given up.
        BudgetExceeded: not one request could be paid for.
    """
    template = load_template(goal, NAME, AttackPrompt)
    prompt = template.prompt
    wishes = _wishes(goal, labels, prompt, template.words, requests, seed, weights or {})
    done = iter(range(1, len(wishes) + 1))
    inquiry = Inquiry(
        teacher,
        [wish.question for wish in wishes],
        lambda text: prompt.read(text) is not None,
        lambda: on_progress(next(done, len(wishes)), len(wishes)),
    )
    (heard,) = ask([inquiry])
    if heard.trouble is not None:
        raise heard.trouble
    replies = heard.replies
    tried, found = Counter[str](), dict[str, Attack]()
    for wish, reply in zip(wishes, replies, strict=True):
        read = prompt.read(reply.text) if reply.text is not None else None
        if read is None:
            continue
        tried[WRITTEN + wish.trick] += 1
        attack = _attack(wish, reply, read[0], read[1], labels, teacher)
        if attack is not None:
            found.setdefault(attack.input, attack)
    return Written(
        tuple(found.values()),
        dict(tried),
        asked=len(wishes),
        answered=sum(reply.text is not None for reply in replies),
        valid=sum(tried.values()),
        dollars=sum(reply.dollars for reply in replies),
        seconds=sum(reply.seconds for reply in replies),
    )


def _wishes(
    goal: Goal,
    labels: LabelCheck,
    prompt: AttackPrompt,
    words: Mapping[str, Mapping[str, str]],
    requests: int,
    seed: int,
    weights: Mapping[str, float],
) -> Sequence[_Wish]:
    """The same first questions, however many are asked."""
    names = sorted(labels.shape.patterns)
    wanted = shares({name: weights.get(name, 1.0) for name in names}, requests)
    jobs: defaultdict[str, list[_Wish]] = defaultdict(list)
    for name, count in sorted(wanted.items()):
        rng = random.Random(f"{NAME}/{seed}/{name}")  # noqa: S311 - reproducible, no secret
        own = labels.shape.patterns[name]
        harmless = labels.shape.label_of(own) == labels.shape.harmless
        tricks = prompt.tricks.lure if harmless else prompt.tricks.hide
        for _ in range(count):
            trick = rng.choice(sorted(tricks))
            slots = {
                **words.get(name, {}),
                **{slot: rng.choice(drawn) for slot, drawn in sorted(prompt.draws.items())},
                "trick": tricks[trick],
            }
            variant = rng.choice(sorted(prompt.variants))
            request = {"role": "user", "content": filled(prompt.variants[variant], slots)}
            question = Question(
                messages=(*opening(prompt), request),
                json_schema=prompt.asked_schema(goal.spec.task.answer_schema),
                max_tokens=prompt.max_tokens,
                temperature=prompt.temperature,
                seed=rng.randrange(2**31),
                slice=name,
            )
            jobs[name].append(_Wish(question, name, trick))
    return by_turns(jobs, f"{NAME}/{seed}")


def _attack(
    wish: _Wish,
    reply: Reply,
    text: str,
    told: Mapping[str, Any],
    labels: LabelCheck,
    teacher: str,
) -> Attack | None:
    """The attack, its line where a verifier finds the label; None where the label does not hold."""
    shape = labels.shape
    label = shape.label_of(shape.patterns[wish.slice])
    expected = dict(told)
    if shape.label_key is not None and label is not None:
        expected[shape.label_key] = label
    if shape.line_key is not None and label is not None:
        harmless = label == shape.harmless
        expected[shape.line_key] = None if harmless else shape.line_of(text, label)
    why = labels.written(text, expected, wish.slice)
    if why is None:
        return None
    name = f"{NAME}-{digest(text, expected)}"
    return Attack(
        id=name,
        kind=WRITTEN + wish.trick,
        slice=wish.slice,
        family=name,
        parent=f"request:{reply.key}",
        input=text,
        expected=expected,
        verified=why,
        teacher=teacher,
    )
