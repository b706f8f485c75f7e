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


def shortened(
    *, step: int, total: int, seconds: float, seconds_per_step: float, limit: float
) -> int:
    """Steps that fit into `limit` seconds, at most `total`, at least one more than `step`.

    Args:
        step: steps done.
        total: steps planned.
        seconds: time spent so far, in seconds.
        seconds_per_step: measured mean of the steps done.
        limit: wall-clock limit in seconds. 3 % of it is kept for saving.
    """
    left = max(0.0, limit * 0.97 - seconds)
    fit = step + max(1, int(left / seconds_per_step)) if seconds_per_step > 0 else total
    return min(total, fit)
