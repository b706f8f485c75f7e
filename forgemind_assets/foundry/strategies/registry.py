"""The strategies by name."""

from collections.abc import Mapping

from forgemind_assets.foundry.strategies.adversarial import Adversarial
from forgemind_assets.foundry.strategies.base import Strategy
from forgemind_assets.foundry.strategies.contrast_pairs import ContrastPairs
from forgemind_assets.foundry.strategies.failure_driven import FailureDriven
from forgemind_assets.foundry.strategies.instruction_evolution import InstructionEvolution
from forgemind_assets.foundry.strategies.paraphrase import Paraphrase
from forgemind_assets.foundry.strategies.persona_variation import PersonaVariation
from forgemind_assets.foundry.strategies.seed_expansion import SeedExpansion
from forgemind_assets.foundry.strategies.teacher_pairs import TeacherPairs

STRATEGIES: Mapping[str, type[Strategy]] = {
    "seed_expansion": SeedExpansion,
    "teacher_pairs": TeacherPairs,
    "instruction_evolution": InstructionEvolution,
    "failure_driven": FailureDriven,
    "contrast_pairs": ContrastPairs,
    "persona_variation": PersonaVariation,
    "paraphrase": Paraphrase,
    "adversarial": Adversarial,
}
