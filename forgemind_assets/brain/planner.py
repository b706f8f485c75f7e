"""Plans: what the next iteration tries, and what result would confirm it. Pure.

Each rule reads the dev results of the past, by slice, and writes a sentence for people. No rule
reads the gate or who is champion on it: the error budget of the loop rests on that.
"""

from collections.abc import Sequence
from dataclasses import replace

from forgemind_assets.brain.data_budget import budget, even_shares, strategy_shares
from forgemind_assets.brain.data_tack import tack
from forgemind_assets.brain.fork import NO_WISHES, Wishes, wishes
from forgemind_assets.brain.search.beside import with_others
from forgemind_assets.brain.search.history import known_trials
from forgemind_assets.brain.slice_effects import SliceRecord
from forgemind_assets.brain.slice_plan import Targets, first_targets, known_slices, targets
from forgemind_assets.brain.state import IterationState, Score, State
from forgemind_assets.brain.turns import outcome_of
from forgemind_assets.goal import GoalSpec
from forgemind_assets.partitions import BASELINE, trial_key
from forgemind_assets.records import DataSettings, Plan, TrainSettings, TrialSettings

# A gain below this share of dev cases counts as a plateau.
PLATEAU = 0.02
# Epochs stay within these, however often an iteration was worse or brought nothing.
LEAST_EPOCHS, MOST_EPOCHS = 0.5, 5.0


def baseline_plan(spec: GoalSpec) -> Plan:
    """Iteration 0000: the base model as it is, zero-shot and few-shot."""
    return Plan(
        iteration=BASELINE,
        hypothesis="No hypothesis: this measures the base model before anything is trained.",
        expected_effect="The two pass rates that every later adapter must beat.",
        data=None,
        trials=(
            TrialSettings(name="a", training=None, prompt_variant="zero_shot"),
            TrialSettings(name="b", training=None, prompt_variant="few_shot"),
        ),
    )


def propose(spec: GoalSpec, state: State, key: str) -> Plan:
    """The plan of iteration `key`, from what is known before it."""
    return with_others(_alone(spec, state, key), spec.search, known_trials(state))


def _alone(spec: GoalSpec, state: State, key: str) -> Plan:
    """The plan with its first trial."""
    trained = [it for it in state.iterations if it.key not in (BASELINE, key) and dev_of(it)]
    wish = wishes(spec, state.fork, key, first_settings(spec))
    if not trained:
        return first_plan(spec, state, key, wish)
    baselines = [dev.rate for it in state.iterations if it.key == BASELINE and (dev := dev_of(it))]
    return next_plan(
        spec,
        trained,
        key,
        wish,
        known_slices(state),
        max(baselines, default=None),
    )


def first_plan(spec: GoalSpec, state: State, key: str, wish: Wishes = NO_WISHES) -> Plan:
    """The settings that the goal suggests, from the base model; slices by what that passes.

    They are as frequent as in dev where the base model's result does not tell them apart.
    """
    search = spec.search
    known = [dev for it in state.iterations if (dev := dev_of(it))]
    best = max((dev.rate for dev in known), default=0.0)
    aim = first_targets(known[0], search.rows) if known else Targets({}, "")
    spread = f", more of them for {aim.told}" if aim.told else " spread over the slices as dev is"
    sources = next((it.sources for it in reversed(state.iterations) if it.sources), ())
    asked = budget(spec, sources, search.teacher_requests)
    return Plan(
        iteration=key,
        hypothesis=(
            f"{wish.told}Trained on {search.rows} rows{spread}, the model beats the base "
            f"model's {best:.0%} on dev.{_after(asked.sentence)}"
        ),
        expected_effect="Dev pass rate at least 20 points above the better baseline.",
        expected_dev_gain=0.20,
        data=DataSettings(
            rows=search.rows,
            slice_weights=aim.weights,
            strategy_shares=even_shares(spec),
            request_shares=asked.shares,
            teacher_requests=search.teacher_requests,
            seed=search.seed,
        ),
        trials=(
            TrialSettings(
                name="a", training=first_settings(spec), prompt_variant=search.prompt_variants[0]
            ),
        ),
    )


def first_settings(spec: GoalSpec) -> TrainSettings:
    """Training settings as the goal suggests them."""
    search = spec.search
    return TrainSettings(
        learning_rate=search.learning_rate,
        epochs=search.epochs,
        rank=search.rank,
        alpha=2 * search.rank,
        batch_size=search.batch_size,
        max_length=search.max_length,
        answer_weights=search.answer_weights,
        contrast_batches=search.contrast_batches,
        early_stop_patience=search.early_stop_patience,
        quantisation="nf4" if spec.limits.quantisation == "4bit" else "none",
        max_seconds=search.train_seconds,
        seed=search.seed,
    )


