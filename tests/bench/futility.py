"""How often the futility rule ends a loop that would have met its goal, and what it saves.

Simulated loops, each run to its limit. The errors of its candidates fall by a power law,
exponentially, by rare jumps, not at all for long and then by a power law, or by a power law to a
ceiling that mostly lies below the goal. A candidate has the luck of its training and of the cases;
the rule sees what the Brain would see, through `brain/futility.py` itself. Beside it the rules
that end a loop after so many iterations without a better result on dev. The seed is fixed: the
same figures each time.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests")]

from fakes.goal_spec import spec_of  # noqa: E402

from forgemind_assets.brain.futility import WINDOW, out_of_reach, wanted_rate  # noqa: E402
from forgemind_assets.brain.state import IterationState, Score, State, TrialState  # noqa: E402
from forgemind_assets.goal import GoalSpec  # noqa: E402
from forgemind_assets.partitions import iteration_key  # noqa: E402
from forgemind_assets.trial_grounds.report import Rate  # noqa: E402
from forgemind_assets.trial_grounds.statistics import wilson_interval  # noqa: E402

DEV, GATE, EFFECT = 144, 348, 1.5
TRAINING_LUCK = 0.02
PATIENCE = (3, 5, 8)
Rule = Callable[["Loop", int], bool]


@dataclass(frozen=True)
class Loop:
    """One loop to its limit: what each trained iteration would show, and when the goal is met."""

    spec: GoalSpec
    dev: tuple[int, ...]
    gate: tuple[int, ...]
    met_at: int | None

    @property
    def iterations(self) -> int:
        """Up to the end that the loop would have by itself."""
        return self.met_at or len(self.dev)

    def state(self, done: int) -> State:
        """What the Brain knows after `done` trained iterations."""
        best = np.maximum.accumulate(np.array(self.dev[:done])) / DEV
        tail = range(max(0, done - 3), done)
        return State(
            iterations=tuple(self.turn(number) for number in tail),
            path=tuple(best[-WINDOW - 1 :].tolist()),
        )

    def turn(self, number: int) -> IterationState:
        """One iteration; the best on the gate so far is champion."""
        trial = TrialState(dev=score(self.dev[number], DEV), full=score(self.gate[number], GATE))
        return IterationState(
            key=iteration_key(number + 1),
            trials={"a": trial},
            champion=iteration_key(number + 1) + "-a",
            champion_full=score(max(self.gate[: number + 1]), GATE),
        )


def score(passed: int, total: int) -> Score:
    """A result as the Brain sees it."""
    return Score(overall=Rate(passed=passed, total=total), design_effect=EFFECT)


def errors_of(kind: str, count: int, rng: np.random.Generator) -> np.ndarray:
    """True share of errors of each iteration's candidate, before the luck of its training."""
    ceiling = kind == "ceiling"
    first = rng.uniform(0.4, 0.7) if ceiling else rng.uniform(0.2, 0.7)
    floor = rng.uniform(0.2, 0.4) if ceiling else rng.uniform(0, 0.15)
    times = np.arange(1, count + 1)
    fall = rng.uniform(0.1, 1.5)
    if kind == "power law" or ceiling:
        return floor + (first - floor) * times**-fall
    if kind == "exponential":
        return floor + (first - floor) * np.exp(-rng.uniform(0.02, 0.4) * (times - 1))
    if kind == "rare jumps":
        jumps = rng.random(count) < rng.uniform(0.1, 0.5)
        return first * np.cumprod(np.where(jumps, rng.uniform(0.5, 0.9, count), 1.0))
    late = np.maximum(1, times - rng.integers(4, 11))
    return floor + (first - floor) * late**-fall


