"""Chat rows as token ids: what the model reads, and from where on it is taught."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from forgemind_assets.prompting import Message

_PROBE = "probe"


@dataclass(frozen=True)
class Encoded:
    """One row. Tokens from `label_start` on are the labels: the answer and its end mark.

    `weights` says how much each label counts in the loss; empty stands for 1 each.
    """

    ids: tuple[int, ...]
    label_start: int
    weights: tuple[float, ...] = ()

    @property
    def label_weights(self) -> tuple[float, ...]:
        """One weight a label."""
        return self.weights or (1.0,) * (len(self.ids) - self.label_start)


@dataclass(frozen=True)
class Encoding:
    """The encoded rows, and the indices of those that were longer than the limit."""

    rows: tuple[Encoded, ...]
    refused: tuple[int, ...]


def prompt_ids(tokenizer: Any, messages: Sequence[Message]) -> list[int]:
    """Token ids of a prompt, up to where the model begins to answer."""
    text = tokenizer.apply_chat_template(list(messages), add_generation_prompt=True, tokenize=False)
    return tokenizer(text, add_special_tokens=False)["input_ids"]


def end_id(tokenizer: Any) -> int:
    """The token that ends an answer in the tokenizer's chat template (`<|im_end|>` in ChatML).

    It is the first special token that the template writes after an assistant message; where it
    writes none, the tokenizer's end of sequence.
    """
    user = {"role": "user", "content": _PROBE}
    text = tokenizer.apply_chat_template(
        [user, {"role": "assistant", "content": _PROBE}], tokenize=False
    )
    tail = text[text.rindex(_PROBE) + len(_PROBE) :]
    special = set(tokenizer.all_special_ids)
    for token in tokenizer(tail, add_special_tokens=False)["input_ids"]:
        if token in special:
            return token
    return tokenizer.eos_token_id


def encode_rows(
    tokenizer: Any,
    rows: Sequence[tuple[Sequence[Message], str]],
    *,
    max_length: int,
    answer_weights: Mapping[str, float] | None = None,
) -> Encoding:
    """Encodes (messages, answer) rows.

    `answer_weights` names keys of a JSON answer: the first token of such a key's value, where the
    value is decided, counts that many times in the loss, every other token once.

    The prompt's tokens are exactly those of `prompt_ids`, so training and inference see the same
    prefix. Rows of more than `max_length` tokens are refused, not cut: a cut row would teach an
    answer to code that the model cannot see.
    """
    end = end_id(tokenizer)
    kept: list[Encoded] = []
    refused: list[int] = []
    for index, (messages, answer) in enumerate(rows):
        prompt = prompt_ids(tokenizer, messages)
        told = tokenizer(
            answer, add_special_tokens=False, return_offsets_mapping=bool(answer_weights)
        )
        reply = told["input_ids"]
        ids = (*prompt, *reply, end)
        if len(ids) > max_length:
            refused.append(index)
        else:
            weights = ()
            if answer_weights:
                weights = (*_weights(answer, told["offset_mapping"], answer_weights), 1.0)
            kept.append(Encoded(ids=ids, label_start=len(prompt), weights=weights))
    return Encoding(rows=tuple(kept), refused=tuple(refused))


def value_starts(answer: str) -> dict[str, int]:
    """Where the value of each key of a JSON object begins in its text; {} for other text."""
    decode, starts, at = json.JSONDecoder().raw_decode, dict[str, int](), 1
    if not answer.startswith("{"):
        return starts
    try:
        while answer[at:].lstrip().startswith('"'):
            at = answer.index('"', at)
            key, at = decode(answer, at)
            at = answer.index(":", at) + 1
            at += len(answer[at:]) - len(answer[at:].lstrip())
            starts[key] = at
            _, at = decode(answer, at)
            at += 1
    except ValueError:
        return {}
    return starts


def _weights(
    answer: str, spans: Sequence[tuple[int, int]], answer_weights: Mapping[str, float]
) -> list[float]:
    starts = value_starts(answer)
    weights = [1.0] * len(spans)
    for key, weight in answer_weights.items():
        for index, (_, end) in enumerate(spans):
            if key in starts and end > starts[key]:
                weights[index] = weight
                break
    return weights


def shared_prefix(sequences: Sequence[Sequence[int]]) -> int:
    """Number of leading tokens that all sequences have in common."""
    if not sequences:
        return 0
    ordered = sorted(map(tuple, sequences))
    first, last = ordered[0], ordered[-1]
    for position, (a, b) in enumerate(zip(first, last, strict=False)):
        if a != b:
            return position
    return min(len(first), len(last))
