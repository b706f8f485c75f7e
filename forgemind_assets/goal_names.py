"""The names that a goal may use: of strategies, verifiers, graders, safety layers and models.

Each list has one home, the registry of its plug-ins, and is imported when a goal is loaded.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any, Literal

from forgemind_assets.goal_yaml import Place

Kind = Literal["strategy", "verifier", "grader", "safety layer"]

REGISTRIES: Mapping[Kind, tuple[str, str]] = {
    "strategy": ("forgemind_assets.foundry.strategies.registry", "STRATEGIES"),
    "verifier": ("forgemind_assets.foundry.verifiers.registry", "VERIFIERS"),
    "grader": ("forgemind_assets.trial_grounds.graders.registry", "GRADERS"),
    "safety layer": ("forgemind_assets.warden.layers.registry", "LAYERS"),
}


def registry(kind: Kind) -> Mapping[str, Any]:
    """The plug-ins of one kind by name."""
    module, attribute = REGISTRIES[kind]
    return getattr(import_module(module), attribute)


def models(role: Literal["base", "teacher"]) -> dict[str, int]:
    """Names and weights (count) of the catalogue's models that can take a role."""
    from forgemind_assets.forge.catalogue import entries

    return {name: entry.parameters for name, entry in entries().items() if role in entry.roles}


def doubles(
    names: Sequence[str], place: Place, key: str | None = None
) -> Iterator[tuple[Place, str]]:
    """A finding for each name that was there before; `key` is where an item has its name."""
    counts = Counter(names)
    for index, name in enumerate(names):
        if counts[name] > 1 and names.index(name) != index:
            here = (*place, index) if key is None else (*place, index, key)
            yield here, f"expected each name once, found {name!r} again"
