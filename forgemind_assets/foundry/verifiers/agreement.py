"""How far a verifier agrees with hand-written labels."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from forgemind_assets.foundry.verifiers.python_security import PythonSecurity
from forgemind_assets.records import Seed


@dataclass(frozen=True)
class Agreement:
    """Counts for one class: vulnerable seeds and how many were confirmed; safe ones and alarms."""

    vulnerable: int
    confirmed: int
    safe: int
    alarms: int

    @property
    def recall(self) -> float:
        """Share of vulnerable seeds that are confirmed, 0 to 1."""
        return self.confirmed / self.vulnerable if self.vulnerable else 0.0

    @property
    def false_alarms(self) -> float:
        """Share of safe seeds in which something is found, 0 to 1."""
        return self.alarms / self.safe if self.safe else 0.0


def measure(
    seeds: Sequence[Seed], verifier: PythonSecurity
) -> tuple[dict[str, Agreement], list[str]]:
    """Agreement per class, and the ids of the seeds whose label is not confirmed."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    disputed: list[str] = []
    for seed in seeds:
        verdict = verifier.verify(seed.input, seed.expected["cwe"], seed.expected["line"])
        label = seed.slice.rsplit("/", 1)[-1]
        kind = "safe" if seed.slice.startswith("safe/") else "vulnerable"
        counts[label][kind] += 1
        if verdict.keep:
            counts[label][f"{kind}_kept"] += 1
        else:
            disputed.append(seed.id)
    return {
        label: Agreement(
            c["vulnerable"], c["vulnerable_kept"], c["safe"], c["safe"] - c["safe_kept"]
        )
        for label, c in sorted(counts.items())
    }, disputed
