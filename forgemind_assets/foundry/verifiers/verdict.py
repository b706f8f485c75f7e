"""What a verifier says of a claimed label."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """Keep or drop, with a stable snake_case reason.

    `found` holds (label, 1-based line) of everything that was found, whatever was claimed.
    """

    keep: bool
    reason: str
    found: tuple[tuple[str, int], ...] = ()
