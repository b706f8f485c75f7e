"""How much of a difference between two models is the luck of a training seed. Pure.

`compare_seeds` takes results case by case, wherever they come from: the same configuration trained
with other seeds, or with each seed on other data.
"""

from collections.abc import Mapping, Sequence

from pydantic import Field

from forgemind_assets.records import Record
from forgemind_assets.trial_grounds.statistics import over_seeds, pair

CONFIDENCE = 0.95
Results = Mapping[str, bool]


class SeedsReport(Record):
    """Several trainings of one configuration against one fixed result, on the same cases."""

    goal: str
    trial: str
    against: str
    suite: str
    seeds: tuple[int, ...] = Field(description="those of the trainings, none of them the trial's")
    rates: tuple[float, ...] = Field(description="pass rate of each, 0 to 1")
    own_seed: int
    own_rate: float | None = Field(description="of the trial as it was trained first")
    against_rate: float
    cases: int
    families: int
    gain: float = Field(description="mean pass rate less the other's")
    low: float = Field(description="of the gain, 95 %, over seeds and families")
    high: float
    between_seeds: float = Field(description="standard deviation of the pass rate between seeds")

    @property
    def mean(self) -> float:
        """Mean pass rate of the trainings."""
        return sum(self.rates) / len(self.rates)

    @property
    def sentence(self) -> str:
        """What was found, with the figures."""
        each = ", ".join(f"{rate:.1%}" for rate in self.rates)
        own = "" if self.own_rate is None else (
            f" With its own seed, {self.own_seed}, which the loop has chosen among others, it has "
            f"{self.own_rate:.1%}."
        )  # fmt: skip
        sure = "" if self.low > 0 or self.high < 0 else "; luck explains it"
        return (
            f"{self.trial} trained with {len(self.rates)} fresh seeds passes {self.mean:.1%} of "
            f"{self.suite} on average ({each}; standard deviation between seeds "
            f"{100 * self.between_seeds:.1f} points).{own} Against {self.against} "
            f"({self.against_rate:.1%}) that is {100 * self.gain:+.1f} points, "
            f"{100 * self.low:+.1f} to {100 * self.high:+.1f} at 95 % over seeds and "
            f"{self.families} families{sure}."
        )


def compare_seeds(
    trainings: Mapping[int, Results],
    fixed: Results,
    families: Mapping[str, str],
    *,
    goal: str,
    trial: str,
    against: str,
    suite: str,
    own: tuple[int, Results | None],
) -> SeedsReport:
    """The report on trainings, seed -> case id -> passed, against one fixed result.

    Raises ValueError for fewer than two seeds or families, or where the cases are not the same.
    """
    seeds = sorted(trainings)
    if any(trainings[seed].keys() != fixed.keys() for seed in seeds):
        raise ValueError(f"expected the {len(fixed)} cases of {against} from every seed")
    found = over_seeds([pair(fixed, trainings[seed], families) for seed in seeds], CONFIDENCE)
    return SeedsReport(
        goal=goal,
        trial=trial,
        against=against,
        suite=suite,
        seeds=tuple(seeds),
        rates=tuple(_rate(trainings[seed]) for seed in seeds),
        own_seed=own[0],
        own_rate=None if own[1] is None else _rate(own[1]),
        against_rate=_rate(fixed),
        cases=len(fixed),
        families=len({families[case] for case in fixed}),
        gain=found.gain,
        low=found.interval.low,
        high=found.interval.high,
        between_seeds=found.between_seeds,
    )


def fresh_seeds(own: int, count: int) -> Sequence[int]:
    """So many seeds that follow from the trial's own and are not it."""
    return [own + 1000 * number for number in range(1, count + 1)]


def _rate(results: Results) -> float:
    return sum(results.values()) / len(results)
