"""Base models on disk: clean safetensors folders, how they are made and loaded."""

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

from forgemind_assets.errors import StoreError, UnsafeArtefact
from forgemind_assets.forge import hardware
from forgemind_assets.forge.safe_files import check_model_folder
from forgemind_assets.forge.safe_json import read_json

HASHED_SUFFIXES = (".safetensors", ".json", ".jinja", ".model", ".txt")


def clean_gguf(gguf: Path, out: Path) -> Path:
    """Converts a GGUF file to a clean safetensors folder, once. Returns `out`.

    Weights are dequantised to fp32, which bf16 runs round once on loading; rounding them to bf16
    here would change fp32 evaluation. The folder appears whole or not at all.

    Raises:
        StoreError: the file is missing or is no GGUF file.
    """
    if (out / "config.json").is_file():
        return out
    if not gguf.is_file():
        raise StoreError(f"expected GGUF weights at {gguf}, found none; fetch the model again")
    with gguf.open("rb") as stream:
        if stream.read(4) != b"GGUF":
            raise StoreError(f"{gguf} is not a GGUF file; fetch the model again")
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    source = {"gguf_file": gguf.name, "trust_remote_code": False}
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, **source)
    loaded = AutoModelForCausalLM.from_pretrained(gguf.parent, dtype=torch.float32, **source)
    config: Any = loaded.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    config.dtype = torch.float32
    model = type(loaded)(config)
    model.load_state_dict(loaded.state_dict())
    model.generation_config = loaded.generation_config

    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f".{out.name}.partial-{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        model.save_pretrained(partial)
        tokenizer.save_pretrained(partial)
        partial.rename(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return out


def load_base(
    folder: Path, *, precision: str = "auto", quantisation: str = "none", device: str | None = None
) -> tuple[Any, Any]:
    """Loads (model, tokenizer) from a safetensors folder, in evaluation mode.

    Args:
        folder: `config.json`, safetensors weights and tokenizer files.
        precision: `bf16`, `fp32`, or `auto` for what the device does best.
        quantisation: `none`, or `nf4` for 4-bit weights through bitsandbytes.
        device: `cpu` or `cuda`; None takes a GPU where there is one.

    Raises:
        StoreError: the folder holds no model.
        UnsafeArtefact: a file could run code or bring the loader down; nothing was loaded.
    """
    if not (folder / "config.json").is_file():
        raise StoreError(f"expected a model folder at {folder}, found no config.json")
    check_model_folder(folder)
    hardware.prepare()
    _refuse_unknown_architecture(folder)
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    device = device or hardware.pick_device()
    dtype = torch.bfloat16
    if hardware.resolve_precision(precision, device) == "fp32":
        dtype = torch.float32
    options: dict[str, Any] = {"dtype": dtype, "trust_remote_code": False, "use_safetensors": True}
    if quantisation == "nf4":
        from transformers import BitsAndBytesConfig

        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_compute_dtype=dtype,
            bnb_4bit_use_double_quant=True,
        )
        options["device_map"] = {"": device}
    elif quantisation != "none":
        raise ValueError(f"expected quantisation `none` or `nf4`, found {quantisation!r}")
    model: Any = AutoModelForCausalLM.from_pretrained(folder, **options)
    if quantisation == "none":
        model.to(device)
    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    return model.eval(), tokenizer


def _refuse_unknown_architecture(folder: Path) -> None:
    """Raises UnsafeArtefact unless transformers itself has the classes of `config.json`."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES as KNOWN

    path = folder / "config.json"
    config = read_json(path)
    kind, classes = config.get("model_type"), config.get("architectures") or []
    known = KNOWN.get(kind, ())
    known = (known,) if isinstance(known, str) else tuple(known)
    if not known or not set(classes) <= set(known):
        raise UnsafeArtefact(
            f"{path}: refused, expected a causal language model of transformers (for "
            f"{kind!r}: {', '.join(known) or 'none'}), found architectures {classes}"
        )


def folder_hash(folder: Path) -> str:
    """SHA-256 (hex) over names and bytes of the weights, configuration and tokenizer files."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.iterdir() if p.suffix in HASHED_SUFFIXES):
        with path.open("rb") as stream:
            inner = hashlib.file_digest(stream, "sha256").hexdigest()
        digest.update(json.dumps([path.name, inner]).encode())
    return digest.hexdigest()
