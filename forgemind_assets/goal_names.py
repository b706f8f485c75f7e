"""The names that a goal may use: of strategies, verifiers, graders, safety layers and models.

Each list has one home, the registry of its plug-ins, and is imported when a goal is loaded.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Literal

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
