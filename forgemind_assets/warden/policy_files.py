"""Reads policies: the default one that comes with the package, and a file of one's own."""

from collections.abc import Container, Iterator
from functools import cache
from pathlib import Path

from forgemind_assets.errors import GoalError
from forgemind_assets.goal_names import registry
from forgemind_assets.goal_schema import unknown_name, validate
from forgemind_assets.goal_yaml import Place, read_yaml
from forgemind_assets.warden.policy import Policy, Thresholds, contradictions, overlaid

DEFAULT_FILE = Path(__file__).with_name("default_policy.yaml")


@cache
def default_policy() -> Policy:
    """The policy of a goal that states none."""
    return load_policy(DEFAULT_FILE)


def effective_policy(given: Policy) -> Policy:
    """What a goal's `policy` means: the default one, with what the goal states in its place."""
    return overlaid(default_policy(), given)


def load_policy(path: Path, shown_as: str = "") -> Policy:
    """Reads a policy file.

    Args:
        path: the file.
        shown_as: its name in messages; the file's own name where empty.

    Raises:
        GoalError: with every problem, each with file, line and key.
    """
    document = read_yaml(path, shown_as or path.name)
    policy = None if document.problems else validate(Policy, document)
    if policy is not None:  # where the form is wrong there is nothing to look at further
        for place, message in policy_problems(policy, registry("safety layer")):
            document.problem(place, message)
    if policy is None or document.problems:
        raise GoalError(sorted(document.problems, key=lambda p: p.line or 0))
    return policy


def policy_problems(
    policy: Policy, layers: Container[str], default: Policy | None = None
) -> Iterator[tuple[Place, str]]:
    """What is wrong beyond the form: unknown layers, rules named twice, thresholds that cross.

    Args:
        policy: as written.
        layers: names of the layers that there are.
        default: the policy that it is laid over; None if it stands for itself.
    """
    for name, layer in policy.layers.items():
        if name not in layers:
            yield ("layers", name), unknown_name("safety layer", name, registry("safety layer"))
        base = layer if default is None else default.layer(name)
        own = _over(layer, base)
        crossing: dict[Place, tuple[float | None, float | None]] = {}
        crossing["layers", name] = own
        for part, limits in layer.by_slice.items():
            crossing["layers", name, "by_slice", part] = _over(limits, own)
        for place, limits in crossing.items():
            low, high = limits
            if low is not None and high is not None and low > high:
                yield place, f"expected quarantine_at at most drop_at ({high:g}), found {low:g}"
    yield from contradictions(policy)


def _over(
    given: Thresholds, base: Thresholds | tuple[float | None, float | None]
) -> tuple[float | None, float | None]:
    low, high = base if isinstance(base, tuple) else (base.quarantine_at, base.drop_at)
    return (
        low if given.quarantine_at is None else given.quarantine_at,
        high if given.drop_at is None else given.drop_at,
    )
