"""Checks of what a goal says about a teacher that suggests configurations to the search."""

from collections.abc import Iterator

from forgemind_assets.goal import GoalSpec
from forgemind_assets.goal_schema import unknown_name
from forgemind_assets.goal_yaml import Place


def advisor_problems(spec: GoalSpec) -> Iterator[tuple[Place, str]]:
    """An unknown advisor, one that has no trial to suggest, and a share of nobody."""
    search, names = spec.search, [teacher.name for teacher in spec.teachers]
    if search.advisor is None:
        if "advisor_share" in search.model_fields_set:
            message = f"expected one of {', '.join(names) or '(no teachers)'}, found nothing"
            yield ("search", "advisor"), f"{message}: search.advisor_share is set"
        return
    if search.advisor not in names:
        yield ("search", "advisor"), unknown_name("teacher", search.advisor, names)
    if search.trials == 1:
        message = "expected at least 2, found 1: an advisor suggests what is tried beside the first"
        yield ("search", "trials"), message
