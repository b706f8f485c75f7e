"""Whether a version could be rebuilt, and the first thing that differs if not. Pure.

Differences are told in the order in which they decide: what went in, then the settings, then the
machine, then the tensors that came out.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field

from forgemind_assets.records import Record

INPUTS = ("base.sha256", "dataset_version", "provenance.rows_sha256", "start_adapter")
CHOICES = ("provenance.prompt_variant", "settings", "hardware.device")
MACHINE = (
    "packages",
    "hardware.machine",
    "hardware.system",
    "hardware.processor",
    "hardware.kernels",
    "hardware.gpu",
    "precision",
    "engine",
    "threads",
)
"""Of the hardware only what computes: memory and the number of cores change no sum."""

SINCE_SIGNED = ("adapter_sha256", "threads", "provenance", "totals")
"""What manifests of before did not have."""


class Difference(Record):
    """One thing that is not as it was."""

    what: str
    expected: str
    found: str

    @property
    def sentence(self) -> str:
        """For people."""
        return f"{self.what}: expected {self.expected}, found {self.found}"


class Reproduction(Record):
    """What came of rebuilding a version."""

    goal: str
    version: str
    trial: str
    same: bool
    expected: str = Field(description="SHA-256 of the registered adapter's weights file")
    found: str | None = Field(description="of the rebuilt one; None where it was not rebuilt")
    precision: str = Field(description="of the original, and so of the rebuilt one")
    engine: str
    threads: int | None
    device: str
    differences: tuple[Difference, ...] = Field(description="the first one first")
    not_recorded: tuple[str, ...] = Field(default=(), description="what the manifest lacks")
    seconds: float = 0.0

    @property
    def sentence(self) -> str:
        """The outcome for people."""
        if self.same:
            return f"the same adapter: {self.found}"
        first = self.differences[0].sentence if self.differences else "the weights"
        if self.found is None:
            return f"not rebuilt, because what it is made of differs; first: {first}"
        return f"another adapter: expected {self.expected}, found {self.found}; first: {first}"


def differing_inputs(original: Mapping[str, Any], now: Mapping[str, Any]) -> list[Difference]:
    """What decides the result and is not as it was: rebuilding would be another training."""
    return list(_differences(original, now, (*INPUTS, *CHOICES)))


def differing_machine(original: Mapping[str, Any], now: Mapping[str, Any]) -> list[Difference]:
    """What may change the last bit of a sum."""
    return list(_differences(original, now, MACHINE))


def not_recorded(original: Mapping[str, Any]) -> list[str]:
    """What the manifest of an older version does not say, and so cannot be compared."""
    return [key for key in SINCE_SIGNED if key not in original]


def _differences(
    original: Mapping[str, Any], now: Mapping[str, Any], keys: tuple[str, ...]
) -> Iterator[Difference]:
    for key in keys:
        expected, known = _at(original, key)
        if not known:
            continue
        found, _ = _at(now, key)
        if isinstance(expected, Mapping):
            other = found if isinstance(found, Mapping) else {}
            for name in sorted(expected.keys() | other.keys()):
                if expected.get(name) != other.get(name):
                    yield _difference(f"{key}.{name}", expected.get(name), other.get(name))
        elif expected != found:
            yield _difference(key, expected, found)


def _difference(what: str, expected: Any, found: Any) -> Difference:
    return Difference(what=what, expected=_shown(expected), found=_shown(found))


def _shown(value: Any) -> str:
    return "nothing" if value is None else str(value)


def _at(manifest: Mapping[str, Any], key: str) -> tuple[Any, bool]:
    """The value under a dotted key, and whether the manifest has it."""
    value: Any = manifest
    for step in key.split("."):
        if not isinstance(value, Mapping) or step not in value:
            return None, False
        value = value[step]
    return value, True
