"""What the filters of one goal and iteration work with: models, and the rows kept before."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

from forgemind_assets.foundry.filters.base import Equipment
from forgemind_assets.foundry.filters.near_duplicates import kind_of
from forgemind_assets.foundry.filters.near_index import NearIndex
from forgemind_assets.foundry.filters.registry import near_shape
from forgemind_assets.goal import Goal
from forgemind_assets.records import Row
from resources.base_perplexity import BasePerplexity
from resources.classifiers import open_classifiers
from resources.embeddings import SentenceModel
from resources.near_shelf import SqliteShelf, open_shelf
from resources.sandbox.sandbox import Sandbox
from resources.workshop import Workshop


@contextmanager
def open_equipment(goal: Goal, workshop: Workshop, iteration: str) -> Iterator[Equipment]:
    """What `goal` asks for; models are loaded with the first text that they are to judge."""
    progress = workshop.progress(goal.name)
    models = workshop.models
    equipment = Equipment(
        classifiers=open_classifiers(goal, workshop, iteration),
        embedder=SentenceModel(models),
        perplexity=BasePerplexity(
            models,
            goal.spec.limits.base_model,
            lambda done, total: progress.report("perplexity", done, total, "rows", where=iteration),
        ),
        programs=Sandbox(),
    )
    if not goal.spec.filters.near_duplicates_of_earlier:
        yield equipment
        return
    with _earlier(goal, workshop, iteration) as shelf:
        shelf.forget()
        index = NearIndex(near_shape(goal), shelf)
        yield replace(equipment, earlier=index)


def remember(goal: Goal, workshop: Workshop, iteration: str, kept: Sequence[Row]) -> None:
    """Notes what was kept for later iterations, if the goal compares with earlier ones."""
    if goal.spec.filters.near_duplicates_of_earlier:
        with _earlier(goal, workshop, iteration) as shelf:
            shelf.forget()
            index = NearIndex(near_shape(goal), shelf)
            index.add(index.prints([row.input for row in kept], [kind_of(row) for row in kept]))


def _earlier(goal: Goal, workshop: Workshop, iteration: str) -> AbstractContextManager[SqliteShelf]:
    return open_shelf(workshop.home.work / goal.name / "near_duplicates.sqlite", iteration)
