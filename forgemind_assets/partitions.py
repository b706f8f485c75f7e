"""The only place that formats and parses a partition key.

An iteration is `0003`; a trial of it is `0003-b`. Keys sort as text in the order of time.
"""

import re

BASELINE = "0000"


def iteration_key(number: int) -> str:
    """`3` -> `0003`."""
    return f"{number:04d}"


def iteration_number(key: str) -> int:
    """`0003` -> `3`. Raises ValueError for anything else."""
    if not re.fullmatch(r"\d{4,}", key):
        raise ValueError(f"expected an iteration such as 0003, found {key!r}")
    return int(key)


def trial_key(iteration: str, name: str) -> str:
    """`0003`, `b` -> `0003-b`."""
    return f"{iteration}-{name}"


def split_trial(key: str) -> tuple[str, str]:
    """`0003-b` -> (`0003`, `b`). Raises ValueError for anything else."""
    match = re.fullmatch(r"(\d{4,})-([a-z])", key)
    if match is None:
        raise ValueError(f"expected a trial such as 0003-b, found {key!r}")
    return match[1], match[2]


def iterations_name(goal: str) -> str:
    """Name of the goal's dynamic partition set of iterations."""
    return f"{goal}__iteration"


def trials_name(goal: str) -> str:
    """Name of the goal's dynamic partition set of trials."""
    return f"{goal}__trial"
