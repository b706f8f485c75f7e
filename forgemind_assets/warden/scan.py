"""Runs the layers of a stage over many texts: keep, drop or quarantine, and what each layer did."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from forgemind_assets.warden.layers.registry import Classifiers, make_layer
from forgemind_assets.warden.policy import Need, Policy, Stage, Thresholds
from forgemind_assets.warden.scan_report import Fate, LayerSummary, Scanned, ScanReport
from forgemind_assets.warden.verdict import Layer, NotRun, Outcome, Passage, Subject, Verdict

BATCH = 256
MAX_CHARS = 1_000_000
"""Longer texts are not read: no layer runs on them, and they go into quarantine."""


def scan(
    stage: Stage,
    subjects: Sequence[Subject],
    policy: Policy,
    *,
    models: Classifiers | None = None,
    progress: Callable[[int, int], None] | None = None,
    batch: int = BATCH,
) -> ScanReport:
    """Judges every subject by every layer that the stage's policy does not switch off.

    Args:
        stage: where the texts come from.
        subjects: the texts; any number, worked on in batches.
        policy: the effective policy (`policy_files.effective_policy`).
        models: the classifiers of layers that need one, by the layer's name.
        progress: called after each batch with subjects done and subjects in all.
        batch: subjects a batch.
    """
    needs: dict[str, Need] = {name: layer.need(stage) for name, layer in policy.layers.items()}
    layers = [make_layer(name, policy, models or {}) for name, n in needs.items() if n != "off"]
    tallies = {layer.name: _Tally() for layer in layers}
    done: list[Scanned] = []
    for start in range(0, len(subjects), batch):
        part = subjects[start : start + batch]
        done += _scan_batch(part, layers, policy, needs, tallies)
        if progress is not None:
            progress(len(done), len(subjects))
    versions = {layer.name: layer.version for layer in layers}
    summaries = [
        tallies[name].summary(name, versions[name], need)
        if name in tallies
        else LayerSummary(name, "", "off")
        for name, need in needs.items()
    ]
    return ScanReport(stage, tuple(done), tuple(summaries))


@dataclass
class _Tally:
    passages: int = 0
    ran: int = 0
    not_run: Counter[str] = field(default_factory=Counter)
    findings: Counter[str] = field(default_factory=Counter)
    below: Counter[str] = field(default_factory=Counter)
    subjects: Counter[Fate] = field(default_factory=Counter)
    details: dict[str, str] = field(default_factory=dict)

    def add(self, outcome: Outcome) -> None:
        self.passages += 1
        if isinstance(outcome, NotRun):
            self.not_run[outcome.reason] += 1
            self.details.setdefault(outcome.reason, outcome.detail)
        else:
            self.ran += 1

    def summary(self, name: str, version: str, need: Need) -> LayerSummary:
        return LayerSummary(
            name,
            version,
            need,
            self.passages,
            self.ran,
            dict(self.not_run),
            dict(self.findings),
            dict(self.below),
            dict(self.subjects),
            dict(self.details),
        )


def _scan_batch(
    subjects: Sequence[Subject],
    layers: Sequence[Layer],
    policy: Policy,
    needs: Mapping[str, Need],
    tallies: Mapping[str, _Tally],
) -> list[Scanned]:
    owners: list[int] = []
    passages: list[Passage] = []
    for index, subject in enumerate(subjects):
        for part, text in subject.parts.items():
            owners.append(index)
            passages.append(Passage(text, part, subject.languages.get(part, "")))
    outcomes: list[list[tuple[str, Outcome]]] = [[] for _ in subjects]
    for layer in layers:
        tally = tallies[layer.name]
        for owner, outcome in zip(owners, _judged(layer, passages), strict=True):
            tally.add(outcome)
            if outcome:
                outcomes[owner].append((layer.name, outcome))
    return [
        _decide(subject, found, policy, needs, tallies)
        for subject, found in zip(subjects, outcomes, strict=True)
    ]


def _judged(layer: Layer, passages: Sequence[Passage]) -> list[Outcome]:
    """The layer's outcomes; passages that are too long to be read are not given to it."""
    if all(len(passage.text) <= MAX_CHARS for passage in passages):
        return layer.judge(passages)
    given = iter(layer.judge([p for p in passages if len(p.text) <= MAX_CHARS]))
    detail = f"more than {MAX_CHARS:,} characters"
    too_long = NotRun(layer.name, layer.version, "text_too_long", detail)
    return [next(given) if len(p.text) <= MAX_CHARS else too_long for p in passages]


def _decide(
    subject: Subject,
    outcomes: Sequence[tuple[str, Outcome]],
    policy: Policy,
    needs: Mapping[str, Need],
    tallies: Mapping[str, _Tally],
) -> Scanned:
    if not outcomes:
        return Scanned(subject.id, "keep")
    verdicts: list[Verdict] = []
    missed: list[NotRun] = []
    fates: list[tuple[int, float, Fate, str]] = []
    for name, outcome in outcomes:
        if isinstance(outcome, NotRun):
            if needs[name] == "required":
                missed.append(outcome)
                fates.append((1, 0.0, "quarantine", f"{name}:not_run:{outcome.reason}"))
            continue
        limits = policy.layer(name).limits(subject.slice)
        tally, worst = tallies[name], 0
        for verdict in outcome:
            verdicts.append(verdict)
            fate = fate_of(verdict.score, limits)
            (tally.below if fate == "keep" else tally.findings)[verdict.reason] += 1
            rank = _RANK[fate]
            worst = max(worst, rank)
            fates.append((rank, verdict.score, fate, f"{name}:{verdict.reason}"))
        if worst:
            tally.subjects[_FATES[worst]] += 1
    rank, _, fate, reason = max(fates, default=(0, 0.0, "keep", ""))
    return Scanned(subject.id, fate, reason if rank else "", tuple(verdicts), tuple(missed))


_FATES: tuple[Fate, ...] = ("keep", "quarantine", "drop")
_RANK: Mapping[Fate, int] = {fate: rank for rank, fate in enumerate(_FATES)}


def fate_of(score: float, limits: Thresholds) -> Fate:
    """What a score means under thresholds: drop from `drop_at`, quarantine from `quarantine_at`."""
    if limits.drop_at is not None and score >= limits.drop_at:
        return "drop"
    if limits.quarantine_at is not None and score >= limits.quarantine_at:
        return "quarantine"
    return "keep"
