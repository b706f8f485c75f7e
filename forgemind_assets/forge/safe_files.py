"""The folder of a model or adapter, checked as data before any library opens it.

`check_model_folder` and `check_adapter_folder` refuse what could run code, reach out of the
folder, or bring a library down. They read bytes, JSON and Jinja's syntax; they load nothing.
"""

import os
import re
import stat
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from forgemind_assets.errors import UnsafeArtefact
from forgemind_assets.forge import safe_config as rules
from forgemind_assets.forge.safe_json import LIMIT, VOCABULARY_LIMIT, read_json
from forgemind_assets.forge.safe_template import check_template
from forgemind_assets.forge.safe_tensors import WEIGHTS, check_tensors

_PICKLES = (
    ".bin .pt .pth .ckpt .pkl .pickle .joblib .npy .npz .h5 .hdf5 .keras .msgpack .mar .dill "
    ".pb .onnx"
)
PICKLES = frozenset(_PICKLES.split())
_CODE = (
    ".py .pyc .pyo .pyd .pyx .pyz .so .dll .dylib .exe .sh .bash .bat .cmd .ps1 .js .jar .whl "
    ".egg .zip .tar .gz .ipynb .class .wasm .ko"
)
CODE = frozenset(_CODE.split())
_DATA = (
    ".safetensors .json .jinja .txt .model .md .gguf .png .jpg .jpeg .gif .svg .webp .pdf .yaml "
    ".yml .tiktoken .gitattributes"
)
DATA = frozenset(_DATA.split())
BARE = re.compile(r"(licen[cs]e|notice|copying|use_policy|readme|\.gitattributes)[\w.-]*", re.I)
VOCABULARIES = frozenset({"tokenizer.json", "vocab.json", "added_tokens.json"})
"""Their keys are tokens, which may be any text."""

TENSOR_NAME = re.compile(r"base_model\.model\.[A-Za-z0-9_.]{1,300}\.lora_[AB]\.weight")
ADAPTER_FILES = frozenset(
    {"adapter_model.safetensors", "adapter_config.json", "manifest.json", "loss_curve.png"}
)
JSON_RULES: dict[str, Callable[[Any, str], None]] = {
    "config.json": rules.check_config,
    "tokenizer_config.json": rules.check_tokenizer_config,
    "generation_config.json": rules.check_generation_config,
    "adapter_config.json": rules.check_adapter_config,
    "modules.json": rules.check_modules,
}


def check_model_folder(folder: Path) -> None:
    """Accepts a folder of safetensors, JSON, chat templates and texts.

    Raises:
        UnsafeArtefact: names the first file that is refused, and why. An unchanged folder is
            looked at once in a process.
    """
    _check_model(folder, _marks(folder))


@lru_cache(maxsize=64)
def _check_model(folder: Path, marks: tuple[tuple[str, int, int, int], ...]) -> None:
    files = frozenset(name for name, *_ in marks)
    for name in sorted(files):
        path = folder / name
        if path.suffix == ".safetensors":
            check_tensors(path)
        elif path.suffix == ".json":
            _check_json(path, files)
        elif path.suffix == ".jinja":
            _check_jinja(path)


def check_adapter_folder(folder: Path) -> None:
    """Accepts a plain LoRA adapter in peft's format with its manifest, or a manifest alone.

    Raises:
        UnsafeArtefact: names the first file that is refused, and why.
    """
    for name, *_ in _marks(folder):
        if name not in ADAPTER_FILES:
            raise UnsafeArtefact(
                f"{folder / name}: refused, an adapter's folder holds only "
                f"{', '.join(sorted(ADAPTER_FILES))}; remove it"
            )
    weights, config = folder / "adapter_model.safetensors", folder / "adapter_config.json"
    if (folder / "manifest.json").is_file():
        read_json(folder / "manifest.json", limit=VOCABULARY_LIMIT)
    if config.is_file():
        rules.check_adapter_config(read_json(config), str(config))
    if weights.is_file():
        for name in check_tensors(weights, WEIGHTS):
            if not TENSOR_NAME.fullmatch(name):
                raise UnsafeArtefact(
                    f"{weights}: refused, expected LoRA matrices only, found the tensor "
                    f"{name[:80]!r}"
                )


def _check_json(path: Path, files: frozenset[str]) -> None:
    where = str(path)
    if path.name in VOCABULARIES:
        read_json(path, VOCABULARY_LIMIT)
    elif path.name.endswith(".index.json"):
        beside = frozenset(p.name for p in path.parent.glob("*.safetensors"))
        rules.check_index(read_json(path, 4 * LIMIT), where, beside)
    else:
        rule = JSON_RULES.get(path.name, rules.check_any)
        rule(read_json(path), where)


def _check_jinja(path: Path) -> None:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UnsafeArtefact(f"{path}: refused, expected UTF-8: {error}") from None
    check_template(text, str(path))


def _marks(folder: Path) -> tuple[tuple[str, int, int, int], ...]:
    """Name, size and times of every file below a folder, each of a kind that may lie there."""
    root = folder.resolve()
    found = []
    for place, folders, names in os.walk(folder):
        for name in (*folders, *names):
            path = Path(place) / name
            about = _refuse_kind(path, root)
            if not stat.S_ISDIR(about.st_mode):
                mark = (about.st_size, about.st_mtime_ns, about.st_ctime_ns)
                found.append((path.relative_to(folder).as_posix(), *mark))
    return tuple(sorted(found))


def _refuse_kind(path: Path, root: Path) -> os.stat_result:
    """Raises UnsafeArtefact for links that leave, devices, pickles, code, and unknown kinds."""
    if path.is_symlink() and not path.resolve().is_relative_to(root):
        raise UnsafeArtefact(f"{path}: refused, a link that leaves the model's folder")
    try:
        about = path.stat()
    except OSError as error:
        raise UnsafeArtefact(f"{path}: refused, a link that leads nowhere: {error}") from None
    if stat.S_ISDIR(about.st_mode):
        return about
    suffix = path.suffix.lower()
    if suffix in PICKLES | CODE or path.name.endswith(".bin.index.json"):
        raise UnsafeArtefact(
            f"{path}: refused, a {suffix} file can run code when it is loaded; convert the "
            "weights to safetensors and remove it"
        )
    if not stat.S_ISREG(about.st_mode):
        raise UnsafeArtefact(f"{path}: refused, not a plain file")
    if about.st_nlink > 1:
        raise UnsafeArtefact(
            f"{path}: refused, it has {about.st_nlink} hard links and could change under another "
            "name; put a copy in its place"
        )
    if suffix not in DATA and not BARE.fullmatch(path.name):
        raise UnsafeArtefact(f"{path}: refused, not a file that a model needs; remove it")
    return about
