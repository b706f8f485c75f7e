"""What a scan found, and the one function that turns it into a check's answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from forgemind_assets.warden.policy import Need, Stage
from forgemind_assets.warden.verdict import NotRun, Verdict

Fate = Literal["keep", "drop", "quarantine"]


@dataclass(frozen=True)
class Scanned:
    """What became of one subject.

    Attributes:
        id: the subject's id.
        fate: keep, drop, or quarantine (a person must look).
        reason: `<layer>:<reason>` of what decided; empty where it is kept.
        verdicts: every finding, also those below the thresholds.
        not_run: every required layer that could not judge a part of it.
    """

    id: str
    fate: Fate
    reason: str = ""
    verdicts: tuple[Verdict, ...] = ()
    not_run: tuple[NotRun, ...] = ()


@dataclass(frozen=True)
class LayerSummary:
    """What one layer did at one stage.

    Attributes:
        layer: its name.
        version: its version.
        need: `required`, `optional` or `off`.
        passages: how many parts of texts it was given.
        ran: how many of them it judged.
        not_run: how many it could not judge, by reason.
        findings: findings from the quarantine threshold up, by reason.
        below: findings under the thresholds, by reason.
        subjects: how many subjects it dropped or put into quarantine.
        details: a sentence for each reason of `not_run`.
    """

    layer: str
    version: str
    need: Need
    passages: int = 0
    ran: int = 0
    not_run: Mapping[str, int] = field(default_factory=dict)
    findings: Mapping[str, int] = field(default_factory=dict)
    below: Mapping[str, int] = field(default_factory=dict)
    subjects: Mapping[Fate, int] = field(default_factory=dict)
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ScanReport:
    """All subjects in their order, and one summary a layer, those that are off included."""

    stage: Stage
    subjects: tuple[Scanned, ...]
    layers: tuple[LayerSummary, ...]

    def with_fate(self, fate: Fate) -> list[Scanned]:
        """The subjects that were kept, dropped or put into quarantine."""
        return [one for one in self.subjects if one.fate == fate]


@dataclass(frozen=True)
class LayerVerdict:
    """The answer of one layer's check.

    Attributes:
        layer: its name.
        passed: whether the policy is kept.
        state: `clean`, `findings`, `not_run`, `partly_run`, `no_texts` or `off`.
        blocking: whether a failure stops the run: the layer is required.
        message: one sentence with the figures.
    """

    layer: str
    passed: bool
    state: Literal["clean", "findings", "not_run", "partly_run", "no_texts", "off"]
    blocking: bool
    message: str


def layer_verdict(summary: LayerSummary) -> LayerVerdict:
    """Whether a layer's check passes. A required layer that did not run everywhere fails.

    Findings do not fail a check: what they concern is dropped or in quarantine already.
    """
    missed = sum(summary.not_run.values())
    required = summary.need == "required"
    found = sum(summary.findings.values())
    if summary.need == "off":
        return LayerVerdict(summary.layer, True, "off", False, "off: switched off by the policy")
    if not summary.passages:
        return LayerVerdict(summary.layer, True, "no_texts", required, "there were no texts")
    counts = f"{summary.ran:,} of {summary.passages:,} texts judged, {found:,} findings"
    if missed:
        why = ", ".join(f"{reason} {count:,}" for reason, count in sorted(summary.not_run.items()))
        state = "partly_run" if summary.ran else "not_run"
        message = f"not run on {missed:,} texts ({why}); {counts}"
        return LayerVerdict(summary.layer, not required, state, required, message)
    state = "findings" if found else "clean"
    return LayerVerdict(summary.layer, True, state, required, counts)
