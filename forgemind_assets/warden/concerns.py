"""What a machine noticed and a person should look at: the reasons to ask, beside a promotion.

None of them stops the loop. A result that is too good to be true holds its version's promotion.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from forgemind_assets.records import Record
from forgemind_assets.warden.chain import canonical_json
from forgemind_assets.warden.policy import Approval, Stage
from forgemind_assets.warden.reviews import Kind, Rules
from forgemind_assets.warden.scan_report import LayerSummary, layer_verdict

SHOWN_ROWS = 5
QUARANTINED = "quarantined_"


class Concern(Record):
    """A question before it is bound to a version.

    `marks` tells two questions about one version apart; it becomes part of the subject.
    """

    kind: Kind
    reason: str
    evidence: dict[str, Any]
    marks: dict[str, str] = Field(default_factory=dict)


def rules_of(approval: Approval) -> Rules:
    """Who may decide, as the policy says."""
    return Rules(persons=approval.approvers, own_goal=approval.own_goal == "allowed")


def quarantined_rows(
    rejected: Sequence[tuple[str, str]], path: str, approval: Approval
) -> Concern | None:
    """Whether people are asked about rows in quarantine.

    Args:
        rejected: id and reason of each rejected row; never what was found in it.
        path: where the rows lie for those who may read them.
        approval: the policy's part.
    """
    held = [(row, reason) for row, reason in rejected if reason.startswith(QUARANTINED)]
    if not held or not approval.quarantine:
        return None
    counts: dict[str, int] = {}
    for _, reason in held:
        counts[reason] = counts.get(reason, 0) + 1
    return Concern(
        kind="quarantined_rows",
        reason=f"{len(held):,} rows are in quarantine and were not trained on: {told(counts)}",
        evidence={"reasons": counts, "rows": [row for row, _ in held[:SHOWN_ROWS]], "path": path},
        marks={"quarantine": digest(sorted(held))},
    )


def silent_layers(
    stages: Mapping[Stage, Sequence[LayerSummary]], approval: Approval
) -> Concern | None:
    """Whether people are asked about layers that are on and did not run.

    An optional layer counts where it judged no text at all, a required one where it missed any.
    The same layers silent again on the same version are the same question, whatever the counts.
    """
    silent = [
        (stage, layer)
        for stage, layers in stages.items()
        for layer in layers
        if (state := layer_verdict(layer).state) == "not_run"
        or (state == "partly_run" and layer.need == "required")
    ]
    if not silent or not approval.layer_not_run:
        return None
    lines = [
        f"{layer.layer} ({layer.need}) at {stage}: {told(layer.not_run)}" for stage, layer in silent
    ]
    return Concern(
        kind="layer_not_run",
        reason=f"safety layers did not run: {'; '.join(lines)}",
        evidence={
            f"{stage} {layer.layer}": {
                "need": layer.need,
                "texts": layer.passages,
                "judged": layer.ran,
                "not_run": dict(layer.not_run),
            }
            for stage, layer in silent
        },
        marks={
            "layers": digest(sorted((stage, layer.layer, layer.need) for stage, layer in silent))
        },
    )


def too_good_to_be_true(
    now: float, before: float, *, before_did_the_task: bool, approval: Approval
) -> Concern | None:
    """Whether people are asked about a champion's gain on the gate over the champion before it.

    A large gain in one iteration is more often a leak or a broken grader than good data. The one
    exception is the first step away from a base model that could not do the task at all, that
    is, whose pass rate is not told apart from always giving one answer (95 % Wilson interval):
    learning the form of the answers alone is such a step, the gain is what fine-tuning is for,
    and a question that is asked of every goal is one that people learn to wave through. It is
    the base that is excused, not the iteration: where the base could do the task, the first
    trained champion is asked about like any other. The price is that a leak in the very first
    trained iteration is left to decontamination and the sealed suite.

    Args:
        now: the champion's pass rate on the gate, 0 to 1.
        before: that of the champion before it.
        before_did_the_task: False only for an untrained model no better than a constant answer.
        approval: the policy's part; `too_good_to_be_true` is in points of the pass rate, 0 to 1.
    """
    limit, gain = approval.too_good_to_be_true, now - before
    if limit is None or not before_did_the_task or gain <= limit:
        return None
    return Concern(
        kind="too_good_to_be_true",
        reason=f"the gate's pass rate rose by {gain * 100:.1f} points in one iteration, from "
        f"{before:.1%} to {now:.1%}; the policy asks from {limit * 100:g} points. Look for gate "
        "cases among the training rows and for a grader that accepts too much",
        evidence={"pass_rate": now, "pass_rate_before": before, "asked_above": limit},
    )


def solved_the_impossible(sentence: str, approval: Approval) -> Concern | None:
    """The question about a version that passed more impossible cases than chance allows.

    Asked unless the policy asks about nothing that is too good to be true.

    Args:
        sentence: counts, chance and p value.
        approval: the policy's part.
    """
    if approval.too_good_to_be_true is None:
        return None
    return Concern(
        kind="too_good_to_be_true",
        reason=f"{sentence}. Nobody can solve these honestly: look for cases among the training "
        "rows, and for a grader that accepts too much",
        evidence={"impossible_cases": sentence},
    )


def joined(concerns: Sequence[Concern]) -> Concern | None:
    """Several reasons to ask the same question as one; None where there is none."""
    if not concerns:
        return None
    return concerns[0].model_copy(
        update={
            "reason": "; and ".join(one.reason for one in concerns),
            "evidence": {key: value for one in concerns for key, value in one.evidence.items()},
        }
    )


def told(counts: Mapping[str, int]) -> str:
    """Counts by reason, the largest first."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{reason} {count:,}" for reason, count in ordered)


def digest(value: Any) -> str:
    """SHA-256 of plain data."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
