"""What a person could change after a loop has ended, computed from its figures. Pure."""

import math
from collections.abc import Iterator, Mapping

from forgemind_assets.brain.futility import errors, gains_of, iterations_for
from forgemind_assets.brain.planner import dev_of
from forgemind_assets.brain.state import IterationState, State
from forgemind_assets.brain.stop_report import Advice, Best, StopReport, last_concluded
from forgemind_assets.goal import GoalSpec
from forgemind_assets.trial_grounds.statistics import clopper_pearson_lower

EVEN_CHANCE = 0.5
# More iterations than this times those that were made is no advice.
MOST_TIMES = 5
FEW_KEPT = 0.3
FEW_ROWS = 0.6
MANY_UNSCORED = 0.05
MOST_CASES = 20_000


def advise(
    spec: GoalSpec, state: State, report: StopReport, bases: Mapping[str, int]
) -> StopReport:
    """The report with its advice. `bases`: weights of the base models that can be had, by name."""
    it = last_concluded(state)
    if report.goal_met or it is None:
        return report
    found = [
        *larger_suite(spec, report.best),
        *more_time(spec, state, it, report),
        *more_rows(spec, it),
        *answers_unread(spec, report.best),
        *canary(spec, it),
        *larger_base(spec, report, bases),
        *lower_goal(spec, report.best),
    ]
    return report.model_copy(update={"advice": tuple(found)})


def larger_suite(spec: GoalSpec, best: Best | None) -> Iterator[Advice]:
    """More cases, where the rate is there and only its proof is missing."""
    short = best is not None and best.rate < spec.success.pass_rate
    if best is None or spec.success.confidence is None or short or not best.missing:
        return
    cases = cases_to_prove(best, spec.success.pass_rate)
    suggested = f"about {cases:,} cases" if cases else "more cases do not help at this rate"
    yield Advice(
        key="suites.full",
        now=f"{best.total:,} cases",
        suggested=suggested,
        why=f"{best.rate:.1%} is at the goal; only the lower bound ({best.lower:.1%}) is not, and "
        "new cases of new families narrow it",
    )


def cases_to_prove(best: Best, need: float) -> int | None:
    """Cases on which this very pass rate has a lower bound of `need`; None above 20,000."""

    def proves(cases: int) -> bool:
        passed = math.floor(best.rate * cases)
        return clopper_pearson_lower(passed, cases, best.level, best.design_effect) >= need

    if not proves(MOST_CASES):
        return None
    low, high = best.total, MOST_CASES
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if proves(middle) else (middle, high)
    return high


def more_time(
    spec: GoalSpec, state: State, it: IterationState, report: StopReport
) -> Iterator[Advice]:
    """Wider limits, where the gains of the past would reach the goal in a time that can be told."""
    dev, best = dev_of(it), report.best
    if best is None or dev is None or len(state.path) < 2 or not best.missing:
        return
    gains = gains_of(state.path, dev.overall.total)
    wanted = best.passes_needed / best.total
    needed = math.log(errors(best.rate, best.total) / errors(wanted, best.total))
    count = iterations_for(needed, gains, EVEN_CHANCE)
    if not any(gains) or count > MOST_TIMES * len(state.path):
        return
    for one in report.limits:
        if one.left is not None and one.left < count:
            amount = one.used + count * one.each
            exact = (
                f"{amount:.0f}" if one.unit == "iterations" else f"{math.ceil(10 * amount) / 10:g}"
            )
            yield Advice(
                key=one.key,
                now=f"{one.limit:g}",
                suggested=exact,
                why=f"at the gains so far (of the last {len(gains)}) it takes about {count} more "
                f"iterations to get there as probably as not; this limit leaves {one.left}",
            )


