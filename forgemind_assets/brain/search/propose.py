"""The training half of the search: which configurations a plan tries side by side. Pure.

Candidates come from several sources: belief, neighbours of the best, what led in an earlier goal,
Optuna's TPE over all that was seen, and on a plateau what is far from everything tried. All are
judged by one account of what the trials say (`response.py`), and the most promising one is tried:
the highest expected pass rate with an allowance for not knowing (GP-UCB, Srinivas et al. 2010).
An advisor's candidates are among them, and the places that it has earned (`accounts.py`) go to the
most promising of these. Nothing is proposed that repeats an idea which did not work, or a
configuration that was tried, whoever suggests it.
"""

import random
from collections.abc import Iterable, Iterator, Sequence

from forgemind_assets.brain.search import memory, reasons
from forgemind_assets.brain.search.advice_answer import NOBODY, Suggestions
from forgemind_assets.brain.search.candidates import Candidate, Proposal, Ranked, Source
from forgemind_assets.brain.search.memory import Idea, PastTrial
from forgemind_assets.brain.search.response import Response, points_of
from forgemind_assets.brain.search.sampler import TpeBatch
from forgemind_assets.brain.search.sources import believed, far, nearest, neighbour
from forgemind_assets.brain.search.space import Space, Values

BELIEVED, NEIGHBOURS, FROM_MODEL, FAR = 32, 32, 8, 8
"""Candidates of each source."""

WIDTHS = (1.0, 2.0)
"""Half of what belief draws is within its spreads, the other half within twice these."""

FEW = 4
"""Own trials that must have finished before TPE is asked; of fewer it says little."""

ALLOWANCE, PLATEAU_ALLOWANCE = 0.5, 2.0
"""Standard deviations that are added to what is expected; on a plateau the unknown counts more."""

SAME = 0.05
"""Configurations closer than this (`Space.distance`) are the same one."""


