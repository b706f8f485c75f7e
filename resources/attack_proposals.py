"""Puts attacks before people as cases for the adversarial suite. Nothing here adds one to a suite.

An attack is proposed where it comes near no text that is known: the suites, of which the
decontamination filter says yes or no and nothing else; the seeds; and the rows of teachers that an
iteration was trained on.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from forgemind_assets.errors import UserError
from forgemind_assets.foundry.filters.base import Equipment, Filter
from forgemind_assets.foundry.filters.decontamination import against
from forgemind_assets.foundry.filters.registry import FILTERS
from forgemind_assets.foundry.tables import read_rows
from forgemind_assets.goal import Goal
from forgemind_assets.goal_loading import load_seeds
from forgemind_assets.records import Row
from forgemind_assets.trial_grounds.attack.proposals import LINES, Barrier, proposal, select
from forgemind_assets.trial_grounds.attack.records import Attack, Outcome
from forgemind_assets.warden.reviews import Review, Subject
from resources.attacks import published, read_outcomes
from resources.concerns import ask
from resources.embeddings import SentenceModel
from resources.reviews import open_reviews
from resources.workshop import Workshop


@dataclass(frozen=True)
class Proposals:
    """The reviews that now wait for a person, and why other attacks were not proposed."""

    reviews: tuple[Review, ...]
    dropped: Mapping[str, int]


def propose(goal: Goal, workshop: Workshop, model: str, count: int) -> Proposals:
    """Asks people about up to `count` new attacks of the last attack on a model.

    Raises:
        UserError: the model was not attacked yet.
        StoreError: the review records were tampered with.
    """
    outcomes = _outcomes(goal, workshop, model)
    asked = [json.loads(line) for review in _asked(goal, workshop) for line in _lines(review)]
    known = [case["input"] for case in asked]
    embedder = SentenceModel(workshop.models)
    filters = goal.spec.filters

    def like_another(text: str, chosen: Sequence[str]) -> bool:
        return any(_near(against([*known, *chosen], filters, embedder), [text]))

    found = select(
        outcomes,
        _barriers(goal, workshop, embedder),
        frozenset(case["id"] for case in asked),
        like_another,
        count=count,
    )
    reviews = [
        ask(goal, workshop, proposal(one, goal.name, model), _subject(goal, one.attack))
        for one in found.chosen
    ]
    return Proposals(tuple(reviews), found.dropped)


def approved_lines(goal: Goal, workshop: Workshop) -> list[str]:
    """The cases that people agreed to, as lines of a suite, oldest first. Raises StoreError."""
    return [
        line
        for review in _asked(goal, workshop)
        if review.status == "approved"
        for line in _lines(review)
    ]


def _lines(review: Review) -> list[str]:
    return list(review.question.evidence[LINES])


def _barriers(goal: Goal, workshop: Workshop, embedder: SentenceModel) -> list[Barrier]:
    (suites,) = FILTERS["decontamination"](goal, Equipment(embedder=embedder))
    known = [seed.input for seed in load_seeds(goal)] + _taught(goal, workshop)
    own = against(known, goal.spec.filters, embedder)
    return [
        Barrier("in_a_suite", lambda texts: _near(suites, texts)),
        Barrier("like_a_seed_or_row", lambda texts: _near(own, texts)),
    ]


def _near(stage: Filter, texts: Sequence[str]) -> list[bool]:
    """What a filter of rows says of texts."""
    rows = [
        Row.make(family="attack", slice="attack", input=text, expected={}, strategy="attack")
        for text in texts
    ]
    return [reason is not None for reason in stage.judge(rows)]


def _taught(goal: Goal, workshop: Workshop) -> list[str]:
    """Inputs of the rows that teachers wrote and that were kept; others are made of the seeds."""
    store = workshop.store
    return [
        row.input
        for key in store.partitions(goal.name, "filtered_dataset")
        for row in read_rows(store.folder(goal.name, "filtered_dataset", key) / "kept.parquet")
        if row.teacher is not None
    ]


def _subject(goal: Goal, attack: Attack) -> Subject:
    """The case itself: proposed once, whichever models it fools."""
    return Subject(goal=goal.name, version=attack.id)


def _asked(goal: Goal, workshop: Workshop) -> list[Review]:
    found = open_reviews(workshop.home).state(goal.name)
    return [review for review in found if review.question.kind == "suite_proposal"]


def _outcomes(goal: Goal, workshop: Workshop, model: str) -> list[Outcome]:
    report = published(goal, workshop, model)
    if report is None:
        raise UserError(
            f"{model} of {goal.name} was not attacked yet: forgemind attack {goal.name} does it"
        )
    return [
        Outcome(
            attack=Attack(
                **{name: record[name] for name in Attack.model_fields if name != "expected"},
                expected=json.loads(record["expected"]),
            ),
            answer=record["answer"],
            passed=record["passed"],
        )
        for record in read_outcomes(workshop, report).to_dicts()
    ]
