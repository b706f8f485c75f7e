"""Names that all assets of one goal share: keys, partitions, tags."""

from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from forgemind_assets.partitions import iterations_name, trials_name


@dataclass(frozen=True)
class GoalKeys:
    """Asset keys and partition sets of one goal."""

    goal: str
    iterations: dg.DynamicPartitionsDefinition = field(init=False)
    trials: dg.DynamicPartitionsDefinition = field(init=False)

    def __post_init__(self) -> None:
        iterations = dg.DynamicPartitionsDefinition(name=iterations_name(self.goal))
        object.__setattr__(self, "iterations", iterations)
        trials = dg.DynamicPartitionsDefinition(name=trials_name(self.goal))
        object.__setattr__(self, "trials", trials)

    def key(self, asset: str) -> dg.AssetKey:
        """`[goal, asset]`."""
        return dg.AssetKey([self.goal, asset])

    def common(self, pillar: str) -> dict[str, Any]:
        """Arguments that every asset of the goal takes."""
        return {
            "key_prefix": [self.goal],
            "group_name": self.goal,
            "kinds": {pillar},
            "tags": {"forgemind/pillar": pillar},
        }

    def across(self, asset: str) -> dg.AssetDep:
        """A lineage edge between the two partition sets; the data passes through the store."""
        return dg.AssetDep(self.key(asset), partition_mapping=dg.AllPartitionMapping())
