"""Greedy decoding of any causal language model of transformers, with a shared prefix."""

from collections.abc import Sequence
from typing import Any


class CachedDecoder:
    """A model and the cache of the rows being answered. Rows are padded after the prefix."""

    def __init__(self, model: Any, prefix: Sequence[int]) -> None:
        self._model = model
        self._prefix = list(prefix)
        self._cache: Any = None
        self._mask: Any = None

    def start(self, rows: Sequence[Sequence[int]], room: int) -> list[int]:
        """Reads the rows after the prefix. Returns the first token of each answer."""
        import torch
        from transformers import DynamicCache

        del room  # the cache grows
        device = self._model.device
        widest, before = max(map(len, rows)), len(self._prefix)
        self._cache = DynamicCache(config=self._model.config)
        with torch.inference_mode():
            if before:
                ids = torch.tensor([self._prefix], device=device)
                self._model(input_ids=ids, past_key_values=self._cache, logits_to_keep=1)
                self._cache.batch_repeat_interleave(len(rows))
            ids = torch.zeros((len(rows), widest), dtype=torch.long, device=device)
            self._mask = torch.ones((len(rows), before + widest), dtype=torch.long, device=device)
            for i, row in enumerate(rows):
                ids[i, widest - len(row) :] = torch.tensor(row, device=device)
                self._mask[i, before : before + widest - len(row)] = 0
            return self._forward(ids)

    def step(self, tokens: Sequence[int]) -> list[int]:
        """Appends one token to each row. Returns the next token of each."""
        import torch

        with torch.inference_mode():
            ids = torch.tensor(tokens, device=self._model.device).unsqueeze(1)
            self._mask = torch.cat([self._mask, self._mask.new_ones((len(tokens), 1))], dim=1)
            return self._forward(ids)

    def keep(self, rows: Sequence[int]) -> None:
        """Drops all rows but these."""
        import torch

        chosen = torch.tensor(rows, device=self._model.device)
        self._cache.batch_select_indices(chosen)
        self._mask = self._mask[chosen]

    def _forward(self, ids: Any) -> list[int]:
        positions = (self._mask.cumsum(1) - 1)[:, -ids.shape[1] :].clamp(min=0)
        logits = self._model(
            input_ids=ids,
            attention_mask=self._mask,
            position_ids=positions,
            past_key_values=self._cache,
            logits_to_keep=1,
        ).logits
        return logits[:, -1].argmax(dim=-1).tolist()
