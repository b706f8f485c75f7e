"""How much a set of traits has in common with the nearest of many others, rare traits first."""

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

Trait = bytes


class TraitIndex:
    """Weighted Jaccard similarity to the nearest of the sets that it was built from.

    A trait weighs the logarithm of how rare it is among them (inverse document frequency, Sparck
    Jones 1972), so that what all have in common says little. One that none of them has weighs
    most: it is what sets a text apart.
    """

    def __init__(self, sets: Sequence[Collection[Trait]]) -> None:
        counts = Counter(trait for one in sets for trait in set(one))
        self._unknown = math.log(2 * (len(sets) + 1))
        self._weights = {
            trait: math.log((len(sets) + 1) / (count + 0.5)) for trait, count in counts.items()
        }
        owners: defaultdict[Trait, list[int]] = defaultdict(list)
        self._sizes: NDArray[np.float64] = np.zeros(len(sets))
        for number, one in enumerate(sets):
            for trait in set(one):
                owners[trait].append(number)
                self._sizes[number] += self._weights[trait]
        self._owners = {trait: np.array(numbers) for trait, numbers in owners.items()}

    def nearest(self, traits: Collection[Trait]) -> float:
        """Similarity to the nearest set, 0 to 1; 0 where nothing is shared."""
        shared: NDArray[np.float64] = np.zeros(len(self._sizes))
        size = 0.0
        for trait in set(traits):
            weight = self._weights.get(trait, self._unknown)
            size += weight
            if trait in self._owners:
                shared[self._owners[trait]] += weight
        either = self._sizes + size - shared
        return float(np.max(shared / np.maximum(either, 1e-9), initial=0.0))
