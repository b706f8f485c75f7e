"""Hostile models and adapters, by what is wrong with them.

Each payload that could run writes a canary file if it does.
"""

import json
import os
import pickle
import struct
from pathlib import Path

from fakes.artefacts import safetensors_file, weights

CONFIG = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 8,
    "num_hidden_layers": 1,
    "vocab_size": 32,
}


class Payload:
    """Writes the canary when it is unpickled."""

    def __init__(self, canary: Path):
        self.canary = canary

    def __reduce__(self):
        return os.system, (f"touch '{self.canary}'",)


def put(folder: Path, name: str, content) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content))


def tensor(dtype="F32", shape=(2,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


def escape(canary: str) -> str:
    return (
        "{{ ''.__class__.__mro__[1].__subclasses__()[104].__init__.__globals__['sys']"
        f".modules['os'].system('touch {canary}') }}}}"
    )


def write_sound_model(folder: Path) -> Path:
    """A model's folder that nothing is wrong with."""
    folder.mkdir(parents=True)
    put(folder, "config.json", CONFIG)
    put(folder, "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast"})
    put(folder, "generation_config.json", {"eos_token_id": 2, "temperature": 0.7})
    put(folder, "tokenizer.json", {"model": {"vocab": {"auto_map": 0}}})
    put(folder, "chat_template.jinja", "{% for m in messages %}{{ m['content'] }}{% endfor %}")
    put(folder, "model.safetensors", weights())
    return folder


def spoil(folder: Path, name: str, content, canary: Path) -> None:
    if content == "PICKLE":
        content = pickle.dumps(Payload(canary))
    text = content if isinstance(content, bytes | str) else json.dumps(content)
    if isinstance(text, str):
        text = text.replace("ESCAPE", escape(str(canary)))
    put(folder, name, text)


REMOTE = {"AutoModelForCausalLM": "evil/repo--modeling.Evil"}
NESTED = b"[" * 100_000 + b"]" * 100_000

# What a file of a model's folder says, and a part of the refusal.
MODELS = {
    "a pickle as weights": ("pytorch_model.bin", "PICKLE", "can run code"),
    "a torch checkpoint": ("model.pt", "PICKLE", "can run code"),
    "a bare pickle": ("tokenizer.pkl", "PICKLE", "can run code"),
    "an array of objects": ("embeddings.npy", "PICKLE", "can run code"),
    "an index of pickles": ("pytorch_model.bin.index.json", {"weight_map": {}}, "can run code"),
    "a module of code": ("modeling_evil.py", "import os", "can run code"),
    "a native library": ("ext/kernel.so", b"\x7fELF", "can run code"),
    "a header longer than the file": (
        "model.safetensors",
        struct.pack("<Q", 2**62) + b"{}",
        "the header says it has",
    ),
    "a header that is no JSON": ("model.safetensors", safetensors_file(b"{]"), "expected JSON"),
    "tensors that overlap": (
        "model.safetensors",
        safetensors_file({"a": tensor(), "b": tensor(offsets=(4, 12))}, bytes(12)),
        "overlaps",
    ),
    "tensors beyond the file": (
        "model.safetensors",
        safetensors_file({"a": tensor(shape=(2**40,), offsets=(0, 2**42))}, bytes(8)),
        "its tensors take",
    ),
    "a shape that its bytes do not hold": (
        "model.safetensors",
        safetensors_file({"a": tensor(shape=(2**20, 2**20))}, bytes(8)),
        "its shape needs",
    ),
    "a dtype that runs code": (
        "model.safetensors",
        safetensors_file({"a": tensor(dtype="OBJECT")}, bytes(8)),
        "expected a dtype",
    ),
    "a tensor named twice": (
        "model.safetensors",
        safetensors_file(b'{"a":%b,"a":%b}' % ((json.dumps(tensor()).encode(),) * 2), bytes(8)),
        "twice in one object",
    ),
    "remote code in config.json": ("config.json", CONFIG | {"auto_map": REMOTE}, "auto_map"),
    "trust in remote code": ("config.json", CONFIG | {"trust_remote_code": True}, "trust_remote"),
    "remote code deep within": (
        "config.json",
        CONFIG | {"text_config": {"auto_map": REMOTE}},
        "auto_map",
    ),
    "an architecture by path": (
        "config.json",
        CONFIG | {"architectures": ["evil.modeling.Evil"]},
        "architectures",
    ),
    "a kernel of a hub as attention": (
        "config.json",
        CONFIG | {"attn_implementation": "evil/kernel"},
        "attn_implementation",
    ),
    "more layers than memory": (
        "config.json",
        CONFIG | {"num_hidden_layers": 10**9},
        "num_hidden_layers",
    ),
    "a remote tokenizer": (
        "tokenizer_config.json",
        {"auto_map": {"AutoTokenizer": ["evil/repo--tok.Evil", None]}},
        "auto_map",
    ),
    "a tokenizer class by path": (
        "tokenizer_config.json",
        {"tokenizer_class": "evil.tok.Tokenizer"},
        "tokenizer_class",
    ),
    "a vocabulary elsewhere": (
        "tokenizer_config.json",
        {"vocab_file": "../../../etc/passwd"},
        "vocab_file",
    ),
    "a template that escapes": ("chat_template.jinja", "ESCAPE", "reaches the attribute"),
    "a template that escapes within JSON": (
        "tokenizer_config.json",
        {"chat_template": [{"name": "default", "template": "ESCAPE"}]},
        "reaches the attribute",
    ),
    "generation code": (
        "generation_config.json",
        {"custom_generate": "evil/repo"},
        "custom_generate",
    ),
    "a negative temperature": ("generation_config.json", {"temperature": -1}, "temperature"),
    "a billion beams": ("generation_config.json", {"num_beams": 10**9}, "num_beams"),
    "an index that points outside": (
        "model.safetensors.index.json",
        {"weight_map": {"w": "../outside.safetensors"}},
        "weight_map",
    ),
    "an index that points at a pickle": (
        "model.safetensors.index.json",
        {"weight_map": {"w": "weights.bin"}},
        "weight_map",
    ),
    "a module of sentence-transformers by path": (
        "modules.json",
        [{"type": "evil.Module", "path": ""}],
        "modules of sentence_transformers",
    ),
    "JSON without end": ("config.json", b" " * (5 * 2**20), "expected at most"),
    "JSON without bottom": ("config.json", NESTED, "levels deep"),
    "a key named twice": ("config.json", b'{"model_type": "llama", "model_type": "x"}', "twice"),
    "NaN": ("config.json", b'{"model_type": "llama", "rms_norm_eps": NaN}', "found NaN"),
    "a number without end": ("config.json", b'{"rms_norm_eps": 1e999}', "expected finite"),
    "bytes that are no text": ("config.json", b'{"model_type": "\xff"}', "UTF-8"),
}

ADAPTERS = {
    "a remote base model": ({"base_model_name_or_path": "evil/repo"}, "base_model_name_or_path"),
    "a mapping to a module": (
        {"auto_mapping": {"base_model_class": "system", "parent_library": "os"}},
        "auto_mapping",
    ),
    "a module to import": ({"megatron_core": "evil", "megatron_config": {"a": 1}}, "megatron"),
    "another method": ({"peft_type": "ADALORA"}, "peft_type"),
    "layers chosen by a regular expression": ({"target_modules": "(a+)+$"}, "target_modules"),
    "whole modules in place of the base's": ({"modules_to_save": ["lm_head"]}, "modules_to_save"),
    "a rank of a billion": ({"r": 10**9}, "r: expected"),
    "a revision to fetch": ({"revision": "evil"}, "revision"),
}
