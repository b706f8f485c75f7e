"""The graders by name."""

from typing import Any, Protocol

from forgemind_assets.records import Case
from forgemind_assets.trial_grounds.graders.json_label import Grade, JsonLabel


class Grader(Protocol):
    """Decides whether an answer satisfies a case."""

    def grade(self, case: Case, answer: str) -> Grade:
        """The verdict on one answer."""
        ...


GRADERS: dict[str, type[JsonLabel]] = {"json_label": JsonLabel}


def open_grader(name: str, options: dict[str, Any]) -> Grader:
    """Raises KeyError for an unknown name, pydantic's ValidationError for wrong options."""
    return GRADERS[name].model_validate(options)
