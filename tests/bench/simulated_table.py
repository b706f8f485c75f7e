"""Simulated worlds of trainings, on which the search was developed before the real table existed.

They have what is known of LoRA in general: a step (learning rate x alpha/rank x some power of the
rank) that can be too small or too large, steps that can be too few, other dials that matter less,
losses at the rungs that tell something of the end, and noise. Five kinds differ in how these come
together. Where the best lies differs from world to world, and a world has kin: earlier goals on
the same base model, which are alike and not the same.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from replay import Entry, Table
from table_make import design

ROWS, CASES = 64, 64
KINDS = ("peak", "ridge", "cliff", "plateau", "odd")
TILTED = ("rank", "warmup_ratio", "answer_weight", "contrast_batches", "alpha_ratio")


@dataclass(frozen=True)
class World:
    """One task on one base model."""

    kind: str
    best: float
    """Log of the best step at 24 steps."""
    need: float
    """Steps to learn most of it."""
    power: float
    """Of the rank in the step."""
    top: float
    """Highest pass rate."""
    tilt: dict[str, float]

    def rate(self, dials: dict[str, Any]) -> float | None:
        """The expected pass rate; None for a training that breaks."""
        steps = ROWS * dials["epochs"] / dials["batch_size"]
        high = math.log(dials["learning_rate"] * dials["alpha_ratio"]) - self.best
        high += self.power * math.log(dials["rank"] / 16)
        if self.kind == "ridge":
            high += 0.5 * math.log(steps / 24)
        if high > 3:
            return None
        learned = 1 - math.exp(-steps / self.need)
        if self.kind == "cliff":
            far = high + math.log(steps / 24)
            learned = 1 / (1 + math.exp(-(far + 0.3) / 0.4))
            shape = 1.0 if high < 0.8 else 0.05
        elif self.kind == "plateau":
            shape = 1 / (1 + math.exp(-(high + 1) / 0.3)) / (1 + math.exp((high - 1) / 0.2))
        else:
            shape = math.exp(-0.5 * (high / (0.7 if high > 0 else 1.1)) ** 2)
        return min(0.98, self.top * shape * learned * math.exp(self._rest(dials)))

    def _rest(self, dials: dict[str, Any]) -> float:
        places = {
            "rank": (math.log2(dials["rank"]) - 4) / 2,
            "warmup_ratio": (dials["warmup_ratio"] - 0.15) / 0.15,
            "answer_weight": (math.log(dials["answer_weight"]) - 1.7) / 1.7,
            "contrast_batches": 1.0 if dials["contrast_batches"] else -1.0,
            "alpha_ratio": math.log2(dials["alpha_ratio"]) / 2,
        }
        return sum(self.tilt[name] * places[name] for name in TILTED)

    def kin(self, seed: int) -> "World":
        """An earlier goal on the same base model."""
        rng = random.Random(f"kin/{seed}")
        return replace(
            self,
            best=self.best + rng.gauss(0, 0.3),
            need=self.need * math.exp(rng.gauss(0, 0.3)),
            top=min(0.9, self.top * rng.uniform(0.6, 1.3)),
            tilt={name: 0.7 * at + 0.7 * rng.gauss(0, 0.12) for name, at in self.tilt.items()},
        )


def world(seed: int, *, kind: str, centre: float, off: float, spread: float = 0.5) -> World:
    """A world whose best step lies around that of rate `centre`, `off` natural logs above it."""
    rng = random.Random(f"world/{kind}/{seed}")
    return World(
        kind=kind,
        best=math.log(centre * 2) + off + rng.gauss(0, spread),
        need=rng.uniform(6, 20),
        power=rng.uniform(0, 1),
        top=rng.uniform(0.4, 0.8),
        tilt={name: rng.gauss(0, 0.3 if kind == "odd" else 0.12) for name in TILTED},
    )


def tried(of: World, dials: dict[str, Any], rng: random.Random) -> Entry:
    """One training in a world: its losses at the rungs, and what it passes of the held cases."""
    true = of.rate(dials)
    if true is None:
        return Entry(values=dials, losses={}, score=None)
    losses = {
        share: 3.5 * math.exp(-4 * true * share**0.5 + rng.gauss(0, 0.15))
        for share in (0.25, 0.5, 1.0)
    }
    between_seeds = min(1.0, max(0.0, true + rng.gauss(0, 0.03)))
    # Cases are shared by all configurations, so half of the binomial's variance is theirs alone.
    draw = between_seeds + rng.gauss(0, math.sqrt(between_seeds * (1 - between_seeds) / CASES / 2))
    return Entry(dials, losses, round(min(1.0, max(0.0, draw)) * CASES) / CASES)


def trainings(of: World, configurations: Sequence[dict[str, Any]], seed: int) -> Table:
    """All of them, trained in a world."""
    rng = random.Random(f"trainings/{seed}")
    return Table(tuple(tried(of, dials, rng) for dials in configurations))


def simulated(
    seed: int, *, centre: float, off: float, spread: float = 0.5, kind: str = "peak"
) -> Table:
    """A table of a world, in a design of its own."""
    found = world(seed, kind=kind, centre=centre, off=off, spread=spread)
    return trainings(found, design(seed=seed), seed)
