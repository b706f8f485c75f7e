"""Caps on the share that one group may have of all rows."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence


def surplus(groups: Sequence[Hashable], max_share: float) -> list[bool]:
    """Which rows go, so that no group has more than `max_share` of those that stay.

    As many as possible stay. What a group loses is taken evenly from the whole sequence. Where
    there are fewer than 1 / `max_share` groups nothing can be balanced, and all rows go.
    """
    sizes = Counter(groups)
    quotas = {group: min(size, _cap(sizes, max_share)) for group, size in sizes.items()}
    seen: Counter[Hashable] = Counter()
    gone: list[bool] = []
    for group in groups:
        at, size, quota = seen[group], sizes[group], quotas[group]
        seen[group] += 1
        gone.append((at + 1) * quota // size <= at * quota // size)
    return gone


def _cap(sizes: Mapping[Hashable, int], max_share: float) -> int:
    """The largest number of rows that every group may keep without passing the share."""
    low, high = 0, max(sizes.values(), default=0)
    while low < high:  # a smaller cap never makes the largest group's share larger
        middle = (low + high + 1) // 2
        whole = sum(min(size, middle) for size in sizes.values())
        if middle <= max_share * whole + 1e-9:
            low = middle
        else:
            high = middle - 1
    return low
