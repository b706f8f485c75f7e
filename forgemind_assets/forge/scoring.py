"""How probable a language model finds texts."""

from collections.abc import Callable, Sequence
from typing import Any

from forgemind_assets.forge.batching import collate, micro_batches
from forgemind_assets.forge.encoding import Encoded

BATCH_TOKENS = 2048
"""Padded tokens computed at once; the logits of so many fp32 labels take 400 MB at 49152 words."""


def mean_log_probabilities(
    model: Any,
    tokenizer: Any,
    texts: Sequence[str],
    *,
    max_tokens: int = 512,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[float]:
    """Mean log-probability (nats) of each text's tokens after the first, in the texts' order.

    A text of one token has nothing to predict: 0. Beyond `max_tokens` a text is not read.

    Args:
        model: a causal language model of transformers.
        tokenizer: its tokenizer; nothing is put before or after a text.
        texts: what is judged.
        max_tokens: tokens of a text that are read.
        on_progress: called with (texts done, texts in all) after each batch.
    """
    ids = [tuple(tokenizer(t, add_special_tokens=False)["input_ids"][:max_tokens]) for t in texts]
    order = sorted((n for n, own in enumerate(ids) if len(own) > 1), key=lambda n: len(ids[n]))
    means = [0.0] * len(texts)
    done = 0
    for start in range(0, len(order), 64):  # neighbours in length, so that little is padded
        rows = [Encoded(ids[n], 1) for n in order[start : start + 64]]
        for part in micro_batches(rows, BATCH_TOKENS):
            for mean in _means(model, part):
                means[order[done]] = mean
                done += 1
            on_progress(done, len(order))
    return means


def _means(model: Any, rows: Sequence[Encoded]) -> list[float]:
    import torch
    from torch.nn import functional

    batch = collate(rows, str(model.device))
    with torch.inference_mode():
        hidden = model.get_decoder()(input_ids=batch.ids, use_cache=False).last_hidden_state
        picked = hidden.reshape(-1, hidden.shape[-1])[batch.sources]
        logits = model.get_output_embeddings()(picked).float()
        losses = functional.cross_entropy(logits, batch.targets, reduction="none")
    parts = losses.split([length - 1 for length in batch.lengths])
    return [-float(part.mean()) for part in parts]