def propose_trials(
    space: Space,
    past: Sequence[PastTrial],
    count: int,
    seed: int,
    *,
    taken: Sequence[Values] = (),
    among: Sequence[Values] | None = None,
    suggested: Suggestions = NOBODY,
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
        among: the only configurations that can be had, at least `count`; None for all within the
            space.
        suggested: an advisor's candidates, and how many of the `count` are kept for these.
    """
    batch = _Batch(space, past, seed, taken, among, suggested)
    return tuple(batch.next() for _ in range(count))


def expected_of(space: Space, past: Sequence[PastTrial], values: Values) -> float:
    """The pass rate that a configuration is expected to come to after these trials."""
    known = [_on_dials(space, trial) for trial in memory.window(past)]
    mean, _ = Response(space, points_of(known)).expect([values])
    return round(float(mean[0]), 4)


class _Batch:
    """What one call knows, and the candidates it has so far."""

    def __init__(
        self,
        space: Space,
        past: Sequence[PastTrial],
        seed: int,
        taken: Sequence[Values],
        among: Sequence[Values] | None,
        suggested: Suggestions,
    ) -> None:
        known = [_on_dials(space, trial) for trial in memory.window(past)]
        self._space, self._known = space, known
        self._own = [trial for trial in known if not trial.goal]
        self._best = memory.best_of(self._own)
        self._earlier = memory.best_of(trial for trial in known if trial.goal)
        self._plateau = memory.on_plateau(self._own)
        self._ideas = memory.ideas_that_failed(known)
        self._rng = random.Random(f"{seed}/{len(past)}")  # noqa: S311 - draws, not secrets
        self._response = Response(space, points_of(known))
        self._tried = [trial.values for trial in self._own]
        self._among = None if among is None else list(among)
        self._advisor, self._places = suggested.advisor, suggested.places
        self._suggested = [
            Candidate("advisor", one.values, one.words)
            for one in suggested.candidates
            if among is None or one.values in among
        ]
        self._model: TpeBatch | None = None
        for values in taken:
            self._take(values)

    def next(self) -> Proposal:
        """The most promising candidate that repeats nothing, or the least alike of all.

        While places are kept for the advisor, the most promising of its own.
        """
        ranked = self._ranked([*self._candidates(), *self._suggested])
        found, met = self._admitted(ranked)
        chosen = next(iter(found.values()), None)
        if chosen is None:
            chosen = max(ranked, key=lambda one: self._gap(one.candidate.values))
        if self._places and True in found:
            chosen = found[True]
            self._places -= 1
        values = chosen.candidate.values
        reason = self._reason(chosen.candidate, met)
        self._take(values)
        return Proposal(
            values=values,
            source=chosen.candidate.source,
            reason=reason,
            expected=round(found.get(False, chosen).expected, 4),
        )

    def _ranked(self, candidates: Sequence[Candidate]) -> list[Ranked]:
        """The most promising first."""
        mean, deviation = self._response.expect([one.values for one in candidates])
        allowance = PLATEAU_ALLOWANCE if self._plateau else ALLOWANCE
        order = (-(mean + allowance * deviation)).argsort(kind="stable")
        return [Ranked(candidates[int(place)], float(mean[place])) for place in order]

    def _admitted(self, ranked: Sequence[Ranked]) -> tuple[dict[bool, Ranked], Idea | None]:
        """The best that repeat nothing: the advisor's (True) and the others' (False), best first.

        And the failed idea that one of those before them would have repeated.
        """
        found: dict[bool, Ranked] = {}
        met: Idea | None = None
        for one in ranked:
            advised = one.candidate.source == "advisor"
            if advised in found:
                continue
            idea = memory.nearest_idea(self._space, one.candidate.values, self._ideas)
            met = met or idea
            if idea is None and self._gap(one.candidate.values) > SAME:
                found[advised] = one
            if len(found) == 1 + bool(self._suggested):
                break
        return found, met

    def _take(self, values: Values) -> None:
        self._tried.append(values)
        self._response.suppose(values)
        if self._model is not None:
            self._model.take(values)
        if self._among is not None and values in self._among:
            self._among.remove(values)

    def _gap(self, values: Values) -> float:
        return nearest(self._space, values, self._tried)

    def _candidates(self) -> Iterator[Candidate]:
        """Of every source some; at the very first the goal's own settings alone."""
        space, rng = self._space, self._rng
        if self._among is not None:
            yield from _from("belief", self._among)
            return
        if not self._tried:
            yield Candidate("belief", space.centre)
            if self._earlier is None:
                return
        for width in WIDTHS:
            yield from _from("belief", (believed(space, rng, width=width) for _ in range(BELIEVED)))
        led: dict[Source, PastTrial | None] = {"neighbour": self._best, "earlier": self._earlier}
        for source, trial in led.items():
            if trial is not None:
                near = (neighbour(space, trial.values, rng) for _ in range(NEIGHBOURS))
                yield from _from(source, near)
        if self._earlier is not None:
            yield Candidate("earlier", self._earlier.values)
        if sum(trial.finished for trial in self._own) >= FEW:
            yield from _from("model", self._from_model())
        if self._plateau:
            yield from _from("far", (far(space, self._tried, rng) for _ in range(FAR)))

    def _from_model(self) -> list[Values]:
        if self._model is None:
            self._model = TpeBatch(self._space, self._known, self._rng.randrange(2**31))
            for values in self._tried[len(self._own) :]:
                self._model.take(values)
        return self._model.candidates(FROM_MODEL)

    def _reason(self, chosen: Candidate, met: Idea | None) -> str:
        """One sentence for people: what is turned, from where, and what is left out."""
        best = self._best
        centre = best.values if best is not None else self._space.centre
        turned = reasons.turned(self._space, centre, chosen.values)
        told = reasons.SENTENCES[chosen.source].format(
            turned=turned,
            advisor=self._advisor,
            words=f' ("{chosen.words}")' if chosen.words else "",
            best=f"{best.name}, the best so far at {best.score:.0%}" if best else "the goal's own",
            earlier=f"{self._earlier.name} of {self._earlier.goal}" if self._earlier else "",
            trials=len(self._known),
        )
        tack = " The last trials brought nothing, so the tack changes." if self._plateau else ""
        left_out = f" Nothing like {met.sentence}, is tried again." if met else ""
        return told + tack + left_out


def _from(source: Source, found: Iterable[Values]) -> Iterator[Candidate]:
    return (Candidate(source, values) for values in found)


def _on_dials(space: Space, trial: PastTrial) -> PastTrial:
    """The trial with a value for each dial; one that it did not record stands at the centre."""
    return trial.model_copy(update={"values": space.centre | trial.values})
