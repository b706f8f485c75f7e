"""Caps the share of any one label."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from forgemind_assets.records import Row


@dataclass(frozen=True)
class ClassBalance:
    """Drops the surplus of a label whose share of the kept rows would pass `max_share`.

    The surplus is taken evenly from the whole sequence, so that no family loses all its rows.
    A set of one label only cannot be balanced: all of it is dropped.
    """

    max_share: float
    label_key: str
    name: str = "class_balance"

    def judge(self, rows: Sequence[Row]) -> list[str | None]:
        """`class_too_common`."""
        labels = [str(json.loads(row.answer)[self.label_key]) for row in rows]
        quotas = self._quotas(Counter(labels))
        seen: Counter[str] = Counter()
        total = Counter(labels)
        reasons: list[str | None] = []
        for label in labels:
            at, size, quota = seen[label], total[label], quotas[label]
            seen[label] += 1
            keep = (at + 1) * quota // size > at * quota // size
            reasons.append(None if keep else "class_too_common")
        return reasons

    def _quotas(self, counts: Counter[str]) -> dict[str, int]:
        """Rows that each label may keep."""
        quotas = dict(counts)
        if not counts or self.max_share >= 1:
            return quotas
        label = max(counts, key=lambda k: counts[k])
        rest = sum(counts.values()) - counts[label]
        allowed = int(self.max_share / (1 - self.max_share) * rest + 1e-9)
        quotas[label] = min(counts[label], allowed)
        return quotas
