"""Small, real artefacts: safetensors files and plain LoRA adapters, written byte by byte."""

import json
import struct
from pathlib import Path
from typing import Any

LORA = "base_model.model.model.layers.0.self_attn.q_proj.lora_{}.weight"


def safetensors_file(header: dict[str, Any] | bytes, body: bytes = b"") -> bytes:
    """The bytes of a safetensors file with this header, right or wrong."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def weights(names: tuple[str, ...] = ("w",), value: float = 1.0, dtype: str = "F32") -> bytes:
    """A sound safetensors file: tensors of two fp32 numbers."""
    body = struct.pack("<2f", value, value)
    header = {
        name: {"dtype": dtype, "shape": [2], "data_offsets": [8 * n, 8 * n + 8]}
        for n, name in enumerate(names)
    }
    return safetensors_file(header, body * len(names))


def adapter_config(**changes: Any) -> dict[str, Any]:
    """What peft writes beside a LoRA adapter."""
    plain = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": "tiny",
        "bias": "none",
        "inference_mode": True,
        "r": 2,
        "lora_alpha": 4,
        "lora_dropout": 0.0,
        "target_modules": ["q_proj"],
        "auto_mapping": None,
        "modules_to_save": None,
        "rank_pattern": {},
    }
    return plain | changes


def write_adapter(folder: Path, value: float = 1.0, **manifest: Any) -> Path:
    """An adapter's folder as the Forge leaves it, but for the curve."""
    folder.mkdir(parents=True, exist_ok=True)
    names = (LORA.format("A"), LORA.format("B"))
    (folder / "adapter_model.safetensors").write_bytes(weights(names, value))
    (folder / "adapter_config.json").write_text(json.dumps(adapter_config()))
    (folder / "manifest.json").write_text(json.dumps({"settings": {"rank": 2}} | manifest))
    return folder


def change_a_byte(path: Path) -> None:
    """Flips one bit of the last byte."""
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
