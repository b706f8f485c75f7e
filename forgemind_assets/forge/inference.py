"""Batched greedy generation, and a base model with its adapter merged in."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from forgemind_assets.forge import adapter as adapters
from forgemind_assets.forge.encoding import end_id, prompt_ids, shared_prefix
from forgemind_assets.forge.weights import load_base
from forgemind_assets.prompting import Message

Prompt = Sequence[Message] | Sequence[int]


def merge_and_load(
    base: Path,
    adapter: Path | None,
    *,
    precision: str = "auto",
    quantisation: str = "none",
    device: str | None = None,
) -> tuple[Any, Any]:
    """Loads (model, tokenizer) for evaluation, the adapter merged into the weights.

    The merge is done in fp32 and rounded once. A 4-bit base keeps its adapter beside it, because
    merging would quantise the sum anew. `adapter=None` loads the base as it is.
    """
    if adapter is None:
        return load_base(base, precision=precision, quantisation=quantisation, device=device)
    if quantisation != "none":
        model, tokenizer = load_base(
            base, precision=precision, quantisation=quantisation, device=device
        )
        return adapters.load(model, adapter), tokenizer
    import torch

    from forgemind_assets.forge import hardware

    device = device or hardware.pick_device()
    model, tokenizer = load_base(base, precision="fp32", device=device)
    model = adapters.load(model, adapter).merge_and_unload()
    if hardware.resolve_precision(precision, device) == "bf16":
        model = model.to(torch.bfloat16)
    return model.eval(), tokenizer


def generate(
    model: Any,
    tokenizer: Any,
    prompts: Sequence[Prompt],
    *,
    max_new_tokens: int,
    batch_size: int = 32,
) -> Iterator[tuple[int, str]]:
    """Greedy answers as (index of the prompt, text), batch by batch, shortest prompts first.

    An answer ends at the template's end mark, at a newline, or after `max_new_tokens`.

    Args:
        model: a causal language model of transformers.
        tokenizer: its tokenizer, with a chat template.
        prompts: chat messages, or token ids.
        max_new_tokens: limit of an answer.
        batch_size: prompts that are computed together.
    """
    ids = [_ids(tokenizer, prompt) for prompt in prompts]
    order = sorted(range(len(ids)), key=lambda index: len(ids[index]))
    prefix = max(0, min(shared_prefix(ids), min(map(len, ids), default=1) - 1))
    stops = {end_id(tokenizer), *tokenizer("\n", add_special_tokens=False)["input_ids"]}
    for start in range(0, len(order), batch_size):
        chunk = order[start : start + batch_size]
        answers = _batch(
            model, [ids[index] for index in chunk], prefix, stops, max_new_tokens
        )
        for index, answer in zip(chunk, answers, strict=True):
            yield index, tokenizer.decode(answer, skip_special_tokens=True).strip()


def _ids(tokenizer: Any, prompt: Prompt) -> list[int]:
    if prompt and isinstance(prompt[0], int):
        return list(prompt)  # type: ignore[arg-type]
    return prompt_ids(tokenizer, prompt)  # type: ignore[arg-type]


def _batch(
    model: Any, rows: list[list[int]], prefix: int, stops: set[int], max_new_tokens: int
) -> list[list[int]]:
    """Greedy continuation of each row, without its stop token. Left padding after the prefix."""
    import torch
    from transformers import DynamicCache

    device = model.device
    with torch.inference_mode():
        cache = DynamicCache(config=model.config)
        if prefix:
            head = torch.tensor([rows[0][:prefix]], device=device)
            model(input_ids=head, past_key_values=cache, use_cache=True, logits_to_keep=1)
            cache.batch_repeat_interleave(len(rows))
        longest = max(len(row) for row in rows) - prefix
        ids = torch.zeros((len(rows), longest), dtype=torch.long, device=device)
        mask = torch.ones((len(rows), prefix + longest), dtype=torch.long, device=device)
        for i, row in enumerate(rows):
            tail = row[prefix:]
            ids[i, longest - len(tail) :] = torch.tensor(tail, device=device)
            mask[i, prefix : prefix + longest - len(tail)] = 0
        answers: list[list[int]] = [[] for _ in rows]
        alive = list(range(len(rows)))
        for _ in range(max_new_tokens):
            positions = (mask.cumsum(1) - 1)[:, -ids.shape[1] :].clamp(min=0)
            logits = model(
                input_ids=ids,
                attention_mask=mask,
                position_ids=positions,
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            ).logits[:, -1]
            tokens = logits.argmax(-1).tolist()
            keep = [i for i, token in enumerate(tokens) if token not in stops]
            for i in keep:
                answers[alive[i]].append(tokens[i])
            if not keep:
                break
            if len(keep) < len(alive):
                alive = [alive[i] for i in keep]
                chosen = torch.tensor(keep, device=device)
                cache.batch_select_indices(chosen)
                mask = mask[chosen]
            ids = torch.tensor([[tokens[i]] for i in keep], device=device)
            mask = torch.cat([mask, mask.new_ones((len(keep), 1))], dim=1)
    return answers
