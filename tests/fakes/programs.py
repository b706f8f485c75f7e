"""A machine that holds no hostile program, and one that does but runs none."""

from collections.abc import Sequence

from forgemind_assets.errors import NotAvailable
from forgemind_assets.foundry.verifiers.programs import Call, ProgramLimits, ProgramRun


class NoRoom:
    """Refuses every program, or (with no reason) only says that it would not."""

    def __init__(self, reason: str | None = "no namespaces here"):
        self.reason = reason

    def refusal(self) -> str | None:
        return self.reason

    def run(
        self,
        program: str,
        calls: Sequence[Call],
        limits: ProgramLimits,
        packages: Sequence[str] = (),
    ) -> ProgramRun:
        raise NotAvailable("no_isolation", self.reason or "nothing runs here")
