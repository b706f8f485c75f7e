"""Simulated tables of trainings, on which the search was developed before the real one existed.

They have what is known of LoRA in general: the pass rate is highest at some learning rate, falls
faster above it than below, and needs steps; other dials matter a little; losses at the rungs tell
something of the end, with noise. Where the best rate lies differs from table to table.
"""

import math
import random

from replay import Entry, Table
from table_make import design

ROWS = 64


def simulated(seed: int, *, centre: float, off: float, spread: float = 0.5) -> Table:
    """A table whose best learning rate lies around `centre`, `off` natural logs above it."""
    rng = random.Random(f"simulated/{seed}")
    best = math.log(centre * 2) + off + rng.gauss(0, spread)
    need, noise = rng.uniform(6, 20), 0.03
    tilt = {name: rng.gauss(0, 0.15) for name in ("rank", "warmup", "weight", "contrast")}
    entries: list[Entry] = []
    for dials in design(seed=seed):
        high = math.log(dials["learning_rate"] * dials["alpha_ratio"]) - best
        rate = math.exp(-0.5 * (high / (0.7 if high > 0 else 1.1)) ** 2)
        steps = ROWS * dials["epochs"] / dials["batch_size"]
        rest = (
            tilt["rank"] * (math.log2(dials["rank"]) - 4) / 2
            + tilt["warmup"] * (dials["warmup_ratio"] - 0.15) / 0.15
            + tilt["weight"] * (math.log(dials["answer_weight"]) - 1.7) / 1.7
            + tilt["contrast"] * (1 if dials["contrast_batches"] else -1)
        )
        true = 0.6 * rate * (1 - math.exp(-steps / need)) * math.exp(rest)
        losses = {
            share: 3.5 * math.exp(-4 * true * share**0.5 + rng.gauss(0, 0.15))
            for share in (0.25, 0.5, 1.0)
        }
        score = round(min(1.0, max(0.0, true + rng.gauss(0, noise))) * 64) / 64
        entries.append(Entry(values=dials, losses=losses, score=None if high > 3 else score))
    return Table(tuple(entries))