def more_rows(spec: GoalSpec, it: IterationState) -> Iterator[Advice]:
    """More requests or another teacher, where few rows came or few were kept."""
    data = it.plan.data if it.plan else None
    asked = {s.name for s in spec.strategies if s.asked}
    made = sum(seen.made for name, seen in it.yields.items() if name in asked)
    kept = sum(seen.kept for name, seen in it.yields.items() if name in asked)
    if made and kept / made < FEW_KEPT:
        names = ", ".join(sorted({t for s in spec.strategies for t in s.asked}))
        yield Advice(
            key="teachers",
            now=names,
            suggested="a stronger teacher, or another wording in prompts/teacher",
            why=f"of {made:,} rows that teachers wrote in iteration {it.key} the filters kept "
            f"{kept:,} ({kept / made:.0%})",
        )
    if data is None or it.rows_kept >= FEW_ROWS * data.rows:
        return
    why = f"iteration {it.key} wanted {data.rows:,} rows and had {it.rows_kept:,}"
    if kept and data.teacher_requests:
        short = data.rows - it.rows_kept
        more = math.ceil(data.teacher_requests * (1 + short / kept))
        yield Advice(
            key="search.teacher_requests", now=f"{data.teacher_requests}", suggested=f"{more}",
            why=f"{why}; {data.teacher_requests} requests gave {kept:,} of them",
        )  # fmt: skip
    else:
        yield Advice(
            key="strategies", now=", ".join(s.name for s in spec.strategies),
            suggested="a further strategy that a teacher writes for, or more seeds", why=why,
        )  # fmt: skip


def answers_unread(spec: GoalSpec, best: Best | None) -> Iterator[Advice]:
    """Longer answers, where many could not be graded."""
    if best is not None and best.unscored / best.total > MANY_UNSCORED:
        now = spec.task.max_answer_tokens
        yield Advice(
            key="task.max_answer_tokens", now=f"{now}", suggested=f"{2 * now}",
            why=f"{best.unscored} of {best.total} answers could not be read; where they break off "
            "(look at the samples of the report) they need more room",
        )  # fmt: skip


def canary(spec: GoalSpec, it: IterationState) -> Iterator[Advice]:
    """A lower bar, where the canary stopped every trial of the newest iteration."""
    trials = it.trials.values()
    if trials and all(trial.stopped_by_canary for trial in trials):
        seen = (
            max(trial.dev.rate for trial in trials if trial.dev)
            if any(t.dev for t in trials)
            else 0
        )
        yield Advice(
            key="success.canary_pass_rate", now=f"{spec.success.canary_pass_rate:g}",
            suggested=f"{math.floor(100 * seen) / 100:g}",
            why=f"it stopped every trial of iteration {it.key}; the best had {seen:.0%}",
        )  # fmt: skip


def larger_base(spec: GoalSpec, report: StopReport, bases: Mapping[str, int]) -> Iterator[Advice]:
    """The next larger base model, where the loop ended short of the goal's rate."""
    if report.best is None or report.best.rate >= spec.success.pass_rate:
        return
    now = spec.limits.base_model
    larger = {name: size for name, size in bases.items() if size > bases.get(now, 0)}
    name = min(larger, key=lambda one: (larger[one], one), default=None)
    yield Advice(
        key="limits.base_model",
        now=now,
        suggested=f"{name} ({larger[name] / 1e6:,.0f} M weights)"
        if name
        else "a larger one, to be added to the catalogue",
        why=f"{bases.get(now, 0) / 1e6:,.0f} M weights came to {report.best.rate:.1%}; a goal of "
        "its own, since nothing that was trained fits another base",
    )


def lower_goal(spec: GoalSpec, best: Best | None) -> Iterator[Advice]:
    """What could be claimed today; said last, since it is no progress."""
    if best is None:
        return
    today = best.lower if spec.success.confidence else best.rate
    claim = math.floor(100 * today) / 100
    if 0 < claim < spec.success.pass_rate:
        yield Advice(
            key="success.pass_rate", now=f"{spec.success.pass_rate:g}", suggested=f"{claim:g}",
            why=f"{best.trial} would meet it today; a goal that is lowered after its results were "
            "seen claims less than it says, so put it to a new suite",
        )  # fmt: skip
