"""The artifact store: published artefacts, addressed by goal, asset and partition.

Layout of one artefact::

    <root>/<goal>/<asset>/<partition>/manifest.json     written last; its presence means complete
    <root>/<goal>/<asset>/<partition>/<version>/…       the files, named by their content's hash

An artefact is published whole or not at all: files are written below a temporary name, hashed,
moved into place, and only then does `os.replace` put the manifest that points at them. A reader
that finds no manifest finds no artefact. A second publication of the same partition replaces the
pointer; the version before it is removed afterwards.
"""

import hashlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from pydantic import Field

from forgemind_assets.errors import AlteredArtefact, StoreError
from forgemind_assets.faults import fault
from forgemind_assets.lorekeeper.hashing import FileEntry, difference, hash_files
from forgemind_assets.records import Record

MANIFEST = "manifest.json"
# In the `meta` of an artefact that a forked line inherits: the goal that it was copied from.
FORKED_FROM = "forked_from"


class Manifest(Record):
    """What was published, when, from what, and how to read it."""

    goal: str
    asset: str
    partition: str
    version: str = Field(
        pattern=r"^[0-9a-f]{64}$", description="sha256 over names and hashes of all files"
    )
    created: float = Field(description="seconds since the epoch")
    files: dict[str, FileEntry]
    meta: dict[str, Any] = Field(default_factory=dict)


class Store:
    """Artefacts on the local disk."""

    def __init__(self, root: Path):
        self.root = root

    def address(self, goal: str, asset: str, partition: str) -> Path:
        """The folder of one artefact's partition."""
        for part in (goal, asset, partition):
            if not part or part in {".", ".."} or "/" in part or "\\" in part:
                raise StoreError(f"not a name for an artefact: {part!r}")
        return self.root / goal / asset / partition

    def exists(self, goal: str, asset: str, partition: str) -> bool:
        """Whether a complete artefact is published."""
        return (self.address(goal, asset, partition) / MANIFEST).is_file()

    def manifest(self, goal: str, asset: str, partition: str) -> Manifest:
        """Raises StoreError where nothing complete is published."""
        path = self.address(goal, asset, partition) / MANIFEST
        try:
            return Manifest.model_validate_json(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise StoreError(
                f"no {asset} of {goal} for partition {partition}: materialise it first ({path})"
            ) from None

    def folder(self, goal: str, asset: str, partition: str) -> Path:
        """The folder that holds the files. Raises StoreError where nothing is published."""
        manifest = self.manifest(goal, asset, partition)
        return self.address(goal, asset, partition) / manifest.version[:16]

    def verify(self, goal: str, asset: str, partition: str) -> Manifest:
        """Holds every file against its hash.

        Raises:
            AlteredArtefact: names the first file that is missing, extra or another one.
            UnsafeArtefact: a link, or a file that another name shares, lies there.
        """
        manifest = self.manifest(goal, asset, partition)
        folder = self.folder(goal, asset, partition)
        unlike = difference(folder, manifest.files, hash_files(folder))
        if unlike is None and version_of(manifest.files) != manifest.version:
            unlike = f"{folder.parent / MANIFEST}: its version is not the hash of its files"
        if unlike is not None:
            raise AlteredArtefact(
                f"{unlike}; the {asset} of {goal}, partition {partition}, was altered after it "
                "was published: restore it from a backup, or materialise it again"
            )
        return manifest

    def verified(self, goal: str, asset: str, partition: str) -> Path:
        """The folder of the files, each held against its hash. Raises what `verify` raises."""
        self.verify(goal, asset, partition)
        return self.folder(goal, asset, partition)

    def read_json(self, goal: str, asset: str, partition: str, name: str) -> Any:
        """Reads one JSON file of an artefact."""
        return json.loads((self.folder(goal, asset, partition) / name).read_text(encoding="utf-8"))

    def goals(self) -> list[str]:
        """Names of the goals that have published anything, in order."""
        return (
            sorted(p.name for p in self.root.iterdir() if p.is_dir()) if self.root.is_dir() else []
        )

    def partitions(self, goal: str, asset: str) -> list[str]:
        """Published partitions in order."""
        folder = self.root / goal / asset
        if not folder.is_dir():
            return []
        return sorted(p.name for p in folder.iterdir() if (p / MANIFEST).is_file())

    @contextmanager
    def publish(
        self, goal: str, asset: str, partition: str, meta: dict[str, Any]
    ) -> Iterator[Path]:
        """Yields an empty folder; on a clean exit its files become the artefact.

        `meta` may be filled until the block ends. On an exception (a full disk, say) nothing
        changes and the temporary folder is removed.
        """
        target = self.address(goal, asset, partition)
        target.mkdir(parents=True, exist_ok=True)
        sweep(target)
        temporary = target / f".tmp-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        temporary.mkdir()
        fault("publish.begun")
        try:
            yield temporary
            fault("publish.filled")
            files = hash_files(temporary)
            manifest = Manifest(
                goal=goal,
                asset=asset,
                partition=partition,
                version=version_of(files),
                created=time.time(),
                files=files,
                meta=meta,
            )
            folder = target / manifest.version[:16]
            if folder.exists() and hash_files(folder) == files:
                shutil.rmtree(temporary)
            else:
                shutil.rmtree(folder, ignore_errors=True)
                temporary.rename(folder)
            fault("publish.moved")
            write_atomic(target / MANIFEST, manifest.model_dump_json(indent=1))
            fault("publish.published")
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        for stale in target.iterdir():
            if stale.is_dir() and stale != folder and not stale.name.startswith(".tmp-"):
                shutil.rmtree(stale, ignore_errors=True)
        fault("publish.swept")


def version_of(files: dict[str, FileEntry]) -> str:
    """One hash for a set of files."""
    lines = "".join(f"{name} {entry.sha256}\n" for name, entry in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def write_atomic(path: Path, text: str) -> None:
    """Writes a file so that a reader sees the old or the new text, never a part."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def sweep(target: Path) -> None:
    """Removes temporary folders whose writer is gone."""
    for stale in target.glob(".tmp-*"):
        pid = int(stale.name.split("-")[1])
        if not psutil.pid_exists(pid):
            shutil.rmtree(stale, ignore_errors=True)
