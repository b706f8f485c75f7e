"""The training half of the search: which configurations a plan tries side by side. Pure.

A batch is mixed from sources: belief, Optuna's TPE over all that was seen, neighbours of the best,
and on a plateau what is far from everything tried. Of several draws from belief or a neighbourhood
the one is taken of which the trials near it promise most. TPE's candidates are weighed with the
belief, less so the more trials there are (Hvarfner et al. 2022, "piBO"). The mix follows Mallik et
al. 2023, "PriorBand". Nothing is proposed that repeats an idea which did not work.
"""

import random
from collections.abc import Iterator, Sequence
from itertools import count as counted
from itertools import islice
from typing import Literal

from forgemind_assets.brain.search import memory, reasons, sources
from forgemind_assets.brain.search.memory import Idea, PastTrial
from forgemind_assets.brain.search.promise import Promise
from forgemind_assets.brain.search.sampler import TpeBatch
from forgemind_assets.brain.search.space import Space, Values
from forgemind_assets.records import Record

Source = Literal["belief", "earlier", "model", "neighbour", "far"]

START: tuple[Source, ...] = ("belief", "earlier")
"""The first two, where an earlier goal has something to say."""

FIRST: tuple[Source, ...] = ("belief",)
"""While no own trial has finished."""

EARLY: tuple[Source, ...] = ("neighbour", "belief")
"""While few own trials have finished; a model of fewer says little."""

LATER: tuple[Source, ...] = ("model", "neighbour", "model", "belief")
NEW_TACK: tuple[Source, ...] = ("far", "model", "belief")
"""On a plateau, where the belief is also drawn twice as wide."""

CHOSEN: tuple[Source, ...] = ("belief", "neighbour")
"""Sources of which the most promising draw is taken; the others choose for themselves."""

FEW, DRAWS = 4, 8
MODEL_DRAWS, TRIES = 8, 24
BELIEF_FADES = 10.0
"""piBO's beta: after so many trials the belief counts as much as one unit of log density."""

SAME = 0.05
"""Configurations closer than this (`Space.distance`) are the same one."""


class Proposal(Record):
    """One candidate: a value for each dial, and why it is tried."""

    values: Values
    source: Source
    reason: str


def propose_trials(
    space: Space,
    past: Sequence[PastTrial],
    count: int,
    seed: int,
    *,
    taken: Sequence[Values] = (),
) -> tuple[Proposal, ...]:
    """The candidates of one plan, in the order of their promise.

    The same arguments give the same candidates. The work is bounded however many trials there
    were: a proposal is made from `memory.WINDOW` of them.

    Args:
        space: the dials, and what is believed of them.
        past: all trials so far, oldest first, failed and stopped ones too; those of earlier goals
            carry their goal's name.
        count: candidates wanted.
        seed: draws.
        taken: configurations that are tried in this plan anyway.
    """
    batch = _Batch(space, past, seed, taken)
    return tuple(batch.next(source) for source in islice(batch.sources(), count))


class _Batch:
    """What one call knows, and the candidates it has so far."""

    def __init__(
        self, space: Space, past: Sequence[PastTrial], seed: int, taken: Sequence[Values]
    ) -> None:
        known = [_on_dials(space, trial) for trial in memory.window(past)]
        self._space, self._known = space, known
        self._own = [trial for trial in known if not trial.goal]
        self._best = memory.best_of(self._own)
        self._earlier = memory.best_of(trial for trial in known if trial.goal)
        self._plateau = memory.on_plateau(self._own)
        self._ideas = memory.ideas_that_failed(known)
        self._rng = random.Random(f"{seed}/{len(past)}")  # noqa: S311 - draws, not secrets
        self._promise = Promise(space, self._own)
        self._tried = [trial.values for trial in self._own] + list(taken)
        self._model: TpeBatch | None = None

    def sources(self) -> Iterator[Source]:
        """One source a candidate; where the last plan ended, this one goes on."""
        finished = sum(trial.finished for trial in self._own)
        if not self._own and self._earlier is not None:
            yield from START
        order = FIRST if finished == 0 else EARLY if finished < FEW else LATER
        order = NEW_TACK if self._plateau else order
        for place in counted(len(self._own)):
            yield order[place % len(order)]

    def next(self, source: Source) -> Proposal:
        """A candidate that repeats nothing, or the least alike of those drawn."""
        met: Idea | None = None
        new: list[Values] = []
        known: list[Values] = []
        wanted = DRAWS if self._own and source in CHOSEN else 1
        for turn in range(TRIES):
            values = self._draw(source, turn)
            idea = memory.nearest_idea(self._space, values, self._ideas)
            met = met or idea
            is_new = idea is None and self._gap(values) > SAME
            (new if is_new else known).append(values)
            if len(new) == wanted:
                break
        values = max(new, key=self._promise.of) if new else max(known, key=self._gap)
        reason = self._reason(source, values, met)
        self._tried.append(values)
        if self._model is not None:
            self._model.take(values)
        return Proposal(values=values, source=source, reason=reason)

    def _gap(self, values: Values) -> float:
        return sources.nearest(self._space, values, self._tried)

    def _draw(self, source: Source, turn: int) -> Values:
        space, rng = self._space, self._rng
        if source == "far":
            return sources.far(space, self._tried, rng)
        if source == "model":
            return self._from_model()
        if source == "neighbour" and self._best is not None:
            return sources.neighbour(space, self._best.values, rng)
        if source == "earlier" and self._earlier is not None:
            near = self._earlier.values
            return near if turn == 0 else sources.neighbour(space, near, rng)
        if not self._tried and turn == 0:
            return space.centre
        return sources.believed(space, rng, width=2.0 if self._plateau else 1.0)

    def _from_model(self) -> Values:
        """Of some candidates of TPE the one most believed in; of many trials, the first."""
        if self._model is None:
            self._model = TpeBatch(self._space, self._known, self._rng.randrange(2**31))
        fade = BELIEF_FADES / max(1, len(self._own))
        draws = self._model.candidates(MODEL_DRAWS)
        merit = {
            place: fade * sources.log_belief(self._space, values) - place
            for place, values in enumerate(draws)
        }
        return draws[max(merit, key=merit.__getitem__)]

    def _reason(self, source: Source, values: Values, met: Idea | None) -> str:
        """One sentence for people: what is turned, from where, and what is left out."""
        best = self._best
        centre = best.values if best is not None else self._space.centre
        turned = reasons.turned(self._space, centre, values)
        told = reasons.SENTENCES[source].format(
            turned=turned,
            best=f"{best.name}, the best so far at {best.score:.0%}" if best else "the goal's own",
            earlier=f"{self._earlier.name} of {self._earlier.goal}" if self._earlier else "",
            trials=len(self._known),
        )
        tack = " The last trials brought nothing, so the tack changes." if self._plateau else ""
        left_out = f" Nothing like {met.sentence}, is tried again." if met else ""
        return told + tack + left_out


def _on_dials(space: Space, trial: PastTrial) -> PastTrial:
    """The trial with a value for each dial; one that it did not record stands at the centre."""
    return trial.model_copy(update={"values": space.centre | trial.values})
