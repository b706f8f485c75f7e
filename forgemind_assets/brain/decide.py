"""The Brain's one function: from the goal and the state to the next step.

`decide` is pure and total: no clock, no network, no model, and an answer for every state.
"""

import math
from dataclasses import dataclass
from typing import Literal

from forgemind_assets.brain import planner
from forgemind_assets.brain.futility import out_of_reach
from forgemind_assets.brain.limits import limits_of
from forgemind_assets.brain.state import IterationState, Score, State, TrialState
from forgemind_assets.goal import GoalSpec
from forgemind_assets.partitions import BASELINE, iteration_key, iteration_number
from forgemind_assets.records import Plan
from forgemind_assets.trial_grounds.statistics import clopper_pearson_lower, loop_confidence

MAX_FAILURES = 3
MAX_ATTEMPTS = 6
StopKind = Literal["goal_met", "limit", "futility", "person", "gave_up", "unknown"]
# Of the lower bound that is told where the goal asks for none.
USUAL_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Prepare:
    """Make the plan and the data of an iteration."""

    plan: Plan
    attempt: int


@dataclass(frozen=True)
class Train:
    """Train and test trials; each is (name, attempt).

    `gate` says whether each is put to the gate too: where several race, only the winner is.
    `at_once` is how many may share the machine.
    """

    iteration: str
    trials: tuple[tuple[str, int], ...]
    gate: bool = True
    at_once: int = 1


@dataclass(frozen=True)
class Test:
    """Put the trial that leads on dev to the gate, alone of its iteration."""

    __test__ = False

    iteration: str
    trial: str
    attempt: int


@dataclass(frozen=True)
class Conclude:
    """Compare the trials with the champion and register the winner."""

    iteration: str
    attempt: int


@dataclass(frozen=True)
class Promote:
    """People agreed: the champion's version becomes `stable`."""

    iteration: str
    attempt: int


@dataclass(frozen=True)
class AwaitReview:
    """The goal is met, and a person must agree before the version becomes `stable`."""

    reason: str


@dataclass(frozen=True)
class Wait:
    """Runs are under way."""

    reason: str


@dataclass(frozen=True)
class Stop:
    """The loop is over."""

    reason: str
    goal_met: bool
    kind: StopKind = "unknown"


Decision = Prepare | Train | Test | Conclude | Promote | AwaitReview | Wait | Stop


@dataclass(frozen=True)
class Verdict:
    """Whether a result meets the goal, and the sentence that says why.

    `lower` is the lower bound of the pass rate at `level`, so that as many as `looks` of them hold
    at once at `confidence`; where the goal asks for none that is 95 %, and decides nothing.
    """

    met: bool
    sentence: str
    lower: float
    level: float
    looks: int
    confidence: float


def judge(spec: GoalSpec, score: Score) -> Verdict:
    """The goal check. The asset check and the Brain both call this.

    Met when the pass rate reaches the threshold and, where the goal asks for confidence, its
    one-sided Clopper-Pearson lower bound does too. The bound allows for families, and for as many
    looks as the loop may have; or for as many as were settled when the result was looked at, so
    that a limit that is lowered afterwards proves nothing.
    """
    need, rate, asked = spec.success.pass_rate, score.overall, spec.success.confidence
    looks, confidence = max(spec.looks, score.looks), asked or USUAL_CONFIDENCE
    level = loop_confidence(confidence, looks)
    lower = clopper_pearson_lower(rate.passed, rate.total, level, score.design_effect)
    met = rate.total > 0 and rate.rate >= need and (asked is None or lower >= need)
    counts = f"{rate.passed} of {rate.total} cases passed ({rate.rate:.1%})"
    word = "met" if met else "missed"
    sentence = f"{counts}; the goal asks for {percent(need)}: {word}"
    if asked is not None:
        # cut off, not rounded: a bound below the goal must not read as if it had reached it
        sentence = (
            f"{counts}, lower bound {math.floor(1000 * lower) / 10:.1f}% at {percent(asked)} "
            f"confidence over {looks} looks; the goal asks for a lower bound of "
            f"{percent(need)}: {word}"
        )
    return Verdict(met, sentence, lower, level, looks, confidence)


def percent(share: float) -> str:
    """`0.9` -> `90%`, `0.925` -> `92.5%`: as exact as it was written."""
    return f"{100 * share:.6g}%"


def decide(spec: GoalSpec, state: State) -> Decision:
    """The next step of the loop."""
    last = state.last
    if last is None:
        return asked_to_stop(state) or Prepare(planner.baseline_plan(spec), attempt=1)
    step = unfinished(spec, state, last)
    if isinstance(step, Prepare | Train):
        # what is begun is finished, and finished trials are compared; nothing else is begun
        return wait_for_trials(last, state) or asked_to_stop(state) or step
    return step or next_iteration(spec, state, last)


def asked_to_stop(state: State) -> Stop | None:
    """The end that a person asked for, if one did."""
    if not state.stop_requested:
        return None
    return Stop(f"a person asked: {state.stop_requested}", goal_met=False, kind="person")


def wait_for_trials(it: IterationState, state: State) -> Wait | None:
    """Before a person's wish ends the loop: trials that run beside one that would be begun."""
    if state.stop_requested and any(t.work.status == "running" for t in it.trials.values()):
        return Wait(f"iteration {it.key}: trials under way, then the end: {state.stop_requested}")
    return None


