"""Detoxify over texts of any length: windows that overlap, batches, the worst window counts.

The package judges the first 512 tokens of a text and takes a whole list as one batch. Here each
text is cut into windows, so that what stands after the first page is judged like the rest.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forgemind_assets.errors import DownloadError, NotAvailable
from forgemind_assets.forge import hardware
from forgemind_assets.forge.weights import folder_hash
from resources.models import ModelStore

DEFAULT_MODEL = "detoxify-original"
# What the models call toxic. `unbiased` and `multilingual` also name who a text speaks of (female,
# muslim, …); a text is no worse for that.
TOXIC_LABELS = frozenset(
    {
        "toxicity",
        "severe_toxicity",
        "obscene",
        "identity_attack",
        "insult",
        "threat",
        "sexual_explicit",
    }
)
# The hub's `unitary/toxic-bert` keeps the names of the Jigsaw challenge.
STANDARD_NAMES = {
    "toxic": "toxicity",
    "severe_toxic": "severe_toxicity",
    "identity_hate": "identity_attack",
}


@dataclass(frozen=True)
class Windows:
    """How a text is cut.

    Attributes:
        tokens: length of a window, special tokens included; the models were trained on 512.
        overlap: tokens that two neighbours share: a passage of up to so many tokens lies whole in
            at least one window.
        batch: windows judged at once.
    """

    tokens: int = 512
    overlap: int = 128
    batch: int = 16


def open_toxicity(
    models: ModelStore, name: str = DEFAULT_MODEL, windows: Windows | None = None
) -> "Toxicity":
    """The classifier on weights that are on this machine. Nothing is downloaded.

    Raises:
        NotAvailable: the weights are not here, or cannot be used; the layer did not run.
    """
    if models.state(name) not in ("clean", "present"):
        raise NotAvailable(
            "weights_missing",
            f"the weights of {name} are not on this machine; run `forgemind models pull {name}`",
        )
    try:
        return Toxicity(models.clean(name), windows or Windows())
    except DownloadError as error:
        raise NotAvailable("weights_unusable", f"{name}: {error}") from error


class Toxicity:
    """A detoxify model in a folder of safetensors.

    Raises:
        NotAvailable: the folder holds no such model, or not all of its weights.
    """

    def __init__(self, folder: Path, windows: Windows | None = None, device: str | None = None):
        self.folder = folder
        self._model, self._tokenizer = load(folder)
        self._device = device or hardware.pick_device()
        self._model.to(self._device).eval()
        self.labels = labels_of(self._model.config, folder)
        self.windows = fitted(windows or Windows(), self._model.config, self._tokenizer)
        self.version = folder_hash(folder)[:16]

    def scores(
        self,
        texts: Sequence[str],
        on_progress: Callable[[int, int], None] = lambda done, all_: None,
    ) -> list[dict[str, float]]:
        """For each text the highest score (0 to 1) of its windows, by label.

        `on_progress(windows done, windows in all)` is called after each batch. Raises
        NotAvailable where a score is no number.
        """
        pieces = [(n, ids) for n, text in enumerate(texts) for ids in self._cut(text)]
        worst = [dict.fromkeys(self.labels.values(), 0.0) for _ in texts]
        pieces.sort(key=lambda piece: len(piece[1]))
        for start in range(0, len(pieces), self.windows.batch):
            batch = pieces[start : start + self.windows.batch]
            for (owner, _), row in zip(batch, self._judge([ids for _, ids in batch]), strict=True):
                for index, label in self.labels.items():
                    worst[owner][label] = max(worst[owner][label], row[index])
            on_progress(start + len(batch), len(pieces))
        return worst

    def _cut(self, text: str) -> Iterator[list[int]]:
        """Token ids of each window, special tokens included."""
        cut = self._tokenizer(
            text,
            truncation=True,
            max_length=self.windows.tokens,
            stride=self.windows.overlap,
            return_overflowing_tokens=True,
        )
        yield from cut["input_ids"]

    def _judge(self, windows: Sequence[list[int]]) -> list[list[float]]:
        """Scores of each window, `(windows, labels)`."""
        import torch

        padded = self._tokenizer.pad({"input_ids": list(windows)}, return_tensors="pt")
        with torch.inference_mode():
            logits = self._model(**padded.to(self._device)).logits
        rows = torch.sigmoid(logits.float()).cpu().tolist()
        if not all(math.isfinite(score) for row in rows for score in row):
            raise NotAvailable("scores_not_finite", f"{self.folder}: a score is no number")
        return rows


def load(folder: Path) -> tuple[Any, Any]:
    """Model and tokenizer of a folder of safetensors. Raises NotAvailable."""
    hardware.prepare()
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    local = {"local_files_only": True, "trust_remote_code": False}
    try:
        model, told = AutoModelForSequenceClassification.from_pretrained(
            folder, use_safetensors=True, output_loading_info=True, **local
        )
        tokenizer = AutoTokenizer.from_pretrained(folder, **local)
    except (OSError, ValueError, KeyError) as error:
        reason = " ".join(str(error).split())[:300]
        raise NotAvailable("weights_unusable", f"{folder}: {reason}") from error
    # transformers fills what is missing with random numbers, and a mere warning
    if told["missing_keys"] or told["mismatched_keys"]:
        missing = sorted(map(str, told["missing_keys"]))[:3]
        raise NotAvailable("weights_unusable", f"{folder}: expected weights for {missing}")
    return model, tokenizer


def labels_of(config: Any, folder: Path) -> dict[int, str]:
    """The model's toxic outputs by index. Raises NotAvailable where there are none."""
    named = {int(i): STANDARD_NAMES.get(name, name) for i, name in config.id2label.items()}
    labels = {index: name for index, name in named.items() if name in TOXIC_LABELS}
    if "toxicity" not in labels.values():
        raise NotAvailable("weights_unusable", f"{folder}: expected the label toxicity")
    return labels


def fitted(windows: Windows, config: Any, tokenizer: Any) -> Windows:
    """The windows, no longer than the model has positions for."""
    offset = 2 if "roberta" in config.model_type else 0  # RoBERTa counts from its padding index
    tokens = min(
        windows.tokens, tokenizer.model_max_length, config.max_position_embeddings - offset
    )
    room = tokens - tokenizer.num_special_tokens_to_add()
    return Windows(tokens, min(windows.overlap, room // 2), windows.batch)
