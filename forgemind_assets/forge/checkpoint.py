"""Checkpoints of a training run: safetensors and JSON, written whole or not at all."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from forgemind_assets.errors import StoreError, disk_is_full

STATE = "state.safetensors"
POSITION = "position.json"


def save(work: Path, step: int, tensors: dict[str, Any], position: dict[str, Any]) -> Path:
    """Writes checkpoint `step` under `work` and then removes the older ones.

    Raises:
        StoreError: the disk is full.
    """
    from safetensors.torch import save_file

    final = work / f"step-{step:08d}"
    partial = work / f".partial-{os.getpid()}"
    with full_disk_is_clear(work):
        work.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        save_file({k: v.detach().contiguous().cpu() for k, v in tensors.items()}, partial / STATE)
        (partial / POSITION).write_text(json.dumps(position), encoding="utf-8")
        shutil.rmtree(final, ignore_errors=True)
        partial.rename(final)
    for old in checkpoints(work):
        if old != final:
            shutil.rmtree(old, ignore_errors=True)
    return final


def load(work: Path, fingerprint: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """The newest checkpoint (tensors, position) of the run with this fingerprint, or None.

    A checkpoint of other rows or settings is left out: continuing it would mix two runs.
    """
    from safetensors.torch import load_file

    for folder in reversed(checkpoints(work)):
        position = json.loads((folder / POSITION).read_text(encoding="utf-8"))
        if position["fingerprint"] == fingerprint:
            return load_file(folder / STATE), position
    return None


def checkpoints(work: Path) -> list[Path]:
    """Complete checkpoints, oldest first."""
    if not work.is_dir():
        return []
    return sorted(path for path in work.iterdir() if path.name.startswith("step-"))


@contextmanager
def full_disk_is_clear(folder: Path) -> Iterator[None]:
    """Turns `no space left` into a StoreError that says where, and how to go on."""
    try:
        yield
    except Exception as error:
        if disk_is_full(error):
            raise StoreError(
                f"no space left on the disk of {folder}; free some and run again, "
                "the training goes on from its last checkpoint"
            ) from error
        raise
