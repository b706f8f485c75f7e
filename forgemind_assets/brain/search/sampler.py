"""Optuna's sampler as the search uses it: fed with what is remembered, asked for a batch.

Optuna is imported when it is first asked, since loading it takes most of a second.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from forgemind_assets.brain.search.memory import PastTrial
from forgemind_assets.brain.search.space import Range, Space, Values

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial


class TpeBatch:
    """Candidates of Optuna's TPE sampler; those already taken keep later ones at a distance.

    TPE sees every trial it is given: finished ones by their rank within their goal, since the
    pass rates of two goals do not compare; those that a race stopped as pruned, at the share and
    score they had; failed ones as pruned without a score, which it ranks last. The trials of a
    batch stand as running (the constant liar of Ginsbourger et al. 2010).
    """

    def __init__(self, space: Space, past: Sequence[PastTrial], seed: int) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._space = space
        self.distributions = _distributions(space)
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=0)
        self._study = optuna.create_study(direction="maximize", sampler=sampler)
        ranks = ranks_in_goal(past)
        self._study.add_trials(
            [self._frozen(trial, rank) for trial, rank in zip(past, ranks, strict=True)]
        )

    def candidates(self, count: int) -> list[Values]:
        """So many configurations; nothing is remembered of them."""
        from optuna.trial import TrialState

        found: list[Values] = []
        for _ in range(count):
            trial = self._study.ask(self.distributions)
            found.append(self.values(trial.params))
            self._study.tell(trial, state=TrialState.FAIL)
        return found

    def take(self, values: Values) -> None:
        """Counts a configuration as running from now on."""
        self._study.enqueue_trial(self.params(values))
        self._study.ask(self.distributions)

    def _frozen(self, trial: PastTrial, rank: float | None) -> "FrozenTrial":
        from optuna.trial import TrialState, create_trial

        done = trial.finished
        stopped = not done and trial.score is not None
        return create_trial(
            state=TrialState.COMPLETE if done else TrialState.PRUNED,
            params=self.params(trial.values),
            distributions=self.distributions,
            value=rank if done else None,
            intermediate_values={round(trial.share * 1000): rank or 0.0} if stopped else None,
        )

    def params(self, values: Values) -> dict[str, Any]:
        """Ranges by place, choices by the number of their value."""
        params: dict[str, Any] = {}
        for dial in self._space.dials:
            place = dial.place(values[dial.name])
            whole = place if isinstance(dial, Range) else round(place * (len(dial.values) - 1))
            params[dial.name] = whole
        return params

    def values(self, params: dict[str, Any]) -> Values:
        """The inverse of `params`."""
        return {
            dial.name: dial.value(params[dial.name])
            if isinstance(dial, Range)
            else dial.values[params[dial.name]]
            for dial in self._space.dials
        }


def _distributions(space: Space) -> "dict[str, BaseDistribution]":
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    return {
        dial.name: FloatDistribution(0.0, 1.0)
        if isinstance(dial, Range)
        else CategoricalDistribution(tuple(range(len(dial.values))))
        for dial in space.dials
    }


def ranks_in_goal(past: Sequence[PastTrial]) -> list[float | None]:
    """Of each trial the share of its peers that it beats or equals, 0 to 1; None without a score.

    Peers are the trials of the same goal that got as far.
    """
    peers: dict[tuple[str, float], list[float]] = {}
    for trial in past:
        if trial.score is not None:
            peers.setdefault((trial.goal, trial.share), []).append(trial.score)
    ranks: list[float | None] = []
    for trial in past:
        own = peers.get((trial.goal, trial.share), [])
        score = trial.score
        ranks.append(None if score is None else sum(p <= score for p in own) / len(own))
    return ranks
