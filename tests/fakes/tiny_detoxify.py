"""A tiny random model of detoxify's architecture, saved as its authors save theirs."""

import json
from pathlib import Path
from typing import Any

LABELS = ("toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate")
WORDS = ("you", "are", "a", "nice", "person", "shut", "up", "fool", *"0123456")
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def write_base(folder: Path) -> Path:
    """Configuration and vocabulary of a BERT with 64 positions, as a hub carries them."""
    folder.mkdir(parents=True)
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)]
    vocabulary = [*SPECIAL, *dict.fromkeys([*WORDS, *letters, *(f"##{c}" for c in letters)])]
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    config = {
        "model_type": "bert",
        "architectures": ["BertForMaskedLM"],
        "vocab_size": len(vocabulary),
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 64,
        "max_position_embeddings": 64,
        "initializer_range": 0.5,
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    tokenizer = {"do_lower_case": True, "model_max_length": 512}
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    return folder


def write_checkpoint(
    file: Path,
    base: Path,
    *,
    model_type: str = "bert-base-uncased",
    model_name: str = "BertForSequenceClassification",
    tokenizer_name: str = "BertTokenizer",
    classes: tuple[str, ...] = LABELS,
    drop: str = "",
) -> Path:
    """A checkpoint with the keys of `toxic_original-c1212f89.ckpt`: `config` and `state_dict`."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(7)
    config = BertConfig.from_pretrained(base, num_labels=len(LABELS))
    state: dict[str, Any] = dict(BertForSequenceClassification(config).state_dict())
    state["bert.embeddings.position_ids"] = torch.arange(64).unsqueeze(0)
    state.pop(drop, None)
    arch = {
        "model_type": model_type,
        "model_name": model_name,
        "tokenizer_name": tokenizer_name,
        "num_classes": len(LABELS),
    }
    told = {"arch": {"args": arch}, "dataset": {"args": {"classes": list(classes)}}}
    torch.save({"config": told, "state_dict": state}, file)
    return file
