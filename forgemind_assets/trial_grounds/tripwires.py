"""What a result is held against beside its pass rate: impossible cases, general ability, slices.

Pure. None of them decides whether the goal is met; a person is told, or asked.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field

from forgemind_assets.records import Case, Record
from forgemind_assets.trial_grounds.binomial import at_least
from forgemind_assets.trial_grounds.report import Report
from forgemind_assets.trial_grounds.statistics import holm, mcnemar_one_sided, pair, paired_p_value

GENERAL = Path(__file__).with_name("general_ability.yaml")
GENERAL_TOKENS = 32
IMPOSSIBLE_ALPHA = 0.01
"""Probability that an honest model is asked about: each question costs a person's time."""

WEIGHTS = "base weights"
"""Their name among the seals."""

ALPHA = 0.05
FORGETFUL = (
    "Nothing, where the model is for this task alone: an adapter for a narrow form answers "
    "everything in that form. Where it must speak as well, mix general rows into the data."
)


class Verdict(Record):
    """One tripwire: whether it holds, and the sentence with the numbers."""

    holds: bool
    sentence: str
    facts: dict[str, Any] = Field(default_factory=dict)


def general_cases() -> list[Case]:
    """The general prompts that ForgeMind ships; each is a family of its own."""
    found = yaml.safe_load(GENERAL.read_text(encoding="utf-8"))
    return [Case.model_validate({"family": f"general-{one['id']}"} | one) for one in found]


def impossible_verdict(report: Report, labels: int) -> Verdict:
    """Whether no more of the impossible cases were passed than chance allows.

    The labels of such a suite are drawn by lot, or contradict the input, so whatever an honest
    model answers passes each with a probability of at most one in `labels`; or, where the suite
    has a label more often, as often as that answer given every time. Exact binomial test.

    Args:
        report: of the impossible suite.
        labels: in the goal's closed set of answers; 0 where it has none, and no luck helps.
    """
    rate = report.overall
    chance = max(1 / labels if labels else 0.0, report.constant_rate)
    p_value = at_least(rate.passed, rate.total, chance)
    holds = p_value > IMPOSSIBLE_ALPHA
    word = "as chance would have it" if holds else "which chance does not explain"
    return Verdict(
        holds=holds,
        sentence=f"{rate.passed} of {rate.total} impossible cases passed, {word} "
        f"({chance:.1%} each by luck, p = {p_value:.2g})",
        facts={"passed": rate.passed, "cases": rate.total, "chance": chance, "p_value": p_value},
    )


def general_verdict(base: Mapping[str, bool], now: Mapping[str, bool]) -> Verdict:
    """Whether a model does no worse than its base on the general prompts.

    Both map a prompt's id to whether it passed. Exact one-sided McNemar test on those that both
    were asked.
    """
    both = sorted(base.keys() & now.keys())
    lost = [name for name in both if base[name] and not now[name]]
    gained = [name for name in both if now[name] and not base[name]]
    p_value = mcnemar_one_sided(len(lost), len(gained))
    before, after = sum(base[name] for name in both), sum(now[name] for name in both)
    holds = p_value > ALPHA
    word = "not shown to be worse" if holds else "worse: it has forgotten some of how to speak"
    return Verdict(
        holds=holds,
        sentence=f"{after} of {len(both)} general prompts passed, the base model {before}: {word} "
        f"(p = {p_value:.2g})",
        facts={
            "passed": after,
            "base_passed": before,
            "prompts": len(both),
            "lost": lost,
            "gained": gained,
            "p_value": p_value,
        }
        | ({} if holds else {"what_to_do": FORGETFUL}),
    )


def slice_verdict(
    before: Mapping[str, bool],
    now: Mapping[str, bool],
    families: Mapping[str, str],
    slices: Mapping[str, str],
    champion: str,
) -> Verdict:
    """Whether no slice of the gate is worse than with the champion before.

    Each slice has the exact paired test by family; all of them together are held at `ALPHA` by
    Holm's procedure. Maps are case id -> passed, family, slice.
    """
    both = before.keys() & now.keys()
    p_values: dict[str, float] = {}
    counts: dict[str, tuple[int, int, int]] = {}
    for name in sorted({slices[case] for case in both}):
        cases = [case for case in both if slices[case] == name]
        old, new = ({c: passed[c] for c in cases} for passed in (before, now))
        p_values[name] = paired_p_value([-net for net in pair(old, new, families).net])
        counts[name] = (sum(old.values()), sum(new.values()), len(cases))
    adjusted = holm(p_values)
    worse = [name for name, value in adjusted.items() if value <= ALPHA]
    told = "; ".join(f"{n} from {counts[n][0]} to {counts[n][1]} of {counts[n][2]}" for n in worse)
    return Verdict(
        holds=not worse,
        sentence=f"worse than {champion} on {told} (Holm over {len(counts)} slices)"
        if worse
        else f"no slice is shown to be worse than with {champion} (Holm over {len(counts)} slices)",
        facts={"slices": slice_records(counts, p_values, adjusted)},
    )


def slice_records(
    counts: Mapping[str, tuple[int, int, int]],
    p_values: Mapping[str, float],
    adjusted: Mapping[str, float],
) -> list[dict[str, Any]]:
    """The slices for a table, the most certain regression first."""
    return [
        {
            "slice": name,
            "before": counts[name][0],
            "now": counts[name][1],
            "of": counts[name][2],
            "p_value": round(p_values[name], 4),
            "adjusted": round(adjusted[name], 4),
        }
        for name in adjusted
    ]


def changed_seals(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Names of what does not have the same hash any more, or is there once only."""
    return sorted(n for n in before.keys() | after.keys() if before.get(n) != after.get(n))


def seal_verdict(
    changed: Sequence[str],
    before: Mapping[str, str],
    trained_with: Mapping[str, str] | None,
    baseline: Mapping[str, str] | None = None,
) -> Verdict:
    """Whether suites, graders and base weights stayed what they were.

    Suites may grow between two trials. Base weights may not: the adapters before them are of no
    use on others, and what is compared with them would be another model.

    Args:
        changed: what differed after the step from before it.
        before: the hashes before the step.
        trained_with: the hashes that the trial's making began with; None where none were noted.
        baseline: those of the goal's first baseline; None where none were noted.
    """
    since = changed_seals(trained_with, before) if trained_with else []
    told = [f"{name} changed while this step ran" for name in changed]
    told += [f"{name} is not what it was when the trial was made" for name in since]
    first = (baseline or {}).get(WEIGHTS)
    if first and before.get(WEIGHTS, first) != first and WEIGHTS not in since:
        told.append(f"{WEIGHTS} are not those that the goal began with")
    return Verdict(
        holds=not told,
        sentence="; ".join(told) + ": find out who changed it, and run the trial again"
        if told
        else f"{len(before)} hashes of suites, graders and base weights are unchanged",
        facts={"hashes": dict(before)},
    )