def loop_of(kind: str, rng: np.random.Generator) -> Loop:
    """One loop of a kind, with a goal and a limit of its own."""
    spec = spec_of(success={"pass_rate": float(rng.choice([0.7, 0.8, 0.9]))})
    count = int(rng.choice([10, 20, 30]))
    limits = spec.limits.model_copy(update={"max_iterations": count, "hours": 1e9})
    spec = spec.model_copy(update={"limits": limits})
    luck = rng.normal(0, TRAINING_LUCK, count)
    rates = np.clip(1 - errors_of(kind, count, rng) + luck, 0, 1)
    dev = rng.binomial(round(DEV / EFFECT), rates) * EFFECT
    gate = rng.binomial(round(GATE / EFFECT), rates) * EFFECT
    need = wanted_rate(spec, score(0, GATE))
    met = np.flatnonzero(gate / GATE >= need)
    return Loop(
        spec,
        tuple(int(min(DEV, d)) for d in dev),
        tuple(int(min(GATE, g)) for g in gate),
        int(met[0]) + 1 if len(met) else None,
    )


def futility(loop: Loop, done: int) -> bool:
    """ForgeMind's rule."""
    state = loop.state(done)
    assert state.last is not None
    return out_of_reach(loop.spec, state, state.last) is not None


def patience(iterations: int) -> Rule:
    """Ends a loop after so many iterations without a better result on dev."""

    def rule(loop: Loop, done: int) -> bool:
        return done > iterations and max(loop.dev[done - iterations : done]) <= max(
            loop.dev[: done - iterations]
        )

    return rule


def ended_at(loop: Loop, rule: Rule) -> int | None:
    """The iteration after which a rule ends the loop before it would end by itself."""
    return next((done for done in range(1, loop.iterations) if rule(loop, done)), None)


def measured(loops: list[Loop], rule: Rule) -> dict[str, float | int | str]:
    """Of loops that meet their goal, how many a rule ends before; of the others, what it saves."""
    ends = [(loop, ended_at(loop, rule)) for loop in loops]
    met = [end for loop, end in ends if loop.met_at]
    lost = sum(end is not None for end in met)
    missed = [(loop.iterations, end) for loop, end in ends if not loop.met_at]
    interval = wilson_interval(lost, len(met))
    return {
        "loops_that_meet_it": len(met),
        "ended_wrongly": round(lost / max(1, len(met)), 4),
        "ended_wrongly_95": f"{interval.low:.4f} to {interval.high:.4f}",
        "loops_that_miss_it": len(missed),
        "of_them_ended_early": round(fmean(e is not None for _, e in missed), 4) if missed else 0,
        "iterations_saved": round(
            sum(n - e for n, e in missed if e is not None) / max(1, sum(n for n, _ in missed)), 4
        ),
    }


def main() -> None:
    """Prints a table, and the last line as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loops", type=int, default=500, help="loops of each kind")
    parser.add_argument("--seed", type=int, default=7)
    asked, began = parser.parse_args(), time.perf_counter()
    rng = np.random.default_rng(asked.seed)
    kinds = ("power law", "exponential", "rare jumps", "late start", "ceiling")
    loops = {kind: [loop_of(kind, rng) for _ in range(asked.loops)] for kind in kinds}
    rules: dict[str, Rule] = {"forgemind": futility}
    rules |= {f"no gain in {count}": patience(count) for count in PATIENCE}
    details: dict[str, dict[str, dict[str, float | int | str]]] = {}
    for name, rule in rules.items():
        found = {kind: measured(some, rule) for kind, some in loops.items()}
        found["all"] = measured([loop for some in loops.values() for loop in some], rule)
        details[name] = found
        for kind, one in found.items():
            print(
                f"{name:14s} {kind:12s} ends {one['ended_wrongly']:7.2%} of "
                f"{one['loops_that_meet_it']:4d} that meet the goal; saves "
                f"{one['iterations_saved']:6.1%} of the iterations of "
                f"{one['loops_that_miss_it']:4d} that miss it"
            )
    print(f"{time.perf_counter() - began:.0f} seconds")
    answer = {
        "name": "futility",
        "value": details["forgemind"]["all"]["ended_wrongly"],
        "unit": "share of the loops that would have met the goal",
        "higher_is_better": False,
        "peers": {n: d["all"]["ended_wrongly"] for n, d in details.items() if n != "forgemind"},
        "details": details,
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
