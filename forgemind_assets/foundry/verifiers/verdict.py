"""What a verifier says of a claimed label."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """Keep or drop, with a stable snake_case reason.

    `found` holds (label, 1-based line) of everything that was found, whatever was claimed.
    `silent`: nothing speaks for the claim and nothing against it; what was looked for may be of a
    kind that the verifier does not know.
    """

    keep: bool
    reason: str
    found: tuple[tuple[str, int], ...] = ()
    silent: bool = False
