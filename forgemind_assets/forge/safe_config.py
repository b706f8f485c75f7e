"""What the JSON files beside a model's weights may say, before a library believes them.

transformers and peft import classes, fetch code and load kernels when a configuration names them.
A configuration that does is refused; so are numbers that no model has.
"""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from forgemind_assets.errors import UnsafeArtefact
from forgemind_assets.forge.safe_template import check_template

CODE_KEYS = ("auto_map", "auto_mapping", "trust_remote_code", "custom_generate", "custom_pipelines")
CLASS = re.compile(r"[A-Za-z][A-Za-z0-9]{0,99}")
WORD = re.compile(r"[A-Za-z0-9_.-]{0,100}")
MODEL_TYPE = re.compile(r"[a-z0-9][a-z0-9_-]{0,60}")
PLAIN_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,200}")
LAYER_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.]{0,100}")

NUMBER_LIMIT = 10**12
"""Of a number in config.json; the largest in use is a rope_theta of some 10^9."""

SIZES = {"num_hidden_layers": 1000, "hidden_size": 10**6, "intermediate_size": 10**7,
         "vocab_size": 10**7, "num_attention_heads": 10**4, "num_local_experts": 10**4}  # fmt: skip

Rule = Callable[[Any], bool]


def check_config(value: Any, where: str) -> None:
    """Refuses a `config.json` that brings code, a kernel, or sizes that no model has."""
    _object(value, where)
    _walk(value, where, _config_complaint)
    kind = value.get("model_type")
    if kind is not None and not (isinstance(kind, str) and MODEL_TYPE.fullmatch(kind)):
        raise _refused(where, "model_type", "a name such as llama", kind)


def _config_complaint(key: str, value: Any) -> str | None:
    if key == "architectures" and value is not None:
        good = isinstance(value, list) and all(_is_class(name) for name in value)
        return None if good else "names of classes of transformers"
    if key.endswith("_implementation") and value is not None:
        good = isinstance(value, str) and re.fullmatch(r"[a-z0-9_]+", value)
        return None if good else "a name such as sdpa, not a kernel of a hub"
    if key.endswith("_class") and value is not None:
        return None if _is_class(value) else "a class of transformers"
    limit = SIZES.get(key, NUMBER_LIMIT)
    if isinstance(value, int | float) and not abs(value) <= limit:
        return f"a number of at most {limit:,}"
    return None


def check_tokenizer_config(value: Any, where: str) -> None:
    """Refuses a `tokenizer_config.json` that names code, files elsewhere, or a bad template."""
    _object(value, where)
    _walk(value, where, _tokenizer_complaint)
    for name, text in templates_of(value.get("chat_template"), where):
        check_template(text, f"{where} ({name})")


def _tokenizer_complaint(key: str, value: Any) -> str | None:
    if value is None:
        return None
    if key.endswith("_class"):
        return None if _is_class(value) else "a class of transformers"
    if key.endswith("_file") or key in ("transformers_weights", "gguf_file"):
        good = isinstance(value, str) and PLAIN_FILE.fullmatch(value)
        return None if good else "the name of a file in this folder"
    if key == "backend":
        good = isinstance(value, str) and WORD.fullmatch(value)
        return None if good else "a name such as tokenizers"
    return None


def templates_of(value: Any, where: str) -> list[tuple[str, str]]:
    """The chat templates of a tokenizer's configuration, by name."""
    if value is None:
        return []
    if isinstance(value, str):
        return [("chat_template", value)]
    named = value.items() if isinstance(value, dict) else None
    if isinstance(value, list) and all(isinstance(v, dict) for v in value):
        named = [(v.get("name"), v.get("template")) for v in value]
    if named is None or not all(isinstance(n, str) and isinstance(t, str) for n, t in named):
        raise _refused(where, "chat_template", "a text, or texts with names", value)
    return list(named)


GENERATION: dict[str, Rule] = {
    "temperature": lambda v: _is_number(v, 0, 100),
    "top_p": lambda v: _is_number(v, 0, 1),
    "top_k": lambda v: _is_number(v, 0, 10**6),
    "min_p": lambda v: _is_number(v, 0, 1),
    "typical_p": lambda v: _is_number(v, 0, 1),
    "repetition_penalty": lambda v: _is_number(v, 0, 100),
    "num_beams": lambda v: _is_number(v, 1, 64),
    "num_return_sequences": lambda v: _is_number(v, 1, 64),
    "max_length": lambda v: _is_number(v, 1, 10**7),
    "max_new_tokens": lambda v: _is_number(v, 1, 10**7),
    "max_time": lambda v: _is_number(v, 0, 10**6),
    "bos_token_id": lambda v: _are_tokens(v),
    "eos_token_id": lambda v: _are_tokens(v),
    "pad_token_id": lambda v: _are_tokens(v),
    "decoder_start_token_id": lambda v: _are_tokens(v),
}


def check_generation_config(value: Any, where: str) -> None:
    """Refuses a `generation_config.json` with code, objects, or values that make no sense."""
    _object(value, where)
    _walk(value, where, lambda key, inner: None)
    for key, found in value.items():
        if found is None:
            continue
        rule = GENERATION.get(key, _is_simple)
        if not rule(found):
            raise _refused(where, key, "a value that generation can take", found)


