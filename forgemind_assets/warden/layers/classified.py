"""What the layers on a model have in common: a model's scores become findings."""

from collections.abc import Mapping, Sequence

from forgemind_assets.warden.verdict import Classifier, NotRun, Outcome, Passage, Verdict

FLOOR = 0.2
"""Scores below it are no finding; the policy's thresholds decide about those above."""


def outcomes_of(
    layer: str, version: str, classifier: Classifier, passages: Sequence[Passage]
) -> list[Outcome]:
    """One outcome a passage. The model reads the normalised text; what it missed is not run."""
    texts = [passage.views[0].text for passage in passages]
    return [
        found if isinstance(found, NotRun) else _verdicts(layer, version, found, passage)
        for found, passage in zip(classifier.scores(texts), passages, strict=True)
    ]


def _verdicts(
    layer: str, version: str, scores: Mapping[str, float], passage: Passage
) -> tuple[Verdict, ...]:
    return tuple(
        Verdict(
            layer=layer,
            version=version,
            score=score,
            reason=category,
            span=(0, len(passage.text)),
            part=passage.part,
            shown=f"… ({category}, {len(passage.text)} characters)",
        )
        for category, score in sorted(scores.items())
        if score >= FLOOR
    )
