"""A dataset version as a plain folder: both tables, the data card, and a manifest with hashes."""

import json
import os
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

from forgemind_assets.errors import StoreError, UserError
from forgemind_assets.lorekeeper.store import Manifest, Store, hash_files

ASSET = "filtered_dataset"
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Exported:
    """A dataset version that lies in a folder of its own.

    Attributes:
        folder: where it lies.
        version: the version in the store.
        files: all files, the manifest included.
        changed: whether the folder holds something else than before.
    """

    folder: Path
    version: str
    files: tuple[str, ...]
    changed: bool


def export_dataset(store: Store, goal: str, iteration: str, folder: Path) -> Exported:
    """Writes a dataset version whole into `folder`, in place of an earlier export of the goal.

    The manifest holds no date and no path: the same version gives the same bytes, and a tool that
    tracks the folder sees no change.

    Raises:
        StoreError: there is no such dataset, or it is altered.
        UserError: the folder holds something that was not exported here.
    """
    source = store.verify(goal, ASSET, iteration)
    require_free(folder, goal)
    text = manifest_text(source)
    if is_same(folder, source, text):
        return Exported(folder, source.version, names_of(source), changed=False)
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}")
    try:
        shutil.copytree(store.folder(goal, ASSET, iteration), temporary)
        if hash_files(temporary) != source.files:
            raise StoreError(f"{folder}: the copy differs from the store; check the disk")
        (temporary / MANIFEST).write_text(text, encoding="utf-8")
        replace_folder(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return Exported(folder, source.version, names_of(source), changed=True)


def require_free(folder: Path, goal: str) -> None:
    """Raises UserError where a folder holds anything but an export of the goal."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        ours = found["asset"] == ASSET and found["goal"] == goal
        foreign = {p.name for p in folder.iterdir()} - {MANIFEST, *found["files"]}
    except (OSError, ValueError, KeyError, TypeError):
        ours, foreign = False, set[str]()
    if not ours or foreign:
        what = f"also {', '.join(sorted(foreign))}" if foreign else "something else"
        raise UserError(
            f"{folder}: expected a free place or an earlier export of {goal}, found {what}; name "
            "another folder with --to"
        )


def manifest_text(source: Manifest) -> str:
    """What was exported, as JSON."""
    told = {
        "goal": source.goal,
        "asset": source.asset,
        "iteration": source.partition,
        "version": source.version,
        "rows_kept": source.meta.get("rows_kept"),
        "rows_rejected": source.meta.get("rows_rejected"),
        "files": {name: entry.model_dump() for name, entry in sorted(source.files.items())},
    }
    return json.dumps(told, indent=1, sort_keys=True) + "\n"


def is_same(folder: Path, source: Manifest, text: str) -> bool:
    """Whether this very version lies in the folder already, unaltered."""
    manifest = folder / MANIFEST
    if not manifest.is_file() or manifest.read_text(encoding="utf-8") != text:
        return False
    found = hash_files(folder)
    return {name: found.get(name) for name in source.files} == source.files


def names_of(source: Manifest) -> tuple[str, ...]:
    """All names of an export."""
    return (*sorted(source.files), MANIFEST)


def replace_folder(new: Path, target: Path) -> None:
    """Puts a folder in the place of another; what was there stays until the new one stands."""
    old = target.with_name(f".{target.name}.old-{uuid.uuid4().hex[:8]}")
    if target.exists():
        target.rename(old)
    try:
        new.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)
