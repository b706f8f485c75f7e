"""The dials of a training, and what is believed of them before anything was tried.

The beliefs centre on what the goal's `search` section says, or on what leads so far. How far they
spread comes from published recipes, named beside each dial. They are the order in which things are
tried, not a limit: everything within the bounds stays possible.
"""

from forgemind_assets.brain.search.space import Choice, Dial, Range, Space
from forgemind_assets.records import TrainSettings


def space_around(settings: TrainSettings) -> Space:
    """The space of a goal, centred on settings that it suggests or that lead so far.

    A training that goes on from an adapter keeps that adapter's rank and alpha. The answer weight
    is a dial where the goal has a key that counts more than once.
    """
    dials: list[Dial] = [
        learning_rate(settings.learning_rate),
        epochs(settings.epochs),
        batch_size(settings.batch_size),
        warmup(settings.warmup_ratio),
        contrast(settings.contrast_batches),
    ]
    if settings.start_from == "base":
        dials += [rank(settings.rank), alpha_ratio(settings.alpha / settings.rank)]
    heaviest = max(settings.answer_weights.values(), default=1.0)
    if heaviest > 1:
        dials.append(answer_weight(heaviest))
    return Space(dials=tuple(dials))


def learning_rate(centre: float) -> Range:
    """Within a factor of 1.6 of the centre two times in three.

    Source: Schulman et al. 2025, "LoRA Without Regret": the best rate for LoRA hardly depends on
    the rank and lies at about ten times that of full fine-tuning, more in short trainings.
    """
    return Range(
        name="learning_rate",
        low=min(centre, max(1e-5, centre / 40)),
        high=max(centre, min(0.1, centre * 10)),
        log=True,
        centre=centre,
        spread=0.5,
        why="LoRA suits about ten times the rate of full fine-tuning, whatever the rank",
    )


def epochs(centre: float) -> Range:
    """From a third of the goal's to three times it.

    Source: Muennighoff et al. 2023, "Scaling Data-Constrained Language Models": up to about four
    passes over the same rows are worth almost as much as new rows.
    """
    return Range(
        name="epochs",
        low=min(centre, max(0.25, centre / 3)),
        high=max(centre, min(10.0, centre * 3)),
        log=True,
        centre=centre,
        spread=0.4,
        why="up to about four passes are worth almost as much as new rows",
    )


def batch_size(centre: int) -> Choice:
    """The goal's, or a half or double; smaller before larger.

    Source: Schulman et al. 2025: LoRA bears large batches worse than full fine-tuning does.
    """
    believed = {0.25: 0.03, 0.5: 0.3, 1: 0.5, 2: 0.1, 4: 0.03}
    sizes = {max(1, round(centre * factor)): weight for factor, weight in believed.items()}
    sizes[centre] = max(sizes.values())
    return Choice(
        name="batch_size",
        values=tuple(sorted(sizes)),
        weights=tuple(sizes[size] for size in sorted(sizes)),
        why="LoRA bears large batches badly, and small ones give more steps",
    )


def rank(centre: int) -> Range:
    """From a quarter of the goal's to four times it: it matters least.

    Source: Schulman et al. 2025: with few rows, small and large ranks learn alike.
    """
    return Range(
        name="rank",
        low=max(1, centre // 4),
        high=max(2, min(512, centre * 4)),
        log=True,
        whole=True,
        centre=centre,
        spread=0.7,
        why="with few rows, small and large ranks learn alike",
    )


def alpha_ratio(centre: float) -> Choice:
    """Alpha over rank; it scales what the learning rate scales, so it mostly stays.

    Source: Biderman et al. 2024, "LoRA Learns Less and Forgets Less": alpha = 2 x rank.
    """
    factors = {0.25: 0.05, 0.5: 0.15, 1.0: 0.7, 2.0: 0.1}
    return Choice(
        name="alpha_ratio",
        values=tuple(centre * factor for factor in factors),
        weights=tuple(factors.values()),
        why="alpha of twice the rank is what most recipes take",
    )


def warmup(centre: float) -> Range:
    """Share of the training in which the rate rises.

    Source: 0.1 in SmolLM2's recipe (alignment-handbook), 0.03 in Dettmers et al. 2023, "QLoRA".
    """
    return Range(
        name="warmup_ratio",
        low=0.0,
        high=max(0.3, centre),
        centre=centre,
        spread=0.04,
        why="recipes warm up for 3 % to 10 % of the steps",
    )


def contrast(centre: bool) -> Choice:
    """Whether contrasts share a batch; the goal's choice first."""
    return Choice(
        name="contrast_batches",
        values=(False, True),
        weights=(0.3, 0.7) if centre else (0.7, 0.3),
        why="rows that differ in one thing, side by side, have a gradient of just that",
    )


def answer_weight(centre: float) -> Range:
    """How often the deciding token counts: from once to three times as often as the goal says."""
    return Range(
        name="answer_weight",
        low=1.0,
        high=max(30.0, centre * 3),
        log=True,
        centre=centre,
        spread=0.6,
        why="counted once, the one token of many that decides an answer is hardly learned",
    )
