"""A review queue in memory."""

from forgemind_assets.lorekeeper.promotion import Approval


class ApprovalsList:
    """Answers as the ledger's queue does: for exactly the version and weights that were named."""

    def __init__(self):
        self._given: dict[tuple[str, str, str], Approval] = {}
        self._doubted: dict[tuple[str, str, str], str] = {}

    def give(self, goal: str, version: str, adapter_hash: str, *, by: str) -> None:
        self._given[goal, version, adapter_hash] = Approval(
            review=f"r{len(self._given)}", reviewers=(by,), reason="looked at it", at=0.0
        )

    def hold_back(self, goal: str, version: str, adapter_hash: str, why: str) -> None:
        self._doubted[goal, version, adapter_hash] = why

    def doubt(self, goal: str, version: str, adapter_hash: str) -> str | None:
        return self._doubted.get((goal, version, adapter_hash))

    def approved(self, goal: str, version: str, adapter_hash: str) -> Approval | None:
        return self._given.get((goal, version, adapter_hash))
