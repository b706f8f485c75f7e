"""The safety layers by name, in the order in which a text meets them.

A layer that needs a model takes its `Classifier` from `classifiers`, and gives a `MissingLayer`
where there is none:

    "detoxify": lambda policy, models: with_model("detoxify", models, Detoxify),
"""

from collections.abc import Callable, Mapping

from forgemind_assets.warden.layers.code_rules import CodeRules
from forgemind_assets.warden.layers.detoxify import Detoxify
from forgemind_assets.warden.layers.goal_rules import GoalRules
from forgemind_assets.warden.layers.injection import Injection
from forgemind_assets.warden.layers.model_moderation import ModelModerated
from forgemind_assets.warden.layers.openai_moderation import OpenAIModerated
from forgemind_assets.warden.layers.personal_data import PersonalData
from forgemind_assets.warden.layers.secrets import Secrets
from forgemind_assets.warden.policy import Policy
from forgemind_assets.warden.verdict import Classifier, Layer, MissingLayer

Classifiers = Mapping[str, Classifier]
Maker = Callable[[Policy, Classifiers], Layer]

LAYERS: Mapping[str, Maker] = {
    "secrets": lambda policy, models: Secrets(),
    "personal_data": lambda policy, models: PersonalData(),
    "goal_rules": lambda policy, models: GoalRules(policy.rules),
    "code_rules": lambda policy, models: CodeRules(),
    "injection": lambda policy, models: Injection(),
    "detoxify": lambda policy, models: with_model("detoxify", models, Detoxify),
    "openai_moderation": lambda policy, models: with_model(
        "openai_moderation", models, OpenAIModerated
    ),
    "model_moderation": lambda policy, models: with_model(
        "model_moderation", models, ModelModerated
    ),
}


def with_model(name: str, models: Classifiers, make: Callable[[Classifier], Layer]) -> Layer:
    """The layer on its model, or a layer that says that the model is missing."""
    if name not in models:
        return MissingLayer(name, detail=f"no model for {name} was given")
    return make(models[name])


def make_layer(name: str, policy: Policy, models: Classifiers) -> Layer:
    """The layer of that name; one that does not exist here judges nothing and says so."""
    if name not in LAYERS:
        return MissingLayer(name, "layer_unknown", "this installation has no such layer")
    return LAYERS[name](policy, models)
