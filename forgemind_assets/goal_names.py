"""The names that a goal may use: of strategies, verifiers, graders and models.

Registries are imported when a goal is loaded, not with this module.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Literal

Kind = Literal["verifier", "grader"]

# Each strategy is the module of its name in foundry/strategies; True: it asks a teacher.
STRATEGIES: Mapping[str, bool] = {"seed_expansion": False, "teacher_pairs": True}

REGISTRIES: Mapping[Kind, tuple[str, str]] = {
    "verifier": ("forgemind_assets.foundry.verifiers.registry", "VERIFIERS"),
    "grader": ("forgemind_assets.trial_grounds.graders.registry", "GRADERS"),
}


def registry(kind: Kind) -> Mapping[str, Any]:
    """The plug-ins of one kind by name."""
    module, attribute = REGISTRIES[kind]
    return getattr(import_module(module), attribute)


def models(role: Literal["base", "teacher"]) -> dict[str, int]:
    """Names and weights (count) of the catalogue's models that can take a role."""
    from forgemind_assets.forge.catalogue import entries

    return {name: entry.parameters for name, entry in entries().items() if role in entry.roles}
