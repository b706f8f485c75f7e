"""The model's answers before the Warden: what its layers find in them. It changes no grade."""

from collections.abc import Mapping, Sequence

from forgemind_assets.records import TestResult
from forgemind_assets.warden.policy import Policy
from forgemind_assets.warden.scan_report import LayerSummary
from forgemind_assets.warden.screening import screen
from forgemind_assets.warden.verdict import Classifier, Subject


def screen_outputs(
    results: Sequence[TestResult],
    policy: Policy,
    models: Mapping[str, Classifier] | None = None,
) -> tuple[LayerSummary, ...]:
    """What each layer did with the answers of a report, by the effective policy."""
    subjects = [Subject(r.case_id, {"answer": r.answer}, r.slice) for r in results]
    return screen("model_outputs", subjects, policy, models).layers
