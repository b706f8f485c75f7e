"""Where candidates come from: belief, the neighbourhood of the best, and what is far from all."""

import math
import random
from collections.abc import Iterable, Sequence

import numpy as np

from forgemind_assets.brain.search.space import Choice, Dial, Space, Value, Values

CHANGE = 0.5
"""Probability that a neighbour differs in a dial (Mallik et al. 2023, "PriorBand")."""

STEP = 0.6
"""Standard deviation of a neighbour's dial, in those of the belief."""

FAR_DRAWS = 64
"""Random configurations of which the one farthest from all trials is taken."""


def believed(space: Space, rng: random.Random, *, width: float = 1.0) -> Values:
    """A draw from the belief, its spread `width` times as wide."""
    return {dial.name: _believed(dial, rng, width) for dial in space.dials}


def _believed(dial: Dial, rng: random.Random, width: float) -> Value:
    if isinstance(dial, Choice):
        return rng.choices(dial.values, [weight ** (1 / width) for weight in dial.weights])[0]
    return _within(dial.place(dial.centre), dial.width * width, dial, rng)


def _within(centre: float, width: float, dial: Dial, rng: random.Random) -> Value:
    """A normal draw of a place, drawn again where it falls outside, and its value."""
    places = (rng.gauss(centre, width) for _ in range(20))
    inside = (place for place in places if 0 <= place <= 1)
    return _value(dial, next(inside, min(1.0, max(0.0, centre))))


def _value(dial: Dial, place: float) -> Value:
    if isinstance(dial, Choice):
        return dial.values[round(place * (len(dial.values) - 1))]
    return dial.value(place)


def neighbour(space: Space, of: Values, rng: random.Random) -> Values:
    """The same but for about half of the dials, at least one, which move a little."""
    changed = [dial for dial in space.dials if rng.random() < CHANGE]
    values = {dial.name: of[dial.name] for dial in space.dials}
    for dial in changed or [rng.choice(space.dials)]:
        values[dial.name] = _moved(dial, of[dial.name], rng)
    return values


def _moved(dial: Dial, value: Value, rng: random.Random) -> Value:
    place = dial.place(value)
    if isinstance(dial, Choice):
        step = 1 / (len(dial.values) - 1)
        sides = [p for p in (place - step, place + step) if -1e-9 <= p <= 1 + 1e-9]
        return _value(dial, rng.choice(sides))
    return _within(place, dial.width * STEP, dial, rng)


def far(space: Space, tried: Iterable[Values], rng: random.Random) -> Values:
    """Of many random configurations the one whose nearest tried one is farthest."""
    draws = [uniform(space, rng) for _ in range(FAR_DRAWS)]
    known = np.array([space.at(values) for values in tried])
    if not len(known):
        return draws[0]
    gaps = np.array([space.at(values) for values in draws])[:, None, :] - known
    return draws[int((gaps**2).sum(axis=-1).min(axis=-1).argmax())]


def uniform(space: Space, rng: random.Random) -> Values:
    """A draw that believes nothing."""
    return {dial.name: _value(dial, rng.random()) for dial in space.dials}


def nearest(space: Space, values: Values, known: Sequence[Values]) -> float:
    """Distance to the nearest of the known configurations; infinite where there is none."""
    return min((space.distance(values, other) for other in known), default=math.inf)
