"""The comparison of an iteration's trials with the champion before them. Pure.

Two questions are kept apart. Who leads the search is decided on dev: the next training starts
from there. Who is champion is a claim and decided on the gate: by one comparison an iteration,
under the error budget of the loop.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from forgemind_assets.brain.decide import judge
from forgemind_assets.brain.state import Score
from forgemind_assets.goal import GoalSpec
from forgemind_assets.partitions import iteration_number
from forgemind_assets.records import Record
from forgemind_assets.trial_grounds.statistics import (
    DISCORDANT,
    Paired,
    best_after_selection,
    bootstrap_interval,
    gain_after_selection,
    needed_net,
    next_level,
    pair,
    paired_p_value,
)


class Candidate(Record):
    """A trial with its results on the gate case by case; these are never shown to the Brain.

    One that lost its race on dev was never put to the gate and has none.
    """

    trial: str
    dev: Score
    full: Score | None = None
    passed: dict[str, bool] = Field(default_factory=dict, description="gate case id -> passed")
    families: dict[str, str] = Field(default_factory=dict, description="gate case id -> family")


class Champion(Record):
    """Who leads after an iteration, and why."""

    trial: str
    full: Score
    dev: Score
    before: str | None = None
    changed: bool
    reason: str
    leader: str = Field(default="", description="best on dev so far: where training starts from")
    leader_dev: float = Field(default=0.0, description="its pass rate on dev, 0 to 1")
    leader_dev_expected: float | None = Field(
        default=None, description="dev rate of this iteration's best without the luck of the pick"
    )
    gained: int = Field(default=0, description="gate cases that only the new one passes")
    lost: int = Field(default=0, description="gate cases that only the one before passes")
    gain: float | None = Field(default=None, description="the new one's gate rate less the other's")
    gain_interval: tuple[float, float] | None = Field(
        default=None, description="of the gain, 95 %, bootstrap over families"
    )
    gain_needed: float | None = Field(
        default=None, description="smallest gain that would have been called better; None: no gain"
    )
    gain_expected: float | None = Field(
        default=None, description="the gain without the luck of having been promoted for it"
    )
    p_value: float | None = Field(
        default=None, description='exact, one-sided, by family, against "no better"'
    )
    level: float | None = Field(default=None, description="what the p value had to reach")
    alpha_spent: float = Field(default=0.0, description="of success.alpha, in the loop so far")
    alpha_elsewhere: float = Field(
        default=0.0,
        description="of success.alpha, by other lines of the goal and by trials made again",
    )
    hours_used: float = Field(default=0.0, description="hours of the whole loop so far")
    iteration_hours: float = 0.0


def crown(
    spec: GoalSpec,
    iteration: str,
    candidates: list[Candidate],
    before: Champion | None,
    before_passed: Mapping[str, bool],
    spent_elsewhere: float = 0.0,
    level: float | None = None,
) -> Champion | None:
    """The champion after an iteration, or None where there has never been one.

    The best of the trials is chosen on dev. It replaces the champion when it is better on the
    same gate cases at the level that the loop's error budget has for this iteration, or when it
    meets the goal, passes more of the cases, and the champion does not meet it.

    `spent_elsewhere` is what other lines of the goal took of the error budget, and looks at trials
    that were made again: all share one, so that nobody comes to a better champion by trying until
    one has luck. `level` is that of the very same comparison, where it was made before.
    """
    best = contender(candidates)
    if best is None or best.full is None:
        return None if before is None else nothing_new(before)
    if before is None:
        return Champion(
            trial=best.trial,
            full=best.full,
            dev=best.dev,
            changed=True,
            reason=f"{best.trial} is the first champion at {best.full.rate:.1%}",
            leader=best.trial,
            leader_dev=best.dev.rate,
        )
    if not before_passed.keys() & best.passed.keys():
        return another_gate(best, before).model_copy(update=search_leader(candidates, best, before))
    looks_left = max(1, spec.limits.max_iterations + 1 - iteration_number(iteration))
    if level is None:
        level = next_level(spec.success.alpha, before.alpha_spent + spent_elsewhere, looks_left)
    compared = duel(spec, best, best.full, before, before_passed, level, spent_elsewhere)
    return compared.model_copy(update=search_leader(candidates, best, before))


def contender(candidates: list[Candidate]) -> Candidate | None:
    """The best on dev of those that were put to the gate; None where none was."""
    tested = [candidate for candidate in candidates if candidate.full is not None]
    return min(tested, key=lambda c: (-c.dev.rate, c.trial), default=None)


def nothing_new(before: Champion) -> Champion:
    """The same champion after an iteration in which no trial finished."""
    return Champion(
        trial=before.trial,
        full=before.full,
        dev=before.dev,
        before=before.trial,
        changed=False,
        reason=f"no trial finished: {before.trial} stays",
        leader=before.leader,
        leader_dev=before.leader_dev,
        alpha_spent=before.alpha_spent,
    )


def another_gate(best: Candidate, before: Champion) -> Champion:
    """The same champion where no case of the gate is what it was when the champion was tested."""
    reason = (
        f"{before.trial} stays: the gate, or how it is graded, is another one since {before.trial} "
        f"was tested, so {best.trial} cannot be compared with it; materialise benchmark_report of "
        f"{before.trial} again"
    )
    return nothing_new(before).model_copy(update={"reason": reason})


def search_leader(candidates: list[Candidate], best: Candidate, before: Champion) -> dict[str, Any]:
    """Who leads the search on dev; the one before stays in a tie."""
    noise = (DISCORDANT / 2 / max(1, best.dev.overall.total)) ** 0.5
    expected = best_after_selection([c.dev.rate for c in candidates], noise)
    held = before.leader_dev if before.leader else before.dev.rate
    return {
        "leader": best.trial if best.dev.rate > held else before.leader or before.trial,
        "leader_dev": max(best.dev.rate, held),
        "leader_dev_expected": expected if len(candidates) > 1 else None,
    }


def duel(
    spec: GoalSpec,
    best: Candidate,
    full: Score,
    before: Champion,
    before_passed: Mapping[str, bool],
    level: float,
    spent_elsewhere: float = 0.0,
) -> Champion:
    """The paired comparison of one candidate with the champion, at a level of the budget."""
    paired = pair(before_passed, best.passed, best.families)
    needed = needed_net(paired.net, level)
    net = sum(paired.net)
    better = needed is not None and net >= needed
    meets = net > 0 and judge(spec, full).met and not judge(spec, before.full).met
    interval = bootstrap_interval(paired)
    facts: dict[str, Any] = {
        "before": before.trial,
        "gained": paired.gained,
        "lost": paired.lost,
        "gain": paired.gain,
        "gain_interval": (interval.low, interval.high),
        "gain_needed": needed / paired.total if needed else None,
        "p_value": paired_p_value(paired.net),
        "level": level,
        "alpha_spent": before.alpha_spent + (0.0 if better else level),
        "alpha_elsewhere": spent_elsewhere,
    }
    if better and needed:
        facts["gain_expected"] = gain_after_selection(
            paired.gain, paired.standard_error, needed / paired.total
        )
    new = better or meets
    return Champion(
        trial=best.trial if new else before.trial,
        full=full if new else before.full,
        dev=best.dev if new else before.dev,
        changed=new,
        reason=sentence(spec, best.trial, before.trial, paired, facts, better=better, meets=meets)
        + not_compared(full.overall.total - paired.total, before.trial),
        **facts,
    )


def not_compared(cases: int, old: str) -> str:
    """What is told of the cases that the one before was not asked, or not as they are now."""
    return f"; {cases} cases that {old} was not asked as they are now do not count" * (cases > 0)


def sentence(
    spec: GoalSpec,
    new: str,
    old: str,
    paired: Paired,
    facts: Mapping[str, Any],
    *,
    better: bool,
    meets: bool,
) -> str:
    """Why the champion was or was not replaced, in one sentence with the numbers."""
    seen = (
        f"{points(paired.gain)} on {paired.total} cases in {len(paired.net)} families "
        f"({paired.gained} gained, {paired.lost} lost)"
    )
    budget = (
        f"at this point of the loop's error budget (p = {facts['p_value']:.2g}, level "
        f"{facts['level']:.2g} of {spec.success.alpha:g}{elsewhere(facts['alpha_elsewhere'])})"
    )
    needed = facts["gain_needed"]
    if better:
        return (
            f"{new} replaces {old}: {seen}, about {points(facts['gain_expected'])} once the luck "
            f"of being picked is taken off; {100 * needed:.1f} were needed to be called better "
            f"{budget}"
        )
    if not facts["level"]:
        spent = elsewhere(facts["alpha_elsewhere"])
        wanting = f"the loop's error budget of {spec.success.alpha:g}{spent} is spent"
    elif needed is None:
        wanting = f"so few differ that no gain is told from luck {budget}"
    else:
        wanting = f"needs {100 * needed:.1f} to be called better {budget}"
    if meets:
        return f"{new} replaces {old} as it meets the goal, not as better: {seen}; {wanting}"
    return f"{old} stays: {new} had {seen}; {wanting}"


def elsewhere(spent: float) -> str:
    """What other lines of the goal, and looks taken again, took; nothing where there are none."""
    return f", {spent:.2g} of which other lines or trials made again spent," if spent else ""


def points(gain: float) -> str:
    """`0.041` -> `+4.1 points`."""
    return f"{100 * gain:+.1f} points"
