"""The learning rate over a run, and how a plan is shortened to fit a time limit."""

import math


def learning_rate(step: int, *, peak: float, total: int, warmup: int) -> float:
    """Learning rate of optimizer step `step` (from 0): linear warmup, then cosine to about zero.

    Args:
        step: steps done before this one.
        peak: the highest rate.
        total: steps of the whole run.
        warmup: steps until the peak, part of `total`.
    """
    if step < warmup:
        return peak * (step + 1) / (warmup + 1)
    done = (step - warmup) / max(1, total - warmup)
    return peak * 0.5 * (1.0 + math.cos(math.pi * min(1.0, done)))


def warmup_steps(total: int, ratio: float) -> int:
    """Steps of warmup in a run of `total` steps."""
    return min(total - 1, round(total * ratio)) if total > 1 else 0


def fitted(
    *, step: int, total: int, planned: int, seconds: float, pace: float, limit: float
) -> int:
    """Steps of the run, so that it ends within `limit` seconds: at most `planned`.

    The plan changes only where the new one differs by more than 3 %, because each change moves
    the learning rate.

    Args:
        step: steps done.
        total: steps of the present plan.
        planned: steps wanted.
        seconds: time spent so far.
        pace: measured seconds per step.
        limit: wall-clock limit in seconds; 3 % of it is kept for saving.
    """
    left = max(0.0, limit * 0.97 - seconds)
    fit = min(planned, step + max(1, int(left / pace)))
    return fit if abs(fit - total) > 0.03 * total else total