def unfinished(spec: GoalSpec, state: State, it: IterationState) -> Decision | None:
    """What the newest iteration still needs, or None when it is concluded."""
    if it.prepare.status == "running":
        return Wait(f"iteration {it.key}: preparing")
    if it.prepare.status != "succeeded" or it.plan is None:
        if it.prepare.failures >= MAX_FAILURES:
            return gave_up(f"preparing iteration {it.key}")
        plan = it.plan or plan_for(spec, state, it.key)
        return Prepare(plan, it.prepare.attempts + 1)
    todo = []
    for trial in it.plan.trials:
        known = it.trials.get(trial.name, TrialState())
        work = known.work
        again = work.status == "failed" and work.failures < MAX_FAILURES
        if work.status == "none" or again or stopped_for_nothing(it, known):
            todo.append((trial.name, work.attempts + 1))
    race = races(it.plan)
    if todo:
        at_once = min(spec.search.trials, len(it.plan.trials))
        return Train(it.key, tuple(todo), gate=not race, at_once=at_once)
    if any(t.work.status == "running" for t in it.trials.values()):
        return Wait(f"iteration {it.key}: trials under way")
    if all(t.work.status == "failed" and not t.stopped_by_canary for t in it.trials.values()):
        return gave_up(f"every trial of iteration {it.key}")
    return (gate_test(it) if race else None) or conclusion(it)


def races(plan: Plan) -> bool:
    """Whether the trials of a plan race, so that only one of them may look at the gate.

    The baselines do not: nothing is claimed of them, and both are measured.
    """
    return len(plan.trials) > 1 and plan.iteration != BASELINE


def stopped_for_nothing(it: IterationState, trial: TrialState) -> bool:
    """Whether a trial was put out of its race by one that then broke off: it is to go on."""
    rival = it.trials.get(trial.beaten_by)
    if rival is None or trial.work.status == "running" or trial.work.attempts >= MAX_ATTEMPTS:
        return False
    return broke_off(rival)


def broke_off(trial: TrialState) -> bool:
    """Whether a trial will never come to an end, so that nobody may lose a race to it."""
    gave_up = trial.work.status == "failed" and trial.work.failures >= MAX_FAILURES
    return trial.stopped_by_canary or gave_up


def gate_test(it: IterationState) -> Decision | None:
    """The one look at the gate that a race has; None when it is done, or nobody got through."""
    winner = it.winner
    if winner is None:
        return None
    work = it.trials[winner].test
    if work.status == "succeeded":
        return None
    if work.status == "running":
        return Wait(f"iteration {it.key}: testing {winner}")
    if work.failures >= MAX_FAILURES:
        return gave_up(f"testing trial {winner} of iteration {it.key}")
    return Test(it.key, winner, work.attempts + 1)


def conclusion(it: IterationState) -> Decision | None:
    """The comparison with the champion; None when it is done."""
    if it.conclude.status == "running":
        return Wait(f"iteration {it.key}: concluding")
    if it.conclude.status != "succeeded":
        if it.conclude.failures >= MAX_FAILURES:
            return gave_up(f"concluding iteration {it.key}")
        return Conclude(it.key, it.conclude.attempts + 1)
    return None


def plan_for(spec: GoalSpec, state: State, key: str) -> Plan:
    """The plan of an iteration whose first preparation failed before it published one."""
    if key == BASELINE:
        return planner.baseline_plan(spec)
    earlier = [it for it in state.iterations if it.key < key]
    return planner.propose(spec, state.model_copy(update={"iterations": tuple(earlier)}), key)


def next_iteration(spec: GoalSpec, state: State, it: IterationState) -> Decision:
    """After a concluded iteration: stop, or plan the next."""
    if it.key != BASELINE and it.champion_full is not None:
        verdict = judge(spec, it.champion_full)
        if verdict.met:
            return promotion(it, f"goal met by {it.champion}: {verdict.sentence}")
    asked = asked_to_stop(state)
    if asked:
        return asked
    limit = binding_limit(spec, state, it)
    if limit:
        return Stop(limit, goal_met=False, kind="limit")
    hopeless = out_of_reach(spec, state, it)
    if hopeless:
        return Stop(hopeless, goal_met=False, kind="futility")
    key = iteration_key(iteration_number(it.key) + 1)
    return Prepare(planner.propose(spec, state, key), attempt=1)


def promotion(it: IterationState, met: str) -> Decision:
    """After the goal is met: wait for people where the policy asks for them, then promote."""
    if it.promote.status == "running":
        return Wait(f"iteration {it.key}: promoting {it.champion}")
    if it.consent == "open":
        return AwaitReview(f"{met}; a person must agree: forgemind review show {it.review}")
    if it.consent == "approved":
        if it.promote.failures >= MAX_FAILURES:
            return gave_up(f"promoting {it.champion}")
        return Promote(it.key, it.promote.attempts + 1)
    if it.held_back:
        return Stop(f"{met}; not promoted: {it.held_back}", goal_met=not it.refuted)
    said = "; its promotion was rejected" if it.consent == "rejected" else ""
    return Stop(met + said, goal_met=True, kind="goal_met")


def binding_limit(spec: GoalSpec, state: State, it: IterationState) -> str | None:
    """The limit that forbids another iteration, in one sentence, or None."""
    limit = next((one for one in limits_of(spec, state, it) if one.binds), None)
    if limit is None:
        return None
    best = f"; champion: {it.champion_full.rate:.1%} ({it.champion})" if it.champion_full else ""
    words = {
        "iterations": f"{limit.used:.0f} of {limit.limit:.0f} iterations",
        "h": f"{limit.used:.2f} of {limit.limit:g} hours used, and another iteration takes about "
        f"{limit.each:.2f}",
        "$": f"${limit.used:.2f} of ${limit.limit:.2f} for APIs used, and another iteration takes "
        f"about ${limit.each:.2f}",
    }
    return f"limit reached: {words[limit.unit]}{best}"


def gave_up(what: str) -> Stop:
    """The stop after the last attempt."""
    told = f"{what} failed {MAX_FAILURES} times: see the runs' logs"
    return Stop(told, goal_met=False, kind="gave_up")
