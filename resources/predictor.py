"""A model on this machine that answers prompts in batches."""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from forgemind_assets.prompting import Message


class LocalModel:
    """A base model, with or without an adapter merged in; loaded on first use.

    `tell` is told what takes its time before there are answers.
    """

    def __init__(
        self,
        base: Path,
        adapter: Path | None,
        *,
        quantisation: str = "none",
        verify: Callable[[], object] | None = None,
        tell: Callable[[str], None] = lambda what: None,
    ):
        self.base, self.adapter, self.quantisation = base, adapter, quantisation
        self.verify, self.tell = verify, tell

    def answers(
        self, prompts: Sequence[list[Message]], max_new_tokens: int
    ) -> Iterator[tuple[int, str]]:
        """Greedy answers as (index of the prompt, text), batch by batch."""
        from forgemind_assets.forge.inference import generate

        if self.verify is not None:
            self.verify()
        self.tell("loading the model")
        model, tokenizer = _load(self.base, self.adapter, self.quantisation)
        self.tell("waiting for the first answers")
        yield from generate(model, tokenizer, prompts, max_new_tokens=max_new_tokens)


@lru_cache(maxsize=1)
def _load(base: Path, adapter: Path | None, quantisation: str) -> tuple[Any, Any]:
    """The tiers of one trial test the same model; it is loaded for the first of them."""
    from forgemind_assets.forge.inference import merge_and_load

    return merge_and_load(base, adapter, quantisation=quantisation)