def next_plan(
    spec: GoalSpec,
    trained: list[IterationState],
    key: str,
    wish: Wishes = NO_WISHES,
    slices: Sequence[SliceRecord] = (),
    baseline: float | None = None,
) -> Plan:
    """Learns from what each slice of dev made of its rows, and from who leads on dev.

    What a forked line wants goes before what would follow from the past. `baseline` is the better
    baseline's dev rate, from which the first trained iteration set out.
    """
    last = trained[-1]
    before = trained[-2] if len(trained) > 1 else None
    dev = dev_of(last)
    assert dev is not None
    assert last.plan is not None
    assert last.plan.data is not None
    won = dev.rate - (dev_rate(before) if before else 0.0)
    plateau = before is not None and won < PLATEAU
    shares, share_note = strategy_shares(spec, last)
    past = last.plan.data
    requests = past.teacher_requests if wish.teacher_requests is None else wish.teacher_requests
    how = tack(slices)
    asked = budget(spec, last.sources, requests, how.explored)
    trial, told = training_tack(spec, last, before, plateau, wish)
    rows = wish.rows or (past.rows if not plateau else int(past.rows * 1.25))
    assert trial.training is not None
    start = trial.training.start_from
    aim = targets(dev, slices, rows, past, None if start == "base" else start, how)
    gain = replace(aim.gain, dollars=asked.dollars) if aim.gain else None
    return Plan(
        iteration=key,
        hypothesis=(
            f"{wish.told}More rows for {aim.told} and {told} lift the dev pass rate "
            f"from {dev.rate:.0%}.{_after(gain.told if gain else '')}{_after(aim.change)}"
            f"{share_note}{_after(asked.sentence)}"
        ),
        expected_effect=f"Dev pass rate at least {dev.rate + expected_gain(dev):.1%}.",
        expected_dev_gain=expected_gain(dev),
        rows_gain=(gain.mean, gain.low, gain.high) if gain else None,
        rows_dollars=asked.dollars,
        last_outcome=f"Iteration {last.key}: "
        + outcome_of(last.plan, dev.rate, dev_rate(before) if before else baseline),
        data=DataSettings(
            rows=rows,
            slice_weights=aim.weights,
            strategy_shares=shares,
            request_shares=asked.shares,
            prompt_variants={} if wish.other_strategies else past.prompt_variants,
            teacher_requests=requests,
            attack_cases=spec.attack.cases,
            reuse_iterations=reused(trained, trial),
            seed=past.seed + 1 if wish.seed is None else wish.seed,
        ),
        trials=(trial,),
    )


def training_tack(
    spec: GoalSpec,
    last: IterationState,
    before: IterationState | None,
    plateau: bool,
    wish: Wishes = NO_WISHES,
) -> tuple[TrialSettings, str]:
    """Continue from the best on dev; from the base while no trained model leads there.

    After a worse result the next training is shorter and gentler, since more of the same would
    lose more; on a plateau it passes over the rows more often. Another rank than the leader's
    begins at the base model: an adapter is continued with its own.
    """
    before_it = leading_trial(last)
    past = before_it.training or first_settings(spec)
    variant = before_it.prompt_variant
    leader = last.leader
    seed = past.seed + 1
    own = trial_key(last.key, before_it.name)
    if plateau and leader == own and past.start_from != "base":
        variants = spec.search.prompt_variants
        variant = variants[(variants.index(variant) + 1) % len(variants)]
    variant = wish.prompt_variant or variant
    other_rank = wish.training.get("rank", past.rank) != past.rank
    if leader is None or leader.startswith(BASELINE) or other_rank:
        gentler = {"learning_rate": past.learning_rate * 0.7, "start_from": "base", "seed": seed}
        settings = past.model_copy(update=gentler | dict(wish.training))
        told = "a lower" if "learning_rate" not in wish.training else "the wanted"
        return TrialSettings(name="a", training=settings, prompt_variant=variant), (
            f"{told} learning rate from the base model"
        )
    regressed = leader != own
    factor = 0.5 if regressed else 0.8
    rate = max(past.learning_rate * factor, spec.search.learning_rate * 0.1)
    epochs, passes = past.epochs, ""
    if regressed:
        epochs = max(LEAST_EPOCHS, past.epochs * 0.5)
    elif plateau:
        epochs = min(MOST_EPOCHS, past.epochs * 1.5)
    rate, epochs = (
        wish.training.get(name, found)
        for name, found in (("learning_rate", rate), ("epochs", epochs))
    )
    if epochs != past.epochs:
        passes = f" for {epochs:.3g} instead of {past.epochs:.3g} epochs"
    found = {"learning_rate": rate, "epochs": epochs, "start_from": leader, "seed": seed}
    settings = past.model_copy(update=found | dict(wish.training))
    return TrialSettings(name="a", training=settings, prompt_variant=variant), (
        f"training on from {leader}, the best on dev, at a learning rate of {rate:.1e}{passes}"
    )


def leading_trial(it: IterationState) -> TrialSettings:
    """Of an iteration's trials the one that leads on dev; the first where none got through."""
    assert it.plan is not None
    return next((t for t in it.plan.trials if t.name == it.winner), it.plan.trials[0])


def _after(sentence: str) -> str:
    return f" {sentence}" if sentence else ""


def reused(trained: list[IterationState], trial: TrialSettings) -> tuple[str, ...]:
    """A start from the base model takes all earlier rows along; a trained one has seen them."""
    assert trial.training is not None
    return tuple(it.key for it in trained) if trial.training.start_from == "base" else ()


def expected_gain(dev: Score) -> float:
    """A quarter of the remaining errors: what a confirmed hypothesis must at least win."""
    return round((1 - dev.rate) / 4, 3)


def dev_of(it: IterationState | None) -> Score | None:
    """The best dev result among an iteration's trials; of those the canary stopped if no other."""
    return it.dev if it else None


def dev_rate(it: IterationState) -> float:
    """Its pass rate, 0 to 1."""
    dev = dev_of(it)
    return dev.rate if dev else 0.0
