"""The store of model weights: fetched once, checked, kept in a cache that all homes share.

In `<models>/<name>/` lie the GGUF file as it was fetched, `clean/` with safetensors for
transformers, and `source.json`, written last: where the files came from and their SHA-256.
`parts/` and `hub/` hold an interrupted download, which the next pull uses again.
"""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock

from forgemind_assets.errors import DownloadError, HashMismatch, UserError
from forgemind_assets.forge.catalogue import ModelEntry, entries, find
from forgemind_assets.home import Home
from resources.model_hub import check_folder, digest_of_files, fetch_snapshot, sha256_of
from resources.package_index import assemble, fetch_parts

State = Literal["absent", "partial", "present", "clean"]
OnProgress = Callable[[int, int], None]
SOURCES = ("auto", "index", "hub", "release")


@dataclass(frozen=True)
class Listed:
    """A catalogue entry and what of it is on this machine."""

    entry: ModelEntry
    state: State
    path: Path | None


def _quiet(done: int, total: int) -> None:
    """No progress."""


class ModelStore:
    """Weights by catalogue name.

    Args:
        home: its `models` folder is the cache.
        known: the catalogue; by default the built-in one and the user's.
        source: `index`, `hub`, `release`, or `auto` (the first of them that the entry has); by
            default `FORGEMIND_MODEL_SOURCE`.
        endpoint: address of the hub, if not the usual one.
    """

    def __init__(
        self,
        home: Home,
        known: dict[str, ModelEntry] | None = None,
        source: str | None = None,
        endpoint: str | None = None,
    ):
        self.folder = home.models
        self._known = entries() if known is None else known
        self._source = source or os.environ.get("FORGEMIND_MODEL_SOURCE") or "auto"
        self._endpoint = endpoint
        if self._source not in SOURCES:
            raise UserError(
                f"FORGEMIND_MODEL_SOURCE: expected one of {', '.join(SOURCES)}, found "
                f"{self._source!r}"
            )

    def list(self) -> list[Listed]:
        """All entries of the catalogue, each with its state on this machine."""
        return [Listed(e, self.state(e.name), self._present(e)) for e in self._known.values()]

    def state(self, name: str) -> State:
        """How much of a model is here. Raises UnknownModel."""
        entry = find(name, self._known)
        root = self.folder / name
        if self._present(entry) is not None:
            return (
                "clean" if entry.path or (root / "clean" / "config.json").is_file() else "present"
            )
        leftovers = [root / "parts", root / "hub", root / "clean.partial"]
        return "partial" if any(p.is_dir() and any(p.iterdir()) for p in leftovers) else "absent"

    def pull(self, name: str, on_progress: OnProgress = _quiet) -> Path:
        """The weights of a model: its GGUF file, or its safetensors folder if it has none.

        Fetches what is missing; `on_progress(bytes done, bytes total)`. Without need of a
        network where everything is here.

        Raises:
            UnknownModel: no such name in the catalogue.
            DownloadError: the weights could not be fetched; what was fetched is kept.
            HashMismatch: fetched bytes are not the pinned ones.
        """
        entry = find(name, self._known)
        if entry.path is not None:
            check_folder(entry.path)
            return entry.path
        if (found := self._present(entry)) is not None:
            return found
        with self._lock(name):
            if (found := self._present(entry)) is not None:
                return found
            try:
                self._fetch(entry, on_progress)
            except OSError as error:
                advice = "free space, then pull again" if error.errno == 28 else "pull again"
                raise DownloadError(f"{name}: {error}; {advice}; fetched parts are kept") from error
        found = self._present(entry)
        if found is None:
            raise DownloadError(f"{name}: its files vanished from {self.folder / name}; pull again")
        return found

    def clean(self, name: str, on_progress: OnProgress = _quiet) -> Path:
        """The model as a folder of safetensors; pulled and converted if it is not here yet."""
        weights = self.pull(name, on_progress)
        if weights.is_dir():
            return weights
        out = self.folder / name / "clean"
        if not (out / "config.json").is_file():
            from forgemind_assets.forge.weights import clean_gguf

            with self._lock(name):
                clean_gguf(weights, out)
        return out

    def identity(self, name: str) -> str:
        """SHA-256 that stands for the weights, for manifests. Raises DownloadError."""
        hashes = [(n, d) for n, d in self._manifest(name).items() if not n.endswith(".json")]
        return digest_of_files(hashes)

    def verify(self, name: str) -> None:
        """Hashes the model's files again.

        Raises:
            DownloadError: the model is not here.
            HashMismatch: a file has changed; the model is set aside, so that a pull mends it.
        """
        entry = find(name, self._known)
        root = self._root(entry)
        for file, expected in self._manifest(name).items():
            path = root / file
            found = sha256_of(path) if path.is_file() else "no file"
            if found != expected:
                if entry.path is None:
                    (self.folder / name / "source.json").unlink(missing_ok=True)
                    path.unlink(missing_ok=True)
                    shutil.rmtree(self.folder / name / "clean", ignore_errors=True)
                raise HashMismatch(
                    f"{path}: expected SHA-256 {expected}, found {found}; pull it again"
                )

    def _fetch(self, entry: ModelEntry, on_progress: OnProgress) -> None:
        folder = self.folder / entry.name
        source = self._source
        if source == "auto":
            source = "index" if entry.files else "hub" if entry.hub else "release"
        if source == "index" and not entry.files:
            raise DownloadError(
                f"{entry.name} is not on the package index; set FORGEMIND_MODEL_SOURCE=hub"
            )
        if source == "hub" and entry.hub is None:
            raise DownloadError(f"{entry.name} is not on the hub; set FORGEMIND_MODEL_SOURCE=index")
        if source == "release" and entry.release is None:
            raise DownloadError(f"{entry.name} has no release; set FORGEMIND_MODEL_SOURCE=auto")
        folder.mkdir(parents=True, exist_ok=True)
        if source == "index":
            files = self._from_index(entry, folder, on_progress)
        elif source == "release":
            files = self._from_release(entry, folder, on_progress)
        else:
            files = self._from_hub(entry, folder, on_progress)
        manifest = {"name": entry.name, "source": source, "files": files}
        partial = folder / ".source.json.partial"
        partial.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        partial.replace(folder / "source.json")

    def _from_index(
        self, entry: ModelEntry, folder: Path, on_progress: OnProgress
    ) -> dict[str, str]:
        parts = folder / "parts"
        target = folder if entry.gguf else folder / "clean.partial"
        missing = [f for f in entry.files if not _has(target / f.name, f.size, f.sha256)]
        if missing:
            here = sum(p.stat().st_size for p in parts.glob("*.part")) if parts.is_dir() else 0
            needed = 2 * sum(f.size for f in missing) - here
            _require_space(folder, needed, entry.name)
            fetch_parts(missing, parts, on_progress)
            for file in missing:
                assemble(file, parts, target / file.name)
        if not entry.gguf:
            _publish_folder(target, folder / "clean")
        shutil.rmtree(parts, ignore_errors=True)
        return {_relative(entry, f.name): f.sha256 for f in entry.files}

    def _from_hub(self, entry: ModelEntry, folder: Path, on_progress: OnProgress) -> dict[str, str]:
        hub, partial = entry.hub, folder / "hub"
        assert hub is not None
        fetch_snapshot(hub, partial, on_progress, self._endpoint)
        if (
            hub.files and entry.files
        ):  # the same files that the package index carries, with the same pins
            for file in entry.files:
                if not _has(partial / file.name, file.size, file.sha256):
                    (partial / file.name).unlink(missing_ok=True)
                    raise HashMismatch(
                        f"{hub.repository}/{file.name}: expected SHA-256 {file.sha256} and "
                        f"{file.size} bytes, found others; the file was deleted, pull again"
                    )
                (partial / file.name).replace(folder / file.name)
            shutil.rmtree(partial)
            return {f.name: f.sha256 for f in entry.files}
        return _publish_clean(partial, folder)

    def _from_release(
        self, entry: ModelEntry, folder: Path, on_progress: OnProgress
    ) -> dict[str, str]:
        from resources.checkpoints import convert_detoxify, fetch_checkpoint

        release = entry.release
        assert release is not None
        _require_space(folder, 2 * release.size, entry.name)
        checkpoint, base, partial = folder / "parts", folder / "hub", folder / "clean.partial"
        file = fetch_checkpoint(release, checkpoint, on_progress)
        fetch_snapshot(release.base, base, _quiet, self._endpoint)
        shutil.rmtree(partial, ignore_errors=True)
        convert_detoxify(file, release.sha256, base, partial)
        hashes = _publish_clean(partial, folder)
        shutil.rmtree(checkpoint, ignore_errors=True)
        shutil.rmtree(base, ignore_errors=True)
        return hashes

    def _present(self, entry: ModelEntry) -> Path | None:
        """Where the complete weights are, or None."""
        if entry.path is not None:
            return entry.path if entry.path.is_dir() else None
        root = self.folder / entry.name
        if not (root / "source.json").is_file():
            return None
        if entry.gguf and (root / entry.gguf.name).is_file():
            return root / entry.gguf.name
        return root / "clean" if (root / "clean" / "config.json").is_file() else None

    def _manifest(self, name: str) -> dict[str, str]:
        """SHA-256 by file, as they were when the model was fetched."""
        entry = find(name, self._known)
        if entry.path is not None:
            check_folder(entry.path)
            return {p.name: sha256_of(p) for p in sorted(entry.path.glob("*.safetensors"))}
        try:
            text = (self.folder / name / "source.json").read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise DownloadError(
                f"{name} is not here; run `forgemind models pull {name}`"
            ) from error
        manifest: dict[str, Any] = json.loads(text)
        return manifest["files"]

    def _root(self, entry: ModelEntry) -> Path:
        return entry.path or self.folder / entry.name

    def _lock(self, name: str) -> FileLock:
        self.folder.mkdir(parents=True, exist_ok=True)
        return FileLock(self.folder / f".{name}.lock")


def _relative(entry: ModelEntry, name: str) -> str:
    return name if entry.gguf else f"clean/{name}"


def _has(path: Path, size: int, sha256: str) -> bool:
    return path.is_file() and path.stat().st_size == size and sha256_of(path) == sha256


def _publish_clean(partial: Path, folder: Path) -> dict[str, str]:
    """Puts a checked folder of safetensors in its place, and returns the hashes of its files."""
    check_folder(partial)
    files = sorted(p for p in partial.rglob("*") if p.is_file())
    hashes = {f"clean/{p.relative_to(partial)}": sha256_of(p) for p in files}
    _publish_folder(partial, folder / "clean")
    return hashes


def _publish_folder(partial: Path, out: Path) -> None:
    shutil.rmtree(out, ignore_errors=True)
    partial.rename(out)


def _require_space(folder: Path, needed: int, name: str) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DownloadError(
            f"{name} needs {needed / 1e9:.2f} GB on the disk of {folder} while it is fetched, "
            f"{free / 1e9:.2f} GB are free; free space or set FORGEMIND_MODELS to another disk"
        )
