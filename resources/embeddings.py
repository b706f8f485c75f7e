"""Sentence embeddings by MiniLM, on weights that are on this machine."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forgemind_assets.errors import DownloadError, NotAvailable
from forgemind_assets.forge import hardware
from resources.models import ModelStore

DEFAULT_MODEL = "all-minilm-l6-v2"
TOKENS = 256  # the length that all-MiniLM-L6-v2 was trained for (its sentence_bert_config.json)
BATCH = 32


class SentenceModel:
    """Mean-pooled, normalised token vectors, as its sentence-transformers card tells to do.

    Opened with the first text, and never downloaded: a run does not wait for what it may do
    without. Each text is embedded once.
    """

    def __init__(self, models: ModelStore, name: str = DEFAULT_MODEL) -> None:
        self._models, self._name = models, name
        self._loaded: tuple[Any, Any] | None = None
        self._known: dict[str, NDArray[np.float32]] = {}

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of length 1, `(texts, width)`. Raises NotAvailable without the weights."""
        missing = [text for text in dict.fromkeys(texts) if text not in self._known]
        missing.sort(key=len)  # neighbours in length, so that little is padded
        for start in range(0, len(missing), BATCH):
            batch = missing[start : start + BATCH]
            self._known |= zip(batch, self._vectors(batch), strict=True)
        if not texts:
            return np.zeros((0, 0), np.float32)
        return np.stack([self._known[text] for text in texts])

    def _vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        import torch

        model, tokenizer = self._loaded = self._loaded or self._load()
        batch = tokenizer(
            list(texts), padding=True, truncation=True, max_length=TOKENS, return_tensors="pt"
        ).to(model.device)
        with torch.inference_mode():
            states = model(**batch).last_hidden_state
        mask = batch["attention_mask"].unsqueeze(-1).to(states.dtype)
        pooled = (states * mask).sum(dim=1) / mask.sum(dim=1)
        return torch.nn.functional.normalize(pooled, dim=1).float().cpu().numpy()

    def _load(self) -> tuple[Any, Any]:
        if self._models.state(self._name) not in ("clean", "present"):
            raise NotAvailable(
                "weights_missing",
                f"the weights of {self._name} are not on this machine; run "
                f"`forgemind models pull {self._name}`",
            )
        try:
            return load(self._models.clean(self._name))
        except (DownloadError, OSError, ValueError, KeyError) as error:
            reason = " ".join(str(error).split())[:300]
            raise NotAvailable("weights_unusable", f"{self._name}: {reason}") from error


def load(folder: Path) -> tuple[Any, Any]:
    """Model and tokenizer of a folder of safetensors, ready to embed."""
    hardware.prepare()
    from transformers import AutoModel, AutoTokenizer

    local = {"local_files_only": True, "trust_remote_code": False}
    model: Any = AutoModel.from_pretrained(folder, use_safetensors=True, **local)
    tokenizer = AutoTokenizer.from_pretrained(folder, **local)
    return model.to(hardware.pick_device()).eval(), tokenizer
