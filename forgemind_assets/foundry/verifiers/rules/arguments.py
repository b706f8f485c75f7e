"""Questions about the arguments of a call that several rules ask."""

import ast

from forgemind_assets.foundry.verifiers.scene import Scene
from forgemind_assets.foundry.verifiers.values import TRUSTED


def untrusted(node: ast.Call, scene: Scene) -> bool:
    """Whether what is loaded may come from elsewhere; unknown counts, a constant does not."""
    values = [scene.value(a) for a in node.args[:1]]
    values += [scene.value(k.value) for k in node.keywords[:1] if not node.args]
    return not values or any(v.trust != TRUSTED for v in values)


def is_constant(node: ast.Call, scene: Scene, keyword: str, wanted: bool) -> bool:
    """Whether a keyword argument is the constant `wanted`."""
    value = scene.keyword(node, keyword)
    return isinstance(value, ast.Constant) and value.value is wanted
