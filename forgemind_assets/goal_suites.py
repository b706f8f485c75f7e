"""Where a goal's suites lie, and the same for those who must not know where the gates do."""

from typing import Any, Literal

from pydantic import Field, PrivateAttr

from forgemind_assets.errors import FirewallBreach
from forgemind_assets.records import Record

GATES = ("full", "adversarial", "sealed", "impossible")
SuiteName = Literal["dev", "full", "adversarial", "sealed", "impossible"]


class Suites(Record):
    """Paths of the suites, relative to the goal's folder."""

    dev: str
    full: str
    adversarial: str
    sealed: str
    impossible: str | None = Field(
        default=None,
        description="cases that nobody can solve honestly: a model that passes more than chance "
        "allows has seen them, or its grader accepts too much",
    )

    def for_decontamination(self) -> tuple[str, ...]:
        """All of them, for the filter that answers yes or no."""
        named = (self.dev, self.full, self.adversarial, self.sealed, self.impossible)
        return tuple(path for path in named if path is not None)


class ClosedSuites(Suites):
    """The suites as whatever makes training rows holds them: where the gates lie cannot be asked.

    Only the decontamination filter is let through, by `for_decontamination`.
    """

    _behind: tuple[str, ...] = PrivateAttr(default=())

    @staticmethod
    def of(suites: Suites) -> "ClosedSuites":
        """The same suites, closed."""
        closed = ClosedSuites(dev=suites.dev, full="", adversarial="", sealed="")
        closed._behind = suites.for_decontamination()
        return closed

    def for_decontamination(self) -> tuple[str, ...]:
        """All of them, for the filter that answers yes or no."""
        return self._behind

    def __getattribute__(self, name: str) -> Any:
        if name in GATES:
            raise FirewallBreach(
                f"the suite {name} was asked for where training rows are made: expected dev, the "
                "seeds, or the decontamination filter, which says yes or no; nothing of a gate may "
                "reach a teacher or a row"
            )
        return super().__getattribute__(name)
