"""One stage of the policy over some texts: what is held back, and what each layer did.

The record of a step's stages lies beside its tables as `safety.json`.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from forgemind_assets.warden.policy import STAGES, Policy, Stage
from forgemind_assets.warden.scan import scan
from forgemind_assets.warden.scan_report import Fate, LayerSummary
from forgemind_assets.warden.verdict import Classifier, Subject

WORDS: Mapping[Fate, str] = {"drop": "forbidden", "quarantine": "quarantined"}
FILE = "safety.json"


@dataclass(frozen=True)
class Screened:
    """What a stage decided.

    Attributes:
        reasons: one a text, in their order: None where it may pass, else
            `forbidden_<layer>_<finding>` or `quarantined_<layer>_<finding>`.
        layers: what each layer did, those that are off included.
    """

    reasons: tuple[str | None, ...]
    layers: tuple[LayerSummary, ...]


def screen(
    stage: Stage,
    subjects: Sequence[Subject],
    policy: Policy,
    models: Mapping[str, Classifier] | None = None,
) -> Screened:
    """Judges texts at a stage by the effective policy; `models` serve the layers that need one."""
    report = scan(stage, subjects, policy, models=models)
    reasons = tuple(
        None if one.fate == "keep" else f"{WORDS[one.fate]}_{one.reason.replace(':', '_')}"
        for one in report.subjects
    )
    return Screened(reasons, report.layers)


def joined(one: Sequence[LayerSummary], two: Sequence[LayerSummary]) -> tuple[LayerSummary, ...]:
    """What the layers did on two lots of texts, under one policy."""
    return tuple(_sum(first, second) for first, second in zip(one, two, strict=True))


def _sum(one: LayerSummary, two: LayerSummary) -> LayerSummary:
    return LayerSummary(
        one.layer,
        two.version or one.version,
        one.need,
        one.passages + two.passages,
        one.ran + two.ran,
        dict(Counter(one.not_run) + Counter(two.not_run)),
        dict(Counter(one.findings) + Counter(two.findings)),
        dict(Counter(one.below) + Counter(two.below)),
        dict(Counter(one.subjects) + Counter(two.subjects)),
        {**two.details, **one.details},
    )


def write_stages(folder: Path, stages: Mapping[Stage, Sequence[LayerSummary]]) -> None:
    """Writes `safety.json`: for each stage what its layers did."""
    record = {stage: [asdict(one) for one in layers] for stage, layers in stages.items()}
    (folder / FILE).write_text(json.dumps(record, indent=1), encoding="utf-8")


def read_stages(folder: Path) -> dict[Stage, tuple[LayerSummary, ...]]:
    """Reads what `write_stages` wrote; empty where nothing was written."""
    path = folder / FILE
    record = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {
        stage: tuple(LayerSummary(**e) for e in record.get(stage, ()))
        for stage in STAGES
        if stage in record
    }


def summary_of(folder: Path, stage: Stage, layer: str) -> LayerSummary:
    """What one layer did at one stage of a published step; without a record it did not run."""
    for one in read_stages(folder).get(stage, ()):
        if one.layer == layer:
            return one
    return LayerSummary(layer, "", "required", 1, 0, {"no_record": 1})
