"""Batched greedy generation, and a base model with its adapter merged in."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from forgemind_assets.forge import adapter as adapters
from forgemind_assets.forge import hardware
from forgemind_assets.forge.decoder import CachedDecoder
from forgemind_assets.forge.encoding import end_id, prompt_ids, shared_prefix
from forgemind_assets.forge.llama_decoder import LlamaDecoder
from forgemind_assets.forge.weights import load_base
from forgemind_assets.prompting import Message

Prompt = Sequence[Message] | Sequence[int]

SHRINK = 0.8
"""Finished rows leave the cache when at most this share of it is still alive."""


class Decoder(Protocol):
    """Reads rows of tokens and names the next one of each, greedily."""

    def start(self, rows: Sequence[Sequence[int]], room: int) -> list[int]:
        """Reads the rows after the prefix. Returns the first token of each answer."""
        ...

    def step(self, tokens: Sequence[int]) -> list[int]:
        """Appends one token to each row. Returns the next token of each."""
        ...

    def keep(self, rows: Sequence[int]) -> None:
        """Drops all rows but these."""
        ...


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
    if adapter is None or quantisation != "none":
        model, tokenizer = load_base(
            base, precision=precision, quantisation=quantisation, device=device
        )
        return (model if adapter is None else adapters.load(model, adapter)), tokenizer
    hardware.prepare()
    import torch

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
    batch_size: int = 64,
) -> Iterator[tuple[int, str]]:
    """Greedy answers as (index of the prompt, text), each as soon as it is complete.

    Prompts are answered batch by batch, the shortest first.

    An answer ends at the template's end mark, at a newline after a line that is a JSON object,
    or after `max_new_tokens`. What all prompts begin with is computed once.

    Args:
        model: a causal language model of transformers, with or without an adapter beside it.
        tokenizer: its tokenizer, with a chat template.
        prompts: chat messages, or token ids.
        max_new_tokens: limit of an answer.
        batch_size: prompts that are answered together.
    """
    if not prompts:
        return
    ids = [_ids(tokenizer, prompt) for prompt in prompts]
    prefix = min(shared_prefix(ids), min(map(len, ids)) - 1)
    rule = _StopRule(tokenizer)
    kind = LlamaDecoder if LlamaDecoder.supports(model) else CachedDecoder
    decoder = kind(model, ids[0][:prefix])
    order = sorted(range(len(ids)), key=lambda index: len(ids[index]))
    for start in range(0, len(order), batch_size):
        chunk = order[start : start + batch_size]
        rows = [ids[index][prefix:] for index in chunk]
        for row, answer in _answers(decoder, rows, rule, max_new_tokens):
            yield chunk[row], tokenizer.decode(answer, skip_special_tokens=True).strip()


def _answers(
    decoder: Decoder, rows: Sequence[Sequence[int]], rule: "_StopRule", limit: int
) -> Iterator[tuple[int, list[int]]]:
    """Each row's index and its answer without the token that ended it, as answers end."""
    answers: list[list[int]] = [[] for _ in rows]
    slots = list(range(len(rows)))
    alive = set(slots)
    tokens = decoder.start(rows, limit)
    while True:
        for slot, token in zip(slots, tokens, strict=True):
            if slot not in alive:
                continue
            ended = rule.ends(answers[slot], token)
            if not ended:
                answers[slot].append(token)
            if ended or len(answers[slot]) >= limit:
                alive.discard(slot)
                yield slot, answers[slot]
        if not alive:
            return
        if len(alive) <= SHRINK * len(slots):
            places = [place for place, slot in enumerate(slots) if slot in alive]
            decoder.keep(places)
            slots, tokens = [slots[p] for p in places], [tokens[p] for p in places]
        tokens = decoder.step(tokens)


class _StopRule:
    """Tells whether a token ends an answer."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._ends = {end_id(tokenizer), tokenizer.eos_token_id}
        self._newline: dict[int, bool] = {}

    def ends(self, answer: Sequence[int], token: int) -> bool:
        """Whether `token` after `answer` is an end mark or a newline after a JSON object."""
        if token in self._ends:
            return True
        if token not in self._newline:
            self._newline[token] = self._tokenizer.decode([token])[:1] == "\n"
        return self._newline[token] and self._is_object(answer)

    def _is_object(self, answer: Sequence[int]) -> bool:
        lines = self._tokenizer.decode(answer).strip().splitlines()
        try:
            return bool(lines) and isinstance(json.loads(lines[-1]), dict)
        except ValueError:
            return False


def _ids(tokenizer: Any, prompt: Prompt) -> list[int]:
    if prompt and isinstance(prompt[0], int):
        return list(prompt)  # type: ignore[arg-type]
    return prompt_ids(tokenizer, prompt)  # type: ignore[arg-type]