def _is_simple(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= 200 and "/" not in value.replace("</", "")
    if isinstance(value, list):
        return len(value) <= 10_000 and all(_is_simple(inner) for inner in value)
    return value == {} or isinstance(value, bool) or _is_number(value, -(10**9), 10**9)


ADAPTER: dict[str, Rule] = {
    "peft_type": lambda v: v == "LORA",
    "task_type": lambda v: v in ("CAUSAL_LM", None),
    "base_model_name_or_path": lambda v: isinstance(v, str) and bool(PLAIN_FILE.fullmatch(v)),
    "bias": lambda v: v == "none",
    "peft_version": lambda v: isinstance(v, str) and bool(WORD.fullmatch(v)),
    "megatron_core": lambda v: v in ("megatron.core", None),
    "inference_mode": lambda v: isinstance(v, bool),
    "init_lora_weights": lambda v: isinstance(v, bool),
    "fan_in_fan_out": lambda v: isinstance(v, bool),
    "use_dora": lambda v: isinstance(v, bool),
    "use_rslora": lambda v: isinstance(v, bool),
    "qalora_group_size": lambda v: _is_number(v, 1, 10**6),
    "r": lambda v: type(v) is int and 1 <= v <= 512,
    "lora_alpha": lambda v: _is_number(v, 0, 10**6),
    "lora_dropout": lambda v: _is_number(v, 0, 1) and v < 1,
    "target_modules": lambda v: v == "all-linear" or _are_names(v),
}


def check_adapter_config(value: Any, where: str) -> None:
    """Refuses an `adapter_config.json` that is not a plain LoRA of a base model of ours.

    A key that is not in the table must be empty: some of them name modules that peft imports,
    repositories that it fetches from, or regular expressions.
    """
    _object(value, where)
    for key in ("peft_type", "r", "target_modules", "base_model_name_or_path"):
        if key not in value:
            raise _refused(where, key, "a value", None)
    for key, found in value.items():
        rule = ADAPTER.get(key, lambda v: v in (None, False, "") or v in ({}, []))
        if not rule(found):
            raise _refused(where, key, "what a plain LoRA adapter of ours says", found)


def check_index(value: Any, where: str, files: frozenset[str]) -> None:
    """Refuses an index of weights that points at anything but safetensors beside it."""
    _object(value, where)
    found = value.get("weight_map")
    if not isinstance(found, dict):
        raise _refused(where, "weight_map", "tensors and their files", found)
    for file in found.values():
        plain = isinstance(file, str) and PLAIN_FILE.fullmatch(file)
        if not plain or not file.endswith(".safetensors") or file not in files:
            raise _refused(where, "weight_map", "safetensors files of this folder", file)


def check_modules(value: Any, where: str) -> None:
    """Refuses a `modules.json` whose classes or folders are not sentence-transformers' own."""
    rows = value if isinstance(value, list) else [None]
    for row in rows:
        kind, path = (row.get("type"), row.get("path")) if isinstance(row, dict) else (None, None)
        ours = isinstance(kind, str) and re.fullmatch(r"sentence_transformers(\.\w+)+", kind)
        if not ours or not isinstance(path, str) or not (path == "" or PLAIN_FILE.fullmatch(path)):
            raise _refused(where, "type, path", "modules of sentence_transformers", row)


def check_any(value: Any, where: str) -> None:
    """Refuses code in any other JSON file."""
    _walk(value, where, _config_complaint)


def _walk(value: Any, where: str, complaint: Callable[[str, Any], str | None]) -> None:
    """Holds every key, at every depth, against the keys that bring code and a file's own rule."""
    if isinstance(value, list):
        for inner in value:
            _walk(inner, where, complaint)
    if not isinstance(value, Mapping):
        return
    for key, inner in value.items():
        if key in CODE_KEYS and inner not in (None, False, {}, []):
            raise _refused(where, key, "no code that is loaded with the model", inner)
        expected = complaint(key, inner)
        if expected:
            raise _refused(where, key, expected, inner)
        _walk(inner, where, complaint)


def _object(value: Any, where: str) -> None:
    if not isinstance(value, dict):
        raise _refused(where, "", "an object", value)


def _is_class(value: Any) -> bool:
    return isinstance(value, str) and CLASS.fullmatch(value) is not None


def _are_names(value: Any) -> bool:
    good = isinstance(value, list) and 0 < len(value) <= 1000
    return good and all(isinstance(v, str) and LAYER_NAME.fullmatch(v) for v in value)


def _are_tokens(value: Any) -> bool:
    many = value if isinstance(value, list) else [value]
    return len(many) <= 1000 and all(_is_number(token, -1, 10**7) for token in many)


def _is_number(value: Any, low: float, high: float) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and low <= value <= high


def _refused(where: str, key: str, expected: str, found: Any) -> UnsafeArtefact:
    shown = repr(found)
    shown = shown if len(shown) <= 80 else shown[:77] + "..."
    place = f"{key}: " if key else ""
    return UnsafeArtefact(f"{where}: refused, {place}expected {expected}, found {shown}")
